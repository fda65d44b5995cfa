import { usage } from './exit.js'

interface Shape {
  readonly what: string
  readonly looks: RegExp
  readonly instead: string
}

const IN = 'standard input or an environment variable'
const KEYS = 'the environment variable WAXSEAL_KEYS, or standard input for a new key'
const URL = 'the environment variable DATABASE_URL'

/** Found anywhere in an argument: nothing but a secret looks like this. */
const DISTINCT: readonly Shape[] = /* @__PURE__ */ Object.freeze([
  // Laxer than the format: a key with a letter missing is nearly as bad in a process list as the whole one.
  { what: 'a waxseal key', looks: /wxk\d+\.[\w-]*\.?[\w+/-]{20,}/i, instead: KEYS },
  { what: 'a URL with a password', looks: /[a-z][\w+.-]*:\/\/[^\s/?#]*:[^\s/?#]+@/i, instead: URL },
  { what: 'a connection text with a password', looks: /(?:^|[^a-z])(?:ssl)?password\s*=/i, instead: URL },
  { what: 'a Meta token', looks: /\b(EAA|IGAA|IGQV)[A-Za-z0-9]{16,}/, instead: IN },
  { what: 'a JSON web token', looks: /\beyJ[\w-]{8,}\.[\w-]{8,}/, instead: IN },
  { what: 'a cloak key', looks: /\bk1\.aesgcm256\.[\w+/=-]{20,}/, instead: IN },
  { what: 'a private key', looks: /-----BEGIN /, instead: IN },
  {
    what: 'a vendor secret',
    looks: /\b(whsec_|sk_(live|test)_|rk_live_|shp(ss|at|pa|ca)_|gh[pousr]_|xox[abeprs]-)[\w+/=-]{8,}/,
    instead: IN,
  },
])

/** The whole of an argument or of an option's value: 32 bytes in hex or base64, as keys are commonly written. */
const BARE: Shape = /* @__PURE__ */ Object.freeze({
  what: 'a key in hex or base64',
  looks: /^([0-9A-Fa-f]{64}|(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[\w+/-]{43}=?)$/,
  instead: IN,
})

/** Their values are ids, and an id may be a digest. */
const TAKES_IDS: readonly string[] = /* @__PURE__ */ Object.freeze(['--resume', '--context', '--tenant'])

/**
 * Refuses arguments that look like secrets: every process of the machine can read them, and shells remember them. Says
 * which argument and where the value belongs instead, never the value.
 */
export function refuseSecrets(argv: readonly string[]): void {
  argv.forEach((argument, at) => {
    const [, option, inline] = /^(--[\w-]+)=(.*)$/s.exec(argument) ?? []
    const isId = TAKES_IDS.includes(option ?? argv[at - 1] ?? '')
    const found =
      DISTINCT.find(({ looks }) => looks.test(argument)) ??
      (!isId && BARE.looks.test(inline ?? argument) ? BARE : undefined)
    if (found === undefined) return
    throw usage(
      `argument ${at + 1} looks like ${found.what}, and arguments show in process lists; use ${found.instead}`,
    )
  })
}
