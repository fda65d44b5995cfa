import { createCipheriv, randomBytes } from 'node:crypto'
import { encryptStringSync, generateKey } from '@47ng/cloak'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  aesCbc,
  aesGcm,
  cloak,
  type LegacyFormat,
  type LegacyReaderOptions,
  legacyReader,
} from 'waxseal/envelope/legacy'

const TOKEN = 'EAAGm0PX4ZCpsBAKZBmZC4ZBZCZBqZBZA9ZC0ZD'
const UNTIL = Date.parse('2026-09-01T00:00:00Z')
const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
const accept = (value: string): boolean => /^EAA[A-Za-z0-9]+$/.test(value)

const gcm = (name: string, key: Uint8Array): LegacyFormat =>
  aesGcm({ name, key, layout: ['iv', 'tag', 'ct'], separator: ':', encoding: 'hex', ivBytes: 12 })

function write(text: string, key: Uint8Array): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const ct = Buffer.concat([cipher.update(text), cipher.final()])
  return [iv, cipher.getAuthTag(), ct].map((part) => part.toString('hex')).join(':')
}

/** A format of the caller's own that reads everything, unless told otherwise. */
const own = (changes: Partial<LegacyFormat> = {}): LegacyFormat => ({
  name: 'own',
  recognises: () => true,
  read: (value) => value.toLowerCase(),
  ...changes,
})

/** Code and hint of the error of a call, which must fail. */
function errorOf(call: () => unknown): Record<string, unknown> {
  try {
    call()
  } catch (error) {
    const { name, code, hint, message, status } = error as Record<string, unknown>
    return { name, code, hint, message, status }
  }
  throw new Error('expected an error')
}

const notSealed = (hint: string | null) => expect.objectContaining({ code: 'not_sealed', hint })

describe('the formats of a reader', () => {
  it('are tried in order, and one that fails passes on to the next', () => {
    const reader = legacyReader({ formats: [gcm('old', oldKey), gcm('new', newKey)] })
    expect(reader.read(write(TOKEN, oldKey))).toEqual({ text: TOKEN, format: 'old' })
    expect(reader.read(write(TOKEN, newKey))).toEqual({ text: TOKEN, format: 'new' })
    expect(reader.identify(write(TOKEN, newKey))).toBe('old')
  })

  it('end in legacy_failed, which names those that recognised the value', () => {
    const reader = legacyReader({
      formats: [gcm('old', oldKey), cloak([generateKey()]), gcm('new', newKey)],
    })
    expect(errorOf(() => reader.read(write(TOKEN, randomBytes(32))))).toEqual({
      name: 'EnvelopeError',
      code: 'legacy_failed',
      hint: null,
      message: 'legacy failed: old, new',
      status: 500,
    })
  })

  it('may lie side by side in one column, AES-CBC as the last', () => {
    const iv = randomBytes(16)
    const cipher = createCipheriv('aes-256-cbc', oldKey, iv)
    const ct = Buffer.concat([cipher.update(TOKEN), cipher.final()])
    const key = generateKey()
    const reader = legacyReader({
      formats: [
        cloak([key]),
        gcm('gcm', newKey),
        aesCbc({
          name: 'cbc',
          key: oldKey,
          layout: ['iv', 'ct'],
          separator: ':',
          encoding: 'hex',
          validate: accept,
        }),
      ],
    })
    expect(reader.read(`${iv.toString('hex')}:${ct.toString('hex')}`)).toEqual({ text: TOKEN, format: 'cbc' })
    expect(reader.read(write(TOKEN, newKey))).toEqual({ text: TOKEN, format: 'gcm' })
    expect(reader.read(encryptStringSync(TOKEN, key))).toEqual({ text: TOKEN, format: 'cloak' })
  })

  it('may be the caller’s own, and use `this`', () => {
    const format = {
      name: 'rot',
      prefix: 'rot:',
      recognises(value: string) {
        return value.startsWith(this.prefix)
      },
      read(value: string) {
        return value.slice(this.prefix.length)
      },
    }
    expect(legacyReader({ formats: [format] }).read('rot:abc')).toEqual({ text: 'abc', format: 'rot' })
    expect(legacyReader({ formats: [format] }).identify('abc')).toBeNull()
  })

  it.each<[string, unknown]>([
    ['throws', new Error('x')],
    ['answers 1', 1],
    ['answers a promise', Promise.resolve(true)],
    ['answers nothing', undefined],
  ])('do not recognise a value where recognises %s', (_, answer) => {
    const recognises = (): boolean => {
      if (answer instanceof Error) throw answer
      return answer as boolean
    }
    const reader = legacyReader({ formats: [own({ recognises })] })
    expect(reader.identify('abc')).toBeNull()
    expect(errorOf(() => reader.read('abc'))).toEqual(notSealed(null))
  })

  it.each<[string, unknown]>([
    ['throws', new Error(TOKEN)],
    ['answers nothing', undefined],
    ['answers null', null],
    ['answers bytes', new Uint8Array(3)],
    ['answers a promise', Promise.resolve('abc')],
    ['answers text that has no UTF-8', '\ud800'],
  ])('fail where read %s', (_, answer) => {
    const read = (): string => {
      if (answer instanceof Error) throw answer
      return answer as string
    }
    const reader = legacyReader({ formats: [own({ read }), gcm('old', oldKey)] })
    expect(reader.identify('abc')).toBe('own')
    expect(errorOf(() => reader.read('abc'))).toMatchObject({
      code: 'legacy_failed',
      message: 'legacy failed: own',
    })
    expect(reader.read(write(TOKEN, oldKey)).format).toBe('old')
  })

  it('are copied', () => {
    const formats = [own()]
    const reader = legacyReader({ formats })
    formats.length = 0
    expect(reader.read('ABC')).toEqual({ text: 'abc', format: 'own' })
    expect(Object.isFrozen(reader)).toBe(true)
  })
})

describe('a value that is no legacy value', () => {
  it.each(['wx1.', 'wx1.2026a.abc.def', 'wx0.a', 'wx2.a', 'wx99999.'])(
    'goes to no format when it claims to be an envelope: %s',
    (value) => {
      const format = own({ recognises: vi.fn(() => true) })
      const acceptAll = vi.fn(() => true)
      const reader = legacyReader({
        formats: [format],
        plaintext: { until: UNTIL, accept: acceptAll },
        now: () => 0,
      })
      expect(reader.identify(value)).toBeNull()
      expect(errorOf(() => reader.read(value))).toMatchObject({ code: 'not_sealed' })
      expect(format.recognises).not.toHaveBeenCalled()
      expect(acceptAll).not.toHaveBeenCalled()
    },
  )

  it('may begin much like an envelope', () => {
    const reader = legacyReader({ formats: [own()] })
    for (const value of ['wx', 'wx.', 'wx1', 'wx1:a', 'WX1.a', 'xwx1.a']) {
      expect(reader.identify(value)).toBe('own')
    }
  })

  it.each<[string, unknown, string | null]>([
    ['nothing', '', 'empty'],
    ['null', null, null],
    ['undefined', undefined, null],
    ['a number', 7, null],
    ['bytes', new Uint8Array(40), null],
    ['a lone surrogate', '\ud800', null],
    ['ten million characters', '0'.repeat(10_000_000), 'too_long'],
  ])('is not shown to formats: %s', (_, value, hint) => {
    const format = own({ recognises: vi.fn(() => true) })
    const reader = legacyReader({
      formats: [format],
      plaintext: { until: UNTIL, accept: () => true },
      now: () => 0,
    })
    expect(reader.identify(value as string)).toBeNull()
    expect(errorOf(() => reader.read(value as string))).toEqual(notSealed(hint))
    expect(format.recognises).not.toHaveBeenCalled()
  })

  it('is not_sealed with a hint', () => {
    const reader = legacyReader({ formats: [gcm('old', oldKey)] })
    expect(errorOf(() => reader.read(TOKEN))).toEqual(notSealed('meta_token'))
    expect(errorOf(() => reader.read('vault:v1:abc'))).toEqual(notSealed('vault'))
    expect(errorOf(() => reader.read(encryptStringSync(TOKEN, generateKey())))).toEqual(notSealed('cloak'))
    expect(errorOf(() => reader.read(write(TOKEN, oldKey).replace(/.$/, '')))).toEqual(notSealed('hex_parts'))
  })

  it('never makes anything else throw', () => {
    const reader = legacyReader({ formats: [cloak([generateKey()]), gcm('old', oldKey)] })
    const codes = ['not_sealed', 'legacy_failed']
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('v1.', 'aesgcm256.', '00', ':', '.', 'a', '=', 'wx1.', '\ud800'))
        .map((all) => all.join('')),
    )
    fc.assert(
      fc.property(text, (value) => {
        expect(reader.identify(value) ?? 'none').toMatch(/^(?:none|old|cloak)$/)
        expect(errorOf(() => reader.read(value))['code']).toBeOneOf(codes)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the plaintext window', () => {
  const at = (instant: number, plaintext: Partial<LegacyReaderOptions['plaintext']> = {}) =>
    legacyReader({
      formats: [gcm('old', oldKey)],
      plaintext: { until: new Date(UNTIL), accept, ...plaintext },
      now: () => instant,
    })

  it('reads what it accepts, up to its last instant', () => {
    for (const instant of [0, UNTIL - 1, UNTIL]) {
      expect(at(instant).identify(TOKEN)).toBe('plaintext')
      expect(at(instant).read(TOKEN)).toEqual({ text: TOKEN, format: 'plaintext' })
    }
  })

  it('is closed afterwards', () => {
    for (const instant of [UNTIL + 1, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(at(instant).identify(TOKEN)).toBeNull()
      expect(errorOf(() => at(instant).read(TOKEN))).toEqual(notSealed('meta_token'))
    }
  })

  it('is closed where the clock throws', () => {
    const now = () => {
      throw new Error('no clock')
    }
    const reader = legacyReader({ formats: [], plaintext: { until: UNTIL, accept }, now })
    expect(reader.identify(TOKEN)).toBeNull()
    expect(errorOf(() => reader.read(TOKEN))).toEqual(notSealed('meta_token'))
  })

  it('reads nothing that it does not accept', () => {
    const refusing = [
      () => false,
      () => 'yes',
      async () => true,
      () => {
        throw new Error(TOKEN)
      },
    ]
    for (const refuse of refusing) {
      const reader = at(0, { accept: refuse as never })
      expect(reader.identify(TOKEN)).toBeNull()
      expect(errorOf(() => reader.read(TOKEN))).toEqual(notSealed('meta_token'))
    }
    expect(errorOf(() => at(0).read('hello'))).toEqual(notSealed(null))
  })

  it('never hands out what a format recognised and could not read', () => {
    const reader = at(0, { accept: () => true })
    const value = write(TOKEN, newKey)
    expect(reader.identify(value)).toBe('old')
    expect(errorOf(() => reader.read(value))).toMatchObject({ code: 'legacy_failed' })
  })

  it('lies beside a layout that recognises tokens too, once that is narrowed', () => {
    const format = aesGcm({
      name: 'joined',
      key: oldKey,
      layout: ['iv', 'tag', 'ct'],
      separator: null,
      encoding: 'base64',
      ivBytes: 12,
    })
    const narrowed = { ...format, recognises: (value: string) => !accept(value) && format.recognises(value) }
    const plaintext = { until: UNTIL, accept }
    const token = `${TOKEN}x`
    const reader = legacyReader({ formats: [format], plaintext, now: () => 0 })
    expect(errorOf(() => reader.read(token))).toMatchObject({ code: 'legacy_failed' })

    const better = legacyReader({ formats: [narrowed], plaintext, now: () => 0 })
    const value = Buffer.concat(
      write(TOKEN, oldKey)
        .split(':')
        .map((part) => Buffer.from(part, 'hex')),
    )
    expect(better.read(token)).toEqual({ text: token, format: 'plaintext' })
    expect(better.read(value.toString('base64'))).toEqual({ text: TOKEN, format: 'joined' })
  })

  it('uses the real clock unless told otherwise', () => {
    const until = (offset: number) => ({ until: new Date(Date.now() + offset), accept })
    expect(legacyReader({ formats: [], plaintext: until(60_000) }).identify(TOKEN)).toBe('plaintext')
    expect(legacyReader({ formats: [], plaintext: until(-60_000) }).identify(TOKEN)).toBeNull()
  })

  it('does not move with the Date that it was given', () => {
    const until = new Date(UNTIL)
    const reader = at(UNTIL + 1, { until })
    until.setFullYear(2099)
    expect(reader.identify(TOKEN)).toBeNull()
  })

  it('takes epoch milliseconds too', () => {
    expect(at(UNTIL, { until: UNTIL }).identify(TOKEN)).toBe('plaintext')
  })
})

describe('options of a reader', () => {
  const formats = [own()]
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'TypeError: options'],
    ['no formats', {}, 'TypeError: formats'],
    ['no formats and no plaintext', { formats: [] }, 'RangeError: formats'],
    ['17 formats', { formats: new Array(17).fill(own()) }, 'RangeError: formats'],
    ['a hole', { formats: new Array(1) }, 'TypeError: formats[0]'],
    ['a format that is text', { formats: ['cloak'] }, 'TypeError: formats[0]'],
    ['a format without recognises', { formats: [{ ...own(), recognises: true }] }, 'TypeError: formats[0]'],
    [
      'a format without read',
      { formats: [own(), { name: 'b', recognises: accept }] },
      'TypeError: formats[1]',
    ],
    ['a format without a name', { formats: [own({ name: '' })] }, 'TypeError: formats[0].name'],
    ['the name plaintext', { formats: [own({ name: 'plaintext' })] }, 'RangeError: formats[0].name'],
    ['a name twice', { formats: [own(), own()] }, 'RangeError: formats: expected different names'],
    ['cloak twice', { formats: [cloak([generateKey()]), cloak([generateKey()])] }, 'RangeError: formats'],
    ['a plaintext switch', { formats, plaintext: true }, 'TypeError: plaintext'],
    ['plaintext for ever', { formats, plaintext: { accept } }, 'TypeError: plaintext.until'],
    ['no date', { formats, plaintext: { until: new Date('soon'), accept } }, 'TypeError: plaintext.until'],
    ['a date as text', { formats, plaintext: { until: '2099-01-01', accept } }, 'TypeError: plaintext.until'],
    ['all plaintext', { formats, plaintext: { until: new Date() } }, 'TypeError: plaintext.accept'],
    ['a clock that is a number', { formats, now: 0 }, 'TypeError: now'],
  ])('are refused: %s', (_, options, message) => {
    expect(errorText(() => legacyReader(options as LegacyReaderOptions))).toContain(message)
  })
})

/** The error as text; empty when there is none. */
function errorText(call: () => unknown): string {
  try {
    call()
    return ''
  } catch (error) {
    return String(error)
  }
}
