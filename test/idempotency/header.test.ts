import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type KeyHeader, parseKeyHeader, safeParseKeyHeader } from 'waxseal/idempotency'

const throwing = new Proxy([], {
  get() {
    throw new Error('secret')
  },
})

describe('parseKeyHeader', () => {
  it.each<[KeyHeader, string]>([
    ['8e03978e', '8e03978e'],
    ['"8e03978e"', '8e03978e'],
    [['"8e03978e"'], '8e03978e'],
    [' \t"8e03978e"\t ', '8e03978e'],
    ['\t8e03978e ', '8e03978e'],
    ['"a,b"', 'a,b'],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', 'a\\b'],
    ['" a b "', ' a b '],
    ["!#$%&'*+-./:<=>?@[]^_`{|}~", "!#$%&'*+-./:<=>?@[]^_`{|}~"],
    ['x'.repeat(255), 'x'.repeat(255)],
    [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('reads %j as %j', (header, key) => {
    expect(parseKeyHeader(header)).toBe(key)
    expect(safeParseKeyHeader(header)).toEqual({ ok: true, value: key })
  })

  const malformed: [unknown, string][] = [
    '""',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
    'a,b',
    'a b',
    'a"b',
    'a;b',
    'a\\b',
    '"a";p=1',
    '"a", "b"',
    '"a" b',
    '"a\\x"',
    '"a',
    'a"',
    '"',
    '"\\"',
    'a\x00',
    '"a\x7f"',
    'a\nb',
    'a\r',
    'é',
    '"é"',
    '\u00a0a',
    ['a', 'b'],
    ['a', 'a'],
    5,
    true,
    {},
    [5],
    [['a']],
    throwing,
    'x'.repeat(10_000_000),
    `${' '.repeat(5_000_000)}"${' '.repeat(5_000_000)}`,
  ].map((header) => [header, 'key_header_malformed'])
  const missing: [unknown, string][] = [undefined, null, '', ' ', '\t \t', [], [''], [' ']].map((header) => [
    header,
    'key_header_missing',
  ])
  it.each([...malformed, ...missing].map(([header, code], i) => [i, code, header]))(
    'refuses sample %i as %s',
    (_i, code, header) => {
      expect(() => parseKeyHeader(header as never)).toThrow(expect.objectContaining({ code, status: 400 }))
      const result = safeParseKeyHeader(header as never)
      expect(result).toMatchObject({ ok: false, error: { code, name: 'IdempotencyError' } })
      expect(!result.ok && result.error.stack).not.toContain('\n')
    },
  )

  it('never throws but what it says, for any text, and reads back any key it could have been sent', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const { ok } = safeParseKeyHeader(text)
        expect(typeof ok).toBe('boolean')
      }),
    )
    const printable = fc.string({
      minLength: 1,
      maxLength: 255,
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(printable, (key) => {
        expect(parseKeyHeader(`"${key.replace(/["\\]/g, '\\$&')}"`)).toBe(key)
      }),
    )
  })
})
