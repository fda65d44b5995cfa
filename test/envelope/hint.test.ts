import { createCipheriv, randomBytes } from 'node:crypto'
import { encryptStringSync, generateKey } from '@47ng/cloak'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hint } from '../../src/envelope/errors.js'
import { hintOf } from '../../src/envelope/hint.js'

const HEAD = 'wx1.2026a.vh4Ql9Lf8hWyw5Rdg8Yy-yUNX3qb9O7xpZkRnZ7P9_mE5W54RdSsbw.'
const BODY =
  'IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIibDFk7UcaFebDQykG475Keno3PYvbMVGNZW_22Bg3yK8o2GX0ILMrOjK7KLij-jt6_XEUtyfFUK-oY7AYtUTG'
const SEALED = HEAD + BODY
const LONG = `${HEAD}${'A'.repeat(400)}`

/** Replaces what stands at an index. */
const put = (at: number, text: string): string => SEALED.slice(0, at) + text + SEALED.slice(at + 1)
const middle = SEALED.length - 20

const gcm = (encoding: BufferEncoding, separator: string): string => {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', randomBytes(32), iv)
  const ct = Buffer.concat([cipher.update('EAAG-test-token'), cipher.final()])
  return [iv, cipher.getAuthTag(), ct].map((part) => part.toString(encoding)).join(separator)
}

describe('a value that is no envelope', () => {
  it.each<[string, Hint | null, string]>([
    ['nothing', 'empty', ''],
    ['a Meta token', 'meta_token', 'EAAGm0PX4ZCpsBAKZBmZC4ZBZCZBqZBZA9ZC0ZD'],
    ['an Instagram token', 'meta_token', 'IGAAJZBtc2Yk1hZAFBhbGciOi'],
    [
      'a JWE with a direct key',
      'jwe',
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4.XFBoMYUZodetZdvTiFvSkQ',
    ],
    ['a JWE whose header begins with a blank', 'jwe', 'eyAiYWxnIjoiZGlyIn0abcd.a2V5.aXY.Y3Q.dGFn'],
    ['a JWT', 'jwe', 'eyJhbGciOiJub25lIn0.e30.'],
    ['a Fernet token', 'fernet', 'gAAAAABmX0h3vPZ0r0cKc1d8y0b7oZxkV3JQ=='],
    ['a CryptoJS text', 'cryptojs', 'U2FsdGVkX19vdXIgc2FsdCBpcyBoZXJlIQ=='],
    ['a Vault text', 'vault', 'vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w=='],
    ['a Vault text after a rotation', 'vault', 'vault:v12:8SDd3WHDOjf7mq69CyCqYjBX'],
    ['a cloak text', 'cloak', encryptStringSync('EAAG-test-token', generateKey())],
    ['hex parts', 'hex_parts', gcm('hex', ':')],
    ['hex parts of MySQL, in upper case', 'hex_parts', gcm('hex', ':').toUpperCase()],
    ['hex parts with dots', 'hex_parts', gcm('hex', '.')],
    ['two hex parts', 'hex_parts', `${'0a'.repeat(16)}:${'0b'.repeat(32)}`],
    ['joined bytes in base64', 'standard_base64', `${'ab+/'.repeat(12)}QUI=`],
    ['an envelope in upper case', 'upper_case', SEALED.toUpperCase()],
    ['JSON', null, '{"iv":"00","tag":"00"}'],
    ['a word', null, 'hello'],
    ['an envelope of another version', null, 'wx2.2026a.abc'],
    ['hex', null, 'deadbeef'.repeat(8)],
    ['an address', null, 'a.b.c.d.example'],
    ['a MAC address', null, '00:1b:63:84:45:e6'],
    ['what Object.prototype has', null, 'constructor'],
  ])('%s: %s', (_, hint, value) => {
    expect(hintOf(value)).toBe(hint)
  })
})

describe('an envelope that something happened to', () => {
  it.each<[string, Hint, string]>([
    ['padded', 'padding', `${SEALED}=`],
    ['padded twice', 'padding', `${SEALED}==`],
    ['padded in the middle', 'padding', `${HEAD.slice(0, -1)}==.${BODY}`],
    ['with a plus', 'standard_base64', put(middle, '+')],
    ['with a slash', 'standard_base64', put(middle, '/')],
    ['in padded standard base64', 'standard_base64', `${put(middle, '/')}=`],
    ['with a blank before', 'white_space', ` ${SEALED}`],
    ['with a line break behind', 'white_space', `${SEALED}\n`],
    ['with a Windows line break behind', 'white_space', `${SEALED}\r\n`],
    ['with a no-break space before', 'white_space', `\u00a0${SEALED}`],
    ['with a blank inside', 'white_space', put(middle, ' ')],
    ['folded into lines', 'white_space', SEALED.replace(/.{76}/g, '$&\n')],
    ['with escaped dots', 'percent_encoded', SEALED.replaceAll('.', '%2E')],
    ['with one escaped dot', 'percent_encoded', SEALED.replace('.', '%2e')],
    ['with escaped padding', 'percent_encoded', `${SEALED}%3D`],
    ['as JSON', 'quoted', JSON.stringify(SEALED)],
    ['as JSON twice', 'quoted', JSON.stringify(JSON.stringify(SEALED)).slice(1, -1)],
    ['in single quotes', 'quoted', `'${SEALED}'`],
    ['with a quote behind', 'quoted', `${SEALED}"`],
    ['with a kid in upper case', 'upper_case', SEALED.replace('2026a', '2026A')],
    ['with a prefix in upper case', 'upper_case', SEALED.replace('wx1', 'Wx1')],
    ['with a trailing dot', 'truncated', `${SEALED}.`],
    ['with a bit set that fills up the body', 'truncated', `${HEAD}${BODY}AB`],
    ['with a bit set that fills up the key', 'truncated', `${HEAD.slice(0, -2)}x.${BODY}`],
    ['with a body of one character too many', 'truncated', `${SEALED}A`],
    ['with a body of 71 bytes', 'truncated', `${HEAD}${'A'.repeat(95)}`],
    ['with a key of one character too many', 'truncated', `${HEAD.slice(0, -1)}AAA.${BODY}`],
    ['without a body', 'truncated', HEAD.slice(0, -1)],
    ['down to the prefix', 'truncated', 'wx1.'],
    ['cut by VARCHAR(255)', 'truncated', LONG.slice(0, 255)],
    ['cut by VARCHAR(191)', 'truncated', LONG.slice(0, 191)],
  ])('%s: %s', (_, hint, value) => {
    expect(hintOf(value)).toBe(hint)
  })

  it.each([
    ['no guess for one that is well-formed', SEALED],
    ['no guess for a kid of 33', SEALED.replace('2026a', 'k'.repeat(33))],
    ['no guess for a fifth segment', `${SEALED}.${BODY}`],
    ['no guess for an empty kid', SEALED.replace('2026a', '')],
    ['no guess for a foreign character', put(SEALED.length - 1, 'é')],
  ])('%s', (_, value) => {
    expect(hintOf(value)).toBeNull()
  })

  it('is truncated wherever it was cut so that it is no envelope any more', () => {
    const shortest = HEAD.length + 96
    for (let length = 4; length < SEALED.length; length++) {
      const rest = (length - HEAD.length) % 4
      const isEnvelope = length >= shortest && rest !== 1 && isCanonical(SEALED.slice(HEAD.length, length))
      const isColumn = length === 128 || length === 100
      expect([length, hintOf(SEALED.slice(0, length))]).toEqual([
        length,
        isEnvelope && !isColumn ? null : 'truncated',
      ])
    }
  })
})

const isCanonical = (text: string): boolean => Buffer.from(text, 'base64url').toString('base64url') === text

describe('any value', () => {
  it('is too long beyond the length that the caller sets', () => {
    expect(hintOf(SEALED, SEALED.length)).toBeNull()
    expect(hintOf(SEALED, SEALED.length - 1)).toBe('too_long')
    expect(hintOf('', 0)).toBe('empty')
  })

  it('is judged by its ends when it is long', () => {
    const body = 'A'.repeat(40_000)
    expect(hintOf(`${HEAD}${body}`)).toBeNull()
    expect(hintOf(`${HEAD}${body}A`)).toBe('truncated')
    expect(hintOf(`${HEAD}${body}=`)).toBe('padding')
    expect(hintOf(`${HEAD}${body}\n`)).toBe('white_space')
    expect(hintOf(`"${HEAD}${body}"`)).toBe('quoted')
    expect(hintOf(`${HEAD}${body} ${body.slice(1)}`)).toBeNull()
  })

  it.each<[string, Hint | null, Hint | null]>([
    ['A', null, 'upper_case'],
    ['a', null, 'truncated'],
    ['=', null, 'padding'],
    ['+', 'standard_base64', 'standard_base64'],
    [' ', 'white_space', 'white_space'],
    ['.', null, 'truncated'],
    ['a.', null, 'truncated'],
    ['0:', null, null],
    ['%', null, null],
    ['"', 'quoted', 'quoted'],
    ['wx1.', 'truncated', 'truncated'],
    ['\u{1f600}', null, null],
    ['\ud800', null, null],
  ])('of ten million characters gets an answer: %j', (unit, hint, hintBehindPrefix) => {
    const value = unit.repeat(10_000_000 / unit.length)
    expect(hintOf(value)).toBe(hint)
    expect(hintOf(`wx1.${value}`)).toBe(hintBehindPrefix)
  })

  it('never throws, and is at most a word', () => {
    const pieces = fc.constantFrom(
      'wx1.',
      'a',
      '.',
      '=',
      '+',
      ' ',
      '%2E',
      '"',
      'eyJ',
      'EAA',
      ':',
      '\ud800',
      '0',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(hintOf(text) ?? 'null').toMatch(/^[a-z0-9_]+$/)
      }),
      { numRuns: 1000 },
    )
  })
})
