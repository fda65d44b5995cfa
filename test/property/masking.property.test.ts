import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor, type Redactor } from 'waxseal/masking'

// The same texts each time: the alphabet is made of what the rules are hardest to get right on, so that among hundreds of
// thousands of texts one may still differ on a second walk. `SEED=…` and `RUNS=…` look at others.
const RUNS = {
  numRuns: Number(process.env['RUNS'] ?? 1000),
  seed: Number(process.env['SEED'] ?? 20261122),
}

/** What rules look for, what ends what they hide, and what could pass for a marker. */
const CUES = [
  '"',
  '\\',
  '\\"',
  '\\\\\\"',
  "'",
  ':',
  '=',
  ' ',
  '\t',
  ',',
  ';',
  '&',
  '?',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '\n',
  '\r\n',
  '\\n',
  '\\u000a',
  '%3D',
  '%5D',
  '/',
  '#',
  '@',
  '.',
  '-',
  '_',
  '+',
  'a',
  'n',
  '0',
  'null',
  'true',
  '://',
  '|',
  '%7C',
  ':A',
  '"0',
  'é',
  '\u2028',
  '💥',
  '\ud800',
  '\u0000',
]
const NAMES = [
  'token',
  'pin',
  'api_key',
  'x-api-key',
  'authorization',
  'cookie',
  'tokenCount',
  'from',
  'body',
  'profile',
  'email',
]
const MARKERS = [
  '[REDACTED]',
  '[REDACTED',
  'REDACTED]',
  '[PERSONAL]',
  '[Bytes 3]',
  '[Truncated 12]',
  'EAA[REDACTED]',
  '+16••••34',
]
const FILL = 'Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3'
const SHAPES = [
  'EAA',
  'sk_live_',
  'acme_live_k7Qp2ZxAbc12_',
  'xoxb-',
  'SG.',
  'eyJ',
  'Bearer ',
  'token ',
  '?code=',
  '&sig=',
  'KEY',
  'wxk1.k.',
  '123456789012345|',
  '1234567890:A',
  '-----BEGIN PRIVATE KEY-----',
  '-----END PRIVATE KEY-----',
  '-----BEGIN CERTIFICATE-----',
  '-----',
  FILL,
  FILL.slice(0, 34),
]
const SAMPLES = [
  'token: abc',
  'x-api-key: abc',
  'password=abc',
  'password="a b"',
  "{ token: 'abc' }",
  '"token":"abc"',
  '\\"token\\":\\"abc\\"',
  '"token":{"a":[1,"}"]}',
  '{"type":"Buffer","data":[1,2]}',
  '{"0":1,"1":2,"2":3}',
  'user:p4ss@db',
  'a@b.co',
  '@b.co',
  '+16505551234',
  `wamid.${FILL}`,
  'from=%2B16505551234',
  '"from":16505551234',
  '"body":"hello"',
  "body: 'x'",
]
const fragment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...CUES) },
  { weight: 2, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...MARKERS) },
  { weight: 2, arbitrary: fc.constantFrom(...SHAPES) },
  { weight: 2, arbitrary: fc.constantFrom(...SAMPLES) },
)
const hostile = (maxLength = 12) => fc.array(fragment, { maxLength }).map((parts) => parts.join(''))

const anyName = fc.oneof(
  fc.constantFrom(...NAMES, 'a', '0', '1', 'type', 'data', '__proto__', ''),
  hostile(4),
)
const plain = fc.constantFrom(null, true, false, 0, -1.5e30, 12, 255, 16505551234)

type Members = readonly (readonly [string, unknown])[]

/** By defining, for `__proto__` is a name like any other in JSON. */
function objectOf(members: Members): object {
  const object = {}
  for (const [name, value] of members) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return object
}

/** JSON data whose parts may be JSON text themselves. */
const treeOf = (
  leaf: fc.Arbitrary<unknown>,
  member: (value: fc.Arbitrary<unknown>) => fc.Arbitrary<Members[number]>,
) =>
  fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie('object'), tie('array'), tie('text')),
    object: fc.array(member(tie('node')), { maxLength: 4 }).map(objectOf),
    array: fc.array(tie('node'), { maxLength: 4 }),
    text: tie('node').map((value) => JSON.stringify(value)),
  })).node

const fingerprinter = {
  of: (value: string, kind = 'secret') => {
    const sum = [...value.replace(/[+().\s-]/g, '')].reduce(
      (hash, c) => (hash * 31 + c.charCodeAt(0)) >>> 0,
      7,
    )
    return `${kind}:fp1.2026a.${sum
      .toString(6)
      .padStart(16, '0')
      .replace(/\d/g, (digit) => 'abcdef'.charAt(Number(digit)))}`
  },
} as never

const redactors: readonly (readonly [string, Redactor])[] = [
  ['as it is', createRedactor()],
  ['that masks personal data', createRedactor({ personal: 'mask' })],
  ['that fingerprints personal data', createRedactor({ personal: fingerprinter })],
  [
    'with names, shapes and literals',
    createRedactor({
      names: ['a', '*data'],
      tokens: [{ name: 'own', prefix: ['acme_', ':::'], min: 8, chars: 'A-Za-z0-9=' }],
      literals: ['lit"er\\al/(', 'nnnnnnnn'],
    }),
  ],
]

describe.each(redactors)('text() of a redactor %s', (_name, redactor) => {
  const text = (input: string): string => redactor.text(input)

  it('changes nothing in what it wrote', () => {
    fc.assert(
      fc.property(hostile(), (input) => {
        const once = text(input)
        expect(text(once)).toBe(once)
      }),
      RUNS,
    )
  })

  it('keeps JSON valid, wherever secrets, quotes and backslashes stand in it', () => {
    const member = (value: fc.Arbitrary<unknown>) => fc.tuple(anyName, value)
    const tree = treeOf(
      fc.oneof({ weight: 3, arbitrary: hostile(8) }, { weight: 1, arbitrary: plain }),
      member,
    )
    fc.assert(
      fc.property(tree, fc.constantFrom(0, 1), (value, indent) => {
        const once = text(JSON.stringify(value, null, indent))
        expect(() => JSON.parse(once)).not.toThrow()
        expect(text(once)).toBe(once)
      }),
      RUNS,
    )
  })

  it('changes nothing in what it wrote of JSON that was cut', () => {
    const member = (value: fc.Arbitrary<unknown>) => fc.tuple(anyName, value)
    fc.assert(
      fc.property(treeOf(hostile(6), member), fc.nat(200), (value, length) => {
        const once = text(JSON.stringify(value).slice(0, length))
        expect(text(once)).toBe(once)
      }),
      RUNS,
    )
  })
})

/** Letters that nothing else has: any 8 of them in a row are a part of a secret. */
const core = fc
  .array(fc.constantFrom(...'QVWXZ'), { minLength: 24, maxLength: 24 })
  .map((letters) => letters.join(''))
const window = /[QVWXZ]{8}/

const secretName = fc.constantFrom(
  'token',
  'Password',
  'db_password',
  'X-Api-Key',
  'pin',
  'page access token',
  'DATABASE_URL',
  'wa.secret',
)
/** Any text with parts that may not show. */
const secretText = fc.tuple(hostile(4), core, hostile(4), core, hostile(4)).map((parts) => parts.join(''))
const secretValue = fc.oneof(
  secretText,
  secretText.map((value) => [value, { a: [value] }]),
  secretText.map((value) => ({ [value]: value, b: [1, { c: value }] })),
  secretText.map((value) => JSON.stringify({ [value]: value })),
)
const tokenText = fc
  .tuple(fc.constantFrom(...['EAA', 'sk_live_', 'whsec_', 'ghp_', 'SG.', 'eyJ', 'Bearer ']), core, core)
  .map(([prefix, a, b]) => {
    if (prefix === 'SG.') return `SG.${a}.${a}${b}`
    if (prefix === 'eyJ') return `eyJ${a}.${b}.${a}`
    return prefix + a + b
  })
const pem = fc
  .tuple(core, core, fc.constantFrom('\n', '\r\n', '\\n'), fc.boolean())
  .map(([a, b, end, isWhole]) => {
    const body = ['-----BEGIN RSA PRIVATE KEY-----', a, b]
    return [...body, ...(isWhole ? ['-----END RSA PRIVATE KEY-----', ''] : [])].join(end)
  })
/** A token begins a word, and a key stands alone: what is before them does not run into them. */
const textWithSecret = fc
  .tuple(
    hostile(6),
    fc.constantFrom(' ', '(', '\n', '"', '>'),
    fc.oneof(tokenText, pem),
    fc.constantFrom(' ', ')', '\n', '"', '<'),
    hostile(6),
  )
  .map((parts) => parts.join(''))

const secretMember = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Members[number]> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.tuple(anyName, value) },
    { weight: 1, arbitrary: fc.tuple(secretName, secretValue) },
  )
const treeWithSecrets = treeOf(
  fc.oneof(
    { weight: 3, arbitrary: hostile(6) },
    { weight: 2, arbitrary: textWithSecret },
    { weight: 1, arbitrary: plain },
  ),
  secretMember,
)

describe('a secret in a tree', () => {
  const redactor = createRedactor()

  it('does not show in the text of it, whatever stands beside it', () => {
    fc.assert(
      fc.property(treeWithSecrets, fc.constantFrom(0, 2), (tree, indent) => {
        const scrubbed = redactor.text(JSON.stringify(tree, null, indent))
        expect(scrubbed).not.toMatch(window)
        expect(() => JSON.parse(scrubbed)).not.toThrow()
        expect(redactor.text(scrubbed)).toBe(scrubbed)
      }),
      RUNS,
    )
  })

  it('does not show in the copy of it either', () => {
    fc.assert(
      fc.property(treeWithSecrets, (tree) => {
        const copy = JSON.stringify(redactor.value(tree))
        expect(copy).not.toMatch(window)
        expect(redactor.text(copy)).toBe(copy)
      }),
      RUNS,
    )
  })
})

/** Nothing that a rule could read as the beginning or the end of something. */
const quiet = fc.string({ unit: fc.constantFrom(...'abcxyz ABC0189_.,;()/é💥') })

describe('a secret among other things', () => {
  const redactor = createRedactor()
  const text = fc.tuple(quiet, fc.oneof(tokenText, pem), quiet).map((parts) => parts.join(' '))
  const tree = treeOf(fc.oneof(quiet, text, plain), (value) =>
    fc.oneof(fc.tuple(quiet, value), fc.tuple(secretName, secretValue)),
  )

  it('is hidden in the copy where it is hidden in the text, and nothing else is', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const scrubbed = redactor.text(JSON.stringify(value))
        expect(JSON.stringify(redactor.value(value))).toBe(scrubbed)
        expect(scrubbed).not.toMatch(window)
      }),
      RUNS,
    )
  })
})

describe('JSON without secrets', () => {
  const harmless = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'abcxyz ABC0189-_.,;()/é💥\n"\\\'') }),
    plain,
  )
  const name = fc.string({ unit: fc.constantFrom(...'abcxyz019_. -é"\\'), maxLength: 12 })
  const tree = treeOf(harmless, (value) => fc.tuple(name, value))

  it('is the same in text and in the copy', () => {
    const redactor = createRedactor()
    fc.assert(
      fc.property(tree, fc.constantFrom(0, 2), (value, indent) => {
        const json = JSON.stringify(value, null, indent)
        expect(redactor.text(json)).toBe(json)
        expect(JSON.stringify(redactor.value(value), null, indent)).toBe(json)
      }),
      RUNS,
    )
  })
})
