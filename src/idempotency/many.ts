import { assertInteger, assertObject, assertOptionalFunction } from '../internal/assert.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import type { IdempotencyKey } from './key.js'
import type { Once, Outcome } from './once.js'
import type { Run } from './run.js'
import type { IdempotencyStore } from './store.js'

/** How a batch is run. What `key`, `lane` or `retain` throws is that event's `error`. */
export interface ManyPlan<S extends IdempotencyStore, E, T> {
  /** Called once per event, right before it is claimed. */
  readonly key: (event: E) => IdempotencyKey
  /** Runs once per event, under its lease. */
  readonly handle: (event: E, run: Run<S>) => T | Promise<T>
  /** Events of one lane run in order, one at a time. Default: all are of one lane. */
  readonly lane?: ((event: E) => string) | undefined
  /** Memory of the event's key once done, from '1s'; `undefined`: the factory's. */
  readonly retain?: ((event: E) => Duration | undefined) | undefined
  /** Lanes at a time, 1 to 64; default 8. */
  readonly concurrency?: number | undefined
  /** No event starts after it; the rest is for the redelivery. Default: none. */
  readonly budget?: Duration | undefined
}

/** Of one event: what `once` came to, what it threw, or that it was not started within the budget. */
export type ManyResult<E, T> =
  | { readonly event: E; readonly result: Outcome<T> }
  | { readonly event: E; readonly error: unknown }
  | { readonly event: E; readonly skipped: true }

/** `results` in the order of the events; `settled` when every one of them is. */
export interface ManyReport<E, T> {
  /** One per event, in the order of the events. */
  readonly results: readonly ManyResult<E, T>[]
  /** Nothing is owed: the sender may be told that it is finished. */
  readonly settled: boolean
}

/** `Idempotency.many`: a batch event by event, so that no lease ages in a queue. */
export type Many<S extends IdempotencyStore> = <E, T>(
  events: Iterable<E>,
  plan: ManyPlan<S, E, T>,
) => Promise<ManyReport<E, T>>

/** @internal */
export function createMany<S extends IdempotencyStore>(once: Once<S>): Many<S> {
  return async function many<E, T>(events: Iterable<E>, plan: ManyPlan<S, E, T>): Promise<ManyReport<E, T>> {
    const { concurrency, budgetMs } = readPlan(plan)
    const endsAt = performance.now() + budgetMs
    const batch = [...events]
    const results = new Array<ManyResult<E, T>>(batch.length)

    async function runEvent(event: E): Promise<ManyResult<E, T>> {
      if (performance.now() >= endsAt) return { event, skipped: true }
      try {
        const key = plan.key(event)
        const retain = plan.retain?.(event)
        return { event, result: await once<T>(key, (run) => plan.handle(event, run), { retain }) }
      } catch (error) {
        return { event, error }
      }
    }

    const lanes = new Map<string, number[]>()
    batch.forEach((event, index) => {
      try {
        const lane = plan.lane?.(event) ?? ''
        const waiting = lanes.get(lane)
        if (waiting === undefined) lanes.set(lane, [index])
        else waiting.push(index)
      } catch (error) {
        results[index] = { event, error }
      }
    })

    // All workers draw from one iterator: a lane goes to the first that is free, in order of first appearance.
    const queue = lanes.values()
    async function work(): Promise<void> {
      for (const lane of queue) {
        for (const index of lane) results[index] = await runEvent(batch[index] as E)
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, lanes.size) }, work))

    return { results, settled: results.every((of) => 'result' in of && of.result.settled) }
  }
}

function readPlan<S extends IdempotencyStore, E, T>(
  plan: ManyPlan<S, E, T>,
): { concurrency: number; budgetMs: number } {
  assertObject(plan, 'plan')
  const { key, handle, lane, retain, concurrency = 8, budget } = plan
  if (typeof key !== 'function') throw new TypeError('key: expected a function')
  if (typeof handle !== 'function') throw new TypeError('handle: expected a function')
  assertOptionalFunction(lane, 'lane')
  assertOptionalFunction(retain, 'retain')
  assertInteger(concurrency, 'concurrency', 1, 64)
  const budgetMs = budget === undefined ? Number.POSITIVE_INFINITY : milliseconds(budget, 'budget', '1ms')
  return { concurrency, budgetMs }
}
