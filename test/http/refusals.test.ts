import { describe, expect, it, vi } from 'vitest'
import { createReceiver, type HttpRequest, type ReceiverEvent } from 'waxseal/http'
import { createSigner, createVerifier, meta, standardWebhooks, twilio } from 'waxseal/webhooks'
import {
  bytes,
  chunksOf,
  delivery,
  idempotencyOver,
  newReceiver,
  newWorld,
  type Options,
  request,
  SECRET,
  sign,
  textOf,
  verifier,
  working,
} from './deliveries.js'

const refused = (status: number, code: string) => ({ type: 'delivery_refused', status, code })
const SIGNATURE = 'x-hub-signature-256'
const NO_SIGNATURE = `sha256=${'0'.repeat(64)}`

async function ask(at: HttpRequest, overrides: Options = {}) {
  const { receiver, ...world } = newReceiver(overrides)
  const response = await receiver.handle(at)
  return { ...world, ...response, text: textOf(response.body) }
}

const body = { kind: 'bytes', bytes: sign('a').bytes } as const
const forged = (parts: Partial<HttpRequest> = {}) =>
  request({ body, headers: [[SIGNATURE, NO_SIGNATURE]], ...parts })

describe('a delivery that is not genuine', () => {
  const cases: readonly [string, HttpRequest, number, string][] = [
    ['carries no signature', request({ body }), 400, 'missing_header'],
    ['carries two', delivery('a', { headers: [[SIGNATURE, NO_SIGNATURE]] }), 400, 'duplicate_header'],
    [
      'carries none that could be one',
      forged({ headers: [[SIGNATURE, 'sha256=x']] }),
      400,
      'malformed_signature',
    ],
    ['carries a wrong one', forged(), 401, 'signature_mismatch'],
    [
      'was changed',
      delivery('a', { body: { kind: 'bytes', bytes: bytes('[]') } }),
      401,
      'signature_mismatch',
    ],
    ['has no body left', delivery('a', { body: { kind: 'none' } }), 401, 'signature_mismatch'],
    ['was compressed', delivery('a', { headers: [['content-encoding', 'gzip']] }), 415, 'body_encoded'],
    [
      'was compressed twice',
      delivery('a', { headers: [['content-encoding', 'gzip, br']] }),
      415,
      'body_encoded',
    ],
  ]

  it.each(cases)(
    'because it %s is refused, and the true code is observed',
    async (_why, at, status, code) => {
      const told = await ask(at)
      expect(told.status).toBe(status)
      expect(told.observed).toEqual([refused(status, code)])
      expect(told.started).toEqual([])
    },
  )

  it('is told one and the same, but for the status', async () => {
    for (const [, at, status] of cases) {
      const { text, headers } = await ask(at)
      expect(text).toBe(
        `{"type":"urn:waxseal:error:webhook_refused","title":"The delivery was refused","status":${status},"code":"webhook_refused"}`,
      )
      expect(headers).toEqual({
        'content-type': 'application/problem+json; charset=utf-8',
        'cache-control': 'no-store',
        ...(status === 401 && { 'www-authenticate': 'Bearer realm="api"' }),
      })
    }
  })

  it('is refused where it is stale, as genuine as it may be', async () => {
    const key = [{ id: 'k', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }]
    const signedAt = Date.now() - 301_000
    const { headers, body: signed } = createSigner(standardWebhooks, { secrets: key }).sign({
      body: '[]',
      signedAt,
    })
    const observed: ReceiverEvent[] = []
    const receiver = createReceiver({
      ...working(newWorld()),
      verifier: createVerifier(standardWebhooks, { secrets: key }),
      observe: (event) => void observed.push(event),
    })
    const at = request({ headers: Object.entries(headers), body: { kind: 'bytes', bytes: signed } })
    expect((await receiver.handle(at)).status).toBe(401)
    expect(observed).toEqual([{ ...refused(401, 'timestamp_too_old'), skewMs: expect.any(Number) }])
  })

  it.each(['identity', 'Identity', ' identity '])(
    'is not one for a content-encoding of "%s"',
    async (encoding) => {
      expect((await ask(delivery('a', { headers: [['content-encoding', encoding]] }))).status).toBe(200)
    },
  )

  it('is our own mistake where no secret is live any more', async () => {
    const retired = createVerifier(meta, { secrets: [{ id: 'old', secret: SECRET, notAfterAt: 0 }] })
    const { status, text, observed } = await ask(delivery('a'), { verifier: retired })
    expect(status).toBe(500)
    expect(text).toContain('"code":"webhook_refused"')
    expect(observed).toEqual([refused(500, 'no_active_secret')])
  })

  it('is verified against the target as it was received', async () => {
    const token = [{ id: 't', secret: 'f'.repeat(32) }]
    const url = 'https://example.com/hook?account=1'
    const { headers } = createSigner(twilio, { secrets: token }).sign({ body: '', url })
    const parts = { verifier: createVerifier(twilio, { secrets: token, publicUrl: 'https://example.com' }) }
    const at = (target: string) => request({ target, headers: Object.entries(headers) })
    expect((await ask(at('/hook?account=1'), { ...parts, events: () => [] })).status).toBe(200)
    expect((await ask(at('/hook?account=2'), { ...parts, events: () => [] })).status).toBe(401)
  })
})

describe('a body', () => {
  const { headers, bytes: sent } = sign('a b c')
  const stream = (...parts: readonly Uint8Array[]) =>
    ({ kind: 'stream', chunks: chunksOf(...parts) }) as const

  it('is taken up to the limit', async () => {
    const at = request({ headers, body: stream(sent.subarray(0, 5), sent.subarray(5)) })
    expect((await ask(at, { limit: sent.length })).status).toBe(200)
  })

  it.each([
    ['declared', [...headers, ['content-length', String(sent.length)]]],
    ['under a length that lies', [...headers, ['content-length', '1']]],
    ['of unknown length', headers],
  ] as const)('beyond it, %s, is 413 and the end of the connection', async (_how, sentHeaders) => {
    const at = request({ headers: sentHeaders, body: stream(sent) })
    const { status, headers: told, text, observed, started } = await ask(at, { limit: sent.length - 1 })
    expect(status).toBe(413)
    expect(told).toMatchObject({ connection: 'close' })
    expect(text).toContain('"code":"body_too_large"')
    expect(observed).toEqual([refused(413, 'body_too_large')])
    expect(started).toEqual([])
  })

  it('that does not arrive in time is 408 and the end of the connection', async () => {
    const chunks = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const at = request({ headers, body: { kind: 'stream', chunks } })
    const { status, headers: told, observed } = await ask(at, { bodyWithin: '20ms' })
    expect(status).toBe(408)
    expect(told).toMatchObject({ connection: 'close' })
    expect(observed).toEqual([refused(408, 'body_timeout')])
  })

  it('whose sender went away is 400, which nobody reads', async () => {
    const at = request({ headers, body: stream(sent), signal: AbortSignal.abort() })
    const { status, headers: told, observed, started } = await ask(at)
    expect(status).toBe(400)
    expect(told).not.toHaveProperty('connection')
    expect(observed).toEqual([refused(400, 'body_aborted')])
    expect(started).toEqual([])
  })

  it('that a parser ate is 500 and says what to do', async () => {
    const { status, text, observed } = await ask(request({ headers, body: { kind: 'parsed', value: [] } }))
    expect(status).toBe(500)
    expect(text).toContain('keepRawBody')
    expect(text).toContain('"code":"body_not_raw"')
    expect(observed).toEqual([refused(500, 'body_not_raw')])
  })
})

describe('a verifier by function', () => {
  it('is looked up by the request', async () => {
    const lookup = vi.fn(async ({ target }: HttpRequest) => (target === '/hook/1' ? verifier : undefined))
    expect((await ask(delivery('a', { target: '/hook/1' }), { verifier: lookup })).status).toBe(200)
    const { status, text, observed } = await ask(delivery('a', { target: '/hook/2' }), { verifier: lookup })
    expect(status).toBe(404)
    expect(text).toContain('"code":"not_found"')
    expect(observed).toEqual([refused(404, 'not_found')])
    expect(lookup).toHaveBeenCalledTimes(2)
  })

  it('may answer at once', async () => {
    expect((await ask(delivery('a'), { verifier: () => verifier })).status).toBe(200)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('no database'))],
    [
      'throws',
      () => {
        throw new Error('no database')
      },
    ],
  ])('that %s is 503, with the time to come again, and no body is read', async (_how, lookup) => {
    const open = vi.fn()
    const at = delivery('a', { body: { kind: 'stream', chunks: { [Symbol.asyncIterator]: open } } })
    const { status, headers, text, observed } = await ask(at, { verifier: lookup })
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('5')
    expect(text).toContain('"code":"verifier_unavailable"')
    expect(text).not.toContain('database')
    expect(observed).toEqual([refused(503, 'verifier_unavailable')])
    expect(open).not.toHaveBeenCalled()
  })

  it('is not asked for a handshake or a wrong method', async () => {
    const lookup = vi.fn()
    await ask(request({ method: 'GET' }), { verifier: lookup })
    await ask(request({ method: 'PUT' }), { verifier: lookup })
    expect(lookup).not.toHaveBeenCalled()
  })

  it('that breaks its own promise is 500 and not an exception', async () => {
    const broken = {
      ...verifier,
      safeVerify: () => {
        throw new Error('not ours')
      },
    }
    expect(await ask(delivery('a'), { verifier: broken })).toMatchObject({
      status: 500,
      headers: {},
      text: '',
    })
  })
})

describe('the limiter', () => {
  const ip = '203.0.113.7'
  const rejecting = (reason: unknown) => ({ consume: vi.fn(() => Promise.reject(reason)) })

  it('is consumed by refused deliveries only, under the address', async () => {
    const limiter = { consume: vi.fn(async () => ({})) }
    expect((await ask(delivery('a', { ip }), { limiter })).status).toBe(200)
    expect(limiter.consume).not.toHaveBeenCalled()
    expect((await ask(forged({ ip }), { limiter })).status).toBe(401)
    expect(limiter.consume).toHaveBeenCalledExactlyOnceWith(`webhook_refused:${ip}`)
  })

  it('is left alone where there is no address, and by what is our own mistake or no refusal', async () => {
    const limiter = { consume: vi.fn(async () => ({})) }
    const gone = createVerifier(meta, { secrets: [{ id: 'old', secret: SECRET, notAfterAt: 0 }] })
    await ask(forged(), { limiter })
    await ask(delivery('a', { ip }), { limiter, verifier: gone })
    await ask(delivery('a', { ip }), { limiter, verifier: () => undefined })
    await ask(delivery('a', { ip }), { limiter, limit: 1 })
    await ask(delivery(bytes('no json'), { ip }), { limiter })
    await ask(forged({ ip, method: 'PUT' }), { limiter })
    expect(limiter.consume).not.toHaveBeenCalled()
  })

  it.each([
    ['an answer', { msBeforeNext: 1500 }, '2'],
    ['the longest of several', { a: { msBeforeNext: 10 }, b: { msBeforeNext: 4001 }, c: undefined }, '5'],
    ['nothing to wait for', { msBeforeNext: 0 }, '1'],
  ])('refuses with %s', async (_what, reason, seconds) => {
    const { status, headers, text, observed } = await ask(forged({ ip }), { limiter: rejecting(reason) })
    expect(status).toBe(429)
    expect(headers['retry-after']).toBe(seconds)
    expect(text).toContain('"code":"rate_limited"')
    expect(observed).toEqual([refused(429, 'rate_limited')])
  })

  it.each([
    ['an Error', new Error('redis is away')],
    ['an Error that looks like an answer', Object.assign(new Error('x'), { msBeforeNext: 9 })],
    ['nothing', undefined],
    ['something else', { code: 7 }],
  ])('that rejects with %s is down: the refusal stands', async (_what, reason) => {
    const { status, observed } = await ask(forged({ ip }), { limiter: rejecting(reason) })
    expect(status).toBe(401)
    expect(observed).toEqual([{ type: 'limiter_unavailable' }, refused(401, 'signature_mismatch')])
  })

  it('that throws at once is down as well', async () => {
    const consume = () => {
      throw new Error('not connected')
    }
    expect((await ask(forged({ ip }), { limiter: { consume } })).status).toBe(401)
  })

  it('keeps its own this', async () => {
    const limiter = {
      keys: [] as string[],
      async consume(key: string) {
        this.keys.push(key)
      },
    }
    await ask(forged({ ip }), { limiter })
    expect(limiter.keys).toEqual([`webhook_refused:${ip}`])
  })
})

describe('an observer', () => {
  const throws = () => {
    throw new Error('observer')
  }
  it.each([
    ['throws', throws],
    ['rejects', async () => throws()],
  ])('that %s changes nothing', async (_how, observe) => {
    const overrides = { observe, onFailure: observe } as Options
    const handle = () => Promise.reject(new Error('a'))
    const statuses = [
      await ask(delivery('a'), overrides),
      await ask(delivery('a'), { ...overrides, handle }),
      await ask(forged(), overrides),
      await ask(request({ method: 'GET' }), overrides),
      await ask(forged({ ip: '::1' }), {
        ...overrides,
        limiter: { consume: () => Promise.reject(new Error('x')) },
      }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 500, 401, 405, 401])
  })
})

describe('creation', () => {
  const base = working(newWorld())
  const enqueue = async () => {}
  const cases: readonly [Record<string, unknown>, typeof TypeError, string][] = [
    [{ handle: undefined }, TypeError, 'handle'],
    [{ enqueue }, TypeError, 'handle'],
    [{ handle: undefined, enqueue: 'queue' }, TypeError, 'enqueue'],
    [{ verifier: undefined }, TypeError, 'verifier'],
    [{ verifier: {} }, TypeError, 'verifier'],
    [{ events: 'messages' }, TypeError, 'events'],
    [{ control: true }, TypeError, 'control'],
    [{ handshake: 'token' }, TypeError, 'handshake'],
    [{ handshake: null }, TypeError, 'handshake'],
    [{ limiter: {} }, TypeError, 'limiter'],
    [{ limiter: null }, TypeError, 'limiter'],
    [{ observe: 'log' }, TypeError, 'observe'],
    [{ limit: '4mb' }, TypeError, 'limit'],
    [{ limit: 0 }, RangeError, 'limit'],
    [{ limit: 1.5 }, RangeError, 'limit'],
    [{ limit: Number.NaN }, RangeError, 'limit'],
    [{ limit: Number.POSITIVE_INFINITY }, RangeError, 'limit'],
    [{ bodyWithin: 10 }, TypeError, 'bodyWithin'],
    [{ bodyWithin: '0s' }, RangeError, 'bodyWithin'],
    [{ bodyWithin: '2h' }, RangeError, 'bodyWithin'],
    [{ budget: '10s', answerWithin: '10s' }, RangeError, 'answerWithin'],
    [{ budget: '25s' }, RangeError, 'answerWithin'],
    [{ answerWithin: '15s' }, RangeError, 'answerWithin'],
    [{ answerWithin: 25 }, TypeError, 'answerWithin'],
    // Beyond 24.8 days a timer fires at once.
    [{ answerWithin: '25d' }, RangeError, 'answerWithin'],
    [{ onFailure: 'log' }, TypeError, 'onFailure'],
    [{ handle: undefined, enqueue, onFailure: 'log' }, TypeError, 'onFailure'],
    [{ tenant: undefined }, TypeError, 'tenant'],
    [{ idempotency: undefined }, TypeError, 'idempotency'],
  ]
  it.each(cases)('refuses %o', (flaw, kind, option) => {
    const create = () => createReceiver({ ...base, ...flaw } as unknown as typeof base)
    expect(create).toThrow(kind)
    expect(create).toThrow(`${option}: `)
  })

  it.each([undefined, null, 'receiver'])('refuses %o for options', (options) => {
    expect(() => createReceiver(options as unknown as typeof base)).toThrow(TypeError)
  })

  it('gives a frozen object, and takes what it was given unchanged', () => {
    const options = Object.freeze({ ...base, idempotency: idempotencyOver() })
    expect(Object.isFrozen(createReceiver(options))).toBe(true)
  })
})
