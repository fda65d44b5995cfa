import { createHash } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import { hex, wycheproof } from '../vectors/wycheproof/load.js'

const backends = { node, portable }
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n

/** RFC 8032 §7.1, tests 1, 2, 3 and SHA(abc). */
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf2',
    createHash('sha512').update('abc').digest('hex'),
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
] as const

const le32 = (value: bigint) =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
const bigint = (bytes: Uint8Array) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
const withSign = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, i) => (i === 31 ? byte | 0x80 : byte))

const ORDER_8 = [
  hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]
/** Every text of `webhooks.md` 5.4, with bit 255 clear and set. */
const WEAK = [
  ...[0n, 1n, P - 1n, ...Array.from({ length: 19 }, (_, i) => P + BigInt(i))].map(le32),
  ...ORDER_8,
].flatMap((point) => [point, withSign(point)])

describe.each(Object.entries(backends))('Ed25519 of the %s backend', (_name, crypto) => {
  it.each(RFC_8032)(
    'signs and verifies the tests of RFC 8032 (%s)',
    (seed, publicKey, message, signature) => {
      expect(crypto.ed25519PublicKey(hex(seed))).toEqual(hex(publicKey))
      expect(crypto.ed25519Signer(hex(seed))([hex(message)])).toEqual(hex(signature))
      expect(crypto.ed25519Verifier(hex(publicKey))([hex(message)], hex(signature))).toBe(true)
    },
  )

  it('takes a message in pieces, and text as its UTF-8', () => {
    const seed = new Uint8Array(32).fill(7)
    const sign = crypto.ed25519Signer(seed)
    const verify = crypto.ed25519Verifier(crypto.ed25519PublicKey(seed))
    const whole = sign(['msg_1.1700000000.{"ü":1}'])
    expect(sign(['msg_1', '.', '1700000000', '.', new TextEncoder().encode('{"ü":1}')])).toEqual(whole)
    expect(verify(['msg_1.', '1700000000.{"', 'ü":1}'], whole)).toBe(true)
    expect(verify(['msg_1.1700000000.{"u":1}'], whole)).toBe(false)
    expect(verify([], sign([]))).toBe(true)
    expect(verify([''], sign([]))).toBe(true)
  })

  it('refuses every weak or unreduced public key of webhooks.md 5.4', () => {
    for (const point of WEAK) expect(() => crypto.ed25519Verifier(point)).toThrow(TypeError)
    for (const point of WEAK) expect(() => crypto.ed25519Verifier(point)).toThrow(/^publicKey: expected/)
  })

  it('refuses a public key that is not on the curve or not of 32 bytes, without naming it', () => {
    expect(() => crypto.ed25519Verifier(le32(2n))).toThrow(
      'publicKey: expected a point of edwards25519, not a weak one',
    )
    for (const length of [0, 31, 33, 64]) {
      expect(() => crypto.ed25519Verifier(new Uint8Array(length).fill(9))).toThrow(
        new TypeError('publicKey: expected 32 bytes'),
      )
    }
  })

  it('refuses a seed that is not of 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) {
      const seed = new Uint8Array(length)
      expect(() => crypto.ed25519PublicKey(seed)).toThrow(new TypeError('seed: expected 32 bytes'))
      expect(() => crypto.ed25519Signer(seed)).toThrow(new TypeError('seed: expected 32 bytes'))
    }
  })

  it('is false for a signature of any other length, and for S + L', () => {
    const [seed, publicKey] = RFC_8032[0].map(hex) as [Uint8Array, Uint8Array]
    const verify = crypto.ed25519Verifier(publicKey)
    const good = crypto.ed25519Signer(seed)([])
    for (const length of [0, 32, 63]) expect(verify([], good.subarray(0, length))).toBe(false)
    expect(verify([], Uint8Array.of(...good, 0))).toBe(false)
    for (let s = bigint(good.subarray(32)) + L; s < 2n ** 256n; s += L) {
      expect(verify([], Uint8Array.of(...good.subarray(0, 32), ...le32(s)))).toBe(false)
    }
    for (const s of [L - 1n, L, 2n ** 256n - 1n]) {
      expect(verify([], Uint8Array.of(...good.subarray(0, 32), ...le32(s)))).toBe(false)
    }
    expect(verify([], good)).toBe(true)
  })

  it('keeps its own copy of the seed and of the public key', () => {
    const seed = new Uint8Array(32).fill(3)
    const publicKey = crypto.ed25519PublicKey(seed)
    const sign = crypto.ed25519Signer(seed)
    const verify = crypto.ed25519Verifier(publicKey)
    const before = sign(['x'])
    seed.fill(0)
    publicKey.fill(0)
    expect(sign(['x'])).toEqual(before)
    expect(verify(['x'], before)).toBe(true)
  })

  type Group = { publicKey: { pk: string } }
  wycheproof<Group, { msg: string; sig: string }>('ed25519_test.json', 151, (test, group) => {
    const verify = crypto.ed25519Verifier(hex(group.publicKey.pk))
    expect(verify([hex(test.msg)], hex(test.sig))).toBe(test.result === 'valid')
  })
})

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const message = fc.uint8Array({ maxLength: 200 })

/** What a verifier says to key, message and signature: true, false, or that it refused the key. */
function verdicts(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): (boolean | 'refused')[] {
  return [node, portable].map((crypto) => {
    try {
      return crypto.ed25519Verifier(publicKey)([text], signature)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      return 'refused'
    }
  })
}

describe('both Ed25519 backends', () => {
  it('make the same keys and signatures, and verify each other', () => {
    fc.assert(
      fc.property(bytes32, message, (seed, text) => {
        const publicKey = node.ed25519PublicKey(seed)
        const signature = node.ed25519Signer(seed)([text])
        expect(portable.ed25519PublicKey(seed)).toEqual(publicKey)
        expect(portable.ed25519Signer(seed)([text])).toEqual(signature)
        expect(verdicts(publicKey, text, signature)).toEqual([true, true])
      }),
      { numRuns: 40 },
    )
  })

  it('refuse a signature or a message with any one bit changed', () => {
    fc.assert(
      fc.property(bytes32, fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (seed, text, at) => {
        const publicKey = node.ed25519PublicKey(seed)
        const signature = node.ed25519Signer(seed)([text])
        expect(verdicts(publicKey, text, flipped(signature, at))).toEqual([false, false])
        expect(verdicts(publicKey, flipped(text, at), signature)).toEqual([false, false])
      }),
      { numRuns: 40 },
    )
  })

  it('say the same to any 32 bytes as a key and any 64 as a signature', () => {
    fc.assert(
      fc.property(
        bytes32,
        message,
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, text, signature) => {
          const [a, b] = verdicts(key, text, signature)
          expect(a).toBe(b)
        },
      ),
      { numRuns: 60 },
    )
  })

  // noble's own `verify` multiplies by the cofactor and says true to all of these, OpenSSL to few.
  it('say the same where the key or R has a small-order part', () => {
    const { Point } = ed25519
    const torsion = Point.fromBytes(ORDER_8[0] as Uint8Array)
    let accepted = 0
    let parted = 0
    for (let i = 0; i < 48; i++) {
      const secret = BigInt(i + 2)
      const nonce = BigInt(1000 + i)
      const A =
        i % 3 === 0
          ? Point.BASE.multiply(secret)
          : Point.BASE.multiply(secret).add(times(torsion, (i % 7) + 1))
      const R =
        i % 3 === 1 ? Point.BASE.multiply(nonce) : Point.BASE.multiply(nonce).add(times(torsion, (i % 5) + 1))
      const text = Uint8Array.of(i)
      const k = bigint(createHash('sha512').update(R.toBytes()).update(A.toBytes()).update(text).digest()) % L
      const signature = Uint8Array.of(...R.toBytes(), ...le32((nonce + k * secret) % L))
      const [a, b] = verdicts(A.toBytes(), text, signature)
      expect(a).toBe(b)
      if (a === true) accepted++
      if (ed25519.verify(signature, text, A.toBytes(), { zip215: false }) !== a) parted++
    }
    expect(accepted).toBeGreaterThan(0)
    expect(parted).toBeGreaterThan(30)
  })

  // OpenSSL 3.0 accepts these where the plain equation holds, OpenSSL 3.5 never does.
  it('refuse R of small order, even where the plain equation holds', () => {
    const { Point } = ed25519
    const secret = 5n
    const honest = Point.BASE.multiply(secret)
    for (const R of WEAK) {
      for (const A of [honest, honest.add(Point.fromBytes(ORDER_8[0] as Uint8Array))].map((key) =>
        key.toBytes(),
      )) {
        for (let i = 0; i < 12; i++) {
          const text = Uint8Array.of(i)
          const k = bigint(createHash('sha512').update(R).update(A).update(text).digest()) % L
          const signature = Uint8Array.of(...R, ...le32((k * secret) % L))
          expect(verdicts(A, text, signature)).toEqual([false, false])
        }
      }
    }
  })
})

type Point = InstanceType<typeof ed25519.Point>

function times(point: Point, factor: number): Point {
  let sum = point
  for (let i = 1; i < factor; i++) sum = sum.add(point)
  return sum
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const at = bit % (8 * bytes.length)
  return bytes.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte))
}
