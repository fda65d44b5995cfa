import type { IdempotencyEvent } from './event.js'
import type { GuardedStore } from './guarded-store.js'
import type { IdempotencyStore, SqlIdempotencyStore } from './store.js'

/** The options of `createIdempotency`, checked once: durations in milliseconds, the store guarded. */
export interface Settings {
  /** As the caller passed it; only its `completion` is called through this. */
  readonly rawStore: IdempotencyStore & Partial<SqlIdempotencyStore>
  readonly store: GuardedStore
  readonly leaseMs: number
  readonly retainMs: number
  readonly timeoutMs: number
  readonly retryDelayMs: number
  readonly maxAttempts: number
  readonly maxResult: number
  readonly runWhenStoreFails: boolean
  readonly observe: ((event: IdempotencyEvent) => void) | undefined
}
