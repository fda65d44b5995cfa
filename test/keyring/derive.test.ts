import { hkdfSync } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring, type DeriveOptions, generateKey, type Purpose } from 'waxseal/keyring'
import { infoOf } from '../../src/keyring/derive.js'
import { A, B, hex, keyringError } from './support.js'

const PURPOSES: Purpose[] = [
  'envelope',
  'audit',
  'signed-url',
  'api-key',
  'consent-alias',
  'consent-evidence',
  'idempotency',
  'masking',
]
const kid = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/)
const text = (maxLength: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength })
const request = fc.record({
  purpose: fc.constantFrom(...PURPOSES),
  kid,
  tenant: fc.option(text(20), { nil: undefined }),
  context: fc.array(text(20), { maxLength: 8 }),
})

describe('a sub-key', () => {
  it('is what node:crypto derives, for any root, purpose, kid, tenant and context', () => {
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => new Set(bytes).size >= 12)
    fc.assert(
      fc.property(root, request, (bytes, { purpose, kid, tenant, context }) => {
        fc.pre(bytes.some((byte) => byte < 0x20 || byte > 0x7e))
        const keyring = createKeyring([generateKey(kid, { random: () => bytes })])
        const info = Buffer.concat(
          ['waxseal/v1', purpose, kid, tenant ?? '', ...context].flatMap((field) => {
            const length = Buffer.alloc(4)
            length.writeUInt32BE(Buffer.byteLength(field))
            return [length, Buffer.from(field)]
          }),
        )
        const expected = new Uint8Array(hkdfSync('sha256', bytes, '', info, 32))
        expect(keyring.derive(purpose, { tenant, context })).toEqual(expected)
      }),
    )
  })

  it('differs where purpose, kid, tenant or context do, however text is split among them', () => {
    const part = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', '\0', '\x01') })
    const keyring = createKeyring([generateKey('a'), generateKey('b'), generateKey('ab')])
    const options = fc.record({
      purpose: fc.constantFrom(...PURPOSES),
      kid: fc.constantFrom('a', 'b', 'ab'),
      tenant: fc.option(part, { nil: undefined }),
      context: fc.array(part, { maxLength: 3 }),
    })
    fc.assert(
      fc.property(options, options, ({ purpose: p, ...a }, { purpose: q, ...b }) => {
        const same = JSON.stringify([p, a]) === JSON.stringify([q, b])
        expect(hex(keyring.derive(p, a)) === hex(keyring.derive(q, b))).toBe(same)
        const info = hex(infoOf(p, a.kid, a.tenant ?? '', a.context))
        expect(info === hex(infoOf(q, b.kid, b.tenant ?? '', b.context))).toBe(same)
      }),
      { numRuns: 1000 },
    )
  })

  it('is another one for each purpose', () => {
    const keyring = createKeyring([A])
    expect(new Set(PURPOSES.map((purpose) => hex(keyring.derive(purpose)))).size).toBe(PURPOSES.length)
  })

  it('belongs to the caller, who may write into it', () => {
    const keyring = createKeyring([A])
    const first = keyring.derive('envelope', { tenant: 'org_1' })
    const before = hex(first)
    first.fill(0)
    expect(hex(keyring.derive('envelope', { tenant: 'org_1' }))).toBe(before)
    expect(first.buffer.byteLength).toBe(32)
  })

  it('comes from the primary by default, under its own kid', () => {
    const keyring = createKeyring([A, B])
    expect(hex(keyring.derive('audit'))).toBe(hex(keyring.derive('audit', { kid: '2026a' })))
    expect(hex(keyring.derive('audit'))).not.toBe(hex(keyring.derive('audit', { kid: '2026b' })))
  })

  it('does not change when another key is promoted', () => {
    const before = createKeyring([A, B]).derive('audit', { kid: '2026b' })
    expect(createKeyring([B, A]).derive('audit')).toEqual(before)
  })

  it('takes tenant and context up to their limits, in bytes', () => {
    const keyring = createKeyring([A])
    const longest = { tenant: 'é'.repeat(128), context: Array(8).fill('é'.repeat(256)) }
    expect(keyring.derive('audit', longest)).toHaveLength(32)
  })

  it('comes from options that are read once', () => {
    const keyring = createKeyring([A])
    const reads: string[] = []
    const options: DeriveOptions = Object.defineProperties(
      {},
      {
        tenant: { get: () => reads.push('tenant') === 1 && 'org_1' },
        context: {
          get: () => [Object.defineProperty([''], 0, { get: () => String(reads.push('field')) })][0],
        },
      },
    )
    expect(keyring.derive('audit', options)).toEqual(
      keyring.derive('audit', { tenant: 'org_1', context: ['2'] }),
    )
    expect(reads).toEqual(['tenant', 'field'])
  })
})

describe('derive refuses', () => {
  const keyring = createKeyring([A, `${B}:disabled`, 'wxk1.2025-11:destroyed'])

  it.each<[string, string | null, 'unknown_key' | 'key_disabled' | 'key_destroyed']>([
    ['nope', 'nope', 'unknown_key'],
    ['2026b', '2026b', 'key_disabled'],
    ['2025-11', '2025-11', 'key_destroyed'],
    ['constructor', 'constructor', 'unknown_key'],
    ['__proto__', null, 'unknown_key'],
    ['', null, 'unknown_key'],
    ['primary', 'primary', 'unknown_key'],
    ['2026A', null, 'unknown_key'],
    ['x'.repeat(10_000), null, 'unknown_key'],
  ])('the kid %j', (asked, kid, code) => {
    expect(() => keyring.derive('audit', { kid: asked })).toThrow(keyringError(code, { kid }))
  })

  it.each(['cookies', 'keyring', '', 'Envelope', 'toString', undefined, null, 5, ['audit']])(
    'the purpose %j',
    (purpose) => {
      expect(() => keyring.derive(purpose as Purpose)).toThrow(/^purpose: expected one of envelope, audit,/)
      expect(() => keyring.derive(purpose as Purpose)).toThrow(TypeError)
    },
  )

  it.each<[string, unknown]>([
    ['an empty tenant', { tenant: '' }],
    ['a tenant that is null', { tenant: null }],
    ['a number as tenant', { tenant: 5 }],
    ['a tenant with a lone surrogate', { tenant: '\ud800' }],
    ['a long tenant with a lone surrogate', { tenant: `\ud800${'t'.repeat(300)}` }],
    ['text as context', { context: 'abc' }],
    ['an empty context field', { context: ['a', ''] }],
    ['a context field with a lone surrogate', { context: ['\udc00'] }],
    ['a hole in the context', { context: Array(1) }],
    ['a number in the context', { context: [1] }],
    ['a kid that is null', { kid: null }],
    ['a number as kid', { kid: 2026 }],
    ['text as options', 'org_1'],
    ['null as options', null],
  ])('%s with a TypeError', (_name, options) => {
    expect(() => keyring.derive('audit', options as DeriveOptions)).toThrow(TypeError)
    expect(() => keyring.derive('audit', options as DeriveOptions)).toThrow(/^(tenant|context|kid|options)/)
  })

  it.each<[string, DeriveOptions]>([
    ['a tenant of 257 bytes', { tenant: 't'.repeat(257) }],
    ['a tenant of 258 bytes in 129 characters', { tenant: 'é'.repeat(129) }],
    ['9 context fields', { context: Array(9).fill('a') }],
    ['a context field of 513 bytes', { context: ['a', 'c'.repeat(513)] }],
  ])('%s with a RangeError', (_name, options) => {
    expect(() => keyring.derive('audit', options)).toThrow(RangeError)
    expect(() => keyring.derive('audit', options)).not.toThrow(/ttt|ccc|é/)
  })
})

describe('stateOf', () => {
  const keyring = createKeyring([A, generateKey('second'), `${B}:disabled`, 'wxk1.2025-11:destroyed'])

  it('tells the four states', () => {
    const states = ['2026a', 'second', '2026b', '2025-11'].map(keyring.stateOf)
    expect(states).toEqual(['primary', 'enabled', 'disabled', 'destroyed'])
  })

  it.each([
    'nope',
    '__proto__',
    'constructor',
    '',
    '2026A',
    null,
    undefined,
    5,
    {},
    Symbol('2026a'),
    ['2026a'],
  ])('answers unknown, and never throws: %s', (kid) => {
    expect(keyring.stateOf(kid as string)).toBe('unknown')
  })
})
