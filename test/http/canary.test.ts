/** No answer and no event may hold the body, its signature or a secret, whatever goes wrong. */

import { describe, expect, it } from 'vitest'
import { type HttpRequest, processEvents, readBody } from 'waxseal/http'
import { createIdempotency } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { metaHandshake } from 'waxseal/webhooks'
import {
  bytes,
  chunksOf,
  delivery,
  eventOf,
  idempotencyOver,
  newReceiver,
  newWorld,
  type Options,
  pause,
  request,
  SECRET,
  sign,
  storeAway,
  textOf,
  working,
} from './deliveries.js'

const CANARY = 'canary-4915112345678'
const TOKEN = 'canary-verify-token'
const NAME = 'x-hub-signature-256'
const content = [{ id: `${CANARY}-id`, note: CANARY, account: `${CANARY}-account` }]
const { headers, bytes: body } = sign(content)
const signature = String(headers.find(([name]) => name === NAME)?.[1])
const kept = { kind: 'bytes', bytes: body } as const
const thrown = () => {
  throw new Error(`${CANARY} ${SECRET}`)
}
const hang = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
const broken = { [Symbol.asyncIterator]: () => ({ next: async () => thrown() }) }
const handshake = metaHandshake({ verifyTokens: [{ id: 'v', secret: TOKEN }] })
const reached = { consume: () => Promise.reject({ [CANARY]: { msBeforeNext: 1 } }) }
const signed = (parts: Partial<HttpRequest> = {}) => delivery(content, { ip: '::1', ...parts })
const tampered = request({ headers, body: { kind: 'bytes', bytes: bytes(CANARY) }, ip: '::1' })

const cases: readonly [string, HttpRequest, Options, number][] = [
  ['accepts', signed(), {}, 200],
  ['refuses a forgery', tampered, {}, 401],
  ['refuses a doubled signature', signed({ headers: [[NAME, signature]] }), {}, 400],
  ['refuses a malformed signature', request({ headers: [[NAME, CANARY]], body: kept }), {}, 400],
  ['refuses a compressed body', signed({ headers: [['content-encoding', CANARY]] }), {}, 415],
  ['limits', tampered, { limiter: reached }, 429],
  ['finds its limiter down', tampered, { limiter: { consume: async () => thrown() } }, 401],
  ['finds too large a body', signed(), { limit: 1 }, 413],
  ['waits in vain', signed({ body: { kind: 'stream', chunks: hang } }), { bodyWithin: '5ms' }, 408],
  ['is cut off', signed({ body: { kind: 'stream', chunks: broken } }), {}, 400],
  ['finds a parsed body', signed({ body: { kind: 'parsed', value: content } }), {}, 500],
  ['finds no JSON', delivery(bytes(CANARY)), {}, 422],
  ['cannot split', signed(), { events: thrown }, 422],
  ['cannot control', signed(), { control: thrown }, 422],
  ['finds no verifier', signed(), { verifier: () => undefined }, 404],
  ['cannot look up its verifier', signed(), { verifier: thrown }, 503],
  ['has a handler that throws', signed(), { handle: thrown }, 500],
  ['cannot look up the tenant', signed(), { tenant: thrown }, 500],
  ['finds no tenant', signed(), { tenant: () => undefined }, 200],
  ['finds it stale', delivery([{ ...content[0], id: CANARY, occurredAt: 0 }]), {}, 200],
  ['finds its store away', signed(), { idempotency: idempotencyOver(storeAway()) }, 503],
  ['outlasts its answer', signed(), { handle: () => pause(60), budget: '5ms', answerWithin: '20ms' }, 503],
  ['meets another method', signed({ method: 'PUT', target: `/${CANARY}` }), {}, 405],
  [
    'refuses a handshake',
    request({ method: 'GET', target: `/?hub.verify_token=${CANARY}` }),
    { handshake },
    403,
  ],
  ['has a verifier that throws', signed(), { verifier: { ...verifierThatThrows() } }, 500],
]

function verifierThatThrows() {
  return { scheme: {} as never, verify: thrown, safeVerify: thrown }
}

describe('a receiver that', () => {
  it.each(cases)('%s tells nothing of what was sent', async (_how, at, options, status) => {
    const { receiver, observed } = newReceiver(options)
    const response = await receiver.handle(at)
    expect(response.status).toBe(status)
    const told = JSON.stringify([response.headers, textOf(response.body), observed])
    expect(told).not.toMatch(/canary/i)
    for (const secret of [SECRET, TOKEN, signature, signature.slice('sha256='.length)]) {
      expect(told).not.toContain(secret)
    }
  })
})

describe('what lies behind it', () => {
  it('reports and observes codes and the kind of an event, nothing of its contents', async () => {
    const world = newWorld()
    const told: unknown[] = []
    const observe = (event: unknown) => void told.push(event)
    const idempotency = createIdempotency({ store: memoryIdempotencyStore(), observe })
    const events = content.map(eventOf)
    const handle = thrown
    told.push(await processEvents(events, { ...working(world, { handle, idempotency }), observe }))
    told.push(await processEvents(events, { ...working(world, { tenant: thrown }), observe }))
    expect(told.length).toBeGreaterThan(3)
    expect(JSON.stringify(told)).not.toMatch(/canary/i)
  })

  it('throws errors that hold nothing of a body', async () => {
    const bodies = [
      { kind: 'bytes', bytes: body },
      { kind: 'stream', chunks: chunksOf(body) },
      { kind: 'stream', chunks: broken },
      { kind: 'parsed', value: content },
    ] as const
    for (const source of bodies) {
      const error = await readBody(request({ body: source }), { limit: 1, within: '1s' }).catch(
        (reason) => reason,
      )
      const { stack, ...rest } = error
      expect(`${stack} ${JSON.stringify(rest)} ${String(error.cause)}`).not.toMatch(/canary-\d/)
    }
  })
})
