import { createCipheriv, createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { generateKey } from '@47ng/cloak'
import { describe, expect, it } from 'vitest'
import {
  type AesGcmOptions,
  aesCbc,
  aesGcm,
  cloak,
  type LegacyKey,
  legacyReader,
} from 'waxseal/envelope/legacy'

const TOKEN = 'EAAGm0PX4ZCpsBAKZBmZC4ZBZCZBqZBZA9ZC0ZD'
const PASSPHRASE = 'correct horse battery staple'
const TEXT_KEY = 'kLmNoPqRsTuVwXyZ0123456789abcdeé'.slice(0, 31)
const key = createHash('sha256').update(PASSPHRASE).digest()
const layout = {
  name: 'old',
  layout: ['iv', 'tag', 'ct'],
  separator: ':',
  encoding: 'hex',
  ivBytes: 12,
} as const

const formatUnder = (legacyKey: LegacyKey) => aesGcm({ ...layout, key: legacyKey } as AesGcmOptions)

function write(under: Uint8Array): string {
  const iv = Buffer.alloc(12, 7)
  const cipher = createCipheriv('aes-256-gcm', under, iv)
  const ct = Buffer.concat([cipher.update(TOKEN), cipher.final()])
  return [iv, cipher.getAuthTag(), ct].map((part) => part.toString('hex')).join(':')
}

/** The error of a call, which must fail. */
function errorOf(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected an error')
}

describe('a legacy key', () => {
  it.each<[string, LegacyKey]>([
    ['a Buffer', key],
    ['a Uint8Array', Uint8Array.from(key)],
    ['a view into a larger buffer', new Uint8Array([0, ...key, 0]).subarray(1, 33)],
    ['hex', { hex: key.toString('hex') }],
    ['hex in upper case', { hex: key.toString('hex').toUpperCase() }],
    ['base64', { base64: key.toString('base64') }],
    ['a text to hash', { sha256: PASSPHRASE }],
  ])('may be %s', (_, legacyKey) => {
    expect(formatUnder(legacyKey).read(write(key))).toBe(TOKEN)
  })

  it('may be text that is the key', () => {
    const text = `${TEXT_KEY}!`
    expect(formatUnder({ utf8: text }).read(write(Buffer.from(text)))).toBe(TOKEN)
  })

  const hex = key.toString('hex')
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'TypeError: key: expected a Uint8Array, or'],
    ['null', null, 'TypeError: key:'],
    ['a bare string, which could mean anything', hex, 'TypeError: key:'],
    ['an array of numbers', [...key], 'TypeError: key:'],
    ['no form', {}, 'TypeError: key:'],
    ['an unknown form', { base64url: key.toString('base64url') }, 'TypeError: key:'],
    ['an inherited form', { constructor: hex }, 'TypeError: key:'],
    ['two forms', { hex, sha256: PASSPHRASE }, 'TypeError: key:'],
    ['a variable that is not set', { hex: undefined }, 'TypeError: key.hex: expected text'],
    ['an empty variable', { sha256: '' }, 'TypeError: key.sha256: expected text'],
    ['bytes of another length', key.subarray(1), 'RangeError: key: expected 32 bytes'],
    ['a passphrase in place of a key', { utf8: PASSPHRASE }, 'RangeError: key: expected 32 bytes'],
    ['32 characters that are 33 bytes', { utf8: `${TEXT_KEY}é` }, 'RangeError: key: expected 32 bytes'],
    ['a lone surrogate', { utf8: `${TEXT_KEY}\ud800` }, 'RangeError: key.utf8: expected well-formed'],
    [
      'a lone surrogate to hash',
      { sha256: `${PASSPHRASE}\ud800` },
      'RangeError: key.sha256: expected well-f',
    ],
    ['hex of an odd length', { hex: hex.slice(1) }, 'RangeError: key.hex: expected pairs'],
    ['hex of another length', { hex: hex.slice(2) }, 'RangeError: key: expected 32 bytes'],
    ['hex of both cases', { hex: `${hex.slice(0, 60)}abCD` }, 'RangeError: key.hex: expected pairs'],
    ['hex and a line break', { hex: `${hex}\n` }, 'RangeError: key.hex: expected pairs'],
    ['base64 as hex', { hex: key.toString('base64') }, 'RangeError: key.hex: expected pairs'],
    ['base64 without padding', { base64: key.toString('base64').slice(0, -1) }, 'RangeError: key.base64:'],
    ['base64 and a line break', { base64: `${key.toString('base64')}\n` }, 'RangeError: key.base64:'],
    [
      'base64 with bits to spare',
      { base64: key.toString('base64').replace(/.=$/, '/=') },
      'RangeError: key.b',
    ],
  ])('is refused: %s', (_, legacyKey, message) => {
    expect(String(errorOf(() => formatUnder(legacyKey as LegacyKey)))).toContain(message)
  })

  it('is read once', () => {
    let reads = 0
    const once = {
      get hex() {
        reads++
        return hex
      },
    }
    expect(formatUnder(once).read(write(key))).toBe(TOKEN)
    expect(reads).toBe(1)
  })

  it('of AES-CBC has 16, 24 or 32 bytes', () => {
    const cbc = { ...layout, layout: ['iv', 'ct'] as const, validate: () => true }
    const message = 'key: expected 16 or 24 or 32 bytes'
    for (const bytes of [16, 24, 32]) expect(aesCbc({ ...cbc, key: new Uint8Array(bytes) }).name).toBe('old')
    for (const bytes of [0, 8, 31, 33, 64]) {
      expect(() => aesCbc({ ...cbc, key: new Uint8Array(bytes) })).toThrow(new RangeError(message))
    }
  })

  it('is in no format, reader or error', () => {
    const cloakKey = generateKey()
    const value = write(key)
    const formats = [formatUnder({ hex }), cloak([cloakKey])]
    const reader = legacyReader({ formats })
    const damaged = `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`
    const errors = [
      errorOf(() => reader.read(damaged)),
      errorOf(() => reader.read(`${TOKEN} ${cloakKey}`)),
      errorOf(() => reader.read(cloakKey)),
      errorOf(() => formatUnder({ hex: `${hex}0` })),
      errorOf(() => formatUnder({ hex, utf8: hex } as LegacyKey)),
      errorOf(() => formatUnder({ base64: hex.slice(0, 60) })),
      errorOf(() => formatUnder({ utf8: PASSPHRASE })),
      errorOf(() => cloak([`${cloakKey}x`])),
      errorOf(() => aesGcm({ ...layout, name: hex.repeat(2), key } as AesGcmOptions)),
    ]
    const shown = [...errors, ...formats, reader]
      .flatMap((one) => [inspect(one, { showHidden: true, depth: 9 }), JSON.stringify(one), String(one)])
      .concat(errors.map(({ message, stack }) => `${message}${stack}`))
      .join('\n')
    expect(shown).toContain('legacy_failed')
    const secrets = [hex, key.toString('base64'), cloakKey.slice(13), PASSPHRASE, TOKEN, value]
    for (const secret of secrets) {
      const pieces = Array.from({ length: secret.length - 7 }, (_, at) => secret.slice(at, at + 8))
      expect(pieces.filter((piece) => shown.includes(piece))).toEqual([])
    }
  })
})
