import { notify } from '../internal/observe.js'
import { StoreError, storeReason } from '../internal/store-error.js'
import { withTimeout } from '../internal/with-timeout.js'
import { IdempotencyError } from './errors.js'
import type { IdempotencyEvent } from './event.js'
import type { BeginResult, CompleteResult, IdempotencyStore } from './store.js'

/** The part of the port that runs need. */
export type GuardedStore = Pick<IdempotencyStore, 'begin' | 'complete' | 'extend' | 'release' | 'forget'>

/**
 * The store as runs see it: each call ends within `ms`, and every failure is observed by its reason and becomes
 * `store_unavailable`. Our own stores are faster to give up; this holds one that somebody wrote and that may hang.
 */
export function guardStore(
  store: IdempotencyStore,
  ms: number,
  observe: ((event: IdempotencyEvent) => void) | undefined,
): GuardedStore {
  type Operation = Extract<IdempotencyEvent, { type: 'store_error' }>['operation']

  async function ask<T>(operation: Operation | 'forget', call: () => Promise<T>): Promise<T> {
    try {
      return await withTimeout(call, ms)
    } catch (error) {
      if (operation !== 'forget') {
        notify(observe, { type: 'store_error', operation, reason: storeReason(error) })
      }
      // The store's error goes no further: a driver's may hold the query and its parameters.
      throw new IdempotencyError('store_unavailable')
    }
  }

  return {
    begin: (key, options) => ask('begin', async () => claimed(await store.begin(key, options))),
    complete: (key, token, options) =>
      ask('complete', async () => marked(await store.complete(key, token, options))),
    extend: (key, token, leaseMs) =>
      ask('extend', async () => yesOrNo(await store.extend(key, token, leaseMs))),
    release: (key, token, delayMs) =>
      ask('release', async () => yesOrNo(await store.release(key, token, delayMs))),
    forget: (key) => ask('forget', () => store.forget(key)),
  }
}

/** What is none of the answers that the port knows must not pass for a claim, and so run a handler. */
function claimed(answer: BeginResult): BeginResult {
  switch (answer?.status) {
    case 'acquired':
    case 'done':
    case 'mismatch':
    case 'busy':
    case 'dead':
      return answer
    default:
      throw new StoreError('corrupt')
  }
}

/** Nor for a mark, and so tell a sender that nothing is owed. */
function marked(answer: CompleteResult): CompleteResult {
  if (answer === 'done' || answer === 'recovered' || answer === 'lost') return answer
  throw new StoreError('corrupt')
}

function yesOrNo(answer: boolean): boolean {
  if (typeof answer === 'boolean') return answer
  throw new StoreError('corrupt')
}
