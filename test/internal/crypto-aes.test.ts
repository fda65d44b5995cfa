import { createCipheriv } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import type { Crypto } from '../../src/internal/crypto/types.js'
import { hex, wycheproof } from '../vectors/wycheproof/load.js'

const backends: [string, Crypto][] = [
  ['node', node],
  ['portable', portable],
  ['node without key wrap', await withoutKeyWrap()],
]

/** The node backend as Bun runs it: OpenSSL's key wrap is not there, and the one over single blocks takes over. */
async function withoutKeyWrap(): Promise<typeof node> {
  vi.resetModules()
  vi.doMock('node:crypto', async (importOriginal) => {
    const original = await importOriginal<typeof import('node:crypto')>()
    const createCipheriv = (...[name, ...rest]: Parameters<typeof original.createCipheriv>) => {
      if (name.includes('wrap')) throw new Error('Unknown cipher')
      return original.createCipheriv(name, ...rest)
    }
    const createDecipheriv = (...[name, ...rest]: Parameters<typeof original.createDecipheriv>) => {
      if (name.includes('wrap')) throw new Error('Unknown cipher')
      return original.createDecipheriv(name, ...rest)
    }
    return { ...original, createCipheriv, createDecipheriv }
  })
  const backend = await import('../../src/internal/crypto/node.js')
  vi.doUnmock('node:crypto')
  return backend
}

const none = new Uint8Array()
const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength })
const flipped = (value: Uint8Array, bit: number) => {
  const at = bit % (8 * value.length)
  return value.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte))
}
/** A view into the middle of something larger, at an odd address. */
const unaligned = (value: Uint8Array) => Uint8Array.of(0, ...value, 0).subarray(1, -1)

/** McGrew and Viega, The Galois/Counter Mode of Operation, test cases 13, 14 and 16: key, IV, P, A, C ‖ T. */
const GCM = [
  ['00'.repeat(32), '00'.repeat(12), '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [
    '00'.repeat(32),
    '00'.repeat(12),
    '00'.repeat(16),
    '',
    'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  ],
  [
    'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    'cafebabefacedbaddecaf888',
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  ],
] as const

describe.each(backends)('AES-256-GCM of the %s backend', (_name, crypto) => {
  it.each(GCM)('seals and opens the test cases of its authors', (key, iv, plaintext, aad, sealed) => {
    const aes = crypto.aesGcm(hex(key))
    expect(aes.seal(hex(iv), hex(plaintext), hex(aad))).toEqual(hex(sealed))
    expect(aes.open(hex(iv), hex(sealed), hex(aad))).toEqual(hex(plaintext))
  })

  it('does not open a shortened tag, nor anything shorter than a tag', () => {
    const aes = crypto.aesGcm(new Uint8Array(32))
    const sealed = aes.seal(new Uint8Array(12), none, none)
    for (let length = 0; length < 16; length++) {
      expect(aes.open(new Uint8Array(12), sealed.subarray(0, length), none)).toBeUndefined()
    }
  })

  it('refuses a key or a nonce of another length by the name of the parameter', () => {
    expect(() => crypto.aesGcm(new Uint8Array(16))).toThrow(new TypeError('key: expected 32 bytes'))
    expect(() => crypto.aesGcm('k'.repeat(32) as never)).toThrow(new TypeError('key: expected 32 bytes'))
    const aes = crypto.aesGcm(new Uint8Array(32))
    for (const length of [0, 8, 11, 13, 16]) {
      const seal = () => aes.seal(new Uint8Array(length), none, none)
      expect(seal).toThrow(new TypeError('nonce: expected 12 bytes'))
    }
    for (const length of [0, 8, 11, 13, 15, 17]) {
      const open = () => aes.open(new Uint8Array(length), new Uint8Array(16), none)
      expect(open).toThrow(new TypeError('nonce: expected 12 or 16 bytes'))
    }
  })

  it('keeps its own copy of the key', () => {
    const key = new Uint8Array(32).fill(1)
    const aes = crypto.aesGcm(key)
    const sealed = aes.seal(new Uint8Array(12), key, none)
    key.fill(0)
    expect(aes.open(new Uint8Array(12), sealed, none)).toEqual(new Uint8Array(32).fill(1))
  })

  type Group = { ivSize: number; keySize: number; tagSize: number }
  type Test = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string }
  wycheproof<Group, Test>(
    'aes_gcm_test.json',
    66,
    (test) => {
      const aes = crypto.aesGcm(hex(test.key))
      const opened = aes.open(hex(test.iv), hex(test.ct + test.tag), hex(test.aad))
      expect(opened).toEqual(test.result === 'valid' ? hex(test.msg) : undefined)
      if (test.result !== 'valid') return
      expect(aes.seal(hex(test.iv), hex(test.msg), hex(test.aad))).toEqual(hex(test.ct + test.tag))
    },
    (group) => group.ivSize === 96 && group.keySize === 256 && group.tagSize === 128,
  )
})

describe('both AES-256-GCM backends', () => {
  it('seal alike and open each other, at any alignment', () => {
    fc.assert(
      fc.property(bytes(32), bytes(12), bytes(0, 200), bytes(0, 50), (key, nonce, plaintext, aad) => {
        const sealed = node.aesGcm(key).seal(nonce, plaintext, aad)
        const aes = portable.aesGcm(unaligned(key))
        expect(aes.seal(unaligned(nonce), unaligned(plaintext), unaligned(aad))).toEqual(sealed)
        expect(aes.open(unaligned(nonce), unaligned(sealed), unaligned(aad))).toEqual(plaintext)
        expect(node.aesGcm(unaligned(key)).open(nonce, unaligned(sealed), aad)).toEqual(plaintext)
      }),
    )
  })

  it('do not open it with any one bit of key, nonce, ciphertext, tag or AAD changed', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        bytes(0, 60),
        bytes(1, 30),
        fc.nat(),
        (key, nonce, plaintext, aad, bit) => {
          const sealed = node.aesGcm(key).seal(nonce, plaintext, aad)
          for (const crypto of [node, portable]) {
            const aes = crypto.aesGcm(key)
            expect(aes.open(nonce, flipped(sealed, bit), aad)).toBeUndefined()
            expect(aes.open(flipped(nonce, bit), sealed, aad)).toBeUndefined()
            expect(aes.open(nonce, sealed, flipped(aad, bit))).toBeUndefined()
            expect(crypto.aesGcm(flipped(key, bit)).open(nonce, sealed, aad)).toBeUndefined()
          }
        },
      ),
    )
  })

  it('open what others sealed with a nonce of 16 bytes', () => {
    fc.assert(
      fc.property(bytes(32), bytes(16), bytes(0, 100), (key, nonce, plaintext) => {
        const cipher = createCipheriv('aes-256-gcm', key, nonce)
        const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
        for (const crypto of [node, portable]) {
          expect(crypto.aesGcm(key).open(nonce, sealed, none)).toEqual(plaintext)
          expect(crypto.aesGcm(key).open(nonce, flipped(sealed, plaintext.length), none)).toBeUndefined()
        }
      }),
    )
  })
})

/** RFC 3394 §4.3, §4.5, §4.6, and the EDK of the envelope specification: KEK, key, wrapped. */
const KW = [
  [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '00112233445566778899aabbccddeeff',
    '64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7',
  ],
  [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '00112233445566778899aabbccddeeff0001020304050607',
    'a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1',
  ],
  [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
  ],
  [
    '7ec83d2030dc193df230155de76446a298cde8afba6b8030083b514829c0de52',
    '11'.repeat(32),
    'be1e1097d2dff215b2c3945d83c632fb250d5f7a9bf4eef1a599119d9ecff7f984e56e7845d4ac6f',
  ],
] as const

describe.each(backends)('AES-256-KW of the %s backend', (_name, crypto) => {
  it.each(KW)('wraps and unwraps the examples of RFC 3394', (kek, key, wrapped) => {
    const kw = crypto.aesKw(hex(kek))
    expect(kw.wrap(hex(key))).toEqual(hex(wrapped))
    expect(kw.unwrap(hex(wrapped))).toEqual(hex(key))
  })

  it('unwraps nothing that is too short, above all not nothing', () => {
    const kw = crypto.aesKw(new Uint8Array(32))
    for (const length of [0, 1, 8, 16, 23, 25, 39, 41]) {
      expect(kw.unwrap(new Uint8Array(length).fill(0xa6))).toBeUndefined()
    }
  })

  it('refuses a key it cannot wrap, and a KEK of another length, by the name of the parameter', () => {
    for (const length of [0, 16, 24, 33]) {
      expect(() => crypto.aesKw(new Uint8Array(length))).toThrow(new TypeError('kek: expected 32 bytes'))
    }
    for (const length of [0, 8, 15, 17, 31]) {
      const wrap = () => crypto.aesKw(new Uint8Array(32)).wrap(new Uint8Array(length))
      expect(wrap).toThrow(new TypeError('key: expected 16 bytes or more, a multiple of 8'))
    }
  })

  it('keeps its own copy of the KEK, and leaves what it is given as it was', () => {
    const kek = new Uint8Array(32).fill(1)
    const key = new Uint8Array(32).fill(2)
    const kw = crypto.aesKw(kek)
    kek.fill(0)
    const wrapped = kw.wrap(key)
    const before = Uint8Array.from(wrapped)
    expect(kw.unwrap(wrapped)).toEqual(key)
    expect(wrapped).toEqual(before)
    expect(key).toEqual(new Uint8Array(32).fill(2))
    expect(kw.unwrap(node.aesKw(new Uint8Array(32).fill(1)).wrap(key))).toEqual(key)
  })

  // Wrapping 8 bytes (tcId 109) is `acceptable` there; RFC 3394 §2 starts at 16, and so do both backends.
  type Test = { key: string; msg: string; ct: string }
  wycheproof<{ keySize: number }, Test>(
    'aes_wrap_test.json',
    68,
    (test) => {
      const kw = crypto.aesKw(hex(test.key))
      expect(kw.unwrap(hex(test.ct))).toEqual(test.result === 'valid' ? hex(test.msg) : undefined)
      if (test.result === 'valid') expect(kw.wrap(hex(test.msg))).toEqual(hex(test.ct))
    },
    (group) => group.keySize === 256,
  )
})

describe('all AES-256-KW backends', () => {
  const key = fc.integer({ min: 2, max: 9 }).chain((blocks) => bytes(8 * blocks))

  it('wrap alike, unwrap each other, and refuse any one bit changed', () => {
    fc.assert(
      fc.property(bytes(32), key, fc.nat(), (kek, secret, bit) => {
        const wrapped = node.aesKw(kek).wrap(secret)
        for (const [, crypto] of backends) {
          const kw = crypto.aesKw(unaligned(kek))
          expect(kw.wrap(unaligned(secret))).toEqual(wrapped)
          expect(kw.unwrap(unaligned(wrapped))).toEqual(secret)
          expect(kw.unwrap(flipped(wrapped, bit))).toBeUndefined()
          expect(crypto.aesKw(flipped(kek, bit)).unwrap(wrapped)).toBeUndefined()
        }
      }),
    )
  })
})

const cbcKey = fc.constantFrom(16, 24, 32).chain((length) => bytes(length))

function cbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, padding = true): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(padding)
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final()]))
}

describe.each(backends)('the AES-CBC reader of the %s backend', (_name, crypto) => {
  // NIST SP 800-38A F.2.1 and F.2.5; the block of padding that PKCS#7 adds behind it comes from createCipheriv.
  it.each([
    '2b7e151628aed2a6abf7158809cf4f3c',
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
  ])('reads the first block of SP 800-38A under a key of each length', (key) => {
    const first = { 32: '7649abac8119b246cee98e9b12e9197d', 64: 'f58c4c04d6e5f1ba779eabfb5f7bfbd6' }[
      key.length
    ]
    const iv = hex('000102030405060708090a0b0c0d0e0f')
    const plaintext = hex('6bc1bee22e409f96e93d7e117393172a')
    const ciphertext = cbcEncrypt(hex(key), iv, plaintext)
    expect(Buffer.from(ciphertext.subarray(0, 16)).toString('hex')).toBe(first)
    expect(crypto.aesCbcDecrypter(hex(key))(iv, ciphertext)).toEqual(plaintext)
  })

  it('takes exactly the sixteen paddings of PKCS#7', () => {
    const key = new Uint8Array(32).fill(5)
    const iv = new Uint8Array(16).fill(6)
    const decrypt = crypto.aesCbcDecrypter(key)
    for (let pad = 0; pad < 256; pad++) {
      const block = new Uint8Array(16).fill(pad)
      const opened = decrypt(iv, cbcEncrypt(key, iv, block, false))
      expect(opened).toEqual(pad >= 1 && pad <= 16 ? block.subarray(pad) : undefined)
      if (pad < 2 || pad > 16) continue
      const wrong = block.with(16 - pad, pad ^ 1)
      expect(decrypt(iv, cbcEncrypt(key, iv, wrong, false))).toBeUndefined()
    }
  })

  it('reads nothing that is not whole blocks', () => {
    const decrypt = crypto.aesCbcDecrypter(new Uint8Array(16))
    for (const length of [0, 1, 15, 17, 31, 33]) {
      expect(decrypt(new Uint8Array(16), new Uint8Array(length))).toBeUndefined()
    }
  })

  it('refuses a key or an IV of another length by the name of the parameter', () => {
    for (const length of [0, 8, 31, 33]) {
      const create = () => crypto.aesCbcDecrypter(new Uint8Array(length))
      expect(create).toThrow(new TypeError('key: expected 16 or 24 or 32 bytes'))
    }
    for (const length of [0, 12, 15, 17]) {
      const decrypt = () => crypto.aesCbcDecrypter(new Uint8Array(16))(new Uint8Array(length), none)
      expect(decrypt).toThrow(new TypeError('iv: expected 16 bytes'))
    }
  })
})

describe('both AES-CBC readers', () => {
  it('read what createCipheriv wrote, under a key of any length and at any alignment', () => {
    fc.assert(
      fc.property(cbcKey, bytes(16), bytes(0, 100), (key, iv, plaintext) => {
        const ciphertext = cbcEncrypt(key, iv, plaintext)
        for (const crypto of [node, portable]) {
          expect(crypto.aesCbcDecrypter(key)(iv, ciphertext)).toEqual(plaintext)
          expect(crypto.aesCbcDecrypter(unaligned(key))(unaligned(iv), unaligned(ciphertext))).toEqual(
            plaintext,
          )
        }
      }),
    )
  })

  it('say the same to any bytes at all', () => {
    fc.assert(
      fc.property(cbcKey, bytes(16), bytes(0, 64), (key, iv, ciphertext) => {
        const opened = node.aesCbcDecrypter(key)(iv, ciphertext)
        expect(portable.aesCbcDecrypter(key)(iv, ciphertext)).toEqual(opened)
      }),
    )
    fc.assert(
      fc.property(cbcKey, bytes(16), bytes(0, 40), fc.nat(), (key, iv, plaintext, bit) => {
        const ciphertext = flipped(cbcEncrypt(key, iv, plaintext), bit)
        const opened = node.aesCbcDecrypter(key)(iv, ciphertext)
        expect(portable.aesCbcDecrypter(key)(iv, ciphertext)).toEqual(opened)
      }),
    )
  })
})
