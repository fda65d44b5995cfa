import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { createRedactor, type RedactionEvent } from 'waxseal/masking'

const PLAIN = 'very-own-value'
const formEncoded = (literal: string): string => new URLSearchParams({ a: literal }).toString().slice(2)

/** Markers that came from a literal leave nothing of it. */
function windowOf(literal: string, output: string): string | undefined {
  for (let at = 0; at + 8 <= literal.length; at++) {
    if (output.includes(literal.slice(at, at + 8))) return literal.slice(at, at + 8)
  }
  return undefined
}

describe('a literal', () => {
  it.each([
    PLAIN,
    'a$&b$1c$$',
    'a(b[c{d)*+?',
    'a"b"c"d"e',
    "a'b'c'd'e",
    'a/b/c/d?e=f&g',
    'a\\b\\c\\d\\',
    'line one\nline two\r\n\t',
    '\u0000\u0001\u001f\u007f\u0080\u2028\u0002\u0003',
    'grüße-äöü',
    '💥💥💥💥',
    ' a b c d ',
    'a%20b%2Fc',
    'nnnnnnnn',
    'EAAnothing',
    'token=token=other',
    "-_.!~*'()",
    'x'.repeat(4096),
  ])('goes in every spelling: %j', (literal) => {
    const redactor = createRedactor({ literals: [literal] })
    const json = JSON.stringify(literal).slice(1, -1)
    const jsonInJson = JSON.stringify(json).slice(1, -1)
    for (const spelling of [literal, json, jsonInJson, encodeURIComponent(literal), formEncoded(literal)]) {
      const scrubbed = redactor.text(`<${spelling}|${spelling}>`)
      expect(scrubbed).toBe('<[REDACTED]|[REDACTED]>')
      expect(redactor.text(scrubbed)).toBe(scrubbed)
    }
    const data = {
      a: literal,
      b: `x ${literal} y`,
      [`k ${literal}`]: [literal],
      c: JSON.stringify({ d: literal }),
    }
    const clean = {
      a: '[REDACTED]',
      b: 'x [REDACTED] y',
      'k [REDACTED]': ['[REDACTED]'],
      c: '{"d":"[REDACTED]"}',
    }
    expect(redactor.text(JSON.stringify(data))).toBe(JSON.stringify(clean))
    expect(redactor.value(data)).toEqual(clean)
    expect(redactor.error(new Error(`x ${literal} y`)).message).toBe('x [REDACTED] y')
  })

  it('goes at the beginning, at the end, twice in a row and within a word', () => {
    const { text } = createRedactor({ literals: [PLAIN] })
    expect(text(PLAIN)).toBe('[REDACTED]')
    expect(text(`${PLAIN}${PLAIN}`)).toBe('[REDACTED][REDACTED]')
    expect(text(`x${PLAIN}y`)).toBe('x[REDACTED]y')
    expect(text(`"\\n${PLAIN}"`)).toBe('"\\n[REDACTED]"')
  })

  it('is exact', () => {
    const { text } = createRedactor({ literals: [PLAIN] })
    for (const other of [PLAIN.toUpperCase(), PLAIN.slice(1), 'very own value'])
      expect(text(other)).toBe(other)
  })

  it('leaves JSON valid when it begins like the letter of an escape', () => {
    const { text } = createRedactor({ literals: ['nnnnnnnn', 'u000aaaaa', 't"\\/bfnrt'] })
    for (const value of [
      '\nnnnnnnn',
      '\nnnnnnnnn',
      '\u000aaaaa',
      '\\u000aaaaa',
      '\t"\\/bfnrt',
      '\\nnnnnnnn',
      '\u0001nnnnnnnn',
    ]) {
      for (const data of [{ a: value }, { a: JSON.stringify(value) }, { [value]: [value] }]) {
        const scrubbed = text(JSON.stringify(data))
        expect(() => JSON.parse(scrubbed)).not.toThrow()
        expect(text(scrubbed)).toBe(scrubbed)
      }
    }
  })

  it('that is a part of another leaves nothing of it, in whatever order they are added', () => {
    const long = `${PLAIN}-and-its-long-end`
    for (const literals of [
      [PLAIN, long],
      [long, PLAIN],
    ]) {
      const { text } = createRedactor({ literals })
      expect(text(`${long} ${PLAIN}`)).toBe('[REDACTED] [REDACTED]')
    }
  })

  it('that overlaps with another leaves less than a window of either', () => {
    const { text } = createRedactor({ literals: ['abcdefgh-12345', '12345-ijklmnop'] })
    expect(text('abcdefgh-12345-ijklmnop')).not.toMatch(/abcdefgh|12345/)
  })

  it('goes before any other rule sees it', () => {
    const events: RedactionEvent[] = []
    const token = `EAA${'aB3d'.repeat(10)}`
    const { text } = createRedactor({ literals: [token], observe: (event) => void events.push(event) })
    expect(text(`x ${token}`)).toBe('x [REDACTED]')
    expect(events).toEqual([{ type: 'redacted', surface: 'text', rules: ['literal'] }])
  })

  it('can be a Secret', () => {
    const secret = new Secret(PLAIN)
    const redactor = createRedactor({ literals: [secret] })
    const remove = redactor.register(new Secret('another-value'))
    secret.dispose()
    expect(redactor.text(`${PLAIN} another-value`)).toBe('[REDACTED] [REDACTED]')
    remove()
    expect(redactor.text(`${PLAIN} another-value`)).toBe('[REDACTED] another-value')
  })
})

describe('register', () => {
  it('hides from then on, on every surface, until it is removed', () => {
    const redactor = createRedactor()
    const seen = () => [
      redactor.text(PLAIN),
      redactor.value({ a: PLAIN, [PLAIN]: 1 }),
      redactor.error(new Error(PLAIN)).message,
    ]
    const before = seen()
    const remove = redactor.register(PLAIN)
    expect(seen()).toEqual(['[REDACTED]', { a: '[REDACTED]', '[REDACTED]': 1 }, '[REDACTED]'])
    remove()
    expect(seen()).toEqual(before)
    expect(before[0]).toBe(PLAIN)
  })

  it('counts: who removes a value removes no other registration of it', () => {
    const redactor = createRedactor({ literals: [PLAIN] })
    const first = redactor.register(PLAIN)
    const second = redactor.register(PLAIN)
    first()
    first()
    first()
    expect(redactor.text(PLAIN)).toBe('[REDACTED]')
    second()
    expect(redactor.text(PLAIN)).toBe('[REDACTED]')
  })

  it('belongs to one redactor', () => {
    const [one, other] = [createRedactor(), createRedactor()]
    one.register(PLAIN)
    expect(other.text(PLAIN)).toBe(PLAIN)
  })

  it('takes 256 values, and one more when one is removed', () => {
    const redactor = createRedactor({ literals: Array.from({ length: 255 }, (_, i) => `literal-${i}`) })
    const remove = redactor.register('literal-last')
    expect(() => redactor.register('literal-257th')).toThrow(RangeError)
    expect(() => redactor.register('literal-last')).not.toThrow()
    remove()
    expect(() => redactor.register('literal-257th')).toThrow(RangeError)
    expect(redactor.text('literal-0 literal-254 literal-last')).toBe('[REDACTED] [REDACTED] [REDACTED]')
  })

  it('makes room again once a value is removed', () => {
    const redactor = createRedactor()
    const removals = Array.from({ length: 256 }, (_, i) => redactor.register(`literal-${i}`))
    expect(() => redactor.register('literal-257th')).toThrow(RangeError)
    removals[7]?.()
    expect(() => redactor.register('literal-257th')).not.toThrow()
  })

  it.each<[string, unknown]>([
    ['7 characters', '1234567'],
    ['nothing', ''],
    ['4097 characters', 'x'.repeat(4097)],
    ['a Secret of 7 characters', new Secret('1234567')],
    ['REDACTED', 'REDACTED'],
    ['a marker', '[REDACTED]'],
    ['the end of a marker', 'EDACTED]'],
    ['a part of a marker', 'Unreadab'],
    ['a marker of bytes', '[Bytes 12]'],
    ['the end of a marker of bytes', 'Bytes 12'],
    ['a part of a marker of bytes', 'ytes 123'],
    ['a marker of a cut', 'Truncated 1'],
    ['a part of a marker of a cut', 'uncated 12]'],
  ])('refuses %s', (_name, literal) => {
    const redactor = createRedactor()
    expect(() => redactor.register(literal as string)).toThrow(RangeError)
    expect(() => redactor.register(literal as string)).toThrow(/^literal: /)
    expect(() => createRedactor({ literals: [PLAIN, literal as string] })).toThrow(/^literals\[1\]: /)
  })

  const disposed = new Secret(PLAIN)
  disposed.dispose()
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 12345678],
    ['bytes', new Uint8Array(16)],
    ['a Secret of bytes', new Secret(new Uint8Array(16))],
    ['a disposed Secret', disposed],
    ['a lone surrogate', `${PLAIN}\ud800`],
    ['a boxed string', Object(PLAIN)],
    ['an array', [PLAIN]],
    ['a pattern', /very-own-value/],
  ])('refuses %s', (_name, literal) => {
    const redactor = createRedactor()
    expect(() => redactor.register(literal as string)).toThrow(
      new TypeError('literal: expected a well-formed string or a Secret of one'),
    )
    expect(() => createRedactor({ literals: [literal as string] })).toThrow(TypeError)
  })

  it('never says the value in an error', () => {
    for (const literal of ['sh0rt', `${PLAIN}\ud800`, PLAIN.repeat(400), '[REDACTED]']) {
      const message = (() => {
        try {
          createRedactor().register(literal)
          return ''
        } catch (error) {
          return String(error)
        }
      })()
      expect(message).not.toBe('')
      expect(windowOf(literal, message)).toBeUndefined()
      expect(message).not.toContain(literal.slice(0, 5))
    }
  })

  it('is refused as no list', () => {
    expect(() => createRedactor({ literals: PLAIN as never })).toThrow(
      new TypeError('literals: expected an array'),
    )
    expect(() => createRedactor({ literals: null as never })).toThrow(TypeError)
  })
})

describe('a literal that is a number', () => {
  const redactor = createRedactor({ literals: ['12345678', '98765.4321'] })

  it('goes as a number of JavaScript too, and no other number does', () => {
    const hidden = { a: '[REDACTED]', b: ['[REDACTED]', 1] }
    expect(redactor.value({ a: 12345678, b: [98765.4321, 1] })).toEqual(hidden)
  })

  it.each([
    ['{"id":12345678,"b":1}', '{"id":"[REDACTED]","b":1}'],
    ['{"id": 98765.4321}', '{"id": "[REDACTED]"}'],
    ['{"raw":"{\\"id\\":12345678}"}', '{"raw":"{\\"id\\":\\"[REDACTED]\\"}"}'],
    ['{"longer":9123456780}', '{"longer":"[REDACTED]"}'],
    ['[1,12345678,2]', '[1,null,2]'],
    ['call 12345678 now', 'call [REDACTED] now'],
    ['{"id":"12345678"}', '{"id":"[REDACTED]"}'],
  ])('leaves JSON valid: %s', (text, scrubbed) => {
    expect(redactor.text(text)).toBe(scrubbed)
    expect(redactor.text(scrubbed)).toBe(scrubbed)
  })
})
