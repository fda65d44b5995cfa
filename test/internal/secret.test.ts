import { Console } from 'node:console'
import { createHmac, createSecretKey } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { format, inspect } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { createContext, runInContext } from 'node:vm'
import { concatBytes as nobleConcat, utf8ToBytes } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { exposed } from '../../src/internal/secret-values.js'

const CANARY = 'EAAN6tcBzAUBOwDt-canary'
const REDACTED = '[REDACTED]'
const secret = new Secret<string>(CANARY)
const bytes = new Secret<Uint8Array>(new TextEncoder().encode(CANARY))
const both = [
  ['text', secret],
  ['bytes', bytes],
] as const

/** The canary as text, hex, base64 and a list of numbers. */
const SPELLINGS = [
  CANARY,
  Buffer.from(CANARY).toString('hex'),
  Buffer.from(CANARY).toString('base64'),
  [...Buffer.from(CANARY)].join(),
  [...Buffer.from(CANARY)].join(', '),
]
function expectHidden(printed: unknown): void {
  for (const spelling of SPELLINGS) expect(String(printed)).not.toContain(spelling.slice(0, 12))
}

describe.each(both)('a Secret of %s', (_what, held) => {
  const sinks: Readonly<Record<string, () => string>> = {
    template: () => `${held}`,
    concatenation: () => `x${String(held)}`,
    String: () => String(held),
    toString: () => held.toString(),
    toLocaleString: () => held.toLocaleString(),
    join: () => [held].join(),
    JSON: () => JSON.stringify(held),
    'JSON within': () => JSON.stringify({ a: [{ held }] }),
    'JSON with a replacer': () => JSON.stringify({ held }, (_key, value) => value, 2),
    '%s': () => format('%s', held),
    '%o': () => format('%o', held),
    '%O': () => format('%O', held),
    '%j': () => format('%j', held),
    'no format': () => format(held),
    inspect: () => inspect(held),
    'inspect with showHidden': () => inspect(held, { showHidden: true, depth: 9 }),
    'inspect with getters': () => inspect(held, { getters: true, showProxy: true }),
    'inspect within': () => inspect({ a: { b: { c: { held } } } }, { depth: 9 }),
    'inspect beyond its depth': () => inspect({ held }, { depth: 0 }),
    Map: () => inspect(new Map([['held', held]])),
    'Map key': () => inspect(new Map([[held, 1]])),
    Set: () => inspect(new Set([held])),
    'Error cause': () => inspect(new Error('failed', { cause: held })),
    'Error property': () => inspect(Object.assign(new Error('failed'), { held })),
    'Error message': () => inspect(new Error(`${held}`)),
    EventEmitter: () => inspect(Object.assign(new EventEmitter(), { held }), { showHidden: true }),
    Promise: () => inspect(Promise.resolve(held)),
    'Proxy target': () => inspect(new Proxy({ held }, {}), { showProxy: true }),
    closure: () => inspect(() => held, { showHidden: true }),
    URLSearchParams: () => new URLSearchParams({ held: String(held) }).toString(),
  }

  it.each(Object.keys(sinks))('prints as redacted: %s', (name) => {
    const printed = sinks[name]?.() ?? ''
    expectHidden(printed)
    if (name !== 'closure' && name !== 'URLSearchParams') expect(printed).toContain(REDACTED)
  })

  it('prints as redacted on the console', () => {
    const lines: string[] = []
    const stream = new Writable({
      decodeStrings: false,
      write(line, _encoding, done) {
        lines.push(line)
        done()
      },
    })
    const log = new Console({ stdout: stream, stderr: stream })
    log.log(held, { held })
    log.error('%s %o %O %j', held, held, held, held)
    log.dir(held, { showHidden: true, depth: 9 })
    log.dir({ held }, { showHidden: true, depth: 9 })
    log.table([{ held }])
    log.group(held)
    log.trace(held)
    log.assert(false, held)
    expectHidden(lines.join(''))
    expect(lines.join('').match(/\[REDACTED\]/g)?.length).toBeGreaterThanOrEqual(10)
  })

  it('is lost, not leaked, where its own printing is not asked', () => {
    const raw = inspect(held, { customInspect: false, showHidden: true, depth: 9, getters: true })
    expectHidden(raw)
    expect(inspect(held, { customInspect: false })).toBe('Secret {}')
    expect({ ...held }).toEqual({})
    expect(Object.assign({}, held)).toEqual({})
    expect(Reflect.ownKeys(held)).toEqual([])
    for (const key in held) expect.fail(key)
    expect(structuredClone(held)).toEqual({})
    expectHidden(inspect(structuredClone({ held })))
    expectHidden(serialize(held).toString('latin1'))
    expect(deserialize(serialize({ held }))).toEqual({ held: {} })
  })

  it('exposes its value to expose() alone', () => {
    const value = held.expose()
    expect(typeof value === 'string' ? value : Buffer.from(value).toString()).toBe(CANARY)
    const { expose, equals } = Secret.prototype
    expect(() => expose.call(undefined as never)).toThrow(TypeError)
    expect(() => expose.call(new Proxy(held, {}) as never)).toThrow(TypeError)
    expect(() => (new Proxy(held, {}) as Secret).expose()).toThrow(TypeError)
    expect(() => (Object.create(held) as Secret).expose()).toThrow(TypeError)
    expect(() => (Object.create(Secret.prototype) as Secret).expose()).toThrow(TypeError)
    expect(() => expose.call({ ...held } as never)).toThrow(TypeError)
    expect(equals.call(new Proxy(held, {}) as never, CANARY)).toBe(false)
    expect(exposed(new Proxy(held, {}))).not.toBe(value)
  })

  it('prints as redacted through a Proxy and an heir, too', () => {
    for (const odd of [new Proxy(held, {}), Object.create(held)]) {
      for (const printed of [
        `${odd}`,
        JSON.stringify(odd),
        inspect(odd, { showProxy: true, showHidden: true }),
      ]) {
        expectHidden(printed)
      }
    }
  })

  it('is no key, and no bytes', () => {
    const key = held as never
    expect(() => createHmac('sha256', key)).toThrow(TypeError)
    expect(() => createSecretKey(key)).toThrow(TypeError)
    expect(() => createHmac('sha256', 'k').update(key)).toThrow(TypeError)
    expect(() => Buffer.from(key)).toThrow(TypeError)
    expect(() => utf8ToBytes(key)).toThrow(TypeError)
    expect(() => nobleConcat(key)).toThrow(TypeError)
    expect(held.valueOf()).toBe(held)
    expect(Number(held)).toBeNaN()
    expectHidden(new TextDecoder().decode(new Uint8Array(key)))
  })

  it('is the redacted text where a platform turns anything into text', () => {
    expect(new Headers({ authorization: held as never }).get('authorization')).toBe(REDACTED)
    expect(new TextDecoder().decode(new TextEncoder().encode(held as never))).toBe(REDACTED)
  })

  it('forgets its value', () => {
    const other = held.expose()
    const mortal = new Secret<string | Uint8Array>(other)
    const inside = mortal.expose()
    mortal.dispose()
    expect(() => mortal.expose()).toThrow(new TypeError('expose: expected a Secret that was not disposed of'))
    expect(mortal.equals(other)).toBe(false)
    expect(mortal.equals(mortal)).toBe(false)
    expect(held.equals(mortal as never)).toBe(false)
    expect(`${mortal} ${JSON.stringify(mortal)} ${inspect(mortal)}`).toBe(
      '[REDACTED] "[REDACTED]" [REDACTED]',
    )
    if (typeof inside !== 'string') expect([...inside].every((byte) => byte === 0)).toBe(true)
    mortal.dispose()
    expect(() => Secret.prototype.dispose.call({} as never)).not.toThrow()
    expect(held.equals(other as never)).toBe(true)
  })
})

describe('creating a Secret', () => {
  it.each([
    [1],
    [null],
    [undefined],
    [{}],
    [[1]],
    ['\ud800'],
    [new String('x')],
    [new ArrayBuffer(4)],
    [new DataView(new ArrayBuffer(4))],
    [new Uint16Array(2)],
    [secret],
    [Symbol('s')],
  ])('is refused without a well-formed string or a Uint8Array: row %#', (value) => {
    expect(() => new Secret(value as string)).toThrow(
      new TypeError('value: expected a well-formed string or a Uint8Array'),
    )
  })

  it('copies bytes in, of any realm, and of a Buffer its own part only', () => {
    const source = Buffer.from(`xx${CANARY}`).subarray(2)
    const copy = new Secret<Uint8Array>(source)
    source.fill(0)
    expect(Buffer.from(copy.expose()).toString()).toBe(CANARY)
    const foreign = runInContext('new Uint8Array([1, 2, 3])', createContext({})) as Uint8Array
    expect([...new Secret(foreign).expose()]).toEqual([1, 2, 3])
    expect(Object.getPrototypeOf(copy.expose())).toBe(Uint8Array.prototype)
  })

  it('takes empty values, and says nothing of their length', () => {
    expect(inspect(new Secret(''))).toBe(inspect(new Secret('x'.repeat(1_000))))
    expect(new Secret('').expose()).toBe('')
    expect(new Secret(new Uint8Array()).expose()).toHaveLength(0)
  })
})

describe('equals', () => {
  it('compares values of one type, given as they are or as Secrets', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(new Secret(a).equals(b)).toBe(a === b)
        expect(new Secret(a).equals(new Secret(b))).toBe(a === b)
        expect(new Secret(a).equals(a)).toBe(true)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const same = Buffer.from(a).equals(Buffer.from(b))
        expect(new Secret(a).equals(b)).toBe(same)
        expect(new Secret(a).equals(new Secret(b))).toBe(same)
        expect(new Secret<Uint8Array>(a).equals(Buffer.from(a))).toBe(true)
      }),
    )
  })

  it('is false for another type, length or case, whatever it is', () => {
    const others = [
      CANARY.slice(1),
      `${CANARY}x`,
      CANARY.toLowerCase(),
      '',
      REDACTED,
      bytes,
      bytes.expose(),
      undefined,
      null,
      5,
      {},
    ]
    for (const other of [...others, [...CANARY], new String(CANARY), { length: CANARY.length }]) {
      expect(secret.equals(other as string)).toBe(false)
    }
    for (const other of [
      secret,
      CANARY,
      [...bytes.expose()],
      bytes.expose().buffer,
      new Uint16Array(bytes.expose()),
    ]) {
      expect(bytes.equals(other as never)).toBe(false)
    }
    expect(secret.equals(new Proxy(secret, {}))).toBe(false)
  })

  it('tells texts apart whose low bytes agree', () => {
    expect(new Secret<string>('\u0161').equals('a')).toBe(false)
    expect(new Secret<string>('👋').equals('👌')).toBe(false)
  })
})
