import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Envelope, SealContext } from 'waxseal/envelope'
import { aesKw } from '../../src/internal/crypto/node.js'
import { A, onBackend, segmentOf, textOf } from './support.js'

/**
 * GCM does not commit to its key: from two keys and nonces anybody can make one ciphertext with one tag that both open.
 * GHASH is linear in every block, so one block is left free and solved for.
 */

// ---- GF(2^128) as GCM has it: the first bit of a block is the coefficient of x^0, which in a number is the highest.
const R = 0xe1n << 120n
const ONE = 1n << 127n

function product(a: bigint, b: bigint): bigint {
  let z = 0n
  for (let v = b, bit = 127n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) z ^= v
    v = v & 1n ? (v >> 1n) ^ R : v >> 1n
  }
  return z
}

/** By Fermat: a^(2^128 − 2). */
function inverse(a: bigint): bigint {
  let result = ONE
  for (let i = 0, power = a; i < 127; i++) {
    power = product(power, power)
    result = product(result, power)
  }
  return result
}

const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const block = (value: bigint) => Buffer.from(value.toString(16).padStart(32, '0'), 'hex')

function ghash(h: bigint, aad: Uint8Array, ciphertext: Uint8Array): bigint {
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 15)])
  const lengths = Buffer.alloc(16)
  lengths.writeUInt32BE(8 * aad.length, 4)
  lengths.writeUInt32BE(8 * ciphertext.length, 12)
  const data = Buffer.concat([padded(aad), padded(ciphertext), lengths])
  let y = 0n
  for (let at = 0; at < data.length; at += 16) y = product(y ^ number(data.subarray(at, at + 16)), h)
  return y
}

// ---- The envelope's keys, by the published format and node:crypto alone
const lp = (...fields: readonly (Uint8Array | string)[]) =>
  Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(field))
      return [length, Buffer.from(field)]
    }),
  )

function messageKeys(dek: Uint8Array, salt: Uint8Array, context: SealContext) {
  const fields = Object.keys(context)
    .sort()
    .flatMap((name) => [name, context[name] as string])
  const info = lp(
    'wx1/msg',
    salt,
    createHash('sha256')
      .update(lp(...fields))
      .digest(),
  )
  let t = Buffer.alloc(0)
  const okm = Buffer.concat(
    [1, 2, 3].map((i) => {
      t = createHmac('sha256', dek).update(t).update(info).update(Uint8Array.of(i)).digest()
      return t
    }),
  )
  return { commit: okm.subarray(0, 32), key: okm.subarray(32, 64), nonce: okm.subarray(64, 76), info }
}
type Keys = ReturnType<typeof messageKeys>

const ecb = (key: Uint8Array, input: Uint8Array) =>
  createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(input)

interface Side {
  h: bigint
  info: Uint8Array
  mask: bigint
}
const sideOf = ({ key, nonce, info }: Keys): Side => ({
  h: number(ecb(key, Buffer.alloc(16))),
  info,
  mask: number(ecb(key, Buffer.concat([nonce, Buffer.of(0, 0, 0, 1)]))),
})

/** A ciphertext of two blocks, and its tag, that is authentic under both. */
function forBoth(first: Keys, second: Keys): { ciphertext: Buffer; tag: Buffer } {
  const one = sideOf(first)
  const two = sideOf(second)
  const start = randomBytes(16)
  const tagOf = ({ h, info, mask }: Side, last: bigint) =>
    ghash(h, info, Buffer.concat([start, block(last)])) ^ mask
  // The last block is multiplied by h² on its way: tag(last) = tag(0) + last·h².
  const difference = product(one.h, one.h) ^ product(two.h, two.h)
  const last = product(tagOf(one, 0n) ^ tagOf(two, 0n), inverse(difference))
  return { ciphertext: Buffer.concat([start, block(last)]), tag: block(tagOf(one, last)) }
}

/** What node:crypto makes of it. Throws where the tag is not authentic. */
function opensWith({ key, nonce, info }: Keys, { ciphertext, tag }: ReturnType<typeof forBoth>): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(info).setAuthTag(tag)
  return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
}

it('the arithmetic is that of GCM', () => {
  const a = number(randomBytes(16))
  expect(product(a, ONE)).toBe(a)
  expect(product(a, inverse(a))).toBe(ONE)

  const [key, nonce, aad] = [randomBytes(32), randomBytes(12), randomBytes(75)]
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  const ciphertext = Buffer.concat([cipher.update(randomBytes(41)), cipher.final()])
  const mask = number(ecb(key, Buffer.concat([nonce, Buffer.of(0, 0, 0, 1)])))
  const h = number(ecb(key, Buffer.alloc(16)))
  expect(block(ghash(h, aad, ciphertext) ^ mask)).toEqual(cipher.getAuthTag())
})

describe.each(['node', 'portable'] as const)(
  'a ciphertext that is authentic under two keys, on the %s crypto',
  (backend) => {
    const salt = randomBytes(24)
    const dek = randomBytes(32)
    const mine = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
    const theirs = { tenant: 'org_2', purpose: 'wa.access_token', id: 'acc_9' }
    let envelope: Envelope
    let sealedWith: (key: Uint8Array, commit: Uint8Array, made: ReturnType<typeof forBoth>) => string
    beforeAll(async () => {
      const lib = await onBackend(backend)
      const keyring = lib.createKeyring([A])
      envelope = lib.createEnvelope({ keyring })
      const kek = aesKw(keyring.derive('envelope', { context: ['wx1/kek/a256kw'] }))
      sealedWith = (key, commit, { ciphertext, tag }) =>
        textOf({
          kid: '2026a',
          edk: segmentOf(kek.wrap(key)),
          body: segmentOf(Buffer.concat([salt, commit, ciphertext, tag])),
        })
    })

    it('opens for one tenant alone, though GCM opens it for both', () => {
      const first = messageKeys(dek, salt, mine)
      const second = messageKeys(dek, salt, theirs)
      const made = forBoth(first, second)
      const plaintexts = [opensWith(first, made), opensWith(second, made)]
      expect(plaintexts[0]).not.toEqual(plaintexts[1])

      const sealed = sealedWith(dek, first.commit, made)
      expect(envelope.open(sealed, mine, { as: 'bytes' })).toEqual(plaintexts[0])
      expect(envelope.safeOpen(sealed, theirs, { as: 'bytes' })).toMatchObject({
        error: { code: 'context_mismatch' },
      })
      const turned = sealedWith(dek, second.commit, made)
      expect(envelope.safeOpen(turned, mine, { as: 'bytes' })).toMatchObject({
        error: { code: 'context_mismatch' },
      })
      expect(envelope.open(turned, theirs, { as: 'bytes' })).toEqual(plaintexts[1])
    })

    it('opens under one data key alone, though GCM opens it under both', () => {
      const another = randomBytes(32)
      const first = messageKeys(dek, salt, mine)
      const second = messageKeys(another, salt, mine)
      const made = forBoth(first, second)
      const plaintexts = [opensWith(first, made), opensWith(second, made)]
      expect(plaintexts[0]).not.toEqual(plaintexts[1])

      expect(envelope.open(sealedWith(dek, first.commit, made), mine, { as: 'bytes' })).toEqual(plaintexts[0])
      for (const commit of [first.commit, randomBytes(32), Buffer.alloc(32)]) {
        const sealed = sealedWith(another, commit, made)
        expect(envelope.safeOpen(sealed, mine, { as: 'bytes' })).toMatchObject({
          error: { code: 'context_mismatch' },
        })
      }
    })
  },
)
