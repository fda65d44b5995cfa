import { hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import {
  childKey,
  deriveKey,
  type Fingerprint,
  fingerprint,
  GLOBAL_TENANT,
  IdempotencyError,
  type IdempotencyKey,
  type JsonValue,
  type Keyed,
  type KeyInput,
  safeDeriveKey,
} from 'waxseal/idempotency'
import { createKeyring } from 'waxseal/keyring'
import { lp } from '../../src/internal/lp.js'

interface Vectors {
  keyed: { kid: string; root: string }
  message: { tenant: string; namespace: string; parts: string[]; length: number; hex: string }
  keys: {
    tenant: string | null
    namespace: string
    parts: string[]
    key: IdempotencyKey
    keyed?: IdempotencyKey
  }[]
  children: { key: IdempotencyKey; label: string; child: IdempotencyKey }[]
  fingerprints: { json?: JsonValue; text?: string; fingerprint: Fingerprint; keyed?: Fingerprint }[]
}
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/idempotency.json', import.meta.url), 'utf8'),
)

const field = (text: string): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(text))
  return Buffer.concat([length, Buffer.from(text)])
}

/** keyring.md 4.2 with `node:crypto` alone, so that the vectors do not rest on code of ours. */
const keyed: Keyed = {
  kid: vectors.keyed.kid,
  keyring: {
    derive(purpose, { kid = '', tenant = '', context = [] } = {}) {
      const info = Buffer.concat(['waxseal/v1', purpose, kid, tenant, ...context].map(field))
      return new Uint8Array(hkdfSync('sha256', Buffer.from(vectors.keyed.root, 'hex'), '', info, 32))
    },
  },
}

/** The same, as users have it. */
const keyring = createKeyring(['wxk1.2026a.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.TWR0Bh'])

const valid = { tenant: 'org_1', namespace: 'webhook', parts: ['a'] }
const tenantOf = (tenant: string | null): string | typeof GLOBAL_TENANT => tenant ?? GLOBAL_TENANT

afterAll(() => {
  vi.doUnmock('#crypto')
  vi.resetModules()
})

describe.each(['node', 'portable'] as const)('the published vectors, on the %s crypto', (backend) => {
  const load = async () => {
    vi.resetModules()
    vi.doMock('#crypto', () => import(`../../src/internal/crypto/${backend}.ts`))
    return import('../../src/idempotency/index.js')
  }

  it('give the keys, plain and keyed', async () => {
    const { deriveKey } = await load()
    for (const { tenant, namespace, parts, key, keyed: keyedKey } of vectors.keys) {
      const input: KeyInput = { tenant: tenantOf(tenant), namespace, parts }
      expect(deriveKey(input)).toBe(key)
      if (keyedKey === undefined) continue
      expect(deriveKey({ ...input, keyed })).toBe(keyedKey)
      expect(deriveKey({ ...input, keyed: { ...keyed, keyring } })).toBe(keyedKey)
    }
  })

  it('give the children', async () => {
    const { childKey } = await load()
    for (const { key, label, child } of vectors.children) expect(childKey(key, label)).toBe(child)
  })

  it('give the fingerprints, plain and keyed', async () => {
    const { fingerprint } = await load()
    for (const { json, text, fingerprint: expected, keyed: keyedExpected } of vectors.fingerprints) {
      const content = text === undefined ? (json as JsonValue) : new TextEncoder().encode(text)
      expect(fingerprint(content)).toBe(expected)
      if (keyedExpected !== undefined) expect(fingerprint(content, { keyed })).toBe(keyedExpected)
    }
  })
})

describe('length prefixes', () => {
  it('give the published message', () => {
    const { tenant, namespace, parts, length, hex } = vectors.message
    const message = lp('waxseal/idempotency-key/v1', tenant, namespace, ...parts)
    expect(message).toHaveLength(length)
    expect(Buffer.from(message).toString('hex')).toBe(hex)
  })

  it('are those of the plain way, for any text and bytes', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 })
    const fields = fc.array(fc.oneof(text, fc.uint8Array({ maxLength: 70 })), { maxLength: 6 })
    fc.assert(
      fc.property(fields, (list) => {
        const plain = list.flatMap((one) => {
          const bytes = Buffer.from(one as string)
          const length = Buffer.alloc(4)
          length.writeUInt32BE(bytes.length)
          return [length, bytes]
        })
        expect(Buffer.from(lp(...list))).toEqual(Buffer.concat(plain))
      }),
    )
  })

  it('refuse text that has no UTF-8', () => {
    expect(() => lp('a', '\ud800')).toThrow(TypeError)
  })
})

describe('deriveKey', () => {
  it('gives different keys for different inputs, however the text is split', () => {
    const part = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', ':', '\0', '\x01') })
    const input = fc.record({
      tenant: fc.oneof(part, fc.constant(GLOBAL_TENANT)),
      namespace: part,
      parts: fc.array(part, { minLength: 1, maxLength: 3 }),
    })
    const identity = ({
      tenant,
      namespace,
      parts,
    }: {
      tenant: unknown
      namespace: string
      parts: string[]
    }) => JSON.stringify([tenant === GLOBAL_TENANT ? null : tenant, namespace, parts])
    fc.assert(
      fc.property(input, input, (a, b) => {
        expect(deriveKey(a) === deriveKey(b)).toBe(identity(a) === identity(b))
      }),
    )
  })

  it('binds the tenant and the kid into a keyed key', () => {
    const seen: unknown[] = []
    const keyring = {
      derive(...args: unknown[]) {
        seen.push(args)
        return new Uint8Array(32).fill(7)
      },
    }
    deriveKey({ ...valid, keyed: { keyring, kid: '2026a' } })
    deriveKey({ ...valid, tenant: GLOBAL_TENANT, keyed: { keyring, kid: '2026a' } })
    expect(seen).toEqual([
      ['idempotency', { kid: '2026a', tenant: 'org_1' }],
      ['idempotency', { kid: '2026a' }],
    ])
  })

  it('takes parts, tenant and namespace up to their limits', () => {
    expect(
      deriveKey({ tenant: 't'.repeat(256), namespace: 'n'.repeat(128), parts: ['p'.repeat(1024)] }),
    ).toMatch(/^k1_[A-Za-z0-9_-]{43}$/)
    expect(deriveKey({ ...valid, parts: Array(32).fill('é'.repeat(512)) })).toMatch(/^k1_/)
  })

  const holed = ['a', 'b']
  delete holed[0]
  const throwing = Object.defineProperty(['a'], 0, {
    get() {
      throw new Error('secret')
    },
  })
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  it.each<[string, unknown]>([
    ['an empty part', ['']],
    ['null', [null]],
    ['a number', [1]],
    ['NaN', [Number.NaN]],
    ['a bigint', [10n]],
    ['a date', [new Date(0)]],
    ['an array as a part', [['a']]],
    ['a String object', [Object('a')]],
    ['a lone surrogate', ['a\ud800']],
    ['no parts', []],
    ['33 parts', Array(33).fill('a')],
    ['1025 bytes', ['a'.repeat(1025)]],
    ['1025 bytes of two-byte characters', [`${'é'.repeat(512)}a`]],
    ['10 MB', ['a'.repeat(10_000_000)]],
    ['a string for the list', 'abc'],
    ['an array-like', { length: 1, 0: 'a' }],
    ['undefined', undefined],
    ['a hole', holed],
    ['a getter that throws', throwing],
    ['a revoked proxy', revoked.proxy],
  ])('refuses %s as key_part_invalid', (_name, parts) => {
    const input = { ...valid, parts: parts as string[] }
    expect(() => deriveKey(input)).toThrow(
      expect.objectContaining({ name: 'IdempotencyError', code: 'key_part_invalid', status: 400 }),
    )
    const result = safeDeriveKey(input)
    expect(result).toEqual({ ok: false, error: expect.any(IdempotencyError) })
    // Refusing a flood walks no stack.
    expect(!result.ok && result.error.stack).not.toContain('\n')
    expect(!result.ok && result.error.message).toBe('key part invalid')
  })

  it('reads every part once', () => {
    let reads = 0
    const parts = Object.defineProperty(['a'], 0, { get: () => (reads++ === 0 ? 'a' : 'b') })
    expect(deriveKey({ ...valid, parts })).toBe(deriveKey(valid))
    expect(reads).toBe(1)
  })

  it.each<[string, object]>([
    ['no tenant', { tenant: undefined }],
    ['null as tenant', { tenant: null }],
    ['an empty tenant', { tenant: '' }],
    ['a tenant of 257 bytes', { tenant: 't'.repeat(257) }],
    ['another symbol as tenant', { tenant: Symbol('waxseal.global_tenant') }],
    ['a tenant with a lone surrogate', { tenant: '\udc00' }],
    ['an empty namespace', { namespace: '' }],
    ['a namespace of 129 bytes', { namespace: 'n'.repeat(129) }],
    ['a number as namespace', { namespace: 5 }],
    ['keyed without kid', { keyed: { keyring: keyed.keyring } }],
    ['keyed without keyring', { keyed: { kid: '2026a' } }],
    ['keyed null', { keyed: null }],
  ])('throws a TypeError for %s, from both forms, without the value', (_name, wrong) => {
    const input = { ...valid, ...wrong } as never
    expect(() => deriveKey(input)).toThrow(TypeError)
    expect(() => safeDeriveKey(input)).toThrow(TypeError)
    expect(() => safeDeriveKey(input)).not.toThrow(/tttt|nnnn/)
  })

  it('throws a TypeError for no input at all', () => {
    expect(() => deriveKey(undefined as never)).toThrow(TypeError)
  })

  it('passes on what the keyring throws, from both forms', () => {
    const refusal = new Error('unknown_key')
    const keyring = {
      derive: () => {
        throw refusal
      },
    }
    expect(() => deriveKey({ ...valid, keyed: { keyring, kid: 'x' } })).toThrow(refusal)
    expect(() => safeDeriveKey({ ...valid, keyed: { keyring, kid: 'x' } })).toThrow(refusal)
  })

  it('answers ok with the same key', () => {
    expect(safeDeriveKey(valid)).toEqual({ ok: true, value: deriveKey(valid) })
  })
})

describe('childKey', () => {
  const key = deriveKey(valid)

  it('differs by key and by label', () => {
    const other = deriveKey({ ...valid, parts: ['b'] })
    const all = [
      childKey(key, 'a'),
      childKey(key, 'b'),
      childKey(other, 'a'),
      childKey(childKey(key, 'a'), 'a'),
      key,
    ]
    expect(new Set(all).size).toBe(5)
  })

  it.each([
    ['abc', 'reply'],
    [`${key}\n`, 'reply'],
    [undefined, 'reply'],
    [[key], 'reply'],
    [key, ''],
    [key, 'l'.repeat(129)],
    [key, 1],
    [key, '\ud800'],
  ])('throws a TypeError for (%j, %j)', (badKey, label) => {
    expect(() => childKey(badKey as never, label as never)).toThrow(TypeError)
  })
})

describe('fingerprint', () => {
  it('does not depend on the order of members, but on everything else', () => {
    expect(fingerprint({ a: 1, b: 2 })).toBe(fingerprint({ b: 2, a: 1 }))
    const all = [fingerprint({ a: 1 }), fingerprint({ a: '1' }), fingerprint('{"a":1}'), fingerprint(null)]
    expect(new Set([...all, fingerprint(new TextEncoder().encode('{"a":1}'))]).size).toBe(5)
  })

  it('takes bytes as they are, also a view into a larger buffer', () => {
    const buffer = new TextEncoder().encode('xx{"b":1}yy')
    expect(fingerprint(buffer.subarray(2, 9))).toBe('f1_wfIjqGC5nDmRXZSFX_soqCo-PEWfuatVEiRTNM6cItw')
  })

  it('throws a TypeError for what JSON cannot say', () => {
    expect(() => fingerprint(undefined as never)).toThrow(TypeError)
    expect(() => fingerprint(JSON.parse('"\\ud800"'))).toThrow(TypeError)
  })
})
