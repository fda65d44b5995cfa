import type { StoreReason } from '../internal/store-error.js'
import type { IdempotencyKey } from './key.js'

/** What `observe` is told: hashes and codes, never a part of a key, a result or an error of the handler. */
export type IdempotencyEvent =
  | {
      /** What became of a run; `durationMs` from the claim on, absent in `acquired`. */
      readonly type:
        | 'acquired'
        | 'completed'
        | 'recovered'
        | 'released'
        | 'lease_lost'
        | 'run_timeout'
        | 'rolled_back'
        | 'unrecorded'
      readonly key: IdempotencyKey
      readonly attempt: number
      readonly durationMs?: number
    }
  | {
      readonly type: 'replayed' | 'busy' | 'mismatch' | 'dead' | 'result_dropped' | 'store_bypassed'
      readonly key: IdempotencyKey
    }
  | {
      readonly type: 'store_error'
      readonly operation: 'begin' | 'complete' | 'extend' | 'release'
      readonly reason: StoreReason
    }

/** The types of event that belong to a run. */
export type RunEventType = Extract<IdempotencyEvent, { attempt: number }>['type']
