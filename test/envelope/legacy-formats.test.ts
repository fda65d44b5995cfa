import { createCipheriv, createDecipheriv, createHash, randomBytes, webcrypto } from 'node:crypto'
import { encryptString, encryptStringSync, generateKey } from '@47ng/cloak'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import {
  type AesCbcOptions,
  type AesGcmOptions,
  aesCbc,
  aesGcm,
  cloak,
  type LegacyFormat,
  legacyReader,
} from 'waxseal/envelope/legacy'

const TOKEN = 'EAAGm0PX4ZCpsBAKZBmZC4ZBZCZBqZBZA9ZC0ZD'
const key = createHash('sha256').update('a legacy key').digest()
const otherKey = createHash('sha256').update('another legacy key').digest()
const isToken = (text: string): boolean => /^EAA[A-Za-z0-9]+$/.test(text)

/** What applications wrote, with `node:crypto` as they did. */
function seal(text: string, ivBytes: number, under: Uint8Array = key, tagBytes = 16) {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', under, iv, { authTagLength: tagBytes })
  const ct = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { iv, ct, tag: cipher.getAuthTag() }
}

function sealCbc(text: string | Uint8Array, under: Uint8Array = key) {
  const iv = randomBytes(16)
  const cipher = createCipheriv(`aes-${under.length * 8}-cbc`, under, iv)
  return { iv, ct: Buffer.concat([cipher.update(text), cipher.final()]) }
}

const gcm: AesGcmOptions = {
  name: 'accounts-2023',
  key,
  layout: ['iv', 'tag', 'ct'],
  separator: ':',
  encoding: 'hex',
  ivBytes: 12,
}
const cbc: AesCbcOptions = {
  name: 'accounts-2019',
  key,
  layout: ['iv', 'ct'],
  separator: ':',
  encoding: 'hex',
  validate: isToken,
}
const joined: AesGcmOptions = { ...gcm, separator: null, encoding: 'base64' }

/** A value as the options say it was written. */
function write(
  text: string,
  { layout, separator, encoding, prefix = '', ivBytes, ...options }: AesGcmOptions,
) {
  const { iv, ct, tag } = seal(text, ivBytes, options.key as Uint8Array)
  const parts = { iv, tag, ct: layout.includes('tag') ? ct : Buffer.concat([ct, tag]) }
  const buffers = layout.map((part) => parts[part])
  const body =
    separator === null
      ? Buffer.concat(buffers).toString(encoding)
      : buffers.map((part) => part.toString(encoding)).join(separator)
  return prefix + body
}

const read = (format: LegacyFormat, value: string) => legacyReader({ formats: [format] }).read(value)
const codeOf = (format: LegacyFormat, value: string): string => {
  try {
    return read(format, value).text
  } catch (error) {
    return (error as { code: string }).code
  }
}

afterAll(() => {
  vi.doUnmock('#crypto')
  vi.resetModules()
})

describe.each(['node', 'portable'] as const)('on the %s crypto', (backend) => {
  const load = async () => {
    vi.resetModules()
    vi.doMock('#crypto', () => import(`../../src/internal/crypto/${backend}.ts`))
    return import('../../src/envelope/legacy.js')
  }

  it.each<[string, Partial<AesGcmOptions>]>([
    ['iv:tag:ct in hex', {}],
    ['iv:tag:ct in hex, IV of 16 bytes', { ivBytes: 16 }],
    ['iv:ct:tag in base64', { layout: ['iv', 'ct', 'tag'], encoding: 'base64' }],
    ['ct.tag.iv in base64url', { layout: ['ct', 'tag', 'iv'], encoding: 'base64url', separator: '.' }],
    ['iv, tag and ct joined in base64', { separator: null, encoding: 'base64' }],
    ['iv, ct and tag joined in base64', { layout: ['iv', 'ct', 'tag'], separator: null, encoding: 'base64' }],
    ['tag, ct and iv joined in hex', { layout: ['tag', 'ct', 'iv'], separator: null, ivBytes: 16 }],
    ['a prefix and joined base64', { prefix: 'enc:v1:', separator: null, encoding: 'base64' }],
    ['a prefix and parts', { prefix: 'enc:v1:' }],
    ['iv.ct with the tag at its end', { layout: ['iv', 'ct'], encoding: 'base64', separator: '.' }],
    ['a separator of many characters', { separator: '::', encoding: 'base64' }],
    ['a separator that shares characters with the encoding', { separator: 'a-a' }],
  ])('reads AES-GCM as %s', async (_, changes) => {
    const { aesGcm, legacyReader } = await load()
    const options: AesGcmOptions = { ...gcm, ...changes }
    const reader = legacyReader({ formats: [aesGcm(options)] })
    for (const text of [TOKEN, '', 'naïve \u{1f5dd}', '\ufeffwith a byte order mark', 'x'.repeat(5000)]) {
      const value = write(text, options)
      expect(reader.identify(value)).toBe('accounts-2023')
      expect(reader.read(value)).toEqual({ text, format: 'accounts-2023' })
    }
  })

  it.each([16, 24, 32])('reads AES-CBC under a key of %i bytes', async (bytes) => {
    const { aesCbc, legacyReader } = await load()
    const under = randomBytes(bytes)
    const { iv, ct } = sealCbc(TOKEN, under)
    const reader = legacyReader({ formats: [aesCbc({ ...cbc, key: under })] })
    const value = `${iv.toString('hex')}:${ct.toString('hex')}`
    expect(reader.identify(value)).toBe('accounts-2019')
    expect(reader.read(value)).toEqual({ text: TOKEN, format: 'accounts-2019' })

    const base64: AesCbcOptions = { ...cbc, key: under, separator: null, encoding: 'base64' }
    const together = Buffer.concat([iv, ct]).toString('base64')
    expect(legacyReader({ formats: [aesCbc(base64)] }).read(together).text).toBe(TOKEN)
  })

  it('reads what cloak wrote, in Node and with WebCrypto', async () => {
    const { cloak, legacyReader } = await load()
    const keys = [generateKey(), generateKey(), generateKey()] as const
    const reader = legacyReader({ formats: [cloak(keys)] })
    for (const one of keys) {
      for (const text of [TOKEN, '', 'a', 'ab', 'abc', 'naïve \u{1f5dd}']) {
        const value = encryptStringSync(text, one)
        expect(reader.identify(value)).toBe('cloak')
        expect(reader.read(value)).toEqual({ text, format: 'cloak' })
        expect(reader.read(await encryptString(text, one)).text).toBe(text)
      }
    }
  })
})

describe('aesGcm', () => {
  it('reads what WebCrypto wrote: the IV before, the tag behind', async () => {
    const iv = randomBytes(12)
    const subtleKey = await webcrypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
    const sealed = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, subtleKey, Buffer.from(TOKEN))
    const value = Buffer.concat([iv, Buffer.from(sealed)]).toString('base64')
    expect(read(aesGcm({ ...joined, layout: ['iv', 'ct'] }), value).text).toBe(TOKEN)
    expect(read(aesGcm({ ...joined, layout: ['iv', 'ct', 'tag'] }), value).text).toBe(TOKEN)
  })

  it('reads any text in any layout', () => {
    const options = fc.record({
      layout: fc.shuffledSubarray<'iv' | 'tag' | 'ct'>(['iv', 'tag', 'ct'], { minLength: 3 }),
      separator: fc.constantFrom(':', '.', '$', '|', ' ', '::', null),
      encoding: fc.constantFrom('hex' as const, 'base64' as const, 'base64url' as const),
      prefix: fc.constantFrom('', 'enc:', 'enc:v1:', '{aes}', 'a'),
      ivBytes: fc.constantFrom(12 as const, 16 as const),
      key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      name: fc.constant('any'),
    })
    fc.assert(
      fc.property(options, fc.string({ unit: 'grapheme' }), (layout, text) => {
        const format = aesGcm(layout)
        const value = write(text, layout)
        expect(format.recognises(value)).toBe(true)
        expect(read(format, value)).toEqual({ text, format: 'any' })
      }),
    )
  })

  it.each<[string, AesGcmOptions]>([
    ['in hex parts', gcm],
    ['joined in base64, prefixed', { ...joined, prefix: 'enc:' }],
    ['in base64url parts', { ...gcm, encoding: 'base64url', separator: '.' }],
  ])('refuses every mutation of a value %s', (_, options) => {
    const format = aesGcm(options)
    const value = write(TOKEN, options)
    const mutations = new Set<string>([`${value}${value}`, value.toUpperCase(), value.toLowerCase()])
    for (let at = 0; at <= value.length; at++) {
      const [before, after] = [value.slice(0, at), value.slice(at)]
      mutations
        .add(before)
        .add(after)
        .add(before + after.slice(1))
      for (const character of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=-_:. \n\0é') {
        mutations.add(before + character + after.slice(1)).add(before + character + after)
      }
    }
    mutations.delete(value)
    expect(read(format, value).text).toBe(TOKEN)
    expect(mutations.size).toBeGreaterThan(10_000)
    const passed = [...mutations].filter((mutation) => {
      const code = codeOf(format, mutation)
      return code !== 'not_sealed' && code !== 'legacy_failed'
    })
    expect(passed).toEqual([])
  })

  const parts = seal(TOKEN, 12)
  const [iv, tag, ct] = [parts.iv, parts.tag, parts.ct].map((part) => part.toString('hex')) as [
    string,
    string,
    string,
  ]
  const base64 = Buffer.concat([parts.iv, parts.tag, parts.ct]).toString('base64')
  const hexOf = ({ iv, tag, ct }: ReturnType<typeof seal>) =>
    [iv, tag, ct].map((part) => part.toString('hex')).join(':')

  it.each<[string, AesGcmOptions, string]>([
    ['a tag of 4 bytes that is right', gcm, hexOf(seal(TOKEN, 12, key, 4))],
    ['a tag of 12 bytes that is right', gcm, hexOf(seal(TOKEN, 12, key, 12))],
    ['a tag that was cut', gcm, `${iv}:${tag.slice(0, 8)}:${ct}`],
    ['an IV of 8 bytes', gcm, hexOf(seal(TOKEN, 8))],
    ['an IV of 16 bytes where 12 were declared', gcm, hexOf(seal(TOKEN, 16))],
    ['no IV', gcm, `:${tag}:${ct}`],
    ['an odd number of hex digits', gcm, `${iv}:${tag}:${ct}0`],
    ['hex in upper case', gcm, `${iv}:${tag}:${ct}`.toUpperCase()],
    ['hex with something behind', gcm, `${iv}:${tag}:${ct}zz`],
    ['hex with a line break', gcm, `${iv}:${tag}:${ct}\n`],
    ['a part more', gcm, `${iv}:${tag}:${ct}:${ct}`],
    ['an empty part more', gcm, `${iv}:${tag}:${ct}:`],
    ['a part less', gcm, `${iv}:${tag}`],
    ['another separator', gcm, `${iv}.${tag}.${ct}`],
    ['a prefix that was not declared', gcm, `enc:${iv}:${tag}:${ct}`],
    ['no prefix where one was declared', { ...gcm, prefix: 'enc:' }, `${iv}:${tag}:${ct}`],
    ['another encoding', { ...gcm, encoding: 'base64' }, `${iv}:${tag}:${ct}`],
    ['base64 without padding', joined, base64.replace(/=+$/, '')],
    ['base64 with a line break inside', joined, `${base64.slice(0, 8)}\n${base64.slice(8)}`],
    ['base64 in the alphabet for URLs', joined, `${base64.slice(0, 8)}-_-_${base64.slice(8)}`],
    ['fewer bytes than IV and tag', joined, Buffer.alloc(27).toString('base64')],
    ['fewer bytes than a tag', { ...gcm, layout: ['iv', 'ct'] }, `${iv}:${tag.slice(2)}`],
  ])('does not recognise %s', (_, options, value) => {
    const format = aesGcm(options)
    expect(format.recognises(value)).toBe(false)
    expect(() => format.read(value)).toThrow('legacy failed')
    expect(codeOf(format, value)).toBe('not_sealed')
  })

  it('does not recognise base64 with bits to spare, which Node would read', () => {
    const options: AesGcmOptions = { ...joined, layout: ['iv', 'tag', 'ct'] }
    const value = write('1', options)
    expect(value).toMatch(/[AEIMQUYcgkosw048]=$/)
    const spare = value.replace(/.=$/, (last) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`)
    expect(Buffer.from(spare, 'base64')).toEqual(Buffer.from(value, 'base64'))
    expect(codeOf(aesGcm(options), spare)).toBe('not_sealed')
    expect(codeOf(aesGcm(options), value)).toBe('1')
  })

  it('recognises without a key and without decrypting', () => {
    const value = write(TOKEN, { ...gcm, key: otherKey })
    expect(aesGcm(gcm).recognises(value)).toBe(true)
    expect(codeOf(aesGcm(gcm), value)).toBe('legacy_failed')
  })

  it('fails on bytes that are not UTF-8', () => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const ct = Buffer.concat([cipher.update(Buffer.from('45414180', 'hex')), cipher.final()])
    expect(codeOf(aesGcm(gcm), hexOf({ iv, ct, tag: cipher.getAuthTag() }))).toBe('legacy_failed')
  })

  it('keeps its own copy of key and layout', () => {
    const ownKey = Uint8Array.from(key)
    const ownLayout: ('iv' | 'tag' | 'ct')[] = ['iv', 'tag', 'ct']
    const format = aesGcm({ ...gcm, key: ownKey, layout: ownLayout })
    expect(ownKey).toEqual(Uint8Array.from(key))
    ownKey.fill(0)
    ownLayout.reverse()
    expect(read(format, write(TOKEN, gcm)).text).toBe(TOKEN)
    expect(Object.isFrozen(format)).toBe(true)
  })
})

describe('aesCbc', () => {
  const { iv, ct } = sealCbc(TOKEN)
  const value = `${iv.toString('hex')}:${ct.toString('hex')}`

  /** A key under which the padding is right by chance, as Node says. */
  function luckyKey(): Buffer {
    for (;;) {
      const lucky = randomBytes(32)
      try {
        const decipher = createDecipheriv('aes-256-cbc', lucky, iv)
        Buffer.concat([decipher.update(ct), decipher.final()])
        return lucky
      } catch {}
    }
  }

  it('refuses padding that is right by chance', () => {
    for (let i = 0; i < 5; i++)
      expect(codeOf(aesCbc({ ...cbc, key: luckyKey() }), value)).toBe('legacy_failed')
  })

  it('refuses what validate refuses, throws at or only promises', () => {
    const validates = [
      () => false,
      () => 1,
      async () => true,
      () => {
        throw new Error(TOKEN)
      },
    ]
    for (const validate of validates) {
      const format = aesCbc({ ...cbc, validate: validate as never })
      expect(codeOf(format, value)).toBe('legacy_failed')
      expect(() => format.read(value)).toThrow(/^legacy failed$/)
    }
    expect(codeOf(aesCbc({ ...cbc, validate: (text) => text === TOKEN }), value)).toBe(TOKEN)
  })

  it('asks validate about text only', () => {
    const validate = vi.fn(() => true)
    const { iv, ct } = sealCbc(Buffer.from('ff', 'hex'))
    const binary = `${iv.toString('hex')}:${ct.toString('hex')}`
    expect(codeOf(aesCbc({ ...cbc, validate }), binary)).toBe('legacy_failed')
    expect(validate).not.toHaveBeenCalled()
  })

  it.each([
    ['no ciphertext', `${iv.toString('hex')}:`],
    ['half a block', `${iv.toString('hex')}:${ct.toString('hex').slice(16)}`],
    ['an IV of 8 bytes', value.slice(16)],
    ['an IV of 12 bytes', value.slice(8)],
    ['a tag', `${value}:${iv.toString('hex')}`],
  ])('does not recognise a value with %s', (_, damaged) => {
    expect(aesCbc(cbc).recognises(damaged)).toBe(false)
    expect(codeOf(aesCbc(cbc), damaged)).toBe('not_sealed')
  })

  it('must be the last format, under any name', () => {
    const format = aesCbc(cbc)
    const renamed = { ...format, name: 'renamed' }
    expect(() => legacyReader({ formats: [format, aesGcm(gcm)] })).toThrow(
      new RangeError('formats[0]: expected an aesCbc format to be the last'),
    )
    expect(() => legacyReader({ formats: [renamed, aesGcm(gcm)] })).toThrow(RangeError)
    expect(() => legacyReader({ formats: [renamed, format] })).toThrow(RangeError)
    expect(legacyReader({ formats: [aesGcm(gcm), renamed] }).read(value).format).toBe('renamed')
  })
})

describe('cloak', () => {
  /** Two keys of one fingerprint, found by trying. */
  const [first, second] = [47_344, 69_474].map((number) => {
    const raw = Buffer.alloc(32)
    raw.writeUInt32BE(number, 28)
    return `k1.aesgcm256.${raw.toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`
  }) as [string, string]
  const value = encryptStringSync(TOKEN, first)

  it('tries all keys of the fingerprint', () => {
    const other = encryptStringSync(TOKEN, second)
    expect(other.split('.')[2]).toBe(value.split('.')[2])
    for (const keys of [
      [first, second],
      [second, first],
    ]) {
      expect(read(cloak(keys), value).text).toBe(TOKEN)
      expect(read(cloak(keys), other).text).toBe(TOKEN)
    }
    expect(codeOf(cloak([second]), value)).toBe('legacy_failed')
  })

  it('tries no key of another fingerprint', () => {
    const relabelled = value.replace(/[0-9a-f]{8}/, '00000000')
    expect(codeOf(cloak([first]), relabelled)).toBe('legacy_failed')
    expect(codeOf(cloak([generateKey()]), value)).toBe('legacy_failed')
  })

  it('reads keys without padding, by the fingerprint of that text', () => {
    const unpadded = first.replace(/=$/, '')
    expect(read(cloak([unpadded]), encryptStringSync(TOKEN, unpadded)).text).toBe(TOKEN)
  })

  it('refuses every change of a character', () => {
    const format = cloak([first])
    const passed: string[] = []
    for (let at = 0; at < value.length; at++) {
      for (const character of '09azAZ-_.=+/ \n') {
        const changed = value.slice(0, at) + character + value.slice(at + 1)
        const code = changed === value ? 'same' : codeOf(format, changed)
        if (!['same', 'not_sealed', 'legacy_failed'].includes(code)) passed.push(changed)
      }
    }
    expect(passed).toEqual([])
  })

  it.each([
    ['a sixth part', `${value}.`],
    ['no ciphertext', value.slice(0, 37)],
    ['another version', value.replace('v1', 'v2')],
    ['another algorithm', value.replace('aesgcm256', 'aesgcm128')],
    ['a fingerprint in upper case', value.replace(/edca475d/, 'EDCA475D')],
    ['no padding', encryptStringSync('1', first).replace(/=+$/, '')],
    ['too much padding', `${encryptStringSync('123456', first)}====`],
    ['a ciphertext shorter than a tag', `${value.split('.', 4).join('.')}.QUJDREVGR0hJSktMTU5P`],
  ])('does not recognise a message with %s', (_, damaged) => {
    expect(cloak([first]).recognises(damaged)).toBe(false)
  })

  it.each([
    ['no array', first, TypeError],
    ['no keys', [], RangeError],
    ['a hole', new Array(1), TypeError],
    ['a key of another version', [first.replace('k1', 'k2')], TypeError],
    ['a key of 31 bytes', [first.slice(0, -3)], TypeError],
    ['a key with bits to spare', [first.replace(/.=$/, 'B=')], TypeError],
    ['a key and a line break', [`${first}\n`], TypeError],
    ['a message', [value], TypeError],
  ])('refuses %s', (_, keys, error) => {
    expect(() => cloak(keys as string[])).toThrow(error)
  })
})

describe('options', () => {
  it.each<[string, object, string]>([
    ['no name', { name: undefined }, 'TypeError: name'],
    ['an empty name', { name: '' }, 'TypeError: name'],
    ['a name with a blank', { name: 'a b' }, 'TypeError: name'],
    ['the name plaintext', { name: 'plaintext' }, 'RangeError: name'],
    ['no layout', { layout: undefined }, 'TypeError: layout'],
    ['an unknown part', { layout: ['iv', 'tag', 'aad'] }, 'RangeError: layout'],
    ['a part twice', { layout: ['iv', 'tag', 'ct', 'ct'] }, 'RangeError: layout'],
    ['holes', { layout: new Array(3) }, 'RangeError: layout'],
    ['no IV', { layout: ['tag', 'ct'] }, 'RangeError: layout'],
    ['no ciphertext', { layout: ['iv', 'tag'] }, 'RangeError: layout'],
    ['no separator said', { separator: undefined }, 'TypeError: separator'],
    ['an empty separator', { separator: '' }, 'RangeError: separator'],
    ['a separator out of hex digits', { separator: 'a' }, 'RangeError: separator'],
    ['a separator out of base64', { separator: '=', encoding: 'base64' }, 'RangeError: separator'],
    ['a separator out of base64url', { separator: '--', encoding: 'base64url' }, 'RangeError: separator'],
    ['an unknown encoding', { encoding: 'utf8' }, 'RangeError: encoding'],
    ['an inherited encoding', { encoding: 'constructor' }, 'RangeError: encoding'],
    ['a prefix of another type', { prefix: 7 }, 'TypeError: prefix'],
    ['an IV of 8 bytes', { ivBytes: 8 }, 'RangeError: ivBytes'],
    ['no length of the IV', { ivBytes: undefined }, 'RangeError: ivBytes'],
  ])('of aesGcm with %s are refused', (_, changes, message) => {
    const options = { ...gcm, ...changes } as AesGcmOptions
    expect(refusal(() => aesGcm(options))).toContain(message)
  })

  it('of aesCbc need validate, and know no tag', () => {
    expect(refusal(() => aesCbc({ ...cbc, validate: undefined as never }))).toContain('TypeError: validate')
    expect(refusal(() => aesCbc({ ...cbc, layout: ['iv', 'tag', 'ct'] as never }))).toContain(
      'RangeError: layout: expected each of ct, iv once',
    )
    expect(refusal(() => aesCbc(undefined as never))).toContain('TypeError: options')
    expect(refusal(() => aesGcm(null as never))).toContain('TypeError: options')
  })
})

/** The error as text; empty when there is none. */
function refusal(call: () => unknown): string {
  try {
    call()
    return ''
  } catch (error) {
    return String(error)
  }
}
