import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf, concatBytes, fromUtf8, utf8 } from '../../src/internal/bytes.js'

const realm = createContext({})

describe('fromUtf8', () => {
  it('gives back what was encoded, a byte order mark too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(utf8('\ufeffé'))).toBe('\ufeffé')
    expect(fromUtf8(new Uint8Array())).toBe('')
  })

  it.each([[[0x80]], [[0xc3]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xff]]])(
    'has no text for %j, nor a memory of it',
    (bytes) => {
      expect(fromUtf8(Uint8Array.from(bytes))).toBeUndefined()
      expect(fromUtf8(utf8('a'))).toBe('a')
    },
  )
})

describe('bytesOf', () => {
  it('reads well-formed text as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(Buffer.from(bytesOf(text) as Uint8Array).toString()).toBe(text)
      }),
    )
    expect([...(bytesOf('\ufeffé') as Uint8Array)]).toEqual([0xef, 0xbb, 0xbf, 0xc3, 0xa9])
  })

  it.each([['\ud800'], ['\udc00'], ['a\ud83d'], ['\udc4b\ud83d']])(
    'refuses text with a lone surrogate: %j',
    (text) => {
      expect(bytesOf(text)).toBeUndefined()
    },
  )

  it('looks at the memory of a view without copying it', () => {
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)
    for (const view of [
      bytes.subarray(2, 6),
      new DataView(bytes.buffer, 2, 4),
      new Uint16Array(bytes.buffer, 2, 2),
    ]) {
      const read = bytesOf(view) as Uint8Array
      expect([...read]).toEqual([2, 3, 4, 5])
      expect(read.buffer).toBe(bytes.buffer)
    }
    expect(bytesOf(bytes.buffer)).toEqual(bytes)
    expect((bytesOf(bytes.buffer) as Uint8Array).buffer).toBe(bytes.buffer)
  })

  it('gives a plain Uint8Array, whatever the class of the view', () => {
    for (const view of [Buffer.from('ab'), new Uint8ClampedArray([97, 98]), Uint8Array.of(97, 98)]) {
      expect(Object.getPrototypeOf(bytesOf(view))).toBe(Uint8Array.prototype)
    }
  })

  it('copies memory that another thread could write to', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7)
    const read = bytesOf(shared.subarray(1)) as Uint8Array
    shared.fill(0)
    expect([...read]).toEqual([7, 7, 7])
    expect(read.buffer).toBeInstanceOf(ArrayBuffer)
  })

  it('takes arrays and buffers of another realm', () => {
    for (const code of [
      'new Uint8Array([1,2])',
      'new Uint8Array([1,2]).buffer',
      'new DataView(new Uint8Array([1,2]).buffer)',
    ]) {
      expect([...(bytesOf(runInContext(code, realm)) as Uint8Array)]).toEqual([1, 2])
    }
    const shared = runInContext('const s = new Uint8Array(new SharedArrayBuffer(2)); s[0] = 9; s', realm)
    const read = bytesOf(shared) as Uint8Array
    shared.fill(0)
    expect([...read]).toEqual([9, 0])
  })

  it('refuses everything else, and never throws', () => {
    const detached = new ArrayBuffer(2)
    structuredClone(detached, { transfer: [detached] })
    const bad = [
      undefined,
      null,
      5,
      1n,
      true,
      Symbol('s'),
      {},
      [1],
      () => 1,
      new Proxy(Uint8Array.of(1), {}),
      detached,
    ]
    for (const value of [
      ...bad,
      Object.create(Uint8Array.of(1)),
      Object.create(new ArrayBuffer(2)),
      new Blob([]),
    ]) {
      expect(bytesOf(value)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        if (typeof value !== 'string' && !ArrayBuffer.isView(value)) expect(bytesOf(value)).toBeUndefined()
      }),
    )
  })
})

it('concatBytes joins in order into memory of its own', () => {
  expect(concatBytes([])).toEqual(new Uint8Array())
  const part = utf8('b')
  const joined = concatBytes([utf8('a'), new Uint8Array(), part, part])
  part.fill(0)
  expect(joined).toEqual(utf8('abb'))
})
