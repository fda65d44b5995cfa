import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createEnvelope, createKmsEnvelope, type Envelope, type SealContext } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { A, B, CONTEXT, fakeKms, onBackend, partsOf } from './support.js'

const bytes = fc.uint8Array({ maxLength: 600 })
const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((value) => value.isWellFormed())
const value = fc.string({ unit: fc.constantFrom(...'aZ09 :."-é🗝中'), minLength: 1, maxLength: 20 })
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/)
const context: fc.Arbitrary<SealContext> = fc
  .tuple(fc.dictionary(name, value, { maxKeys: 5 }), value, value)
  .map(([more, tenant, purpose]) => ({ ...more, tenant, purpose }))
  .filter((pairs) => Object.values(pairs).every((each) => !['undefined', 'null', 'NaN'].includes(each)))

describe('the two backends', () => {
  const both = ['node', 'portable'] as const
  let under: Record<(typeof both)[number], Envelope>
  beforeAll(async () => {
    const make = async (backend: (typeof both)[number]) => {
      const lib = await onBackend(backend)
      return lib.createEnvelope({ keyring: lib.createKeyring([A, B]) })
    }
    under = { node: await make('node'), portable: await make('portable') }
  })

  it.each([
    ['node', 'portable'],
    ['portable', 'node'],
    ['node', 'node'],
    ['portable', 'portable'],
  ] as const)('open each other\u2019s envelopes: %s seals, %s opens', (sealer, opener) => {
    fc.assert(
      fc.property(fc.oneof(bytes, text), context, (plaintext, pairs) => {
        const sealed = under[sealer].seal(plaintext, pairs)
        const expected = typeof plaintext === 'string' ? new TextEncoder().encode(plaintext) : plaintext
        expect(under[opener].open(sealed, pairs, { as: 'bytes' })).toEqual(expected)
        if (typeof plaintext === 'string') expect(under[opener].open(sealed, pairs)).toBe(plaintext)
      }),
      { numRuns: 200 },
    )
  })

  it('take and refuse the same texts, in the same words', () => {
    const anyText = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.stringMatching(/^wx1\.[a-z0-9-]{0,34}\.[\w-]{0,60}\.[\w-]{90,110}$/),
      fc
        .tuple(bytes, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }))
        .map(([plaintext, at, character]) => {
          const sealed = under.node.seal(plaintext, CONTEXT)
          return sealed.slice(0, at % sealed.length) + character + sealed.slice((at % sealed.length) + 1)
        }),
    )
    const outcome = (envelope: Envelope, stored: string) => {
      const result = envelope.safeOpen(stored, CONTEXT, { as: 'bytes' })
      return result.ok
        ? [...result.value]
        : [result.error.code, result.error.kid, result.error.hint, result.error.message]
    }
    fc.assert(
      fc.property(anyText, (stored) => {
        expect(outcome(under.portable, stored)).toEqual(outcome(under.node, stored))
        expect(under.portable.inspect(stored)).toEqual(under.node.inspect(stored))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('every value', () => {
  const before = createEnvelope({ keyring: createKeyring([A]) })
  const after = createEnvelope({ keyring: createKeyring([B, A]) })

  it('comes back from seal, rewrap and reseal, of every length to 600', () => {
    for (let length = 0; length <= 600; length++) {
      const plaintext = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff)
      const sealed = before.seal(plaintext, CONTEXT)
      const rewrapped = after.rewrap(sealed)
      expect(partsOf(rewrapped).body).toBe(partsOf(sealed).body)
      const resealed = after.reseal(sealed, CONTEXT, { ...CONTEXT, id: `${length}` })
      expect(after.open(rewrapped, CONTEXT, { as: 'bytes' })).toEqual(plaintext)
      expect(after.open(resealed, { ...CONTEXT, id: `${length}` }, { as: 'bytes' })).toEqual(plaintext)
    }
  })

  it('opens under its own context and under no other', () => {
    const same = (a: SealContext, b: SealContext) =>
      JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
    fc.assert(
      fc.property(text, context, context, (plaintext, mine, theirs) => {
        const sealed = before.seal(plaintext, mine)
        const result = before.safeOpen(sealed, theirs)
        expect(result.ok ? 'opened' : result.error.code).toBe(
          same(mine, theirs) ? 'opened' : 'context_mismatch',
        )
      }),
      { numRuns: 300 },
    )
  })

  it('is moved between contexts by reseal alone', () => {
    fc.assert(
      fc.property(text, context, context, (plaintext, from, to) => {
        const moved = after.reseal(before.seal(plaintext, from), from, to)
        expect(after.open(moved, to)).toBe(plaintext)
      }),
      { numRuns: 200 },
    )
  })

  it('is the same to a KMS envelope over the keyring, and survives a journey through a KMS', async () => {
    const keyring = createKeyring([A, B])
    const keys = { '2026a': keyring, '2026b': keyring, kms: fakeKms().provider }
    const [local, remote] = (['2026a', 'kms'] as const).map((primary) => createKmsEnvelope({ primary, keys }))
    await fc.assert(
      fc.asyncProperty(bytes, context, async (plaintext, pairs) => {
        const sealed = before.seal(plaintext, pairs)
        expect(await local?.open(sealed, pairs, { as: 'bytes' })).toEqual(plaintext)
        const there = (await remote?.rewrap(sealed)) ?? ''
        expect(await remote?.open(there, pairs, { as: 'bytes' })).toEqual(plaintext)
        const back = (await local?.rewrap(there)) ?? ''
        // AES-KW is deterministic: the same data key under the same key is the same text.
        expect(back).toBe(sealed)
        expect(before.open((await local?.seal(plaintext, pairs)) ?? '', pairs, { as: 'bytes' })).toEqual(
          plaintext,
        )
      }),
      { numRuns: 100 },
    )
  })
})

it('a hundred thousand seals share no salt and no encrypted data key', () => {
  const envelope = createEnvelope({ keyring: createKeyring([A]) })
  const salts = new Set<string>()
  const edks = new Set<string>()
  const SEALS = 100_000
  for (let i = 0; i < SEALS; i++) {
    const [, , edk = '', body = ''] = envelope.seal('', CONTEXT).split('.')
    edks.add(edk)
    // 24 bytes are 32 characters.
    salts.add(body.slice(0, 32))
  }
  expect([edks.size, salts.size]).toEqual([SEALS, SEALS])
})
