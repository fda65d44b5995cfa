import { get } from 'node:http'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret, WaxsealError } from 'waxseal'
import { createKeyring } from 'waxseal/keyring'
import { createRedactor } from 'waxseal/masking'
import * as z from 'zod'

const redactor = createRedactor()
const PLANTED = ['kq7Zt2', 'Wm9xB4', 'rV8nD3'].join('')
const TOKEN = `EAA${PLANTED}${'0aB'.repeat(10)}`
const explode = (): never => {
  throw new Error('it ran')
}

/** Everything that a logger could print of an error. */
const prints = (error: Error): string =>
  [
    inspect(error, { depth: 20, showHidden: true, getters: true }),
    String(error),
    JSON.stringify(error),
    error.stack,
    JSON.stringify(Object.getOwnPropertyDescriptors(error)),
  ].join('\n')

/** Both surfaces: the Error, and the plain object that `value` makes. */
function both(input: unknown): {
  readonly error: Error & Record<string, unknown>
  readonly plain: Record<string, unknown>
} {
  const error = redactor.error(input) as Error & Record<string, unknown>
  const plain = redactor.value(input) as Record<string, unknown>
  for (const printed of [prints(error), JSON.stringify(plain)])
    expect(printed).not.toContain(PLANTED.slice(4, 12))
  return { error, plain }
}

describe('an error', () => {
  it('keeps its name, message and stack, scrubbed', () => {
    const { error, plain } = both(new TypeError(`no entry for ${TOKEN}`))
    expect(plain).toStrictEqual({
      name: 'TypeError',
      message: 'no entry for EAA[REDACTED]',
      stack: error.stack,
    })
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe('TypeError: no entry for EAA[REDACTED]')
    expect(error.stack).toMatch(/^TypeError: no entry for EAA\[REDACTED\]\n +at .*error\.test\.ts/)
    expect(Object.keys(error)).toEqual([])
    expect(Object.getOwnPropertyNames(error).sort()).toEqual(['message', 'name', 'stack'])
  })

  it('keeps code and status, when they are text or numbers, and its own data', () => {
    const input = Object.assign(new Error('x'), {
      code: 'ECONNREFUSED',
      status: 503,
      errno: -111,
      address: '10.0.0.1',
      token: PLANTED,
      detail: { password: PLANTED, when: new Date(0) },
      toJSON: explode,
    })
    Object.defineProperty(input, 'lazy', { get: explode, enumerable: true })
    const rest = {
      code: 'ECONNREFUSED',
      status: 503,
      errno: -111,
      address: '10.0.0.1',
      token: '[REDACTED]',
      detail: { password: '[REDACTED]', when: '1970-01-01T00:00:00.000Z' },
      lazy: '[Getter]',
    }
    const { error, plain } = both(input)
    expect(plain).toMatchObject(rest)
    expect({ ...error }).toStrictEqual(rest)
    expect(Object.keys(plain).slice(0, 5)).toEqual(['name', 'message', 'stack', 'code', 'status'])
    const odd = both(Object.assign(new Error('x'), { code: { token: PLANTED }, status: [1], name: 5 }))
    expect({ ...odd.error }).toStrictEqual({})
    expect(odd.error.name).toBe('Error')
  })

  it('keeps what WaxsealError says', () => {
    let thrown: unknown
    try {
      createKeyring([])
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(WaxsealError)
    const { error, plain } = both(thrown)
    const { name, message, code, status } = thrown as WaxsealError
    expect(plain).toMatchObject({ name, message, code, status })
    expect(error).toMatchObject({ name, message, code, status })
  })

  it('keeps name and message of a DOMException, whose getters are the platform’s', () => {
    const { error, plain } = both(new DOMException(`gone: ${TOKEN}`, 'AbortError'))
    expect(plain).toMatchObject({ name: 'AbortError', message: 'gone: EAA[REDACTED]' })
    expect(error).toMatchObject({ name: 'AbortError', message: 'gone: EAA[REDACTED]' })
    const liar = Object.create(DOMException.prototype, { message: { get: explode } })
    expect(both(liar).plain).toStrictEqual({ name: 'DOMException', message: '[Getter]' })
  })

  it('of another realm is an error too', () => {
    const foreign = runInContext(
      `class Odd extends TypeError {}; new Odd('x', { cause: new Error('y') })`,
      createContext({}),
    )
    const { error, plain } = both(foreign)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'TypeError', message: 'x', cause: { name: 'Error', message: 'y' } })
    expect(error.cause).toBeInstanceOf(Error)
    expect(plain).toMatchObject({ name: 'TypeError', message: 'x', cause: { name: 'Error', message: 'y' } })
  })

  it('of an old constructor function is one, an object that says it is one is not', () => {
    function Old(this: Error) {
      this.message = 'old'
    }
    Old.prototype = Object.create(Error.prototype, { name: { value: 'Old' } })
    const old = Reflect.construct(Old as never, [])
    expect(both(old).error).toMatchObject({ name: 'Old', message: 'old', stack: 'Old: old' })
    const liar = Object.create(
      { [Symbol.toStringTag]: 'Error', constructor: Error },
      { a: { value: 1, enumerable: true } },
    )
    expect(redactor.value(liar)).toStrictEqual({ a: 1 })
  })

  it('with getters keeps what can be told without running them', () => {
    class Refusal extends Error {}
    const input = new Refusal('x')
    // Node formats a stack when it is first read, and asks the error for its name and message then.
    expect(input.stack).toContain('Error: x')
    Object.defineProperty(Refusal.prototype, 'name', { get: explode })
    Object.defineProperty(input, 'message', { get: explode })
    expect(both(input).error).toMatchObject({ name: 'Refusal', message: '[Getter]' })
    Object.defineProperty(input, 'stack', { get: explode })
    Object.defineProperty(input, 'cause', { get: explode })
    expect(both(input).error).toMatchObject({ name: 'Refusal', message: '[Getter]' })
    Object.defineProperty(input, 'constructor', { get: explode })
    Object.defineProperty(Refusal.prototype, 'constructor', { get: explode })
    expect(both(input).error.name).toBe('Error')
  })

  it('without a stack gets none of ours', () => {
    const input = new Error('x')
    Reflect.deleteProperty(input, 'stack')
    const { error, plain } = both(input)
    expect(error.stack).toBe('Error: x')
    expect(plain).toStrictEqual({ name: 'Error', message: 'x' })
  })

  it('that is frozen, or has a secret for a name, is copied like any other', () => {
    const input = new Error('x', { cause: new Error(TOKEN) })
    input.name = TOKEN
    Object.freeze(input)
    expect(both(input).error).toMatchObject({ name: 'EAA[REDACTED]', message: 'x' })
    expect(input.name).toBe(TOKEN)
  })

  it('with more than 1000 members of its own is cut', () => {
    const input = Object.assign(
      new Error('x'),
      Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`k${at}`, at])),
    )
    const { plain } = both(input)
    expect(plain).toHaveProperty(['[Truncated 1003]'], true)
    expect(Object.keys(plain)).toHaveLength(1001)
  })

  it('can be redacted again', () => {
    const input = Object.assign(
      new AggregateError([new Error(TOKEN), 'x'], 'several', { cause: { token: TOKEN } }),
      {
        config: { url: '/a', method: 'get' },
        code: 'E',
      },
    )
    const once = redactor.error(input)
    expect(prints(redactor.error(once))).toBe(prints(once))
    expect(redactor.value(once)).toStrictEqual(redactor.value(input))
  })
})

describe('causes', () => {
  it('are treated alike, and so are the errors of an AggregateError', () => {
    const input = new AggregateError(
      [new TypeError(TOKEN), { token: PLANTED }, TOKEN, new Secret(PLANTED)],
      'several',
      {
        cause: new RangeError(TOKEN, { cause: `Bearer ${TOKEN}` }),
      },
    )
    const { error, plain } = both(input)
    const told = {
      name: 'AggregateError',
      message: 'several',
      cause: { name: 'RangeError', message: 'EAA[REDACTED]', cause: 'Bearer [REDACTED]' },
      errors: [
        { name: 'TypeError', message: 'EAA[REDACTED]' },
        { token: '[REDACTED]' },
        'EAA[REDACTED]',
        '[REDACTED]',
      ],
    }
    expect(plain).toMatchObject(told)
    expect(error).toMatchObject(told)
    expect(error.cause).toBeInstanceOf(Error)
    expect((error['errors'] as unknown[])[0]).toBeInstanceOf(Error)
  })

  it('end at a depth of 5', () => {
    let input = new Error('cause 7')
    for (let depth = 6; depth >= 0; depth--) input = new Error(`cause ${depth}`, { cause: input })
    const { error, plain } = both(input)
    for (const outermost of [error, plain]) {
      let each: unknown = outermost
      for (let depth = 0; depth < 6; depth++) {
        expect(each).toMatchObject({ message: `cause ${depth}` })
        each = (each as Error).cause
      }
      expect(each).toBe('[Depth]')
    }
  })

  it('in a loop are circular', () => {
    const first: Error = new Error('first')
    const second = new Error('second', { cause: first })
    first.cause = second
    const { error, plain } = both(first)
    expect(plain).toMatchObject({ message: 'first', cause: { message: 'second', cause: '[Circular]' } })
    expect(error).toMatchObject({ message: 'first', cause: { message: 'second', cause: '[Circular]' } })
  })

  it('are errors wherever they stand', () => {
    const { error } = both(Object.assign(new Error('x'), { original: new TypeError('y') }))
    expect(error['original']).toBeInstanceOf(Error)
  })
})

describe('an HTTP client’s error', () => {
  /** The fields of axios 1.x, each with the secret in all the places where it is found. */
  class AxiosError extends Error {
    readonly isAxiosError = true
    readonly code = 'ERR_BAD_REQUEST'
    readonly status = 401
    readonly config = {
      method: 'post',
      baseURL: `https://user:${PLANTED}@graph.example.com/v21.0/`,
      url: `/me/messages?access_token=${PLANTED}#${PLANTED}`,
      headers: { Authorization: `Bearer ${PLANTED}`, 'X-Odd': PLANTED },
      data: `{"text":"${PLANTED}"}`,
      auth: { username: 'u', password: PLANTED },
      transformRequest: [explode],
    }
    readonly request = {
      _header: `POST / HTTP/1.1\r\nX-Odd: ${PLANTED}`,
      method: 'POST',
      path: `/?odd=${PLANTED}`,
      host: 'graph.example.com',
      protocol: 'https:',
    }
    readonly response = {
      status: 401,
      headers: { 'x-odd': PLANTED },
      config: this.config,
      request: this.request,
      data: { echo: PLANTED },
    }
    override readonly name = 'AxiosError'
    toJSON() {
      return { config: this.config }
    }
  }

  it('keeps method, URL and status', () => {
    const http = { method: 'post', url: 'https://graph.example.com/v21.0/me/messages', status: 401 }
    const kept = { code: 'ERR_BAD_REQUEST', status: 401, http }
    const { error, plain } = both(new AxiosError('Request failed with status code 401'))
    expect({ ...error }).toStrictEqual(kept)
    expect(error.name).toBe('AxiosError')
    expect(plain).toStrictEqual({
      name: 'AxiosError',
      message: 'Request failed with status code 401',
      stack: error.stack,
      ...kept,
    })
    expect(prints(redactor.error(new Error('outer', { cause: new AxiosError('x') })))).not.toContain(PLANTED)
    expect(JSON.stringify(redactor.value({ errors: [new AxiosError('x')] }))).not.toContain(PLANTED)
  })

  const native = new Request(`https://example.com/a?odd=${PLANTED}`, {
    method: 'PUT',
    headers: { 'x-odd': PLANTED },
  })
  const rows: readonly (readonly [name: string, members: object, http: unknown])[] = [
    [
      'ky: Request and Response',
      {
        request: native,
        response: new Response(PLANTED, { status: 404 }),
        options: { headers: { odd: PLANTED } },
      },
      { method: 'PUT', url: 'https://example.com/a', status: 404 },
    ],
    [
      'got: options and a response',
      {
        options: { _internals: { headers: { odd: PLANTED } } },
        response: { requestUrl: new URL(`https://u:${PLANTED}@example.com/b?${PLANTED}`), statusCode: 429 },
      },
      { url: 'https://example.com/b', status: 429 },
    ],
    [
      'octokit: plain objects',
      {
        request: { method: 'GET', url: 'https://example.com/c', headers: { odd: PLANTED } },
        response: { url: 'https://example.com/c', status: 403 },
      },
      { method: 'GET', url: 'https://example.com/c', status: 403 },
    ],
    [
      'superagent: response.request',
      { response: { status: 400, request: { method: 'POST', url: 'https://example.com/d' }, text: PLANTED } },
      { method: 'POST', url: 'https://example.com/d', status: 400 },
    ],
    [
      'AWS: $response',
      { $response: { statusCode: 403, headers: { odd: PLANTED }, body: {} } },
      { status: 403 },
    ],
    [
      'only a configuration',
      { config: { baseURL: 'https://example.com/base/' } },
      { url: 'https://example.com/base/' },
    ],
    ['a relative URL', { config: { url: `/e?odd=${PLANTED}` } }, { url: '/e' }],
    [
      'an absolute URL besides a base',
      { config: { baseURL: 'https://a.example', url: 'https://b.example/f' } },
      { url: 'https://b.example/f' },
    ],
    [
      'a token in the path',
      { config: { url: `https://example.com/${TOKEN}/me` } },
      { url: 'https://example.com/EAA[REDACTED]/me' },
    ],
    [
      'a password that no URL may have',
      { config: { method: 'get', url: `https://user:a/${PLANTED}@example.com/` } },
      { method: 'get' },
    ],
    ['a URL of no host', { config: { method: 'get', url: `data:text/plain,${PLANTED}` } }, { method: 'get' }],
    ['text in place of objects', { response: PLANTED, request: PLANTED, config: PLANTED }, undefined],
    [
      'nothing to tell',
      {
        config: {
          headers: { odd: PLANTED },
          get url() {
            return explode()
          },
        },
        request: Object.create({
          get method() {
            return explode()
          },
        }),
      },
      undefined,
    ],
  ]
  it.each(rows)('%s', (_name, members, http) => {
    const { error, plain } = both(Object.assign(new Error('x'), members))
    expect(error['http']).toStrictEqual(http)
    expect(plain['http']).toStrictEqual(http)
    expect(Object.keys(error)).toEqual(http === undefined ? [] : ['http'])
  })

  it('Node: with the request that failed', async () => {
    const request = get({ host: '127.0.0.1', port: 1, path: `/g?odd=${PLANTED}`, headers: { odd: PLANTED } })
    const failed = await new Promise<Error>((resolve) => request.on('error', resolve))
    const { error } = both(Object.assign(failed, { request }))
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      http: { method: 'GET', url: 'http://127.0.0.1/g' },
    })
  })

  it('undici: with the cause of a failed fetch', async () => {
    const failed = await fetch(`http://127.0.0.1:1/?odd=${PLANTED}`, { headers: { odd: PLANTED } }).catch(
      (error) => error,
    )
    expect(both(failed).error).toMatchObject({ name: 'TypeError', cause: expect.any(Error) })
  })
})

describe('a schema library’s error', () => {
  it('zod: paths and codes, no message and no input', () => {
    const schema = z.object({ account: z.object({ token: z.literal('x'), list: z.array(z.number()) }) })
    const input = { account: { token: PLANTED, list: [1, PLANTED] } }
    const safe = schema.safeParse(input, { reportInput: true }).error
    for (const failed of [safe, new Error('x', { cause: safe }).cause]) {
      const { error, plain } = both(failed)
      const issues = [
        { path: ['account', 'token'], code: 'invalid_value' },
        { path: ['account', 'list', 1], code: 'invalid_type' },
      ]
      expect(error).toMatchObject({ name: 'ZodError', message: '2 issues', issues })
      expect(plain).toMatchObject({ name: 'ZodError', message: '2 issues', issues })
      expect(Object.keys(plain).sort()).toEqual(['issues', 'message', 'name', 'stack'])
    }
  })

  it('zod: the message leaves the stack as well', () => {
    let thrown: unknown
    try {
      z.string()
        .refine(() => false, { error: ({ input }) => `no: ${input}\n  at ${input}` })
        .parse(PLANTED)
    } catch (error) {
      thrown = error
    }
    expect(both(thrown).error.stack).toMatch(/^ZodError: 1 issues\n +at .*error\.test\.ts/)
  })

  it('valibot and Standard Schema: a step of a path is a key, or an object that has one', () => {
    const issues = [
      {
        kind: 'validation',
        type: 'email',
        input: PLANTED,
        received: PLANTED,
        message: PLANTED,
        path: [{ type: 'object', key: 'user', value: PLANTED, input: { odd: PLANTED } }, { key: 0 }],
      },
      { message: PLANTED, path: ['a', 1, Symbol('s'), { key: { odd: PLANTED } }] },
      { message: PLANTED },
    ]
    const { error } = both(Object.assign(new Error(`no\n    at ${PLANTED}`), { name: 'ValiError', issues }))
    expect(error).toMatchObject({ name: 'ValiError', message: '3 issues' })
    expect(error['issues']).toStrictEqual([
      { path: ['user', 0], code: 'email' },
      { path: ['a', 1, 'Symbol(s)', null] },
      { path: [] },
    ])
    expect(error.stack).toMatch(/^ValiError: 3 issues\n +at .*error\.test\.ts/)
  })

  it('issues that are no list are data like any other', () => {
    expect(both(Object.assign(new Error('x'), { issues: { n: 1 }, http: 'y' })).plain).toMatchObject({
      message: 'x',
      issues: { n: 1 },
      http: 'y',
    })
  })
})

describe('what is not an error', () => {
  const rows: readonly (readonly [input: unknown, message: string])[] = [
    ['failed', 'failed'],
    [`Bearer ${TOKEN}`, 'Bearer [REDACTED]'],
    [undefined, 'undefined'],
    [null, 'null'],
    [12, '12'],
    [Symbol('s'), 'Symbol(s)'],
    [{ token: PLANTED }, '[object Object]'],
    [new Secret(PLANTED), '[REDACTED]'],
    [{ toString: explode }, '[Unreadable]'],
    [Object.create(null), '[Unreadable]'],
    [new Proxy({}, { getPrototypeOf: explode, get: explode }), '[Unreadable]'],
  ]
  it.each(rows)('becomes one: row %#', (input, message) => {
    const error = redactor.error(input)
    expect(error).toBeInstanceOf(Error)
    expect({ ...error }).toStrictEqual({})
    expect([error.name, error.message, error.stack]).toEqual(['Error', message, `Error: ${message}`])
  })

  it('a revoked Proxy, of an error too', () => {
    for (const target of [{}, new Error(PLANTED)]) {
      const { proxy, revoke } = Proxy.revocable(target, {})
      revoke()
      expect(redactor.error(proxy).message).toBe('[Unreadable]')
    }
    expect(redactor.error(new Proxy(new Error(`x ${TOKEN}`), {})).message).toBe('x EAA[REDACTED]')
  })
})

it('for every input it is an Error, and shows no eight characters of a secret', () => {
  const windows = Array.from({ length: PLANTED.length - 7 }, (_, at) => PLANTED.slice(at, at + 8))
  const members = fc.dictionary(
    fc.constantFrom('config', 'request', 'response', 'token', 'x-api-key', 'options', 'password'),
    fc.constantFrom<unknown>(PLANTED, { odd: PLANTED }, [PLANTED], new Map([['a', PLANTED]]), 5),
  )
  const text = fc.constantFrom('x', TOKEN, `{"token":"${PLANTED}"}`, `https://u:${PLANTED}@example.com/`)
  const error = fc.letrec<{ error: unknown }>((tie) => ({
    error: fc.oneof(
      { maxDepth: 4 },
      fc.record({ text, members }).map((each) => Object.assign(new Error(each.text), each.members)),
      fc.record({ text, cause: tie('error') }).map((each) => new TypeError(each.text, { cause: each.cause })),
      fc
        .record({ text, errors: fc.array(tie('error'), { maxLength: 3 }) })
        .map((each) => new AggregateError(each.errors, each.text)),
      text,
    ),
  })).error
  fc.assert(
    fc.property(fc.oneof(error, fc.anything()), (input) => {
      const redacted = redactor.error(input)
      expect(redacted).toBeInstanceOf(Error)
      const printed = prints(redacted) + JSON.stringify(redactor.value(input))
      expect(windows.filter((each) => printed.includes(each))).toEqual([])
    }),
  )
})

it('of a plain object that was thrown keeps message, name, code and status', () => {
  const thrown = {
    message: 'denied for token=abc123',
    code: '42501',
    status: 403,
    details: 'Bearer abcDEF0123456789',
  }
  const error = createRedactor().error(thrown)
  expect(error).toMatchObject({
    name: 'Error',
    message: 'denied for token=[REDACTED]',
    code: '42501',
    status: 403,
  })
  expect(Object.keys(error)).toEqual(['code', 'status'])
})

it('of an axios error leaves no sign that says there was no answer', () => {
  const thrown = Object.assign(new Error('x'), { isAxiosError: true, response: { status: 400 } })
  const error = createRedactor().error(thrown)
  expect('isAxiosError' in error).toBe(false)
  expect(error).toMatchObject({ http: { status: 400 } })
})
