import { describe, expect, it } from 'vitest'
import { webhook } from 'waxseal/express'
import { createReceiver, processEvents, readBody } from 'waxseal/http'
import { createIdempotency } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { eventOf, request, sign, verifier } from './deliveries.js'

const HOUR = 3_600_000

describe('the memory of what ran', () => {
  it('is as long as the age that may still run, whatever the memory of the idempotency is', async () => {
    let clock = Date.UTC(2026, 0, 1)
    const now = () => clock
    const idempotency = createIdempotency({ store: memoryIdempotencyStore({ now }), retain: '24h' })
    let runs = 0
    const deliver = () =>
      processEvents([eventOf({ id: 'a', occurredAt: Date.UTC(2026, 0, 1) })], {
        idempotency,
        tenant: 'acme',
        now,
        handle: () => {
          runs++
        },
      })
    await deliver()
    clock += 25 * HOUR
    expect(await deliver()).toMatchObject({ settled: true, replayed: 1 })
    clock += 145 * HOUR
    expect(await deliver()).toMatchObject({ settled: true, stale: 1 })
    expect(runs).toBe(1)
  })

  it('is one for each namespace, so that two endpoints may take the same body', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const ran: string[] = []
    const endpoint = (namespace?: string) =>
      createReceiver({
        verifier,
        idempotency,
        tenant: 'acme',
        namespace,
        handle: () => void ran.push(namespace ?? 'webhook'),
      })
    const { headers, bytes } = sign('a')
    for (const namespace of ['orders/create', 'orders/paid', 'orders/paid', undefined]) {
      const answer = await endpoint(namespace).handle(request({ headers, body: { kind: 'bytes', bytes } }))
      expect(answer.status).toBe(200)
    }
    expect(ran).toEqual(['orders/create', 'orders/paid', 'webhook'])
    for (const bad of ['', 'x'.repeat(129), ['orders'] as never])
      expect(() => endpoint(bad)).toThrow(/namespace/)
  })

  it('finds an event that is twice in one batch replayed, in whatever lanes the two are', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const twice = ['one', 'two'].map((lane) => eventOf({ id: 'a', lane }))
    const handle = () => new Promise((resolve) => setTimeout(resolve, 20))
    const report = await processEvents(twice, { idempotency, tenant: 'acme', handle })
    expect(report).toMatchObject({ settled: true, ran: 1, replayed: 1, busy: 0 })
  })
})

it('a body in very many chunks is read whole', async () => {
  async function* chunks() {
    for (let i = 0; i < 200_000; i++) yield new Uint8Array([i])
  }
  const body = await readBody(request({ body: { kind: 'stream', chunks: chunks() } }), {
    limit: 200_000,
    within: '30s',
  })
  expect(body).toHaveLength(200_000)
  expect(body[199_999]).toBe(199_999 & 0xff)
})

describe('what is handed to the wrong place', () => {
  it.each([undefined, {}, verifier, null])('is refused when it is mounted: %j', (receiver) => {
    expect(() => webhook(receiver as never)).toThrow('receiver: expected createReceiver')
  })

  it('is named: events that are no array', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const failures: unknown[] = []
    const receiver = createReceiver({
      verifier,
      idempotency,
      tenant: 'acme',
      events: () => ({}) as never,
      handle: () => {},
      onFailure: (error) => failures.push(error),
    })
    const { headers, bytes } = sign('a')
    const answer = await receiver.handle(request({ headers, body: { kind: 'bytes', bytes } }))
    expect(answer.status).toBe(422)
    expect(failures).toEqual([new TypeError('events: expected an array')])
    const job = '[]' as never
    expect(() => processEvents(job, { idempotency, tenant: 'acme', handle: () => {} })).toThrow(
      'events: expected',
    )
  })
})
