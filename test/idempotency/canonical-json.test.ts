import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from 'waxseal/idempotency'

const { canonicalJson: vectors } = JSON.parse(
  readFileSync(new URL('../vectors/idempotency.json', import.meta.url), 'utf8'),
) as { canonicalJson: { texts: [string, string][]; sortedNames: string[] } }

const nested = (levels: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value }
  return value
}

describe('canonicalJson', () => {
  it.each(vectors.texts)('writes %j as %j', (text, canonical) => {
    expect(canonicalJson(JSON.parse(text))).toBe(canonical)
  })

  it('sorts names by UTF-16 code units', () => {
    const shuffled = [...vectors.sortedNames].reverse()
    const text = canonicalJson(Object.fromEntries(shuffled.map((name) => [name, 0])))
    expect(text).toBe(`{${vectors.sortedNames.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`)
  })

  it('is a fixed point that parses back, whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium', stringUnit: 'grapheme' }), (value) => {
        const plain = JSON.parse(JSON.stringify(value))
        const text = canonicalJson(plain)
        expect(JSON.parse(text)).toEqual(plain)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  it('keeps an own __proto__ as a member and pollutes nothing', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"polluted":1}}'))).toBe('{"__proto__":{"polluted":1}}')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('takes objects without prototype and of another realm', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
    expect(canonicalJson(runInNewContext('({ b: [1, {}], a: null })'))).toBe('{"a":null,"b":[1,{}]}')
  })

  it('writes own members only', () => {
    expect(canonicalJson(Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }))).toBe('{"a":1}')
    expect(() => canonicalJson(Object.create({ inherited: 1 }))).toThrow(TypeError)
  })

  it('takes 128 levels and shared children', () => {
    expect(canonicalJson(nested(128))).toHaveLength((128 / 2) * '[]'.length + (128 / 2) * '{"a":}'.length + 1)
    const shared = { a: 1 }
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })

  it('does not call toJSON', () => {
    expect(() => canonicalJson({ toJSON: () => 'x' })).toThrow('function at depth 1')
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  let doubling: unknown = []
  for (let i = 0; i < 60; i++) doubling = [doubling, doubling]
  class Money {
    readonly amount = 1
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined at depth 0'],
    ['an undefined member', { a: undefined }, 'undefined at depth 1'],
    ['NaN', Number.NaN, 'a number that is not finite at depth 0'],
    ['Infinity', [Number.POSITIVE_INFINITY], 'a number that is not finite at depth 1'],
    ['a bigint', 1n, 'bigint at depth 0'],
    ['a symbol', [[Symbol('s')]], 'symbol at depth 2'],
    ['a symbol as a name', { [Symbol('s')]: 1 }, 'a symbol as a name at depth 0'],
    ['a function', () => 1, 'function at depth 0'],
    ['a hole', Array(1), 'undefined at depth 1'],
    ['a boxed number', Object(1), 'neither plain nor an array'],
    ['a boxed string', Object('a'), 'neither plain nor an array'],
    ['a date', new Date(0), 'neither plain nor an array'],
    ['a map', new Map(), 'neither plain nor an array'],
    ['a class instance', new Money(), 'neither plain nor an array'],
    ['a typed array', new Uint8Array(1), 'neither plain nor an array'],
    ['an array buffer', new ArrayBuffer(1), 'neither plain nor an array'],
    ['an error', new Error('secret'), 'neither plain nor an array'],
    ['a lone surrogate', ['\ud800'], 'text with a lone surrogate at depth 1'],
    ['a lone surrogate in a name', { '\udc00': 1 }, 'text with a lone surrogate at depth 0'],
    ['a cycle', cycle, 'more than 128 levels at depth 128'],
    ['129 levels', nested(129), 'more than 128 levels at depth 128'],
    ['text of more than 16777216 characters', 'a'.repeat(16_777_217), 'more than 16777216 characters'],
    ['escapes that make it so', '\0'.repeat(3_000_000), 'more than 16777216 characters'],
    ['a small graph that unfolds into 2^60 nodes', doubling, 'more than 16777216 characters'],
    ['a revoked proxy', revoked.proxy, 'an object that cannot be read'],
  ])('refuses %s with a TypeError', (_name, value, message) => {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(message) }),
    )
  })

  it('says nothing of a value, a name, or what a getter throws', () => {
    const values = [
      { secret: Symbol('secret') },
      { a: { secret: undefined } },
      {
        get secret() {
          throw new RangeError('secret')
        },
      },
    ]
    for (const value of values) {
      expect(() => canonicalJson(value)).toThrow(/^value: expected JSON, found (?!.*secret)/)
      expect(() => canonicalJson(value)).toThrow(TypeError)
    }
  })
})
