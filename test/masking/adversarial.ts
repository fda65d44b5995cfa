/**
 * Texts of 1 MB that are hard to walk through in linear time: what begins a rule, over and over, so that each beginning
 * asks for a look ahead or back. Shared by the guard of linearity and by the bench.
 */

export interface AdversarialInput {
  readonly name: string
  /** 1 048 576 characters, made anew at each reading. */
  readonly text: string
}

const LENGTH = 1_048_576

/** Of each token rule, what it begins with. */
const CUES = [
  ...[
    'EAA',
    '|',
    '%7C',
    'whsec_',
    'whsk_',
    'sk_live_',
    'rk_test_',
    'sk_prod_',
    'saf_live_',
    'wapi_test_',
    '_live_',
    '_test_',
  ],
  ...[
    'wxk1.',
    'wxct1.',
    'wxu1.',
    'xoxb-',
    'xoxe.xoxp-',
    'xapp-1-',
    'SG.',
    'eyJ',
    'eyI',
    'Bearer ',
    'basic ',
    'Token ',
    '://',
  ],
  ...[
    'code=',
    '?sig=',
    'ghp_',
    'github_pat_',
    'npm_',
    'AKIA',
    'AIza',
    'shpat_',
    ':A',
    'KEY',
    '+1',
    'wamid.',
    '@',
  ],
]

/** Behind these a word begins: rules that want a boundary are tried at every repetition. */
const SEPARATORS = ['', '-', '.', ' ', '/', '"', '\\n', '%20']

/** A little short of a match, so that each try goes far before it fails. */
const NEAR_MISSES = [
  ...[
    `EAA${'a'.repeat(29)}-`,
    `eyJ${'a'.repeat(40)}.`,
    `eyJ${'a'.repeat(16_400)}-`,
    `SG.${'a'.repeat(20)}.`,
    'SG.aaaaaaaaaaaaaaaa.',
  ],
  ...['123456789012345|', '12345678901234567%7C', '12345678:A', '123456789:Abc-', '1', '12345678901234567 '],
  ...[
    'Bearer aaaaaaaaaaaa ',
    `Bearer ${'a'.repeat(64)}`,
    'bearer    ',
    'abcdefghijklmnop_live_',
    'a_live_0123456789ab_',
  ],
  ...[
    'wxk1.a.',
    `wxu1.${'a'.repeat(32)}.`,
    `AKIA${'A'.repeat(16)}A`,
    `KEY${'a'.repeat(56)}`,
    `AIza${'a'.repeat(34)} `,
  ],
  ...[
    '://a:',
    '://:',
    '://a:b',
    `://${'a'.repeat(256)}:`,
    'https://a:b/',
    '?code=',
    '&sig=&',
    'ghp_a',
    'xapp-1-a ',
  ],
]

const NAMES = [
  ...[
    '"token":"',
    '"token":',
    '"token":{',
    '"token":[',
    '"token":1',
    '"token" : ',
    "'token':'",
    'token: ',
    'access_token: ',
  ],
  ...[
    '\\"token\\":{',
    '\\"token\\":[',
    '\\"token\\":\\"',
    '\\\\\\"token\\\\\\":\\\\\\"',
    '\\ntoken=',
    '\\n\\n\\n',
    '\\u0041token=',
  ],
  ...[
    'token=',
    'token="',
    "token='",
    'token=[',
    'a_token=',
    '=',
    ' =',
    ':',
    ' :',
    '" :',
    '\\" :',
    '":',
    '\\":',
    'a:',
    'a=',
    '-:',
    '.=',
  ],
  ...[
    'authorization: ',
    '"x-token: a",',
    '\\nx-token: a',
    'x-token: "," ',
    'token:',
    'pin:1',
    "'from':'\\",
    'cookie: a=b; ',
    '{"token":{"a":"',
    '[{"token":[',
    '"token":"\\',
    '"token":"\\\\"',
    '"token":{"}',
  ],
]

const STRUCTURE = [
  ...[
    '-----BEGIN PRIVATE KEY-----\n',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN ',
    '-----BEGIN RSA ',
    '-----',
    '-----END ',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----\\n',
    '-----BEGIN PRIVATE KEY-----a"',
    '-----BEGIN PRIVATE KEY-----\n-----END ',
    '- ',
  ],
  ...[
    '{"0":1,',
    '{"0":1,"1":2,',
    '\\"0\\":',
    '{\\"0\\":1,\\"1\\":2,',
    '{"type":"Buffer","data":[1',
    '{"type":"Buffer","data":[1,',
  ],
  ...[
    '{\\"type\\":\\"Buffer\\",\\"data\\":[1,',
    '"Buffer","data":[',
    '"0"',
    '\\',
    '\\\\"',
    '"',
    '\\"',
    '\\"\\',
    "'",
    '{',
    '[',
    '}',
    '{"',
  ],
  ...[
    ' ',
    '\n',
    '\t',
    '\r\n',
    '\u00e9',
    '\u{1f600}',
    '%',
    '%2',
    '%20',
    '\\u',
    '\\u0041',
    '[REDACTED]',
    '[',
    '[Bytes ',
  ],
  ...[
    'a@',
    'a.',
    'a@a.',
    '@a.a',
    'a.a@',
    '-@',
    '+',
    '+12',
    '+123456',
    '+1234567890123456',
    'wamid.a',
    `wamid.${'a'.repeat(19)}-`,
  ],
]

/** One of each with everything of it behind: the end of the text is where the look ahead ends. */
const OPENERS = [
  ...[
    '"token":{',
    '\\"token\\":[',
    '"token":"',
    'token=',
    'x-token: ',
    '-----BEGIN PRIVATE KEY-----',
    '{"0":',
    'eyJ',
    'Bearer ',
    '://',
  ],
]
const FILLERS = ['{', '[', '"', '\\', '\\"', ' ', 'a', '1,', 'a.', '-----BEGIN PRIVATE KEY-----', '"token":{']

/** The part over and over, behind what opens it. */
function repeated(part: string, opener = ''): AdversarialInput {
  const shown = part.length > 40 ? `${part.slice(0, 40)}… (${part.length})` : part
  return {
    name: JSON.stringify(opener === '' ? shown : `${opener}, then ${shown}`),
    get text() {
      return opener + part.repeat(Math.ceil(LENGTH / part.length)).slice(opener.length, LENGTH)
    },
  }
}

export function adversarialInputs(): readonly AdversarialInput[] {
  const cues = CUES.flatMap((cue) => SEPARATORS.map((separator) => separator + cue))
  const parts = new Set([...cues, ...NEAR_MISSES, ...NAMES, ...STRUCTURE])
  return [
    ...[...parts].map((part) => repeated(part)),
    ...OPENERS.flatMap((opener) => FILLERS.map((filler) => repeated(filler, opener))),
  ]
}
