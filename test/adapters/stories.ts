/** What every adapter does where one request and one answer are not the whole story. */

import { expect, it } from 'vitest'
import { createReceiver, HttpError, type ProblemOptions } from 'waxseal/http'
import { createIdempotency, parseKeyHeader } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import type { Host, Site } from '../contract/adapter.js'
import { events, gate, type Options, pause, type TestEvent, until, verifier } from '../http/deliveries.js'
import { type Answer, post, send } from './wire.js'

type Listen = (site: Partial<Site>) => Promise<number>

export function describeStories(host: (options?: Options) => Promise<Host>, listen: Listen): void {
  it('3: a client that hangs up in the middle of the body: nothing is written, nothing runs', async () => {
    const written: string[] = []
    const memory = memoryIdempotencyStore()
    const begin: typeof memory.begin = (key, options) => {
      written.push(key)
      return memory.begin(key, options)
    }
    const idempotency = createIdempotency({ store: { ...memory, begin } })
    const { exchange, started, observed } = await host({ idempotency })
    await exchange(post('a', { stopAfter: 5, hangUp: true }))
    await exchange(post('a', { stopAfter: 5, hangUp: true, framing: 'chunked' }))
    await until(() => observed.length === 2)
    const refused = { type: 'delivery_refused', status: 400, code: 'body_aborted' }
    expect(observed).toEqual([refused, refused])
    expect([written, started]).toEqual([[], []])
    // The server is none the worse for it.
    expect(await exchange(post('a'))).toMatchObject({ status: 200 })
  })

  it('3: a client that hangs up while a handler runs: the run ends and is recorded', async () => {
    const held = gate()
    const { exchange, ran, started } = await host({ handle: () => held.opened })
    const delivery = post('a')
    await exchange({ ...delivery, stopAfter: delivery.body?.length ?? 0, hangUp: true })
    await until(() => started.length === 1)
    held.open()
    await until(() => ran.length === 1)
    expect(await exchange(delivery)).toMatchObject({ status: 200 })
    expect(started).toEqual(['a#1'])
  })

  it('3: a body longer than declared is cut off there, and is not what was signed', async () => {
    const { exchange, started } = await host()
    const answer = await exchange(post('a b c', { framing: 5 }))
    // 401 from here, unless the server's own parser was faster with its 400 about the rest.
    expect([400, 401]).toContain(answer?.status)
    expect(started).toEqual([])
  })

  it('9: one delivery twice at once: one run, the other comes again', async () => {
    const held = gate()
    const { exchange, started, ran } = await host({ handle: () => held.opened })
    const first = exchange(post('a'))
    await until(() => started.length === 1)
    const second = await exchange(post('a'))
    expect(second).toMatchObject({ status: 503, text: '' })
    expect(Number(second?.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(second?.headers['retry-after'])).toBeLessThanOrEqual(60)
    held.open()
    expect(await first).toMatchObject({ status: 200 })
    expect(await exchange(post('a'))).toMatchObject({ status: 200 })
    expect(ran).toEqual(['a'])
  })

  it('10: more events in a lane than the budget lasts for: redeliveries end in 200, each ran once', async () => {
    const ids = Array.from({ length: 30 }, (_, at) => `e${at}`)
    const { exchange, started } = await host({ handle: () => pause(20), budget: '150ms' })
    const statuses: (number | undefined)[] = []
    do {
      const answer = await exchange(post(ids.join(' ')))
      statuses.push(answer?.status)
      if (answer?.status === 503) expect(answer.headers['retry-after']).toBe('5')
    } while (statuses.at(-1) === 503)
    expect(statuses.length).toBeGreaterThan(1)
    expect(statuses.at(-1)).toBe(200)
    expect(started).toEqual(ids.map((id) => `${id}#1`))
  })

  it('10: a handler that outlasts the answer: 503, and the redelivery finds it recorded', async () => {
    const held = gate()
    const options: Options = { handle: () => held.opened, budget: '100ms', answerWithin: '300ms' }
    const { exchange, started, ran } = await host(options)
    expect(await exchange(post('a'))).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(await exchange(post('a'))).toMatchObject({ status: 503 })
    held.open()
    await until(() => ran.length === 1)
    expect(await exchange(post('a'))).toMatchObject({ status: 200 })
    expect(started).toEqual(['a#1'])
  })

  it('13: a queue that rejects is 503, and one that has it is 200', async () => {
    let down = true
    const queued: string[] = []
    const enqueue = async (all: readonly TestEvent[]) => {
      if (down) throw new Error('queue full')
      queued.push(...all.map(({ data }) => data.id))
    }
    const port = await listen({ receiver: createReceiver<TestEvent>({ verifier, events, enqueue }) })
    expect(await send(port, post('a b'))).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    down = false
    expect(await send(port, post('a b'))).toMatchObject({ status: 200, text: '' })
    expect(queued).toEqual(['a', 'b'])
  })

  it('14: a run that dies in its handler: the redelivery runs it as attempt 2 once the lease has lapsed', async () => {
    let clock = Date.now()
    const store = memoryIdempotencyStore({ now: () => clock })
    const { exchange, started, ran } = await host({
      // Its heartbeat ends with the timeout, as that of a dead process does.
      idempotency: createIdempotency({ store, lease: '1s', timeout: '50ms' }),
      handle: (_event, { run }) => (run.attempt === 1 ? new Promise(() => {}) : undefined),
      budget: '100ms',
      answerWithin: '300ms',
    })
    expect(await exchange(post('a'))).toMatchObject({ status: 503 })
    expect(await exchange(post('a'))).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    clock += 1001
    expect(await exchange(post('a'))).toMatchObject({ status: 200 })
    expect(started).toEqual(['a#1', 'a#2'])
    expect(ran).toEqual(['a'])
  })

  it('14: a run that dies between its handler and its mark runs again as attempt 2', async () => {
    let clock = Date.now()
    const store = memoryIdempotencyStore({ now: () => clock })
    const dead = async () => new Promise<never>(() => {})
    const dying = { ...store, complete: dead, extend: dead, release: dead }
    const budget = { budget: '100ms', answerWithin: '300ms' } as const
    const first = await host({ ...budget, idempotency: createIdempotency({ store: dying, lease: '1s' }) })
    const second = await host({ ...budget, idempotency: createIdempotency({ store, lease: '1s' }) })
    expect(await first.exchange(post('a'))).toMatchObject({ status: 503 })
    expect(first.ran).toEqual(['a'])
    expect(await second.exchange(post('a'))).toMatchObject({ status: 503 })
    clock += 1001
    expect(await second.exchange(post('a'))).toMatchObject({ status: 200 })
    expect(second.started).toEqual(['a#2'])
  })
}

export function describeProblems(listen: Listen): void {
  const thrown = async (error: unknown, problems: ProblemOptions = {}): Promise<Answer | undefined> =>
    send(await listen({ error, problems }), { method: 'GET', target: '/throws', framing: 'none' })

  const missing = (): unknown => {
    try {
      return parseKeyHeader(undefined)
    } catch (error) {
      return error
    }
  }
  const document =
    '{"type":"urn:waxseal:error:key_header_missing","title":"key header missing","status":400,"code":"key_header_missing"}'
  const asDocument = {
    status: 400,
    text: document,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' },
  }

  it('22: an error of ours is a problem document', async () => {
    expect(await thrown(missing())).toMatchObject(asDocument)
  })

  it('22: an error that is not ours goes on to the application untouched', async () => {
    const error = Object.assign(new Error('the application’s own'), {
      status: 400,
      code: 'key_header_missing',
    })
    expect(await thrown(error)).toMatchObject({ status: 418, text: 'the application’s own' })
  })

  it('22: an envelope is sent in its place, and one that throws is not', async () => {
    const envelope: ProblemOptions['envelope'] = ({ code }, id) => ({ error: code, id })
    const requestId: ProblemOptions['requestId'] = ({ target, method }) => `${method} ${target}`
    expect(await thrown(missing(), { envelope, requestId })).toMatchObject({
      status: 400,
      text: '{"error":"key_header_missing","id":"GET /throws"}',
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    })
    const broken = () => {
      throw new Error('envelope')
    }
    expect(await thrown(missing(), { envelope: broken })).toMatchObject(asDocument)
  })

  it('22: what the error knows about time and credentials becomes headers', async () => {
    const limited = new HttpError('rate_limited', { retryAt: Date.now() + 59_500 })
    const answer = await thrown(limited)
    expect(answer?.status).toBe(429)
    expect(answer?.headers['retry-after']).toMatch(/^(5\d|60)$/)
    const verdict = verifier.safeVerify({
      headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
      body: '{}',
    })
    expect(await thrown(verdict.ok || verdict.error)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="api"' },
    })
  })
}
