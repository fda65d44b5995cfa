import {
  deriveKey,
  type Idempotency,
  type IdempotencyStore,
  type Keyed,
  type ManyPlan,
  type ManyResult,
  type Run,
} from '../idempotency/index.js'
import { assertInteger, assertOptionalFunction } from '../internal/assert.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import { notify } from '../internal/observe.js'
import type { InboundEvent } from '../webhooks/index.js'
import type { EventsReport } from './events-report.js'
import type { ReceiverEvent } from './receiver-event.js'
import { NAMESPACE, type Routed, routeEvents } from './route-events.js'
import { RETRY_MS } from './within.js'

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** How the events of a delivery are routed, deduplicated and run. */
export interface Processing<E extends InboundEvent, S extends IdempotencyStore> {
  /** Remembers which events ran. */
  readonly idempotency: Idempotency<S>
  /**
   * Whose event it is. `undefined`, `null`, or an error with code `unrouted`: nobody's, and it is settled without a run.
   * Where customers have secrets of their own, go by what the secret's id says, not by the payload: its signer wrote it.
   */
  readonly tenant: string | ((event: E) => Awaitable<string | null | undefined>)
  /** Runs once per event under a lease; may run again after a crash. */
  readonly handle: (event: E, context: { readonly tenant: string; readonly run: Run<S> }) => unknown
  /**
   * Sets the keys of this endpoint apart from others of the same tenant, 1–128 bytes. Default `'webhook'`. One each,
   * where what happened is told by the endpoint and not by the body: Shopify's topics.
   */
  readonly namespace?: string | undefined
  /**
   * Memory of events without a `retain` of their own, whatever that of `idempotency` is, and the greatest age that is
   * run. Default `'169h'`.
   */
  readonly retain?: Duration | undefined
  /** Keys that a reader of the store cannot enumerate; as in `deriveKey`. Default: none. */
  readonly keyed?: Keyed | undefined
  /** Lanes at a time, 1–64. Default 8. */
  readonly concurrency?: number | undefined
  /** No event starts later. Default `'15s'`. */
  readonly budget?: Duration | undefined
  /**
   * The receiver's answer is 503 after this, while the runs go on under their leases. Longer than `budget`. Default
   * `'25s'`.
   */
  readonly answerWithin?: Duration | undefined
  /** Told of what a handler or a tenant lookup threw; what it throws itself changes nothing. */
  readonly onFailure?: ((error: unknown, event: E | undefined) => void) | undefined
  /** Clock in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Told of events that failed, were stale or nobody's. */
  readonly observe?: ((event: ReceiverEvent) => void) | undefined
}

type Fate = Exclude<keyof EventsReport, 'settled' | 'retryAt'>

/**
 * Routes, deduplicates and runs the events of a delivery: the part of the receiver behind its queue. Never rejects for
 * what a lookup, a handler or the store does.
 *
 * @throws TypeError | RangeError on a bad option, before anything runs.
 */
export function processEvents<E extends InboundEvent, S extends IdempotencyStore>(
  events: readonly E[],
  options: Processing<E, S>,
): Promise<EventsReport> {
  if (!Array.isArray(events)) throw new TypeError('events: expected an array')
  checkProcessing(options)
  return runEvents(events, options)
}

/** @internal */
export function checkProcessing<E extends InboundEvent, S extends IdempotencyStore>(
  options: Processing<E, S>,
): void {
  const { idempotency, tenant, handle, retain, concurrency, budget = '15s' } = options
  if (typeof idempotency?.many !== 'function')
    throw new TypeError('idempotency: expected createIdempotency({ … })')
  if (typeof tenant !== 'function' && typeof tenant !== 'string') {
    throw new TypeError('tenant: expected text, or a function of the event')
  }
  // A key now, so that what no event could have a key with is refused here and not at the first one.
  const { namespace = NAMESPACE, keyed } = options
  deriveKey({ tenant: typeof tenant === 'string' ? tenant : 'any', namespace, parts: ['any'], keyed })
  if (typeof handle !== 'function') throw new TypeError('handle: expected a function')
  if (retain !== undefined) milliseconds(retain, 'retain', '1s')
  if (concurrency !== undefined) assertInteger(concurrency, 'concurrency', 1, 64)
  milliseconds(budget, 'budget', '1ms', '24d')
  assertOptionalFunction(options.onFailure, 'onFailure')
  assertOptionalFunction(options.now, 'now')
  assertOptionalFunction(options.observe, 'observe')
}

/** @internal */
export async function runEvents<E extends InboundEvent, S extends IdempotencyStore>(
  events: readonly E[],
  options: Processing<E, S>,
): Promise<EventsReport> {
  const { idempotency, handle, concurrency = 8, budget = '15s', observe } = options
  const endsAt = performance.now() + milliseconds(budget, 'budget')
  const counts: Record<Fate, number> = {
    ran: 0,
    replayed: 0,
    busy: 0,
    dead: 0,
    failed: 0,
    left: 0,
    stale: 0,
    unrouted: 0,
  }
  let waitMs = 0

  const fail = (event: E, error: unknown): void => {
    counts.failed++
    notify(observe, { type: 'event_failed', kind: event.kind })
    notify(options.onFailure, error, event)
  }

  const routed: Routed<E>[] = []
  for (const route of await routeEvents(events.filter(isNoPing), options, concurrency)) {
    if ('key' in route) {
      routed.push(route)
    } else if ('error' in route) {
      fail(route.event, route.error)
    } else {
      counts[route.settled]++
      notify(observe, { type: `event_${route.settled}`, kind: route.event.kind })
    }
  }

  // An event that is there twice waits for itself, wherever it stands: in two lanes one would find the other busy.
  const lanes = new Map<string, string>()
  for (const { key, lane } of routed) if (!lanes.has(key)) lanes.set(key, lane)

  // What a handler threw is its own failure, whatever it looks like; only the rest can be the store's.
  const threw = new Set<Routed<E>>()
  const plan: ManyPlan<S, Routed<E>, void> = {
    key: ({ key }) => key,
    lane: ({ key, lane }) => lanes.get(key) ?? lane,
    retain: ({ retain }) => retain,
    handle: async (of, run) => {
      try {
        await handle(of.event, { tenant: of.tenant, run })
      } catch (error) {
        threw.add(of)
        throw error
      }
    },
    concurrency,
  }
  const leftMs = Math.ceil(endsAt - performance.now())
  const results: readonly ManyResult<Routed<E>, void>[] =
    leftMs < 1
      ? routed.map((event) => ({ event, skipped: true }))
      : (await idempotency.many(routed, { ...plan, budget: `${leftMs}ms` })).results
  for (const of of results) {
    const fate = threw.has(of.event) ? 'failed' : fateOf(of)
    if (fate === 'failed') fail(of.event.event, 'error' in of ? of.error : undefined)
    else counts[fate]++
    if (fate === 'left') waitMs = Math.max(waitMs, RETRY_MS)
    if ('result' in of && of.result.outcome === 'busy') waitMs = Math.max(waitMs, of.result.retryAfterMs)
  }

  const settled = counts.failed + counts.busy + counts.left === 0
  return { settled, ...counts, ...(waitMs > 0 && { retryAt: Date.now() + waitMs }) }
}

const isNoPing = (event: InboundEvent): boolean => event.kind !== 'ping'

function fateOf<E>(of: ManyResult<E, unknown>): Fate {
  if ('skipped' in of) return 'left'
  if ('error' in of) {
    const code = (of.error as { readonly code?: unknown } | null | undefined)?.code
    return code === 'store_unavailable' ? 'left' : 'failed'
  }
  const { result } = of
  if (result.outcome === 'ran') return result.settled ? 'ran' : 'failed'
  return result.outcome === 'mismatch' ? 'replayed' : result.outcome
}
