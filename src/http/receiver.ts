import type { IdempotencyStore } from '../idempotency/index.js'
import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import { isIdentity } from '../internal/content-encoding.js'
import type { Duration } from '../internal/duration.js'
import { notify } from '../internal/observe.js'
import {
  type Delivery,
  type Handshake,
  type InboundEvent,
  WebhookError,
  type WebhookVerifier,
} from '../webhooks/index.js'
import { checkLimit, checkWithin, readWithin } from './body.js'
import { HttpError, refused } from './errors.js'
import { consume, type Limiter } from './limiter.js'
import { renderProblem } from './problem.js'
import type { Awaitable, Processing } from './process-events.js'
import type { ReceiverEvent } from './receiver-event.js'
import { type HttpRequest, type HttpResponse, headerOf } from './request.js'
import { ACCEPTED, type Answer, type Enqueueing, settlement } from './settlement.js'
import { LATE, PATIENCE_MS, RETRY_MS, within } from './within.js'

/** What every receiver is made of. */
export interface ReceiverBase<E extends InboundEvent> {
  /**
   * One verifier, or a lookup by request (many customers, many secrets); `undefined` or `null` answers 404, and one that
   * takes over 10 seconds 503. With several customers give every secret an `id` of its own, and find the tenant by
   * `delivery.secretId` (the default event's `account`): a payload says whatever its signer likes.
   */
  readonly verifier:
    | WebhookVerifier
    | ((request: HttpRequest) => Awaitable<WebhookVerifier | null | undefined>)
  /**
   * The events of a delivery. Default: the delivery itself, kind `event`, account `delivery.secretId`, data
   * `delivery.json()`; give your own where bodies are not JSON (`twilio` sends forms).
   */
  readonly events?: ((delivery: Delivery) => readonly E[]) | undefined
  /** Answers a vendor's GET. Default: none, a GET is 405. */
  readonly handshake?: Handshake | undefined
  /** The answer to a verified control message, such as Slack's `url_verification`. Default: none. */
  readonly control?: ((delivery: Delivery) => HttpResponse | undefined) | undefined
  /** Bytes of a body. Default 4194304; Meta sends up to 3 MiB. */
  readonly limit?: number | undefined
  /** How long a body may take. Default `'10s'`. */
  readonly bodyWithin?: Duration | undefined
  /** Consumed by deliveries that do not verify, under `webhook_refused:<ip>`; none without an ip. */
  readonly limiter?: Limiter | undefined
  /**
   * Told of what your own functions threw: `handle` and `tenant` with the event, `events`, `control`, `enqueue` and a
   * verifier lookup without one. What it throws itself changes nothing.
   */
  readonly onFailure?: ((error: unknown, event: E | undefined) => void) | undefined
  /** Told of every answer, without anything secret. */
  readonly observe?: ((event: ReceiverEvent) => void) | undefined
}

/** Options of {@link createReceiver}: either `handle`, or `enqueue` with `processEvents` in a worker. */
export type ReceiverOptions<E extends InboundEvent, S extends IdempotencyStore> = ReceiverBase<E> &
  ((Processing<E, S> & { readonly enqueue?: never }) | Enqueueing<E>)

/** Receives deliveries, whatever the framework: an adapter calls it. */
export interface WebhookReceiver {
  /** The answer to a request. Never rejects. */
  handle(request: HttpRequest): Promise<HttpResponse>
}

/**
 * Makes a receiver: handshake, body, signature, split into events, each run once under a lease, and an answer that tells
 * the sender to stop exactly when nothing is owed.
 *
 * | answer | when |
 * |---|---|
 * | 200 | every event is recorded, was before, or is set aside on purpose (dead, stale, unrouted, `ping`) |
 * | 400, 401, 415, 500 | refused: the status of the `WebhookError`, one body for all |
 * | 404, 405, 408, 413, 429 | no such endpoint, not a POST, too slow, too large, too many refusals |
 * | 422 | genuine, but `events` could not read it: the sender repeats while you deploy |
 * | 500 | a handler or a tenant lookup threw; the events that succeeded are recorded and do not run again |
 * | 503 | something is running elsewhere, was left by the budget, or the store is away; with `Retry-After` |
 *
 * @throws TypeError | RangeError on a bad option, and on both or neither of `handle` and `enqueue`.
 */
export function createReceiver<
  E extends InboundEvent = InboundEvent,
  S extends IdempotencyStore = IdempotencyStore,
>(options: ReceiverOptions<E, S>): WebhookReceiver {
  assertObject(options, 'options')
  const { verifier, handshake, control, limit = 4_194_304, limiter, onFailure, observe } = options
  const events = options.events ?? (wholeDelivery as (delivery: Delivery) => readonly E[])
  if (typeof verifier !== 'function' && typeof verifier?.safeVerify !== 'function') {
    throw new TypeError('verifier: expected createVerifier(…), or a function of the request')
  }
  if (handshake !== undefined && typeof handshake?.answer !== 'function') {
    throw new TypeError('handshake: expected metaHandshake({ … })')
  }
  assertOptionalFunction(options.events, 'events')
  assertOptionalFunction(control, 'control')
  assertOptionalFunction(onFailure, 'onFailure')
  assertOptionalFunction(observe, 'observe')
  if (limiter !== undefined && typeof limiter?.consume !== 'function') {
    throw new TypeError('limiter: expected an object with consume()')
  }
  checkLimit(limit)
  const bodyWithinMs = checkWithin(options.bodyWithin ?? '10s', 'bodyWithin')
  const settle = settlement<E, S>(options)

  async function receive(request: HttpRequest): Promise<HttpResponse> {
    if (request.method === 'GET' || request.method === 'HEAD') return greet(request)
    if (request.method !== 'POST') throw refused('method_not_allowed')

    const startedAt = performance.now()
    const chosen = typeof verifier === 'function' ? await lookUp(verifier, request, onFailure) : verifier
    if (!isIdentity(headerOf(request, 'content-encoding'))) throw new WebhookError('body_encoded')
    const body = await readWithin(request, limit, bodyWithinMs)
    const { headers, target } = request
    const result = chosen.safeVerify({ headers, body, target })
    if (!result.ok) throw result.error

    const delivery = result.value
    const { response, report } = await answer(delivery, request, startedAt)
    notify(observe, {
      type: 'delivery_answered',
      status: response.status,
      scheme: delivery.scheme,
      secretId: delivery.secretId,
      durationMs: performance.now() - startedAt,
      ...(report && { report }),
    })
    return response
  }

  async function answer(delivery: Delivery, request: HttpRequest, startedAt: number): Promise<Answer> {
    let split: readonly E[]
    try {
      const reply = control?.(delivery)
      if (reply !== undefined) return { response: checkedReply(reply) }
      split = events(delivery)
      if (!Array.isArray(split)) throw new TypeError('events: expected an array')
      if (split.every(({ kind }) => kind === 'ping')) return { response: ACCEPTED }
    } catch (error) {
      notify(onFailure, error, undefined)
      throw refused('payload_unreadable')
    }
    return settle(split, delivery, request, startedAt)
  }

  function greet(request: HttpRequest): HttpResponse {
    if (handshake === undefined) throw refused('method_not_allowed')
    const result = handshake.answer(request.target)
    notify(observe, { type: 'handshake_answered', ok: result.ok })
    if (!result.ok) throw result.error
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
    return { status: 200, headers, body: result.value }
  }

  async function refuse(error: WebhookError | HttpError, request: HttpRequest): Promise<HttpResponse> {
    const countsAgainstSender =
      error instanceof WebhookError && error.status < 500 && error.code !== 'handshake_refused'
    const limited =
      limiter === undefined || request.ip === undefined || !countsAgainstSender
        ? undefined
        : await consume(limiter, `webhook_refused:${request.ip}`, () =>
            notify(observe, { type: 'limiter_unavailable' }),
          )
    const told =
      limited ?? (error instanceof HttpError ? error : refused('webhook_refused', { status: error.status }))
    const skewMs = error instanceof WebhookError ? error.skewMs : undefined
    notify(observe, {
      type: 'delivery_refused',
      status: told.status,
      code: limited?.code ?? error.code,
      ...(skewMs !== undefined && { skewMs }),
    })
    const { status, headers, body } = renderProblem(told, request) as HttpResponse
    const allow = handshake === undefined ? 'POST' : 'GET, HEAD, POST'
    // What is left of the body after these is nobody's; the connection cannot be used again.
    const close = told.code === 'body_too_large' || told.code === 'body_timeout'
    return {
      status,
      headers: { ...headers, ...(told.status === 405 && { allow }), ...(close && { connection: 'close' }) },
      body,
    }
  }

  return Object.freeze({
    async handle(request: HttpRequest): Promise<HttpResponse> {
      try {
        return await receive(request)
      } catch (error) {
        if (error instanceof WebhookError || error instanceof HttpError) return refuse(error, request)
        notify(onFailure, error, undefined)
        return { status: 500, headers: {} }
      }
    },
  })
}

async function lookUp(
  verifier: (request: HttpRequest) => Awaitable<WebhookVerifier | null | undefined>,
  request: HttpRequest,
  onFailure: ReceiverBase<never>['onFailure'],
): Promise<WebhookVerifier> {
  let found: WebhookVerifier | null | undefined | typeof LATE = LATE
  try {
    found = await within(verifier(request), PATIENCE_MS)
  } catch (error) {
    notify(onFailure, error, undefined)
  }
  if (found === LATE) throw refused('verifier_unavailable', { retryAt: Date.now() + RETRY_MS })
  if (found === undefined || found === null) throw refused('not_found')
  return found
}

/** JavaScript users return promises and objects as bodies; neither may go out as an answer. */
function checkedReply(reply: HttpResponse): HttpResponse {
  const { status, headers, body } = reply as Partial<HttpResponse>
  const isBody =
    body === undefined ||
    typeof body === 'string' ||
    ArrayBuffer.isView(body) ||
    typeof (body as Partial<ReadableStream> | null)?.getReader === 'function'
  if (typeof status !== 'number' || typeof headers !== 'object' || headers === null || !isBody) {
    throw new TypeError('control: expected { status, headers, body } or undefined, not a promise')
  }
  return reply
}

function wholeDelivery(delivery: Delivery): readonly InboundEvent[] {
  const { secretId, signedAt } = delivery
  return [
    {
      kind: 'event',
      account: secretId,
      keyParts: delivery.replayParts(),
      data: delivery.json(),
      occurredAt: signedAt,
    },
  ]
}
