import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { EnvelopeErrorCode, Hint, SealContext } from 'waxseal/envelope'
import { bytesOf, hex, onBackend, partsOf, unhex } from './support.js'

interface Vectors {
  keys: [string, string]
  derivation: Record<
    'kid' | 'kek' | 'dek' | 'edk' | 'salt' | 'ctx' | 'info' | 'commit' | 'key' | 'nonce',
    string
  > & {
    context: SealContext
  }
  sealed: { name: string; kid: string; context: SealContext; plaintext: string; sealed: string }[]
  rewrapped: { from: string; kid: string; context: SealContext; plaintext: string; sealed: string }
  index: { kid: string; purpose: string; tenant: string | null; value: string; index: string }[]
  digest: { kid: string; texts: number; sha256: string }
  refused: {
    name: string
    sealed: string
    code: EnvelopeErrorCode
    hint?: Hint
    kid?: string
    context?: SealContext
  }[]
}
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/envelope.json', import.meta.url), 'utf8'),
)
const { derivation } = vectors
const keyOf = (kid: string) => vectors.keys.find((key) => key.startsWith(`wxk1.${kid}.`)) ?? expect.fail(kid)

/** The data key, then the salt, as every seal draws them. */
const published = () => {
  const draws = [unhex(derivation.dek), unhex(derivation.salt)]
  return (length: number) => draws.find((bytes) => bytes.length === length) ?? expect.fail(`${length} bytes`)
}

/** SHA-256("wx1/drbg" ‖ u32be(i)) for i = 0, 1, 2, … as one stream. */
function drbg() {
  let counter = 0
  let pool = Buffer.alloc(0)
  return (length: number) => {
    while (pool.length < length) {
      const i = Buffer.alloc(4)
      i.writeUInt32BE(counter++)
      pool = Buffer.concat([pool, createHash('sha256').update('wx1/drbg').update(i).digest()])
    }
    const bytes = pool.subarray(0, length)
    pool = pool.subarray(length)
    return bytes
  }
}

describe.each(['node', 'portable'] as const)('the published vectors, on the %s crypto', (backend) => {
  let lib: Awaited<ReturnType<typeof onBackend>>
  beforeAll(async () => {
    lib = await onBackend(backend)
  })
  const under = (...kids: string[]) => {
    const keyring = lib.createKeyring(kids.map(keyOf))
    return lib.createEnvelope({ keyring, random: published() })
  }

  it('give the key-encryption key and the hash of the context', () => {
    const { kid, kek, context, ctx } = derivation
    const keyring = lib.createKeyring([keyOf(kid)])
    expect(hex(keyring.derive('envelope', { kid, context: ['wx1/kek/a256kw'] }))).toBe(kek)
    expect(hex(lib.readContext(context).hash)).toBe(createHash('sha256').update(unhex(ctx)).digest('hex'))
  })

  it('are what seal makes of the published data key and salt, and open', () => {
    expect(vectors.sealed).toHaveLength(2)
    for (const { kid, context, plaintext, sealed } of vectors.sealed) {
      expect(under(kid).seal(plaintext, context)).toBe(sealed)
      expect(under('2026b', '2026a').open(sealed, context)).toBe(plaintext)
    }
  })

  it('are what rewrap makes, and open', () => {
    const { from, kid, context, plaintext, sealed } = vectors.rewrapped
    expect(under(kid, '2026a').rewrap(from)).toBe(sealed)
    expect(under(kid).open(sealed, context)).toBe(plaintext)
  })

  it('are made over a KMS envelope too', async () => {
    const keyring = lib.createKeyring(vectors.keys)
    const keys = { '2026a': keyring, '2026b': keyring }
    const of = (primary: string) => lib.createKmsEnvelope({ primary, keys, random: published() })
    for (const { kid, context, plaintext, sealed } of vectors.sealed) {
      expect(await of(kid).seal(plaintext, context)).toBe(sealed)
      expect(await of(kid).open(sealed, context)).toBe(plaintext)
    }
    expect(await of('2026b').rewrap(vectors.rewrapped.from)).toBe(vectors.rewrapped.sealed)
  })

  it('give the blind indexes', () => {
    expect(vectors.index.length).toBeGreaterThan(6)
    for (const { kid, purpose, tenant, value, index } of vectors.index) {
      const indexes = lib.createBlindIndex({ keyring: lib.createKeyring([keyOf(kid)]), purpose })
      expect(indexes.of(value, tenant)).toBe(index)
    }
  })

  it('give the digest of ten thousand texts, each of which opens', () => {
    const { kid, texts, sha256 } = vectors.digest
    const envelope = lib.createEnvelope({ keyring: lib.createKeyring([keyOf(kid)]), random: drbg() })
    const digest = createHash('sha256')
    for (let m = 0; m < texts; m++) {
      const context = { tenant: `t${m % 7}`, purpose: 'kat', id: `${m}` }
      const plaintext = new Uint8Array(m % 300).fill(m % 256)
      const sealed = envelope.seal(plaintext, context)
      digest.update(`${sealed}\n`)
      if (m % 10 === 0) expect(envelope.open(sealed, context, { as: 'bytes' })).toEqual(plaintext)
    }
    expect(digest.digest('hex')).toBe(sha256)
  })

  it('are refused as published', () => {
    const envelope = under('2026b', '2026a')
    const { context: published } = derivation
    expect(vectors.refused.length).toBeGreaterThan(60)
    for (const { name, sealed, code, context = published, kid = null, hint } of vectors.refused) {
      const error = { name: 'EnvelopeError', code, kid, ...(hint !== undefined && { hint }) }
      expect(envelope.safeOpen(sealed, context), name).toMatchObject({ ok: false, error })
    }
  })
})

it('the published numbers agree with one another', () => {
  const { dek, salt, ctx, info, commit, key, nonce, edk } = derivation
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const hash = createHash('sha256').update(unhex(ctx)).digest()
  expect(hex(Buffer.concat([Buffer.from('wx1/msg'), unhex(salt), hash].map(field)))).toBe(info)

  let block = Buffer.alloc(0)
  const okm = [1, 2, 3].map((i) => {
    block = createHmac('sha256', unhex(dek))
      .update(block)
      .update(unhex(info))
      .update(Uint8Array.of(i))
      .digest()
    return hex(block)
  })
  expect(okm.join('').slice(0, 152)).toBe(commit + key + nonce)

  const { edk: wrapped, body } = partsOf(vectors.sealed[0]?.sealed ?? '')
  expect(hex(bytesOf(wrapped))).toBe(edk)
  expect(hex(bytesOf(body)).startsWith(salt + commit)).toBe(true)
})
