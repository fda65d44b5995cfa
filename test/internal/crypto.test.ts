import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import type { Chunk } from '../../src/internal/crypto/types.js'
import { hex, wycheproof } from '../vectors/wycheproof/load.js'

const backends = { node, portable }
const hashes = ['sha256', 'sha512', 'sha1'] as const
const ascii = (text: string) => new TextEncoder().encode(text)

describe.each(Object.entries(backends))('the %s backend', (_name, crypto) => {
  // RFC 4231 §4.2, §4.3 and §4.7 (a key longer than the block)
  it.each([
    [
      new Uint8Array(20).fill(0x0b),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      ascii('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      new Uint8Array(131).fill(0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('computes the HMAC-SHA-256 of RFC 4231', (key, message, tag) => {
    expect(Buffer.from(crypto.hmac(crypto.sha256, key)([message])).toString('hex')).toBe(tag)
  })

  it('compares bytes by value and refuses another length', () => {
    expect(crypto.equalBytes(ascii('same'), ascii('same'))).toBe(true)
    expect(crypto.equalBytes(ascii('same'), ascii('sane'))).toBe(false)
    expect(crypto.equalBytes(ascii('same'), ascii('same!'))).toBe(false)
    expect(crypto.equalBytes(ascii('same!'), ascii('same'))).toBe(false)
    expect(crypto.equalBytes(ascii(''), ascii(''))).toBe(true)
  })

  it('returns as many random bytes as asked for, never the same twice', () => {
    for (const length of [0, 1, 12, 255, 256, 257, 8_191, 8_193, 65_535, 65_536, 65_537, 200_000]) {
      expect(crypto.randomBytes(length)).toHaveLength(length)
    }
    const seen = new Set<string>()
    for (let i = 0; i < 5_000; i++) seen.add(Buffer.from(crypto.randomBytes(12)).toString('hex'))
    expect(seen.size).toBe(5_000)
    // The chance that a byte in the last part of a long answer was never written is nil.
    expect(crypto.randomBytes(65_600).subarray(-64)).not.toEqual(new Uint8Array(64))
  })

  it('refuses to hash what is neither bytes nor text, and goes on unharmed', () => {
    const mac = crypto.hmac(crypto.sha256, ascii('key'))
    const before = mac(['x'])
    for (const chunk of [1, 1n, {}, new ArrayBuffer(8), new DataView(new ArrayBuffer(8)), null, undefined]) {
      expect(() => mac(['x', chunk as never])).toThrow(TypeError)
      expect(() => crypto.digest(crypto.sha256, ['x', chunk as never])).toThrow(TypeError)
      expect(() => crypto.digest(crypto.sha256, [chunk as never, 'x'])).toThrow(TypeError)
    }
    expect(mac(['x'])).toEqual(before)
  })

  it('draws every random byte evenly enough', () => {
    const counts = new Uint32Array(256)
    for (let i = 0; i < 8_000; i++)
      for (const byte of crypto.randomBytes(32)) counts[byte] = (counts[byte] ?? 0) + 1
    // 1000 expected of each; ten standard deviations.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(320)
  })

  it('refuses a number of random bytes that is none', () => {
    for (const length of [-1, 1.5, Number.NaN, 2 ** 31]) {
      expect(() => crypto.randomBytes(length)).toThrow(RangeError)
    }
    expect(() => crypto.randomBytes('8' as never)).toThrow(new TypeError('length: expected a number'))
  })

  it('returns plain byte arrays that own their memory', () => {
    const aes = crypto.aesGcm(ascii('k'.repeat(32)))
    const nonce = new Uint8Array(12)
    const kw = crypto.aesKw(ascii('k'.repeat(32)))
    const long = new Uint8Array(100_000)
    const results = {
      shortTag: crypto.hmac(crypto.sha256, nonce)(['a']),
      longTag: crypto.hmac(crypto.sha256, nonce)([long]),
      digest: crypto.digest(crypto.sha256, ['a']),
      digestOfChunks: crypto.digest(crypto.sha256, ['a', 'b']),
      longDigest: crypto.digest(crypto.sha256, ['a', long]),
      random: crypto.randomBytes(12),
      longRandom: crypto.randomBytes(1_000),
      okm: crypto.hkdfSha256(nonce, nonce, 'a', 32),
      sealed: aes.seal(nonce, nonce, nonce),
      opened: aes.open(nonce, aes.seal(nonce, nonce, nonce), nonce),
      wrapped: kw.wrap(new Uint8Array(32)),
      unwrapped: kw.unwrap(kw.wrap(new Uint8Array(32))),
      publicKey: crypto.ed25519PublicKey(new Uint8Array(32)),
      signature: crypto.ed25519Signer(new Uint8Array(32))(['a']),
    }
    for (const [name, result] of Object.entries(results)) {
      expect(Object.getPrototypeOf(result), name).toBe(Uint8Array.prototype)
      // Never a piece of Buffer's pool, or of ours; noble's unwrap leaves the wiped initial value in front.
      expect(result?.buffer.byteLength, name).toBeLessThanOrEqual((result?.length ?? 0) + 8)
    }
  })

  type Group = { tagSize: number }
  wycheproof<Group, { key: string; msg: string; tag: string }>(
    'hmac_sha256_test.json',
    174,
    (test, group) => {
      const tag = crypto
        .hmac(
          crypto.sha256,
          hex(test.key),
        )([hex(test.msg)])
        .subarray(0, group.tagSize / 8)
      expect(crypto.equalBytes(tag, hex(test.tag))).toBe(test.result === 'valid')
    },
  )
})

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const chunks = fc.array(fc.oneof(bytes(300), fc.string({ unit: 'binary', maxLength: 60 })), { maxLength: 5 })
const joined = (parts: readonly Chunk[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)))

describe('both backends and the plain createHmac', () => {
  it.each(hashes)('agree on the HMAC-%s of any key and any chunks', (name) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), chunks, (key, parts) => {
        const expected = createHmac(name, key).update(joined(parts)).digest('hex')
        for (const crypto of [node, portable]) {
          expect(Buffer.from(crypto.hmac(crypto[name], key)(parts)).toString('hex')).toBe(expected)
        }
      }),
    )
  })

  it.each(hashes)('agree on the %s digest of any chunks', (name) => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const expected = createHash(name).update(joined(parts)).digest('hex')
        for (const crypto of [node, portable]) {
          expect(Buffer.from(crypto.digest(crypto[name], parts)).toString('hex')).toBe(expected)
        }
      }),
    )
  })

  it('agree where node has no one-shot hash', async () => {
    vi.resetModules()
    vi.doMock('node:crypto', async (importOriginal) => ({
      ...(await importOriginal<typeof import('node:crypto')>()),
      hash: undefined,
    }))
    const older = await import('../../src/internal/crypto/node.js')
    vi.doUnmock('node:crypto')
    for (const parts of [[], ['a'], ['a', ascii('b')], [new Uint8Array(40_000)]]) {
      for (const key of [ascii('key'), new Uint8Array(65), new Uint8Array(0)]) {
        const tag = node.hmac(node.sha256, key)(parts)
        expect(older.hmac(older.sha256, key)(parts)).toEqual(tag)
      }
      expect(older.digest(older.sha256, parts)).toEqual(node.digest(node.sha256, parts))
    }
  })

  it('agree around the length at which the node backend changes its way', () => {
    const mac = node.hmac(node.sha256, ascii('key'))
    for (const length of [32_767, 32_768, 32_769, 1_048_576]) {
      const body = new Uint8Array(length).fill(length)
      expect(Buffer.from(mac([body])).toString('hex')).toBe(
        createHmac('sha256', 'key').update(body).digest('hex'),
      )
    }
  })

  it.each(Object.entries(backends))(
    'leave no trace of one message in the tag of the next (%s)',
    (_name, crypto) => {
      const mac = crypto.hmac(crypto.sha256, ascii('key'))
      const short = mac(['x'])
      mac([new Uint8Array(30_000).fill(7)])
      expect(mac(['x'])).toEqual(short)
    },
  )
})
