import type { NameClass } from './rules.js'

/** Folded names are secret when they end in one of these … */
const SECRET_ENDINGS =
  'token secret password passwd passphrase apikey privatekey secretkey accesskey signingkey encryptionkey masterkey ' +
  'accesstokens refreshtokens apikeys privatekeys secretkeys accesskeys ' +
  'authkey accountkey subscriptionkey passcode dbpass dbpwd secretkeybase secretstring ' +
  'credential credentials authorization cookie cookies signature connectionstring'

/** … or are one of these. */
const SECRET_NAMES =
  'pin otp pwd auth jwt sessionid databaseurl redisurl secrets passwords xhubsignature256 appsecretproof rawheaders ' +
  'waxsealkeys'

/** `display_phone_number` is the business's own, and is not here. */
const PERSONAL_NAMES = {
  tel: 'waid from to recipient recipientid phone phonenumber mobile msisdn input',
  mail: 'email emailaddress',
  text: 'body text caption firstname lastname fullname formattedname pushname address street latitude longitude',
  subtree: 'profile',
} as const

/** Of a longer name, so much of its end is looked at. */
export const LONGEST_NAME = 64
/** Answers that are remembered; attackers choose names too, so there is an end to it. */
const REMEMBERED = 1000

/** How names are compared: without case, `-`, `_`, `.` and blanks. */
export const fold = (name: string): string => name.toLowerCase().replace(/[-_. \t]/g, '')

/** What names say about their values. */
export interface Names {
  /** `undefined` for a name like any other. */
  kindOf(name: string): NameClass | undefined
  /**
   * Whether a name can be one of ours that ends in these three characters: a quick no for most. 0 stands for one that is
   * not ASCII, and anything for one that is not there.
   */
  mayEndIn(third: number, second: number, last: number): boolean
}

/** Folded names. One with a leading `*` says what names end in. */
export interface NameLists {
  readonly added: readonly string[]
  readonly kept: readonly string[]
  readonly personal: boolean
}

export function createNames({ added, kept, personal }: NameLists): Names {
  const exact = new Map<string, NameClass>()
  const endings = SECRET_ENDINGS.split(' ')
  if (personal) {
    for (const [kind, names] of Object.entries(PERSONAL_NAMES)) {
      for (const name of names.split(' ')) exact.set(name, kind as NameClass)
    }
  }
  for (const name of SECRET_NAMES.split(' ')) exact.set(name, 'secret')
  for (const name of added) {
    if (name.startsWith('*')) endings.push(name.slice(1))
    else exact.set(name, 'secret')
  }
  const exempt = new Set(kept)
  const mayEndIn = endingsTest([...exact.keys(), ...endings])
  const remembered = new Map<string, NameClass | undefined>()

  function lookUp(name: string): NameClass | undefined {
    const folded = fold(name)
    if (exempt.has(folded)) return undefined
    const kind = exact.get(folded)
    return kind !== 'secret' && endings.some((ending) => folded.endsWith(ending)) ? 'secret' : kind
  }

  return {
    kindOf(whole) {
      // A character in front leaves nothing but its ending to count.
      const name = whole.length > LONGEST_NAME + 1 ? `\0${whole.slice(-LONGEST_NAME)}` : whole
      let kind = remembered.get(name)
      if (kind !== undefined || remembered.has(name)) return kind
      kind = lookUp(name)
      if (remembered.size >= REMEMBERED) remembered.clear()
      remembered.set(detached(name), kind)
      return kind
    },
    mayEndIn,
  }
}

/** A copy. A slice would keep the whole line alive that it was cut out of, and the secrets in it. */
export const detached = (name: string): string => ` ${name}`.slice(1)

/** Capitals count as what folding makes of them, and where a separator stands anything may. */
function endingsTest(names: readonly string[]): Names['mayEndIn'] {
  const pairs = new Uint8Array(128 * 128)
  const triples = new Set<number>()
  for (const name of names) {
    const [third, second, last] = [name.at(-3), name.at(-2), name.at(-1)].map(codesOf) as [
      number[],
      number[],
      number[],
    ]
    for (const c of last) {
      for (const b of second) {
        pairs[(b << 7) | c] = 1
        for (const a of third) triples.add((a << 14) | (b << 7) | c)
      }
    }
  }
  for (const separator of SEPARATORS) {
    for (const other of ANYTHING) pairs[(separator << 7) | other] = pairs[(other << 7) | separator] = 1
  }
  const isSeparator = (code: number): boolean => SEPARATORS.includes(code)

  return (third, second, last) => {
    if (pairs[(second << 7) | last] === 0) return false
    const isSure = triples.has((third << 14) | (second << 7) | last)
    return isSure || isSeparator(third) || isSeparator(second) || isSeparator(last)
  }
}

const SEPARATORS: readonly number[] = [45, 95, 46, 32, 9]
const ANYTHING: readonly number[] = /* @__PURE__ */ Array.from({ length: 128 }, (_, code) => code)

function codesOf(letter: string | undefined): readonly number[] {
  if (letter === undefined) return ANYTHING
  return [letter.toLowerCase(), letter.toUpperCase()].map((each) => asciiOf(each.charCodeAt(0)))
}

/** The code itself, or 0 for what is not ASCII, and for none. */
const asciiOf = (code: number): number => (code < 128 ? code : 0)

/** Whether a folded name says something without any option: the names that `keep` can exempt. */
export function isBuiltInName(folded: string): boolean {
  return createNames({ added: [], kept: [], personal: true }).kindOf(folded) !== undefined
}
