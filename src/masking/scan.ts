import type { Fired } from './rules.js'

/** A part of the text, and what stands there instead. */
export interface Hit {
  readonly from: number
  readonly to: number
  readonly put: string
  /** The rule's name, for `observe`. */
  readonly rule: string
}

/** One walk over one text. */
export interface Pass {
  /** The end of what was replaced last. No rule looks behind it, so that a second walk sees what the first one saw. */
  readonly floor: number
  /** The text's codes, one byte each, 0 for what is not ASCII: quicker to look at than the text. */
  readonly codes: Uint8Array
  /** For each rule, up to where it is known to find nothing; see `token-rule.ts`. Made when it is first needed. */
  barren: Map<object, number> | undefined
}

/** A rule, and the texts at which it is worth asking. */
export interface Trigger {
  /** ASCII, of one character or more. */
  readonly cues: readonly string[]
  /** Asked where a cue begins. A hit begins no earlier than the pass' floor, and ends behind the cue's first character. */
  readonly match: (text: string, at: number, pass: Pass, cue: string) => Hit | undefined
}

/** A walk that replaces every hit, from left to right. */
export type Scan = (text: string, fired: Fired) => string

/** By the pair of characters that a cue is found by: the cue, and how far before the second of them it begins. */
interface Entry {
  readonly cue: string
  readonly offset: number
  readonly match: Trigger['match']
}

type Group = readonly Entry[]
/** For a pair of characters, the number of its group; 0 for none. Bytes, because the table has to fit the fastest cache. */
type Groups = Uint8Array
const MOST_GROUPS = 255

/**
 * One walk for all rules. A table tells for every pair of neighbouring characters whether a cue has it; each cue enters
 * the pair of its own that is rarest in log text, so that almost every step is one look-up.
 */
export function createScan(triggers: readonly Trigger[]): Scan {
  const { groups, groupOf } = groupsByPair(triggers)

  return (text, fired) => {
    if (text.length <= SHORT && !hasCue(groupOf, text)) return text
    const codes = takeCodes(text)
    let pass: (Pass & { floor: number }) | undefined
    let out = ''
    for (let at = nextCue(groupOf, codes, 0, text.length); at < text.length; ) {
      pass ??= { codes, floor: 0, barren: undefined }
      const hit = firstHit(groups[groupOf[pairAt(codes, at)] as number] as Group, text, at, pass)
      if (hit !== undefined) {
        out += text.slice(pass.floor, hit.from) + hit.put
        pass.floor = hit.to
        fired?.add(hit.rule)
      }
      at = nextCue(groupOf, codes, Math.max(at + 1, pass.floor), text.length)
    }
    giveBack(codes, text.length)
    return pass === undefined || pass.floor === 0 ? text : out + text.slice(pass.floor)
  }
}

const pairAt = (codes: Uint8Array, at: number): number =>
  ((at === 0 ? 0 : (codes[at - 1] as number)) << 7) | (codes[at] as number)

/** Up to here to look first is quicker than to encode. */
const SHORT = 32

function hasCue(groupOf: Groups, text: string): boolean {
  let before = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    const code = unit < 128 ? unit : 0
    if (groupOf[(before << 7) | code] !== 0) return true
    before = code
  }
  return false
}

/** The next place that is the second of a pair with a cue. Four steps at once halve the time of the walk. */
function nextCue(groupOf: Groups, codes: Uint8Array, from: number, end: number): number {
  let at = from
  let before = at === 0 ? 0 : (codes[at - 1] as number)
  for (; at + 4 <= end; at += 4) {
    const a = codes[at] as number
    const b = codes[at + 1] as number
    const c = codes[at + 2] as number
    const d = codes[at + 3] as number
    const ab = (groupOf[(before << 7) | a] as number) | (groupOf[(a << 7) | b] as number)
    const cd = (groupOf[(b << 7) | c] as number) | (groupOf[(c << 7) | d] as number)
    if ((ab | cd) !== 0) break
    before = d
  }
  for (; at < end; at++) {
    const code = codes[at] as number
    if (groupOf[(before << 7) | code] !== 0) return at
    before = code
  }
  return end
}

function firstHit(entries: Group, text: string, i: number, pass: Pass): Hit | undefined {
  for (let n = 0; n < entries.length; n++) {
    const { cue, offset, match } = entries[n] as Entry
    const at = i - offset
    if (at < pass.floor || (cue.length > 1 && !text.startsWith(cue, at))) continue
    const hit = match(text, at, pass, cue)
    if (hit !== undefined) return hit
  }
  return undefined
}

function groupsByPair(triggers: readonly Trigger[]) {
  const lists = new Map<number, Entry[]>()
  const enter = (pair: number, entry: Entry): void => {
    const list = lists.get(pair)
    if (list === undefined) lists.set(pair, [entry])
    else list.push(entry)
  }
  for (const { cues, match } of triggers) {
    for (const cue of cues) {
      const offset = rarestPair(cue)
      const second = cue.charCodeAt(offset)
      const entry = { cue, offset, match }
      // A cue of one character may follow anything; 0 stands for what is not ASCII and for the beginning.
      if (cue.length > 1) enter((cue.charCodeAt(offset - 1) << 7) | second, entry)
      else for (let first = 0; first < 128; first++) enter((first << 7) | second, entry)
    }
  }
  const groups: Group[] = [[]]
  const numbers = new Map<string, number>()
  const groupOf = new Uint8Array(128 * 128)
  for (const [pair, entries] of lists) {
    const key = entries.map(({ cue }) => cue).join(' ')
    // Past what a byte can number, all others are one group: each of its cues is compared with the text anyway.
    const number = numbers.get(key) ?? Math.min(groups.length, MOST_GROUPS)
    numbers.set(key, number)
    groupOf[pair] = number
    groups[number] = number < MOST_GROUPS ? entries : [...(groups[number] ?? []), ...entries]
  }
  return { groups, groupOf }
}

/** Where the second character of the pair stands that log text has least often. */
function rarestPair(cue: string): number {
  let rarest = cue.length - 1
  for (let i = cue.length - 2; i > 0; i--) {
    if (commonness(cue, i) <= commonness(cue, rarest)) rarest = i
  }
  return rarest
}

const commonness = (cue: string, at: number): number => weight(cue.charAt(at - 1)) + weight(cue.charAt(at))
const weight = (character: string): number =>
  /[a-z ]/.test(character) ? 3 : /[0-9"]/.test(character) ? 2 : 1

const encoder = /* @__PURE__ */ new TextEncoder()
/** For most texts; a constant, which engines read faster. A walk within another, which a user's function can begin, has its own. */
const shared = /* @__PURE__ */ new Uint8Array(16_384)
let isShared = false

/**
 * The codes of a text, one for each of its UTF-16 units, 0 for all that is not ASCII: walking over bytes takes half the
 * time of `charCodeAt`, and hosts encode ASCII as fast as they copy it. What stands behind the text's length is anything.
 */
function takeCodes(text: string): Uint8Array {
  const codes = isShared || text.length > shared.length ? new Uint8Array(text.length) : shared
  isShared ||= codes === shared
  const { read, written } = encoder.encodeInto(text, codes)
  if (read === text.length && written === read) return codes
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    codes[i] = unit < 128 ? unit : 0
  }
  return codes
}

/** The text may have been a secret. */
function giveBack(codes: Uint8Array, length: number): void {
  codes.fill(0, 0, length)
  if (codes === shared) isShared = false
}
