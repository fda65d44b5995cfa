import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReceiver } from 'waxseal/http'
import type { WebhookVerifier } from 'waxseal/webhooks'
import { request, sign, verifier } from './deliveries.js'

const never = () => new Promise<never>(() => {})

function delivery(forged = false) {
  const { headers, bytes } = sign('a')
  const body = forged ? new TextEncoder().encode('[]') : bytes
  return request({ headers, body: { kind: 'bytes', bytes: body }, ip: '203.0.113.7' })
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what never answers holds a request up for ten seconds', () => {
  it('a queue: then the sender comes again', async () => {
    const answer = createReceiver({ verifier, enqueue: never }).handle(delivery())
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
  })

  it('a limiter: then the refusal goes out, and the limiter is reported', async () => {
    const seen: string[] = []
    const limiter = { consume: never }
    const observe = ({ type }: { type: string }) => seen.push(type)
    const answer = createReceiver({ verifier, enqueue: async () => {}, limiter, observe }).handle(
      delivery(true),
    )
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toMatchObject({ status: 401 })
    expect(seen).toEqual(['limiter_unavailable', 'delivery_refused'])
  })

  it('a lookup of the verifier: then it is unavailable', async () => {
    const lookup = never as () => Promise<WebhookVerifier>
    const answer = createReceiver({ verifier: lookup, enqueue: async () => {} }).handle(delivery())
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
  })
})

it.each([
  [Number.POSITIVE_INFINITY, '86400'],
  [-5, '1'],
])('a limiter that asks to wait %d ms gets a number into Retry-After', async (msBeforeNext, seconds) => {
  const limiter = { consume: () => Promise.reject({ msBeforeNext }) }
  const answer = await createReceiver({ verifier, enqueue: async () => {}, limiter }).handle(delivery(true))
  expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': seconds } })
})
