/** One step through a token, from left to right. None ever goes back, so no table can be slow. */
export type Part =
  /** This text. */
  | string
  /** All the characters that follow out of a class: at least `min`; more than `max` is no match. */
  | { readonly chars: string; readonly min: number; readonly max?: number }
  /**
   * So many characters at most, up to one that must be there: the last of its kind before a `/`, `?` or `#`, else the
   * first. Not where it begins like this.
   */
  | { readonly chars: string; readonly within: number; readonly upTo: string; readonly unless: RegExp }
  /** Looks ahead: the next character is, or is not, one of these. */
  | { readonly next: string }
  /** Looks ahead: among the next 65 characters out of a class is one of these. */
  | { readonly among: string; readonly has: string }

/** What must stand right before a cue. */
export type Before =
  /** A place where a word may begin. */
  | 'boundary'
  | 'anything'
  /** Nothing, or the quote of a string. */
  | 'beginning'
  /** One of these characters. */
  | { readonly oneOf: string }
  /** A number with so many digits. */
  | { readonly digits: readonly [min: number, max: number] }
  /** The name that API keys of a product begin with: 2 to 16 of `[a-z0-9]`, a letter first. */
  | 'product'

/** A kind of token: what it begins with, what of it stays readable, what is hidden. */
export interface TokenRule {
  readonly name: string
  readonly cues: readonly string[]
  /** Default: a place where a word may begin. */
  readonly before?: Before
  /** Characters of the cue that stay readable. Default: all. */
  readonly shown?: number
  /** Behind the cue, readable too. Default: nothing. */
  readonly keep?: readonly Part[]
  readonly hide: readonly Part[]
}

const WORD = 'A-Za-z0-9_-'
const ALNUM = 'A-Za-z0-9'
const PARAMETER = '^&#;, \t\r\n"\'\\<>(){}[]'
const ENCODED_SCHEMES = [
  'Bearer%20',
  'bearer%20',
  'Bearer+',
  'bearer+',
  'Basic%20',
  'basic%20',
  'Basic+',
  'basic+',
] as const
const SLACK_KINDS = ['a', 'b', 'c', 'e', 'o', 'p', 'r', 's'] as const

/**
 * The tokens of the field, as vendors document them and as they are found in the wild. Twilio's SIDs (`AC…`, `SK…`) are
 * identifiers and stay; app secrets, verify tokens and Twilio's auth tokens have no shape: hide them by name, or register
 * them. `wx1.…` is ciphertext.
 */
export const TOKEN_RULES: readonly TokenRule[] = [
  // Meta's access tokens have no fixed length, and Square's begin with EAAA.
  { name: 'meta_or_square', cues: ['EAA'], hide: [{ chars: ALNUM, min: 30 }] },
  {
    name: 'meta_app_token',
    cues: ['|', '%7C', '%7c'],
    before: { digits: [15, 17] }, // the app's id, which is public
    hide: [{ chars: WORD, min: 20 }],
  },
  { name: 'webhook_secret', cues: ['whsec_', 'whsk_'], hide: [{ chars: 'A-Za-z0-9+/=_-', min: 24 }] },
  {
    name: 'stripe',
    cues: ['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_'],
    // With `_`, so that an API key of a product called `sk` goes as a whole.
    hide: [{ chars: 'A-Za-z0-9_', min: 10 }],
  },
  { name: 'safravo', cues: ['saf_live_', 'saf_test_'], hide: [{ chars: '0-9a-f', min: 32 }] },
  { name: 'wapisnap', cues: ['wapi_live_', 'wapi_test_'], hide: [{ chars: ALNUM, min: 24 }] },
  {
    name: 'waxseal_api_key',
    cues: ['_live_', '_test_'],
    before: 'product',
    keep: [{ chars: ALNUM, min: 12, max: 12 }, '_'],
    hide: [{ chars: ALNUM, min: 38 }],
  },
  {
    name: 'waxseal_artefact',
    cues: ['wxk1.', 'wxct1.', 'wxu1.'],
    keep: [{ chars: 'a-z0-9-', min: 1, max: 32 }, '.'],
    hide: [{ chars: 'A-Za-z0-9_.-', min: 20 }],
  },
  {
    name: 'slack',
    cues: /* @__PURE__ */ SLACK_KINDS.flatMap((kind) => [
      `xox${kind}-`,
      `xox${kind}.xoxb-`,
      `xox${kind}.xoxp-`,
    ]),
    hide: [{ chars: 'A-Za-z0-9-', min: 10 }],
  },
  {
    name: 'slack',
    cues: ['xapp-'],
    keep: [{ chars: '0-9', min: 1, max: 1 }, '-'],
    hide: [{ chars: 'A-Za-z0-9-', min: 10 }],
  },
  {
    name: 'sendgrid',
    cues: ['SG.'],
    hide: [{ chars: WORD, min: 16 }, '.', { chars: WORD, min: 32 }],
  },
  // Three parts (RFC 7515 §3.1); the first is the base64url of `{"`, or of `{ "`.
  {
    name: 'jwt',
    cues: ['eyJ', 'eyI'],
    shown: 2,
    hide: [{ chars: WORD, min: 10 }, '.', { chars: WORD, min: 4 }, '.', { chars: 'A-Za-z0-9_.-', min: 0 }],
  },
  // RFC 6750 §2.1, RFC 7617. A digit, a capital or a `=` must follow soon: "Bearer authentication is required" is prose.
  {
    name: 'auth_scheme',
    cues: [
      'Bearer ',
      'bearer ',
      'BEARER ',
      'Basic ',
      'basic ',
      'BASIC ',
      'Token ',
      'token ',
      'TOKEN ',
      ...ENCODED_SCHEMES,
    ],
    keep: [
      { chars: ' ', min: 0, max: 3 },
      { among: 'A-Za-z0-9._~+/=-', has: '0-9A-Z=' },
    ],
    hide: [{ chars: 'A-Za-z0-9._~+/=-', min: 12 }],
  },
  {
    name: 'auth_scheme',
    cues: ['Bearer ', 'bearer ', 'BEARER '],
    hide: [{ chars: 'A-Za-z0-9._~+/=-', min: 24 }],
  },
  {
    name: 'url_userinfo',
    // The second one as PHP writes it in JSON.
    cues: ['://', ':\\/\\/'],
    before: 'anything',
    hide: [
      { chars: '^ \t\r\n/?#@:"\'\\[', min: 0 },
      ':',
      // Passwords are not always encoded as they should be. A port is none.
      { chars: '^ \t\r\n"\'\\<>', within: 256, upTo: '@', unless: /^\d{1,5}(?:[/?#"' \t\r\n\\]|$)/ },
    ],
  },
  // A token alone, as git takes it.
  {
    name: 'url_userinfo',
    cues: ['://', ':\\/\\/'],
    before: 'anything',
    hide: [{ chars: '^ \t\r\n/?#@:"\'\\[<>', min: 16 }, { next: '@' }],
  },
  // The code of an OAuth dialogue such as Meta's Embedded Signup, and signatures of links.
  {
    name: 'url_parameter',
    cues: ['code=', 'sig='],
    before: { oneOf: '?&;' },
    hide: [{ chars: PARAMETER, min: 1 }],
  },
  // The same at the beginning of a form body.
  { name: 'url_parameter', cues: ['code='], before: 'beginning', hide: [{ chars: PARAMETER, min: 20 }] },
  {
    name: 'github',
    cues: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    hide: [{ chars: 'A-Za-z0-9_', min: 36 }],
  },
  { name: 'npm', cues: ['npm_'], hide: [{ chars: ALNUM, min: 36 }] },
  {
    name: 'aws_key_id',
    cues: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    hide: [{ chars: 'A-Z2-7', min: 16, max: 16 }, { next: '^A-Z0-9' }],
  },
  { name: 'google_api_key', cues: ['AIza'], hide: [{ chars: WORD, min: 35 }] },
  {
    name: 'shopify',
    cues: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    hide: [{ chars: 'a-fA-F0-9', min: 32 }],
  },
  {
    name: 'telegram',
    cues: [':A'],
    before: { digits: [8, 10] }, // the bot's id
    shown: 1,
    hide: [{ chars: WORD, min: 34 }],
  },
  { name: 'telnyx', cues: ['KEY'], hide: [{ chars: WORD, min: 55 }] },
]
