import { assertInteger, assertObject, assertOptionalFunction } from '../internal/assert.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import type { IdempotencyEvent } from './event.js'
import { guardStore } from './guarded-store.js'
import { assertKey, type IdempotencyKey } from './key.js'
import { createMany, type ManyPlan, type ManyReport } from './many.js'
import { createOnce, type OnceOptions, type Outcome } from './once.js'
import type { Run } from './run.js'
import type { Settings } from './settings.js'
import type { IdempotencyStore } from './store.js'

/** Of `createIdempotency`. */
export interface IdempotencyOptions<S extends IdempotencyStore> {
  /** Required: there is no implicit memory store. */
  readonly store: S
  /** A claim without heartbeat, '1s' to '1h'; default '60s'. The heartbeat comes every third of it. */
  readonly lease?: Duration | undefined
  /** Memory of a finished key, longer than lease, timeout and retryDelay; default '169h', as Meta retries for 7 days. */
  readonly retain?: Duration | undefined
  /** Longest run, up to '24d': after it the heartbeat ends and `run.signal` aborts. Default '10m'. */
  readonly timeout?: Duration | undefined
  /** Runs before a key is dead, 1 to 1000000; default 10. */
  readonly maxAttempts?: number | undefined
  /** Lease that a failed run leaves behind; default '0s'. */
  readonly retryDelay?: Duration | undefined
  /** Bytes of a stored result, up to 1 GiB; default 262144. A larger one is dropped, the mark is kept. */
  readonly maxResult?: number | undefined
  /** Run without deduplication when the claim fails for want of the store. Default false. */
  readonly dangerouslyRunWhenStoreFails?: boolean | undefined
  /** Told of every outcome: hashes and codes only. */
  readonly observe?: ((event: IdempotencyEvent) => void) | undefined
}

/**
 * Each event is recorded as processed once. The handler runs at least once: duplicates are suppressed for the retention
 * window, concurrent runs are prevented while the lease holds, and a stale run can never overwrite a newer one.
 */
export interface Idempotency<S extends IdempotencyStore> {
  /**
   * Claims the key, runs the handler while a heartbeat keeps the lease, and marks the key done if the claim is still its
   * own. When the handler throws, the key is released and the same error rethrown.
   *
   * @throws IdempotencyError `store_unavailable` when the claim fails, `result_unreadable` when a stored result cannot
   * be decoded; TypeError or RangeError on a bad argument.
   */
  once<T>(
    key: IdempotencyKey,
    handler: (run: Run<S>) => T | Promise<T>,
    options?: OnceOptions<T>,
  ): Promise<Outcome<T>>
  /**
   * Runs a batch event by event, in order within each lane. A failing event does not hold up its neighbours; two events
   * with one key in one batch: the second is replayed, or busy when their lanes differ. Deduplication is not ordering.
   *
   * @throws TypeError or RangeError on a bad plan, and what iterating over the events throws; else it never rejects.
   */
  many<E, T>(events: Iterable<E>, plan: ManyPlan<S, E, T>): Promise<ManyReport<E, T>>
  /**
   * Deletes the record, whatever its state, so that the next delivery runs: an operator's second try. True when there
   * was one. A run that still goes on can no longer tell that it was the owner, so its mark is written anew.
   *
   * @throws IdempotencyError `store_unavailable`; TypeError on a key of another shape.
   */
  forget(key: IdempotencyKey): Promise<boolean>
}

/**
 * A handler that runs once per key, under a lease.
 *
 * ```ts
 * import { createIdempotency, deriveKey } from 'waxseal/idempotency'
 * import { memoryIdempotencyStore } from 'waxseal/stores/memory'
 *
 * const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
 * const key = deriveKey({ tenant: 'org_1', namespace: 'webhook', parts: ['evt_1'] })
 * const first = await idempotency.once(key, () => 'saved')
 * const second = await idempotency.once(key, () => 'saved')
 * first.outcome // => 'ran'
 * second.outcome // => 'replayed'
 * ```
 *
 * @throws TypeError or RangeError that names the option.
 */
export function createIdempotency<S extends IdempotencyStore>(
  options: IdempotencyOptions<S>,
): Idempotency<S> {
  const settings = readOptions(options)
  const once = createOnce<S>(settings)
  return Object.freeze({
    once,
    many: createMany<S>(once),
    async forget(key: IdempotencyKey) {
      assertKey(key)
      return settings.store.forget(key)
    },
  })
}

function readOptions(options: IdempotencyOptions<IdempotencyStore>): Settings {
  assertObject(options, 'options')
  const { store, maxAttempts = 10, maxResult = 262_144, observe } = options
  const { dangerouslyRunWhenStoreFails: runWhenStoreFails = false } = options
  assertStore(store)
  const leaseMs = milliseconds(options.lease ?? '60s', 'lease', '1s', '1h')
  // Timers count up to 2^31 - 1 milliseconds, which is 24.8 days.
  const timeoutMs = milliseconds(options.timeout ?? '10m', 'timeout', '1ms', '24d')
  const retryDelayMs = milliseconds(options.retryDelay ?? '0s', 'retryDelay')
  const retainMs = milliseconds(options.retain ?? '169h', 'retain')
  if (retainMs <= Math.max(leaseMs, timeoutMs, retryDelayMs)) {
    throw new RangeError('retain: expected longer than lease, timeout and retryDelay')
  }
  assertInteger(maxAttempts, 'maxAttempts', 1, 1_000_000)
  assertInteger(maxResult, 'maxResult', 0, 2 ** 30)
  assertOptionalFunction(observe, 'observe')
  if (typeof runWhenStoreFails !== 'boolean') {
    throw new TypeError('dangerouslyRunWhenStoreFails: expected true or false')
  }
  return {
    rawStore: store,
    store: guardStore(store, leaseMs, observe),
    leaseMs,
    retainMs,
    timeoutMs,
    retryDelayMs,
    maxAttempts,
    maxResult,
    runWhenStoreFails,
    observe,
  }
}

function assertStore(store: unknown): asserts store is IdempotencyStore {
  assertObject(store, 'store')
  for (const method of ['begin', 'complete', 'extend', 'release', 'forget'] as const) {
    if (typeof (store as IdempotencyStore)[method] !== 'function') {
      throw new TypeError('store: expected an IdempotencyStore, such as memoryIdempotencyStore()')
    }
  }
}
