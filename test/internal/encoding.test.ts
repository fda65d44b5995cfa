import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import { fromBase64, fromHex, toBase64, toHex } from '../../src/internal/encoding.js'

const bytes = fc.uint8Array({ maxLength: 100 })
const ENCODINGS = [
  ['hex', '', toHex, fromHex],
  ['base64', '', toBase64, fromBase64],
  ['base64url', 'on node', node.toBase64Url, node.fromBase64Url],
  ['base64url', 'in JavaScript', portable.toBase64Url, portable.fromBase64Url],
] as const

describe.each(ENCODINGS)('%s %s', (encoding, _, encode, decode) => {
  it('writes what Node writes, and reads it back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = encode(value)
        expect(text).toBe(Buffer.from(value).toString(encoding))
        expect(decode(text)).toEqual(value)
      }),
    )
    const large = Uint8Array.from({ length: 200_000 }, (_, at) => at & 0xff)
    expect(decode(encode(large))).toEqual(large)
  })

  it('has one text for every byte string', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[0-9a-fA-F]*$/)), (text) => {
        const value = decode(text)
        if (value !== undefined) expect(encode(value)).toBe(text)
      }),
    )
  })

  it('refuses white space, other alphabets and characters beyond ASCII', () => {
    const text = encode(Uint8Array.of(0xfb, 0xff, 0xbf))
    for (const wrong of [
      ` ${text}`,
      `${text}\n`,
      `${text.slice(0, 2)} ${text.slice(2)}`,
      `é${text}`,
      `${text}\0`,
    ]) {
      expect(decode(wrong)).toBeUndefined()
    }
  })
})

it('hex is lower case and even', () => {
  for (const text of [
    'A',
    'AB',
    'aB',
    'a',
    'abc',
    '0x',
    'zz',
    'g0',
    '0g',
    '\u0661\u0661',
    '``',
    '//',
    '::',
    '@@',
  ]) {
    expect(fromHex(text), text).toBeUndefined()
  }
  expect(fromHex('')).toEqual(new Uint8Array())
})

it('hex may be read from an offset on', () => {
  expect(fromHex('sha256=00ff', 7)).toEqual(Uint8Array.of(0, 255))
  expect(fromHex('00ff', 4)).toEqual(new Uint8Array())
  expect(fromHex('00ff', 3)).toBeUndefined()
  expect(fromHex('=00f', 1)).toBeUndefined()
  expect(fromHex('ab', 0)).toEqual(Uint8Array.of(0xab))
})

// RFC 4648 §10, §3.5
it('base64 is padded and canonical', () => {
  const rows = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy']
  for (const [length, text] of rows.entries()) {
    expect(toBase64(Buffer.from('foobar'.slice(0, length)))).toBe(text)
  }
  for (const text of ['Zg', 'Zg=', 'Zg===', 'Zh==', 'Zm9=', '====', '=', '-_-_', 'Zm9v=', 'Zg==Zg==', 'Z']) {
    expect(fromBase64(text), text).toBeUndefined()
  }
})

it.each([
  ['node', node],
  ['JavaScript', portable],
])('base64url on %s is unpadded and canonical, in its own alphabet', (_, { toBase64Url, fromBase64Url }) => {
  expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8')
  for (const text of ['-_8=', '+/8', '-_9', 'A', 'AB', 'Zg==', 'Zm9vY', '-_8.', 'Zm9v\u0100'])
    expect(fromBase64Url(text), text).toBeUndefined()
})
