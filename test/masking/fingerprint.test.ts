import { createHmac, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Secret } from 'waxseal'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { createFingerprinter, type FingerprinterOptions, type FingerprintKind } from 'waxseal/masking'

interface Vector {
  tenant?: string
  kind: FingerprintKind
  value: string
  normal: string
  subkey: string
  message: string
  fingerprint: string
}
const vectors: {
  key: string
  fingerprints: Vector[]
  refused: Record<FingerprintKind, string[]>
} = JSON.parse(readFileSync(new URL('../vectors/fingerprints.json', import.meta.url), 'utf8'))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const keyring = createKeyring([vectors.key])
const tags = createFingerprinter({ keyring, tenant: 'org_1' })

afterEach(() => {
  vi.doUnmock('#crypto')
  vi.resetModules()
})

describe.each(['node', 'portable'] as const)('the published vectors, on the %s crypto', (backend) => {
  let lib: typeof import('../../src/masking/fingerprint.js') &
    typeof import('../../src/keyring/index.js') &
    typeof import('../../src/index.js')

  beforeAll(async () => {
    vi.resetModules()
    vi.doMock('#crypto', () => import(`../../src/internal/crypto/${backend}.ts`))
    lib = {
      ...(await import('../../src/masking/fingerprint.js')),
      ...(await import('../../src/keyring/index.js')),
      ...(await import('../../src/index.js')),
    }
    const expected = await import(`../../src/internal/crypto/${backend}.ts`)
    expect((await import('#crypto')).sha256).toBe(expected.sha256)
  })

  it('are what a fingerprinter makes of values, and of Secrets of them', () => {
    expect(vectors.fingerprints.length).toBeGreaterThanOrEqual(10)
    const keyring = lib.createKeyring([vectors.key])
    for (const { tenant, kind, value, fingerprint } of vectors.fingerprints) {
      const fingerprinter = lib.createFingerprinter({ keyring, tenant })
      expect(fingerprinter.of(value, kind)).toBe(fingerprint)
      expect(fingerprinter.of(new lib.Secret(value), kind)).toBe(fingerprint)
    }
  })

  it('are refused as published', () => {
    const { of } = lib.createFingerprinter({ keyring: lib.createKeyring([vectors.key]) })
    for (const kind of ['secret', 'tel', 'mail', 'wamid'] as const) {
      expect(vectors.refused[kind].length).toBeGreaterThan(1)
      for (const value of vectors.refused[kind]) {
        expect(() => of(value, kind), `${kind} ${value}`).toThrow(TypeError)
      }
    }
  })
})

it('the published numbers agree with one another', () => {
  const lp = (...fields: string[]): Buffer =>
    Buffer.concat(
      fields.flatMap((field) => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(Buffer.byteLength(field))
        return [length, Buffer.from(field)]
      }),
    )
  const root = Uint8Array.from({ length: 32 }, (_, i) => i)
  for (const { tenant = '', kind, normal, subkey, message, fingerprint } of vectors.fingerprints) {
    const key = Buffer.from(hkdfSync('sha256', root, '', lp('waxseal/v1', 'masking', '2026a', tenant), 32))
    expect(hex(key)).toBe(subkey)
    expect(hex(lp('fingerprint/v1', kind, normal))).toBe(message)
    const tag = createHmac('sha256', key).update(Buffer.from(message, 'hex')).digest('hex').slice(0, 16)
    expect(fingerprint).toBe(`${kind}:fp1.2026a.${tag}`)
  }
})

it('the page on the format shows every vector', () => {
  const page = readFileSync(new URL('../../docs/formats/fingerprints.md', import.meta.url), 'utf8')
  expect(vectors.fingerprints.filter(({ fingerprint }) => !page.includes(fingerprint))).toEqual([])
  for (const { tenant, subkey } of vectors.fingerprints) {
    if (tenant === undefined || tenant === 'org_1') expect(page).toContain(subkey)
  }
})

describe('a fingerprint', () => {
  it('is one text for one value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1 }),
        (a, b) => {
          expect(tags.of(a)).toMatch(/^secret:fp1\.2026a\.[0-9a-f]{16}$/)
          expect(tags.of(a) === tags.of(b)).toBe(a === b)
          expect(tags.of(a)).toBe(tags.of(a, 'secret'))
        },
      ),
    )
  })

  it('is another for another value, kind, tenant or key', () => {
    const other = generateKey('2026b')
    const value = '16505551234'
    const last16 = [
      tags.of(value),
      tags.of(value, 'tel'),
      tags.of('16505551235'),
      tags.of(`${value}@x`),
      tags.of(`${value}@x`, 'mail'),
      tags.of(`wamid.${value}`),
      tags.of(`wamid.${value}`, 'wamid'),
      createFingerprinter({ keyring }).of(value),
      createFingerprinter({ keyring, tenant: 'org_2' }).of(value),
      createFingerprinter({ keyring: createKeyring([other]), tenant: 'org_1' }).of(value),
    ].map((tag) => tag.slice(-16))
    expect(new Set(last16).size).toBe(10)
  })

  it.each<[FingerprintKind, string, string[]]>([
    [
      'tel',
      '16505551234',
      ['+1 650 555 1234', '+1 (650) 555-1234', '1.650.555.1234', '\u00a01650\t5551234\n'],
    ],
    [
      'mail',
      'ana.lima@example.com',
      ['Ana.Lima@Example.COM', ' ana.lima@example.com\r\n', '\u3000ANA.LIMA@EXAMPLE.COM'],
    ],
  ])('of kind %s sees one value in every spelling of %s', (kind, normal, spellings) => {
    for (const spelling of spellings) expect(tags.of(spelling, kind)).toBe(tags.of(normal, kind))
  })

  it.each<[FingerprintKind, string, string[]]>([
    ['secret', 'EAAGtest', ['EAAGtest ', 'eaagtest', 'EAAGtes']],
    ['wamid', 'wamid.HBgL', ['wamid.HBgl', 'wamid.HBgL ', 'wamid.HBgL=']],
    ['tel', '16505551234', ['6505551234', '+0016505551234']],
    [
      'mail',
      'ana.lima@example.com',
      ['analima@example.com', 'ana.lima+x@example.com', 'ana.lima@example.com.'],
    ],
  ])('of kind %s tells %s from what merely resembles it', (kind, value, others) => {
    for (const other of others) expect(tags.of(other, kind)).not.toBe(tags.of(value, kind))
  })

  it('takes phone numbers of 7 to 20 digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (count) => {
        const call = () => tags.of('5'.repeat(count), 'tel')
        if (count >= 7 && count <= 20) expect(call()).toMatch(/^tel:fp1\./)
        else expect(call).toThrow(TypeError)
      }),
    )
  })

  it('takes a value of any length', () => {
    expect(tags.of('x'.repeat(1_000_000))).not.toBe(tags.of('x'.repeat(1_000_001)))
  })

  it.each<[string, unknown, unknown, RegExp]>([
    ['no value', undefined, undefined, /^value: expected well-formed text/],
    ['null', null, 'secret', /^value: expected well-formed text/],
    ['a number', 16505551234, 'tel', /^value: expected 7 to 20 digits/],
    ['bytes', new Uint8Array(4), undefined, /^value: expected/],
    ['a Secret of bytes', new Secret(new Uint8Array(4)), undefined, /^value: expected/],
    ['a String', new String('EAAGtest'), undefined, /^value: expected/],
    ['a Proxy of a Secret', new Proxy(new Secret('EAAGtest'), {}), undefined, /^value: expected/],
    ['a lone surrogate', 'EAAG\ud800', undefined, /^value: expected well-formed text/],
    ['a mail with a lone surrogate', 'ana\udc00@example.com', 'mail', /^value: expected text with one @/],
    ['an id of another kind', 'mid.HBgL', 'wamid', /^value: expected text that goes on after wamid\.$/],
    ['a kind that nobody knows', 'EAAGtest', 'iban', /^kind: expected one of secret, tel, mail, wamid$/],
    ['a kind of every object', 'EAAGtest', 'constructor', /^kind: expected one of/],
    ['null for a kind', 'EAAGtest', null, /^kind: expected one of/],
  ])('refuses %s by name, and does not show it', (_what, value, kind, message) => {
    const call = () => tags.of(value as string, kind as FingerprintKind)
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
  })

  it('refuses a Secret that was disposed of', () => {
    const secret = new Secret<string>('EAAGtest')
    expect(tags.of(secret)).toBe(tags.of('EAAGtest'))
    secret.dispose()
    expect(() => tags.of(secret)).toThrow(/^value: expected/)
  })
})

describe('a fingerprinter', () => {
  const second = generateKey('2026b')

  it('stays with the primary that it was created with, or with the kid that is pinned', () => {
    const rotated = createKeyring([second, vectors.key])
    expect(createFingerprinter({ keyring: rotated, tenant: 'org_1' }).of('EAAGtest')).toMatch(
      /^secret:fp1\.2026b\./,
    )
    const pinned = createFingerprinter({ keyring: rotated, kid: '2026a', tenant: 'org_1' })
    expect(pinned.of('EAAGtest')).toBe(tags.of('EAAGtest'))
  })

  it('asks its keyring once, for no more than it needs, and wipes the key', () => {
    const key = keyring.derive('masking', { tenant: 'org_1' })
    const derive = vi.fn(() => key)
    const { of } = createFingerprinter({ keyring: { primary: '2026a', derive }, tenant: 'org_1' })
    expect([of('EAAGtest'), of('EAAGtest')]).toEqual([tags.of('EAAGtest'), tags.of('EAAGtest')])
    expect(derive.mock.calls).toEqual([['masking', { kid: '2026a', tenant: 'org_1' }]])
    expect(hex(key)).toBe('00'.repeat(32))
  })

  it.each<[string, string, string]>([
    ['unknown_key', '2027x', 'unknown'],
    ['key_disabled', '2026b', 'disabled'],
    ['key_destroyed', 'gone', 'destroyed'],
  ])('is refused as %s for %s, a kid that is %s', (code, kid) => {
    const keyring = createKeyring([vectors.key, `${second}:disabled`, 'wxk1.gone:destroyed'])
    expect(() => createFingerprinter({ keyring, kid })).toThrow(
      expect.objectContaining({ name: 'KeyringError', code, kid }),
    )
  })

  it.each<[string, unknown, string]>([
    ['no options', undefined, 'options'],
    ['no keyring', {}, 'keyring'],
    ['null for a keyring', { keyring: null }, 'keyring'],
    ['a key for a keyring', { keyring: vectors.key }, 'keyring'],
    ['a keyring that derives nothing', { keyring: { primary: '2026a' } }, 'keyring'],
    ['a keyring without a primary', { keyring: { derive: keyring.derive } }, 'keyring'],
    ['a number for a kid', { keyring, kid: 2026 }, 'kid'],
    ['null for a kid', { keyring, kid: null }, 'kid'],
    ['an empty tenant', { keyring, tenant: '' }, 'tenant'],
    ['null for a tenant', { keyring, tenant: null }, 'tenant'],
    ['a tenant that is no text', { keyring, tenant: '\ud800' }, 'tenant'],
  ])('is not created with %s', (_what, options, option) => {
    const create = () => createFingerprinter(options as FingerprinterOptions)
    expect(create).toThrow(TypeError)
    expect(create).toThrow(new RegExp(`^${option}: expected`))
  })

  it('is not created for a tenant of 257 bytes', () => {
    expect(() => createFingerprinter({ keyring, tenant: 't'.repeat(257) })).toThrow(RangeError)
  })

  it('is frozen, and shows neither key nor tenant', () => {
    expect(Object.isFrozen(tags)).toBe(true)
    expect(inspect(tags, { showHidden: true, depth: 9 })).not.toMatch(/org_1|2026a|Uint8Array/)
    expect(Object.keys(tags)).toEqual(['of'])
  })
})
