/** What happens to verified events: they are run here and now, or written down for a worker. */

import type { IdempotencyStore } from '../idempotency/index.js'
import { milliseconds } from '../internal/duration.js'
import { notify } from '../internal/observe.js'
import type { Delivery, InboundEvent } from '../webhooks/index.js'
import type { EventsReport } from './events-report.js'
import { retryAfter } from './problem.js'
import { checkProcessing, type Processing, runEvents } from './process-events.js'
import type { HttpRequest, HttpResponse } from './request.js'
import { LATE, PATIENCE_MS, RETRY_MS, within } from './within.js'

export interface Answer {
  readonly response: HttpResponse
  readonly report?: EventsReport
}

/** @param startedAt of the request, on the monotonic clock */
export type Settle<E> = (
  events: readonly E[],
  delivery: Delivery,
  request: HttpRequest,
  startedAt: number,
) => Promise<Answer>

/** Instead of `handle`: a queue takes the events, and `processEvents` runs them in a worker. */
export interface Enqueueing<E extends InboundEvent> {
  /**
   * One durable write of the verified events, which are plain JSON. Resolved: 200; rejected, or not settled within 10
   * seconds: 503.
   */
  readonly enqueue: (events: readonly E[], delivery: Delivery) => Promise<void>
  /** Not together with `enqueue`. */
  readonly handle?: never
}

export const ACCEPTED: HttpResponse = /* @__PURE__ */ Object.freeze({
  status: 200,
  headers: /* @__PURE__ */ Object.freeze({}),
})

/** @throws TypeError | RangeError on a bad option, and on both or neither of `handle` and `enqueue` */
export function settlement<E extends InboundEvent, S extends IdempotencyStore>(
  options: Processing<E, S> | Enqueueing<E>,
): Settle<E> {
  const { handle, enqueue } = options as Partial<Processing<E, S> & Enqueueing<E>>
  if ((handle === undefined) === (enqueue === undefined)) {
    throw new TypeError('handle: expected either handle or enqueue')
  }
  return enqueue === undefined ? running(options as Processing<E, S>) : enqueueing(options as Enqueueing<E>)
}

function enqueueing<E extends InboundEvent>({
  enqueue,
  onFailure,
}: Enqueueing<E> & Pick<Processing<E, IdempotencyStore>, 'onFailure'>): Settle<E> {
  if (typeof enqueue !== 'function') throw new TypeError('enqueue: expected a function')
  return async (events, delivery) => {
    try {
      const stored = await within(enqueue(events, delivery), PATIENCE_MS)
      return { response: stored === LATE ? unavailable(Date.now() + RETRY_MS) : ACCEPTED }
    } catch (error) {
      notify(onFailure, error, undefined)
      return { response: unavailable(Date.now() + RETRY_MS) }
    }
  }
}

function running<E extends InboundEvent, S extends IdempotencyStore>(options: Processing<E, S>): Settle<E> {
  checkProcessing(options)
  // Timers count up to 2^31 - 1 milliseconds, which is 24.8 days.
  const answerWithinMs = milliseconds(options.answerWithin ?? '25s', 'answerWithin', '1ms', '24d')
  if (answerWithinMs <= milliseconds(options.budget ?? '15s', 'budget')) {
    throw new RangeError('answerWithin: expected more than budget')
  }
  return async (events, _delivery, request, startedAt) => {
    const work = runEvents(events, options)
    keepAlive(request, work)
    const report = await within(work, startedAt + answerWithinMs - performance.now())
    if (report === LATE) return { response: unavailable(Date.now() + RETRY_MS) }
    if (report.failed > 0) return { response: { status: 500, headers: {} }, report }
    return { response: report.settled ? ACCEPTED : unavailable(report.retryAt ?? Date.now()), report }
  }
}

/** Without it the runs go on as long as the process does: no reason to change the answer. */
function keepAlive(request: HttpRequest, work: Promise<unknown>): void {
  try {
    request.waitUntil?.(work)
  } catch {
    // The platform's own affair.
  }
}

function unavailable(retryAt: number): HttpResponse {
  return { status: 503, headers: { 'retry-after': retryAfter(retryAt) } }
}
