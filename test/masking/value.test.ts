import { Buffer } from 'node:buffer'
import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { createRedactor, type RedactionEvent, type Redactor } from 'waxseal/masking'

const { value } = createRedactor()
const PLANTED = ['kq7Zt2', 'Wm9xB4', 'rV8nD3'].join('')
const token = (prefix: string): string => `${prefix}${PLANTED}${'0aB'.repeat(10)}`
const explode = (): never => {
  throw new Error('it ran')
}

describe('a value by its kind', () => {
  const invalid = new Date(Number.NaN)
  const rows: readonly (readonly [name: string, input: unknown, output: unknown])[] = [
    ['a string', 'hello', 'hello'],
    ['a string with a token', token('EAA'), 'EAA[REDACTED]'],
    ['numbers', [0, -1.5, 1e21], [0, -1.5, 1e21]],
    ['numbers that JSON has not', [Number.NaN, Infinity, -Infinity], [null, null, null]],
    ['booleans and null', [true, false, null], [true, false, null]],
    ['a bigint', { big: 2n ** 70n }, { big: '1180591620717411303424' }],
    ['undefined in an object', { a: undefined, b: 1 }, { b: 1 }],
    ['functions and symbols in an object', { f: explode, s: Symbol('s') }, {}],
    ['undefined, functions and symbols in an array', [undefined, explode, Symbol('s')], [null, null, null]],
    ['a Secret', { a: new Secret('0123456789') }, { a: '[REDACTED]' }],
    ['a Secret of bytes', [new Secret(new Uint8Array(4))], ['[REDACTED]']],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', [invalid], [null]],
    [
      'a URL',
      new URL('https://u:pw@example.com/a?token=t&x=1'),
      'https://[REDACTED]@example.com/a?token=[REDACTED]&x=1',
    ],
    [
      'a Map',
      new Map([
        ['token', 't1'],
        ['a', 'b'],
      ]),
      { token: '[REDACTED]', a: 'b' },
    ],
    [
      'a Map of other keys',
      new Map<unknown, unknown>([
        [1, 'a'],
        [{ b: 1 }, 2],
      ]),
      [
        [1, 'a'],
        [{ b: 1 }, 2],
      ],
    ],
    [
      'a name among other keys',
      new Map<unknown, unknown>([
        ['token', 't1'],
        [1, 2],
      ]),
      [
        ['token', '[REDACTED]'],
        [1, 2],
      ],
    ],
    ['an empty Map', new Map(), {}],
    ['a Set', new Set(['a', { pin: 12 }]), ['a', { pin: '[REDACTED]' }]],
    ['Headers', new Headers({ Authorization: 'x', 'X-A': 'b' }), { authorization: '[REDACTED]', 'x-a': 'b' }],
    [
      'URLSearchParams',
      new URLSearchParams('a=1&a=2&a=3&token=t&b=4'),
      { a: ['1', '2', '3'], token: '[REDACTED]', b: '4' },
    ],
    ['an ArrayBuffer', new ArrayBuffer(3), '[Bytes 3]'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(3), '[Bytes 3]'],
    [
      'views',
      [new Uint8Array(3), new Float64Array(1), new DataView(new ArrayBuffer(5)), Buffer.alloc(2)],
      ['[Bytes 3]', '[Bytes 8]', '[Bytes 5]', '[Bytes 2]'],
    ],
    ['a Blob', new Blob(['abcd']), '[Bytes 4]'],
    ['a Buffer that has been through JSON', JSON.parse(JSON.stringify(Buffer.from('abc'))), '[Bytes 3]'],
    ['a typed array that has been through JSON', JSON.parse(JSON.stringify(new Uint8Array(4))), '[Bytes 4]'],
    [
      'objects like these two',
      [
        { 0: 1, 1: 2 },
        { 0: 1, 1: 2, 2: 256 },
        { 0: 1, 1: 2, 3: 4 },
        { type: 'Buffer', data: ['a'] },
      ],
      [
        { 0: 1, 1: 2 },
        { 0: 1, 1: 2, 2: 256 },
        { 0: 1, 1: 2, 3: 4 },
        { type: 'Buffer', data: ['a'] },
      ],
    ],
    [
      'primitives in boxes',
      [new String('abc'), new Number(1), new Boolean(false), Object(5n), Object(Symbol('s'))],
      ['abc', 1, false, '5', null],
    ],
    [
      'an object without prototype',
      Object.assign(Object.create(null), { a: 1, token: 't' }),
      { a: 1, token: '[REDACTED]' },
    ],
    ['symbol keys', { [Symbol('k')]: 1, a: 1 }, { a: 1 }],
    ['a member that is not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: 2 }), { a: 1 }],
    ['what has no members', [/x/, new WeakMap(), Promise.resolve(1)], [{}, {}, {}]],
  ]
  it.each(rows)('%s', (_name, input, output) => {
    expect(value(input)).toStrictEqual(output)
  })

  it('leaves nothing of what JSON.stringify leaves out', () => {
    for (const nothing of [undefined, explode, Symbol('s')]) expect(value(nothing)).toBeUndefined()
  })

  it('FormData: texts and the sizes of files', () => {
    const form = new FormData()
    form.append('password', 'p')
    form.append('file', new Blob(['abc']), 'a.txt')
    form.append('tag', 'a')
    form.append('tag', 'b')
    expect(value(form)).toStrictEqual({ password: '[REDACTED]', file: '[Bytes 3]', tag: ['a', 'b'] })
  })

  it('of another realm', () => {
    const foreign = runInContext(
      `({ date: new Date(0), map: new Map([['pin', 1]]), set: new Set([1]), bytes: new Uint8Array(3), buffer: new ArrayBuffer(2), plain: { token: 't' }, list: [1], text: new String('abc') })`,
      createContext({}),
    )
    expect(value(foreign)).toStrictEqual({
      date: '1970-01-01T00:00:00.000Z',
      map: { pin: '[REDACTED]' },
      set: [1],
      bytes: '[Bytes 3]',
      buffer: '[Bytes 2]',
      plain: { token: '[REDACTED]' },
      list: [1],
      text: 'abc',
    })
  })

  it('is told by what is inside, not by what is said', () => {
    class Late extends Date {}
    class Book extends Map<string, string> {}
    const liar = Object.assign(
      Object.create({ constructor: Date, getTime: explode, [Symbol.toStringTag]: 'Date' }),
      { a: 1 },
    )
    const heir = Object.setPrototypeOf({ b: 2 }, Date.prototype)
    expect(value([new Late(0), new Book([['pin', 'x']]), liar, heir])).toStrictEqual([
      '1970-01-01T00:00:00.000Z',
      { pin: '[REDACTED]' },
      { a: 1 },
      { b: 2 },
    ])
  })

  it('is nothing but plain JSON data', () => {
    class Account {
      readonly id = 1
      readonly #token = PLANTED
      toJSON() {
        return this.#token
      }
    }
    const copied = value({ account: new Account(), bare: Object.create(null) }) as Record<string, object>
    expect(copied).toStrictEqual({ account: { id: 1 }, bare: {} })
    expect(Object.getPrototypeOf(copied['account'])).toBe(Object.prototype)
    expect(Object.getPrototypeOf(copied['bare'])).toBe(Object.prototype)
  })
})

describe('names', () => {
  it('hide whatever has a secret one, but for null, undefined and booleans', () => {
    const bytes = new Uint8Array(3)
    for (const hidden of [
      'x',
      '',
      123,
      0,
      5n,
      { a: 1 },
      ['x'],
      bytes,
      new Date(0),
      new Map(),
      new Error('x'),
    ]) {
      expect(value({ token: hidden, 'X-Api-Key': hidden })).toStrictEqual({
        token: '[REDACTED]',
        'X-Api-Key': '[REDACTED]',
      })
    }
    const shown = { token: null, password: true, secret: false }
    expect(value({ ...shown, apiKey: undefined })).toStrictEqual(shown)
  })

  it('hide at any depth within maxDepth', () => {
    const nested = (levels: number, inner: unknown): unknown =>
      levels === 0 ? inner : { a: [nested(levels - 1, inner)] }
    expect(JSON.stringify(value(nested(7, { pin: PLANTED })))).toContain('"pin":"[REDACTED]"')
  })

  it('are scrubbed themselves', () => {
    expect(value({ [token('EAA')]: 1 })).toStrictEqual({ 'EAA[REDACTED]': 1 })
  })

  it('say of a personal value what it is', () => {
    const masked = createRedactor({ personal: 'mask' })
    const when = new Date(0)
    expect(
      masked.value({
        phone: '16505551234',
        msisdn: 16505551234,
        mobile: 16505551234n,
        from: 'us-east-1',
        to: ['a', { phone: '+1 (650) 555-1234' }],
        email: 'someone@example.com',
        text: 'hello',
        caption: when,
        street: new URL('https://example.com/'),
        body: { text: { body: 'hello' }, n: 1 },
        latitude: 1.5,
        profile: { name: 'A', n: [1] },
        fullName: null,
        address: true,
      }),
    ).toStrictEqual({
      phone: '+16••••34',
      msisdn: '+16••••34',
      mobile: '+16••••34',
      from: 'us-east-1',
      to: ['a', { phone: '+16••••34' }],
      email: '[PERSONAL]',
      text: '[PERSONAL]',
      caption: '[PERSONAL]',
      street: '[PERSONAL]',
      body: { text: { body: '[PERSONAL]' }, n: 1 },
      latitude: '[PERSONAL]',
      profile: '[PERSONAL]',
      fullName: null,
      address: true,
    })
    expect(
      masked.value({ text: new Uint8Array(2), body: new Secret('0123456789'), profile: null }),
    ).toStrictEqual({
      text: '[Bytes 2]',
      body: '[REDACTED]',
      profile: null,
    })
    expect(
      masked.value(
        new Map<unknown, unknown>([
          ['phone', '16505551234'],
          [1, 'x'],
        ]),
      ),
    ).toStrictEqual([
      ['phone', '+16••••34'],
      [1, 'x'],
    ])
  })

  it('__proto__ is data like any other, and toString is too', () => {
    const input = JSON.parse('{"__proto__":{"polluted":true,"token":"t"},"toString":1,"constructor":{"a":1}}')
    const copied = value(input) as object
    expect(JSON.stringify(copied)).toBe(
      '{"__proto__":{"polluted":true,"token":"[REDACTED]"},"toString":1,"constructor":{"a":1}}',
    )
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(JSON.stringify(value(new Map([['__proto__', 1]])))).toBe('{"__proto__":1}')
  })
})

describe('limits', () => {
  it('ancestors are circular, shared references are printed twice', () => {
    const shared = { a: 1 }
    const input: Record<string, unknown> = { one: shared, two: shared, list: [shared] }
    input['self'] = input
    input['map'] = new Map([['back', input]])
    ;(input['list'] as unknown[]).push(input['list'])
    expect(value(input)).toStrictEqual({
      one: { a: 1 },
      two: { a: 1 },
      list: [{ a: 1 }, '[Circular]'],
      self: '[Circular]',
      map: { back: '[Circular]' },
    })
  })

  it('maxDepth counts containers, and those below it are a marker', () => {
    const shallow = createRedactor({ maxDepth: 2 })
    const input = { a: { b: {}, c: [1], d: new Map(), e: new Date(0), f: 1 } }
    expect(shallow.value(input)).toStrictEqual({
      a: { b: '[Depth]', c: '[Depth]', d: '[Depth]', e: '1970-01-01T00:00:00.000Z', f: 1 },
    })
  })

  it('depth 20 000 ends at maxDepth', () => {
    let deep: unknown = PLANTED
    for (let i = 0; i < 20_000; i++) deep = i % 2 ? [deep] : { deep }
    for (const maxDepth of [1, 16, 64]) {
      const printed = JSON.stringify(createRedactor({ maxDepth }).value(deep))
      expect(printed.match(/[[{]/g)).toHaveLength(maxDepth + 1)
      expect(printed).toContain('[Depth]')
    }
  })

  it('a container ends after 1000 members', () => {
    const numbers = Array.from({ length: 1024 }, (_, at) => at)
    const record = Object.fromEntries(numbers.map((each) => [`k${each}`, each]))
    const thousand = numbers.slice(0, 1000)
    const members = Object.fromEntries(thousand.map((each) => [`k${each}`, each]))
    expect(value(numbers)).toStrictEqual([...thousand, '[Truncated 24]'])
    expect(value(record)).toStrictEqual({ ...members, '[Truncated 24]': true })
    expect(value(new Set(numbers))).toStrictEqual([...thousand, '[Truncated 24]'])
    expect(value(new Map(Object.entries(record)))).toStrictEqual({ ...members, '[Truncated 24]': true })
    const pairs = value(new Map(numbers.map((each) => [each, each]))) as unknown[]
    expect(pairs.slice(999)).toStrictEqual([[999, 999], '[Truncated 24]'])
    expect(value(new URLSearchParams(Object.entries(record).map(([k, v]) => [k, `${v}`])))).toHaveProperty(
      ['[Truncated 24]'],
      true,
    )
    expect(value(thousand)).toStrictEqual(thousand)
    expect(value(members)).toStrictEqual(members)
  })

  it('a million members, and an array with nothing in it', () => {
    const million = Array.from({ length: 1_000_000 }, () => PLANTED)
    expect(value(million)).toHaveLength(1001)
    const record: Record<string, number> = {}
    for (let i = 0; i < 1_000_000; i++) record[`k${i}`] = i
    expect(value(record)).toHaveProperty(['[Truncated 999000]'], true)
    expect(value(new Set(Array.from({ length: 1_000_000 }, (_, at) => at)))).toHaveLength(1001)
    const sparse: unknown[] = []
    sparse[4_000_000_000] = 1
    sparse[2] = 'x'
    const copied = value(sparse) as unknown[]
    expect(copied.slice(0, 4)).toStrictEqual([null, null, 'x', null])
    expect(copied.slice(1000)).toStrictEqual(['[Truncated 3999999001]'])
  })

  it('50 000 nodes are visited, members that come later are counted', () => {
    const wide = Array.from({ length: 100 }, () => Array.from({ length: 900 }, () => 1))
    const copied = value(wide) as unknown[][]
    const kept = copied.map((inner) => inner.filter((each) => each === 1).length)
    expect(100 + kept.reduce((sum, each) => sum + each, 0)).toBe(50_000)
    expect(copied.at(-1)).toStrictEqual(['[Truncated 900]'])
    expect(value(copied)).toStrictEqual(copied)
  })

  it('a graph that unfolds without end is cut', () => {
    let node: unknown = 'leaf'
    for (let i = 0; i < 40; i++) node = [node, node]
    expect(JSON.stringify(createRedactor({ maxDepth: 64 }).value(node)).length).toBeLessThan(2_000_000)
  })

  it('a string is scrubbed first and cut second', () => {
    const short = createRedactor({ maxString: 1024 })
    const kept = 'x'.repeat(1020)
    expect(short.value(`${'y'.repeat(1024)}`)).toBe('y'.repeat(1024))
    expect(short.value('y'.repeat(1025))).toBe(`${'y'.repeat(1024)}[Truncated 1]`)
    // The token would have lost its end, and with it its shape.
    expect(short.value(`${kept} ${token('EAA')}`)).toBe(`${kept} EAA[Truncated 10]`)
    expect(short.value(`${kept}abc\u{1f600}de`)).toBe(`${kept}abc[Truncated 4]`)
    expect(short.value(`${kept}abcd\u{1f600}`)).toBe(`${kept}abcd[Truncated 2]`)
  })

  it('a string that was cut is left alone, unless it is still too long', () => {
    const short = createRedactor({ maxString: 1024 })
    const once = short.value('y'.repeat(5000)) as string
    expect(short.value(once)).toBe(once)
    expect(short.value(`${'y'.repeat(1030)}[Truncated 9]`)).toBe(`${'y'.repeat(1024)}[Truncated 19]`)
    expect(short.value(`${token('EAA')}[Truncated 9]`)).toBe('EAA[REDACTED][Truncated 9]')
  })

  it('a cut that gives the rules something new to see keeps less', () => {
    const short = createRedactor({ maxString: 1024 })
    const cutInNull = `${'x'.repeat(512)}${' '.repeat(500)}"token":null,"a":1 and so on`
    const once = short.value(cutInNull) as string
    expect(once).toBe(`${'x'.repeat(512)}[Truncated ${cutInNull.length - 512}]`)
    expect(short.value(once)).toBe(once)
  })
})

describe('hostile objects', () => {
  it('no getter runs, and none of their methods', () => {
    const hostile = {
      get a() {
        return explode()
      },
      set b(_: unknown) {
        explode()
      },
      get token() {
        return explode()
      },
      toJSON: explode,
      toString: explode,
      valueOf: explode,
      [Symbol.iterator]: explode,
      [Symbol.toPrimitive]: explode,
      get [Symbol.toStringTag]() {
        return explode()
      },
    }
    expect(value(hostile)).toStrictEqual({ a: '[Getter]', b: '[Getter]', token: '[Getter]' })
    const list = Object.defineProperty([1, 2], 1, { get: explode, enumerable: true })
    expect(value(Object.assign(list, { map: explode, [Symbol.iterator]: explode, length: 3 }))).toStrictEqual(
      [1, '[Getter]', null],
    )
    const map = Object.assign(new Map([['a', 1]]), {
      entries: explode,
      forEach: explode,
      [Symbol.iterator]: explode,
    })
    const set = Object.assign(new Set([1]), { values: explode, [Symbol.iterator]: explode })
    const date = Object.assign(new Date(0), { getTime: explode, toISOString: explode })
    const headers = Object.assign(new Headers({ a: 'b' }), { forEach: explode })
    const bytes = Object.defineProperty(new Uint8Array(2), 'byteLength', { get: explode })
    expect(value([map, set, date, headers, bytes])).toStrictEqual([
      { a: 1 },
      [1],
      '1970-01-01T00:00:00.000Z',
      { a: 'b' },
      '[Bytes 2]',
    ])
  })

  it.each(['getPrototypeOf', 'ownKeys'] as const)('a Proxy whose %s throws is unreadable', (trap) => {
    expect(value([new Proxy({ a: 1 }, { [trap]: explode }), 1])).toStrictEqual(['[Unreadable]', 1])
  })

  it('a revoked Proxy is unreadable', () => {
    const ofObject = Proxy.revocable({}, {})
    const ofArray = Proxy.revocable([], {})
    ofObject.revoke()
    ofArray.revoke()
    expect(value({ a: ofObject.proxy, b: ofArray.proxy })).toStrictEqual({
      a: '[Unreadable]',
      b: '[Unreadable]',
    })
    expect(value(ofObject.proxy)).toBe('[Unreadable]')
  })

  it('a Proxy that refuses one member loses that member', () => {
    const refuses = new Proxy([1, 2], {
      getOwnPropertyDescriptor: (target, key) =>
        key === '0' ? explode() : Reflect.getOwnPropertyDescriptor(target, key),
      get: explode,
      has: explode,
    })
    expect(value(refuses)).toStrictEqual(['[Unreadable]', 2])
    expect(value(new Proxy({ a: 1 }, { get: explode, has: explode }))).toStrictEqual({ a: 1 })
    expect(value(new Proxy([1, 2], { get: explode }))).toStrictEqual([1, 2])
    const vanishing = new Proxy(
      { a: 1 },
      { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => undefined },
    )
    expect(value(vanishing)).toStrictEqual({})
    const endless = new Proxy({}, { getPrototypeOf: () => new Proxy({}, { getPrototypeOf: explode }) })
    expect(value(endless)).toStrictEqual({})
  })

  it('an array that lies about its length', () => {
    for (const length of [-1, 1.5, Number.NaN, 'x', 2 ** 60]) {
      const liar = new Proxy([1], {
        getOwnPropertyDescriptor: (target, key) =>
          key === 'length'
            ? { value: length, writable: true, enumerable: false, configurable: false }
            : Reflect.getOwnPropertyDescriptor(target, key),
      })
      expect(value(liar)).toStrictEqual([])
    }
  })
})

describe('for every input', () => {
  /** Frozen all the way down, so that a change throws. */
  function deepFreeze<T>(input: T): T {
    if (typeof input !== 'object' || input === null || Object.isFrozen(input)) return input
    Object.freeze(input)
    for (const key of Reflect.ownKeys(input)) deepFreeze(Reflect.get(input, key))
    return input
  }

  function isPlainJson(data: unknown): boolean {
    if (typeof data !== 'object') return ['string', 'boolean'].includes(typeof data) || Number.isFinite(data)
    if (data === null) return true
    const prototype = Array.isArray(data) ? Array.prototype : Object.prototype
    return Object.getPrototypeOf(data) === prototype && Object.values(data).every(isPlainJson)
  }

  const redactors: readonly Redactor[] = [
    createRedactor(),
    createRedactor({ personal: 'mask', maxDepth: 3, maxString: 1024 }),
  ]
  const secret = fc.constantFrom<unknown>(
    PLANTED,
    [PLANTED],
    { a: PLANTED },
    new Map([[PLANTED, PLANTED]]),
    new Secret(PLANTED),
    5,
    null,
  )
  const names = fc.constantFrom(
    'token',
    'x-api-key',
    'text',
    'phone',
    'profile',
    'a',
    'data',
    'type',
    '0',
    '1',
    '2',
    '__proto__',
    'toString',
    'from',
  )
  const odd = fc.constantFrom<() => unknown>(
    () => new Date(0),
    () => new Date(Number.NaN),
    () => new URL('https://a:b@example.com/?token=x'),
    () =>
      new Map<unknown, unknown>([
        ['token', 1],
        [1, new Set([1])],
      ]),
    () => new Headers({ authorization: PLANTED }),
    () => new Uint8Array(3),
    () => new Error('failed', { cause: new TypeError('x') }),
    () => Object.defineProperty({ a: 1 }, 'g', { get: explode, enumerable: true }),
    () => new Proxy({ a: 1 }, { ownKeys: explode }),
    () => new Proxy({ a: 1 }, { getOwnPropertyDescriptor: explode }),
    () => new Proxy([1, { token: PLANTED }], {}),
    () => {
      const cycle: unknown[] = [1]
      cycle.push({ cycle })
      return cycle
    },
    () => '[Truncated 3]',
    () => 'y'.repeat(2000),
    () => `${' '.repeat(1010)}"token":"abc`,
    () => Array.from({ length: 1100 }, (_, at) => at),
    () => ({ type: 'Buffer', data: [1, 2] }),
    () => ({ 0: 1, 1: 2, 2: 3 }),
    () => Symbol('s'),
    () => explode,
  )
  const anything = fc.oneof(
    fc.anything({
      withMap: true,
      withSet: true,
      withDate: true,
      withTypedArray: true,
      withBigInt: true,
      withSparseArray: true,
      withNullPrototype: true,
      withBoxedValues: true,
      withObjectString: true,
    }),
    odd.map((make) => make()),
  )
  const hostile = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      anything,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
    ),
  })).tree

  it('JSON without secrets comes back equal, and no other one', () => {
    const key = fc
      .string({ maxLength: 8 })
      .filter((each) => !/pin|otp|pwd|auth|jwt|token|secret|cookie/i.test(each))
    const json = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.string({ maxLength: 12 }).filter((each) => !/[:=]/.test(each)),
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 5 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
      ),
    })).tree
    fc.assert(
      fc.property(json, (input) => {
        deepFreeze(input)
        const copied = value(input)
        expect(JSON.stringify(copied)).toBe(JSON.stringify(input))
        if (typeof input === 'object' && input !== null) expect(copied).not.toBe(input)
      }),
    )
  })

  it('nothing throws, nothing changes, what comes out is plain JSON data, and again the same', () => {
    const failures: RedactionEvent[] = []
    const watched = createRedactor({ observe: (event) => event.type === 'failed' && failures.push(event) })
    fc.assert(
      fc.property(hostile, (input) => {
        for (const redactor of [watched, ...redactors]) {
          const once = redactor.value(input)
          expect(redactor.value(once)).toStrictEqual(once)
          expect(once === undefined || isPlainJson(once)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
    expect(failures).toEqual([])
  })

  it('leaves its input as it was', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (input) => {
        const before = structuredClone(input)
        value(deepFreeze(input))
        expect(structuredClone(input)).toEqual(before)
      }),
    )
  })

  it('no eight characters of a secret under a name remain', () => {
    const tree = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.record({ password: secret }),
        fc.record({ 'X-Hub-Signature-256': secret, note: fc.string() }),
        secret.map((each) => new Map([['apiKey', each]])),
        secret.map(
          (each) =>
            new Map<unknown, unknown>([
              ['apiKey', each],
              [1, 1],
            ]),
        ),
        fc.constantFrom('EAA', 'ghp_', 'whsec_', 'xoxb-').map(token),
        fc.constant(new Headers({ cookie: PLANTED })),
        fc.constant(new Error(token('EAA'), { cause: { token: PLANTED } })),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 6 }), tie('tree'), { maxKeys: 4 }),
      ),
    })).tree
    const windows = Array.from({ length: PLANTED.length - 7 }, (_, at) => PLANTED.slice(at, at + 8))
    fc.assert(
      fc.property(tree, (input) => {
        for (const redactor of redactors) {
          const printed = JSON.stringify(redactor.value(input))
          expect(windows.filter((each) => printed.includes(each))).toEqual([])
        }
      }),
    )
  })
})

it('tells which rules hid something', () => {
  const events: RedactionEvent[] = []
  const watched = createRedactor({ personal: 'mask', observe: (event) => events.push(event) })
  watched.value({
    a: new Secret('0123456789'),
    pin: 1,
    b: new Uint8Array(1),
    profile: {},
    c: { 0: 1, 1: 2, 2: 3 },
  })
  watched.value({ a: 1, token: null, password: '[REDACTED]' })
  expect(events).toEqual([{ type: 'redacted', surface: 'value', rules: ['secret', 'name', 'bytes', 'text'] }])
})
