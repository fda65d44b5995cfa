import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandInPlace } from '../../src/internal/crypto/expand-in-place.js'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import { hex, wycheproof } from '../vectors/wycheproof/load.js'

const backends = { node, portable }
const range = (from: number, to: number) => Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i)
const none = new Uint8Array()

/** HKDF-Expand, by `createHmac` and the letter of RFC 5869 §2.3. */
function expanded(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  let okm = Buffer.alloc(0)
  let block = Buffer.alloc(0)
  for (let n = 1; okm.length < length; n++) {
    block = createHmac('sha256', prk).update(block).update(info).update(Uint8Array.of(n)).digest()
    okm = Buffer.concat([okm, block])
  }
  return Uint8Array.from(okm.subarray(0, length))
}

/** RFC 5869 appendix A.1 to A.3: ikm, salt, info, OKM. */
const RFC_5869 = [
  [
    new Uint8Array(22).fill(0x0b),
    range(0x00, 0x0c),
    range(0xf0, 0xf9),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    range(0x00, 0x4f),
    range(0x60, 0xaf),
    range(0xb0, 0xff),
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    new Uint8Array(22).fill(0x0b),
    none,
    none,
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
] as const

describe.each(Object.entries(backends))('HKDF-SHA-256 of the %s backend', (_name, crypto) => {
  it.each(RFC_5869)('derives what RFC 5869 appendix A derives', (ikm, salt, info, okm) => {
    expect(crypto.hkdfSha256(ikm, salt, info, okm.length / 2)).toEqual(hex(okm))
    expect(crypto.hkdfSha256Extract(ikm, salt)(info, okm.length / 2)).toEqual(hex(okm))
  })

  it('takes the PRK of RFC 5869 A.1 where a uniform key needs no extraction', () => {
    const prk = hex('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
    expect(crypto.hkdfSha256Expand(prk, RFC_5869[0][2], 42)).toEqual(hex(RFC_5869[0][3]))
  })

  it('expands any PRK and info as RFC 5869 §2.3 says, one after another', () => {
    const lengthOf = fc.oneof(fc.nat(130), fc.constantFrom(0, 32, 63, 64, 65, 128))
    const infoLength = fc.oneof(fc.nat(300), fc.constantFrom(0, 75, 255, 256, 257))
    fc.assert(
      fc.property(lengthOf, infoLength, fc.integer({ min: 1, max: 300 }), (prkBytes, infoBytes, length) => {
        const [prk, info] = [Uint8Array.from(randomBytes(prkBytes)), Uint8Array.from(randomBytes(infoBytes))]
        const [prkBefore, infoBefore] = [prk.slice(), info.slice()]
        expect(crypto.hkdfSha256Expand(prk, info, length)).toEqual(expanded(prk, info, length))
        expect([prk, info]).toEqual([prkBefore, infoBefore])
      }),
      { numRuns: 500 },
    )
    expect(crypto.hkdfSha256Expand(hex('00ff'), 'wäxseal', 40)).toEqual(
      expanded(hex('00ff'), new TextEncoder().encode('wäxseal'), 40),
    )
  })

  it('expands the data key of the envelope specification', () => {
    const info = hex(
      `000000077778312f6d736700000018${'22'.repeat(24)}000000206f65809def529737a014d0b5d7161701c11c869307c508d17e070f6da21c0ec3`,
    )
    const okm =
      '6c3164ed471a15e6c3432906e3be4a7a7a373d8bdb31518d656ff6d81837c8af' +
      'b885bb423b8c2e1361008efddd197f2c0798deba3063a3f69b4f56bc27b82f3d' +
      'a2811dfbca9273b68f79dee8'
    expect(crypto.hkdfSha256Expand(new Uint8Array(32).fill(0x11), info, 76)).toEqual(hex(okm))
  })

  it('keeps its own copy of the key, and takes info as text', () => {
    const ikm = new Uint8Array(32).fill(1)
    const expand = crypto.hkdfSha256Extract(ikm, none)
    const before = expand('waxseal', 32)
    ikm.fill(0)
    expect(expand('waxseal', 32)).toEqual(before)
    expect(expand(new TextEncoder().encode('waxseal'), 32)).toEqual(before)
  })

  it('refuses a length that HKDF cannot give', () => {
    const expand = (info: Uint8Array, length: number) =>
      crypto.hkdfSha256Expand(new Uint8Array(32), info, length)
    expect(expand(none, 255 * 32)).toHaveLength(8160)
    for (const length of [0, -1, 1.5, Number.NaN, 8161]) {
      expect(() => expand(none, length)).toThrow(new RangeError('length: expected an integer from 1 to 8160'))
    }
    expect(() => expand(none, '32' as never)).toThrow(TypeError)
  })

  type Test = { ikm: string; salt: string; info: string; size: number; okm: string }
  wycheproof<unknown, Test>('hkdf_sha256_test.json', 86, (test) => {
    const derive = () => crypto.hkdfSha256(hex(test.ikm), hex(test.salt), hex(test.info), test.size)
    if (test.result === 'valid') expect(derive()).toEqual(hex(test.okm))
    else expect(derive).toThrow(RangeError)
  })
})

describe('both HKDF backends and hkdfSync', () => {
  it('agree on any key, salt, info and length', () => {
    const bytes = fc.uint8Array({ maxLength: 100 })
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 500 }), (ikm, salt, info, length) => {
        const expected = new Uint8Array(hkdfSync('sha256', ikm, salt, info, length))
        expect(node.hkdfSha256(ikm, salt, info, length)).toEqual(expected)
        expect(portable.hkdfSha256(ikm, salt, info, length)).toEqual(expected)
      }),
    )
  })
})

describe('expanding in place', () => {
  const key = new Uint8Array(32).fill(0x77)
  const hash = (input: Uint8Array): string => createHash('sha256').update(input).digest('binary')

  it('leaves nothing of the key behind, also when the hash fails half way', () => {
    const inputs: Uint8Array[] = []
    const seen = (input: Uint8Array): string => {
      inputs.push(input)
      return hash(input)
    }
    expect(expandInPlace(seen, key, new Uint8Array(75), 76)).toEqual(expanded(key, new Uint8Array(75), 76))
    expect(inputs).toHaveLength(6)
    for (const input of inputs) expect(input.every((byte) => byte === 0)).toBe(true)

    inputs.length = 0
    const failing = (input: Uint8Array): string => {
      if (inputs.length === 3) throw new Error('half way')
      return seen(input)
    }
    expect(() => expandInPlace(failing, key, new Uint8Array(75), 76)).toThrow('half way')
    for (const input of inputs) expect(input.every((byte) => byte === 0)).toBe(true)
  })
})
