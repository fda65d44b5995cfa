import { describe, expect, it, vi } from 'vitest'
import { createReceiver, type HttpRequest, type ReceiverEvent } from 'waxseal/http'
import { createIdempotency } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { createSigner, createVerifier, type Delivery, metaHandshake, slack } from 'waxseal/webhooks'
import {
  bytes,
  delivery,
  events,
  gate,
  idempotencyOver,
  newReceiver,
  type Options,
  request,
  secrets,
  sign,
  storeAway,
  type TestEvent,
  textOf,
  until,
  verifier,
} from './deliveries.js'

const ACCEPTED = { status: 200, headers: {} }
const answered = (status: number, report?: object): ReceiverEvent =>
  ({
    type: 'delivery_answered',
    status,
    scheme: 'meta',
    secretId: 'app',
    durationMs: expect.any(Number),
    ...(report && { report: expect.objectContaining(report) }),
  }) as ReceiverEvent
const refused = (status: number, code: string) => ({ type: 'delivery_refused', status, code })

/** The problem document of a refusal. */
const problem = (status: number, code: string, title: string) =>
  `{"type":"urn:waxseal:error:${code}","title":"${title}","status":${status},"code":"${code}"}`

async function ask(at: HttpRequest, overrides: Options = {}) {
  const { receiver, ...world } = newReceiver(overrides)
  const response = await receiver.handle(at)
  return { ...world, ...response, text: textOf(response.body) }
}

describe('a delivery', () => {
  it('is answered 200 without a body once its events are recorded', async () => {
    const { receiver, ran, observed } = newReceiver()
    expect(await receiver.handle(delivery('a b'))).toEqual(ACCEPTED)
    expect(await receiver.handle(delivery('b c'))).toEqual(ACCEPTED)
    expect(ran).toEqual(['a', 'b', 'c'])
    expect(observed).toEqual([
      answered(200, { ran: 2, replayed: 0 }),
      answered(200, { ran: 1, replayed: 1, settled: true }),
    ])
  })

  it('is answered 500 when a handler failed, and its other events are recorded', async () => {
    const handle = ({ data }: TestEvent) => (data.id === 'b' ? Promise.reject(new Error('b')) : undefined)
    const { status, headers, body, observed, ran } = await ask(delivery('a b c'), { handle })
    expect({ status, headers, body }).toEqual({ status: 500, headers: {}, body: undefined })
    expect(ran).toEqual(['a', 'c'])
    expect(observed).toEqual([
      { type: 'event_failed', kind: 'message' },
      answered(500, { settled: false, failed: 1, ran: 2 }),
    ])
  })

  it('is answered 500 when one event failed and another was left', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const held = gate()
    const holding = newReceiver({ idempotency, handle: () => held.opened })
    const first = holding.receiver.handle(delivery('a'))
    const handle = () => Promise.reject(new Error('b'))
    const { status, headers } = await ask(delivery('a b'), { idempotency, handle })
    expect({ status, headers }).toEqual({ status: 500, headers: {} })
    held.open()
    await first
  })

  it('is answered 503 with the rest of the lease while it runs elsewhere', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore(), lease: '30s' })
    const held = gate()
    const { receiver, ran } = newReceiver({ idempotency, handle: () => held.opened })
    const first = receiver.handle(delivery('a'))
    const second = await receiver.handle(delivery('a'))
    expect(second).toEqual({ status: 503, headers: { 'retry-after': expect.stringMatching(/^(2\d|30)$/) } })
    held.open()
    expect(await first).toEqual(ACCEPTED)
    expect(await receiver.handle(delivery('a'))).toEqual(ACCEPTED)
    expect(ran).toEqual(['a'])
  })

  it('is answered 503 when the store is away, and no handler is called', async () => {
    const { status, headers, started, observed } = await ask(delivery('a'), {
      idempotency: idempotencyOver(storeAway()),
    })
    expect({ status, headers }).toEqual({ status: 503, headers: { 'retry-after': '5' } })
    expect(started).toEqual([])
    expect(observed).toEqual([answered(503, { left: 1 })])
  })

  it('is answered 503 once the time is up, and its run goes on and is recorded', async () => {
    const held = gate()
    const { receiver, ran, observed } = newReceiver({
      handle: () => held.opened,
      budget: '10ms',
      answerWithin: '30ms',
    })
    expect(await receiver.handle(delivery('a'))).toEqual({ status: 503, headers: { 'retry-after': '5' } })
    expect(observed).toEqual([answered(503)])
    expect(observed[0]).not.toHaveProperty('report')
    held.open()
    await until(() => ran.length === 1)
    expect(await receiver.handle(delivery('a'))).toEqual(ACCEPTED)
    expect(ran).toEqual(['a'])
  })

  it('is one event where nobody splits it', async () => {
    const seen: TestEvent[] = []
    const whole = createReceiver({
      verifier,
      tenant: 'org_1',
      idempotency: idempotencyOver(),
      handle: (event) => void seen.push(event as TestEvent),
    })
    const { headers, bytes: body } = sign('a')
    const { value } = verifier.safeVerify({ headers, body }) as { value: Delivery }
    expect(await whole.handle(delivery('a'))).toEqual(ACCEPTED)
    expect(seen).toEqual([
      { kind: 'event', account: 'app', keyParts: value.replayParts(), data: [{ id: 'a' }] },
    ])
    expect(await whole.handle(delivery(bytes('no json')))).toMatchObject({ status: 422 })
  })

  it('carries its signed instant where it has one', async () => {
    const now = () => 1_750_000_000_000
    const { headers, body } = createSigner(slack, { secrets, now }).sign({ body: '{}' })
    const seen: unknown[] = []
    const receiver = createReceiver({
      verifier: createVerifier(slack, { secrets, now }),
      tenant: 'org_1',
      idempotency: idempotencyOver(),
      now,
      handle: ({ occurredAt }) => void seen.push(occurredAt),
    })
    await receiver.handle(request({ headers: Object.entries(headers), body: { kind: 'bytes', bytes: body } }))
    expect(seen).toEqual([1_750_000_000_000])
  })

  it.each([
    ['a ping', [{ id: 'p', kind: 'ping' }]],
    ['nothing', []],
  ])('of %s is answered at once, before any store or tenant is asked', async (_what, sent) => {
    const tenant = vi.fn()
    const { status, observed } = await ask(delivery(sent), {
      tenant,
      idempotency: idempotencyOver(storeAway()),
    })
    expect(status).toBe(200)
    expect(tenant).not.toHaveBeenCalled()
    expect(observed).toEqual([answered(200)])
    expect(observed[0]).not.toHaveProperty('report')
  })

  it('keeps a serverless runtime alive until its runs are done', async () => {
    const held = gate()
    const work: Promise<unknown>[] = []
    const { receiver, ran } = newReceiver({ handle: () => held.opened, budget: '10ms', answerWithin: '30ms' })
    const waitUntil = (promise: Promise<unknown>) => void work.push(promise)
    expect((await receiver.handle(delivery('a', { waitUntil }))).status).toBe(503)
    expect(work).toHaveLength(1)
    held.open()
    await work[0]
    expect(ran).toEqual(['a'])
  })

  it('is none the worse for a runtime that cannot be kept alive', async () => {
    const waitUntil = () => {
      throw new TypeError('Illegal invocation')
    }
    expect(await ask(delivery('a'), {})).toMatchObject({ status: 200, ran: ['a'] })
    expect(await ask(delivery('a', { waitUntil }))).toMatchObject({ status: 200, ran: ['a'] })
  })

  it('goes on when the client hangs up: the signal does not reach the handler', async () => {
    const client = new AbortController()
    const { status, ran } = await ask(delivery('a', { signal: client.signal }), {
      handle: (_event, { run }) => {
        client.abort()
        expect(run.signal.aborted).toBe(false)
      },
    })
    expect(status).toBe(200)
    expect(ran).toEqual(['a'])
  })
})

describe('events', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('a new field')
      },
    ],
    ['returns no array', () => Promise.resolve([]) as unknown as TestEvent[]],
    ['returns what are no events', () => [null] as unknown as TestEvent[]],
  ])('that %s is 422: genuine, so the sender repeats while you deploy', async (_how, split) => {
    const { status, text, started, observed } = await ask(delivery('a'), { events: split })
    expect(status).toBe(422)
    expect(text).toBe(
      problem(422, 'payload_unreadable', 'The signature is right, but the payload could not be read'),
    )
    expect(started).toEqual([])
    expect(observed).toEqual([refused(422, 'payload_unreadable')])
  })

  it.each(['', 'no json', '\uFEFF{', '{"a":'])('that needs JSON is 422 for %o', async (text) => {
    expect((await ask(delivery(bytes(text)))).status).toBe(422)
  })
})

describe('control', () => {
  it('answers a verified control message before anything else looks at it', async () => {
    const split = vi.fn(events)
    const control = ({ scheme }: Delivery) => ({
      status: 200,
      headers: { 'x-scheme': scheme },
      body: 'challenge',
    })
    const { status, headers, text, started, observed } = await ask(delivery('a'), { control, events: split })
    expect({ status, headers, text }).toEqual({
      status: 200,
      headers: { 'x-scheme': 'meta' },
      text: 'challenge',
    })
    expect(split).not.toHaveBeenCalled()
    expect(started).toEqual([])
    expect(observed).toEqual([answered(200)])
  })

  it('passes on what it does not answer', async () => {
    const { status, ran } = await ask(delivery('a'), { control: () => undefined })
    expect([status, ran]).toEqual([200, ['a']])
  })

  it('never sees a delivery that nobody signed', async () => {
    const control = vi.fn()
    await ask(request({ body: { kind: 'bytes', bytes: bytes('{}') } }), { control })
    expect(control).not.toHaveBeenCalled()
  })

  it('that throws is 422', async () => {
    const control = () => {
      throw new Error('control')
    }
    expect((await ask(delivery('a'), { control })).status).toBe(422)
  })
})

describe('onFailure', () => {
  const reason = new Error('mine')
  const fails = () => {
    throw reason
  }
  const cases: readonly [string, Options, number][] = [
    ['events', { events: fails }, 422],
    ['control', { control: fails }, 422],
    ['a verifier lookup', { verifier: fails }, 503],
    ['a verifier', { verifier: { ...verifier, safeVerify: fails } }, 500],
  ]
  it.each(cases)('is told what %s threw, without an event', async (_what, options, status) => {
    const onFailure = vi.fn()
    expect((await ask(delivery('a'), { ...options, onFailure })).status).toBe(status)
    expect(onFailure).toHaveBeenCalledExactlyOnceWith(reason, undefined)
    onFailure.mockImplementation(fails)
    expect((await ask(delivery('a'), { ...options, onFailure })).status).toBe(status)
  })

  it('is told what enqueue threw, without an event', async () => {
    const onFailure = vi.fn()
    const receiver = createReceiver({ verifier, events, enqueue: async () => fails(), onFailure })
    expect((await receiver.handle(delivery('a'))).status).toBe(503)
    expect(onFailure).toHaveBeenCalledExactlyOnceWith(reason, undefined)
  })

  it('is not told of forgeries and other people’s mistakes', async () => {
    const onFailure = vi.fn()
    await ask(request({ body: { kind: 'bytes', bytes: bytes('[]') } }), { onFailure })
    await ask(delivery('a', { method: 'PUT' }), { onFailure })
    await ask(delivery('a'), { onFailure, limit: 1 })
    expect(onFailure).not.toHaveBeenCalled()
  })
})

describe('enqueue', () => {
  const queueing = (enqueue: (events: readonly TestEvent[], delivery: Delivery) => Promise<void>) => {
    const observed: ReceiverEvent[] = []
    const observe = (event: ReceiverEvent) => void observed.push(event)
    return { receiver: createReceiver<TestEvent>({ verifier, events, enqueue, observe }), observed }
  }

  it('is given all the events, and 200 waits for it', async () => {
    const held = gate()
    const enqueue = vi.fn(() => held.opened)
    const { receiver, observed } = queueing(enqueue)
    let answer: unknown
    const answering = receiver.handle(delivery('a b')).then((response) => {
      answer = response
    })
    await until(() => enqueue.mock.calls.length === 1)
    expect(answer).toBeUndefined()
    held.open()
    await answering
    expect(answer).toEqual(ACCEPTED)
    const [queued, of] = enqueue.mock.calls[0] as unknown as [readonly TestEvent[], Delivery]
    expect(queued.map(({ data }) => data.id)).toEqual(['a', 'b'])
    expect(of.secretId).toBe('app')
    expect(JSON.parse(JSON.stringify(queued))).toEqual(queued)
    expect(observed).toEqual([answered(200)])
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('queue full'))],
    [
      'throws',
      () => {
        throw new Error('queue full')
      },
    ],
  ])('that %s is 503', async (_how, enqueue) => {
    const { receiver, observed } = queueing(enqueue)
    expect(await receiver.handle(delivery('a'))).toEqual({ status: 503, headers: { 'retry-after': '5' } })
    expect(observed).toEqual([answered(503)])
  })

  it('is not called for a ping or for nothing', async () => {
    const enqueue = vi.fn(async () => {})
    const { receiver } = queueing(enqueue)
    expect(await receiver.handle(delivery([{ id: 'p', kind: 'ping' }]))).toEqual(ACCEPTED)
    expect(await receiver.handle(delivery([]))).toEqual(ACCEPTED)
    expect(enqueue).not.toHaveBeenCalled()
  })
})

describe('the handshake', () => {
  const handshake = metaHandshake({ verifyTokens: [{ id: 'v', secret: 'a-verify-token-of-ours' }] })
  const query = (token: string) =>
    `/hook?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`
  const ALLOW = { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' }

  it.each(['GET', 'HEAD'])('echoes the challenge to a %s, and reads no body', async (method) => {
    const chunks = { [Symbol.asyncIterator]: vi.fn() }
    const at = request({ method, target: query('a-verify-token-of-ours'), body: { kind: 'stream', chunks } })
    const { status, headers, text, observed } = await ask(at, { handshake })
    expect({ status, headers, text }).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      text: '1158201444',
    })
    expect(chunks[Symbol.asyncIterator]).not.toHaveBeenCalled()
    expect(observed).toEqual([{ type: 'handshake_answered', ok: true }])
  })

  it('refuses a wrong token, and repeats neither token nor challenge', async () => {
    const limiter = { consume: vi.fn() }
    const at = request({ method: 'GET', target: query('a-verify-token-of-others'), ip: '10.0.0.1' })
    const { status, headers, text, observed } = await ask(at, { handshake, limiter })
    expect({ status, headers, text }).toEqual({
      status: 403,
      headers: ALLOW,
      text: problem(403, 'webhook_refused', 'The delivery was refused'),
    })
    expect(observed).toEqual([{ type: 'handshake_answered', ok: false }, refused(403, 'handshake_refused')])
    expect(limiter.consume).not.toHaveBeenCalled()
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'is not there by default: %s is 405 and says what is allowed',
    async (method) => {
      const { status, headers, text, observed } = await ask(delivery('a', { method }))
      expect({ status, headers }).toEqual({ status: 405, headers: { ...ALLOW, allow: 'POST' } })
      expect(text).toBe(problem(405, 'method_not_allowed', 'The method is not allowed here'))
      expect(observed).toEqual([refused(405, 'method_not_allowed')])
    },
  )

  it('is allowed where it is there', async () => {
    const { status, headers } = await ask(delivery('a', { method: 'PUT' }), { handshake })
    expect({ status, headers }).toEqual({ status: 405, headers: { ...ALLOW, allow: 'GET, HEAD, POST' } })
  })
})
