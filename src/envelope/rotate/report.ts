import type { EnvelopeErrorCode } from '../errors.js'
import type { Inventory } from '../rotation-store.js'

/** What a run came to. */
export interface RotationReport {
  /**
   * - `done`: nothing stale is left; of a dry run: every row that was stale at the start was seen, and none failed.
   * - `incomplete`: it got to the end, and `failed` or `inventory` says what is left.
   * - `stopped`: more than `maxFailures` rows failed, or the provider did (`stoppedBy`).
   * - `aborted`: by `signal`.
   */
  readonly outcome: 'done' | 'incomplete' | 'stopped' | 'aborted'
  /** Why a provider stopped the run: `provider_denied`, or `provider_unavailable` that lasted; else null. */
  readonly stoppedBy: EnvelopeErrorCode | null
  /** Rows that were looked at, in all passes. */
  readonly scanned: number
  /** Rows that were written; of a dry run: that would have been. */
  readonly rotated: number
  /** Rows that somebody else wrote or deleted at the same time. */
  readonly conflicts: number
  /** How many times the table was gone through. */
  readonly passes: number
  /** Nothing was written. */
  readonly dryRun: boolean
  /** Of a run that was stopped or aborted: the last row behind it, for the option `after`. Else null. */
  readonly after: string | null
  /** Rows that were left as they are: the first 1000. None where nothing stale is left: others have seen to them. */
  readonly failed: readonly RowFailure[]
  /** Counted at the end. `stale` includes `other` where the envelope has a legacy reader. */
  readonly inventory: Inventory
}

/** A row that cannot be rotated. */
export interface RowFailure {
  /** Of the row. */
  readonly id: string
  /** Why; `store_error`: the store refuses its new value, by a constraint or a trigger. */
  readonly code: EnvelopeErrorCode | 'store_error'
  /** The error's message; no stored value is in it. */
  readonly message: string
}

/** What an observer is told; no value of a row is in it. */
export type RotationEvent =
  | {
      readonly type: 'started'
      /** As in the report. */
      readonly inventory: Inventory
    }
  | {
      /** Once per row, the first time. */
      readonly type: 'row_failed'
      /** This and the others as in the report. */
      readonly id: string
      readonly code: EnvelopeErrorCode | 'store_error'
      readonly message: string
    }
  | {
      /** Rows of one claim; one by one where the store refused them together. */
      readonly type: 'batch'
      /** From 1. */
      readonly pass: number
      /** Of this batch, as are the other counts. */
      readonly scanned: number
      readonly rotated: number
      readonly conflicts: number
      readonly failed: number
      /** Its last row. */
      readonly after: string
      /** Rows looked at per second, since the start. */
      readonly perSecond: number
    }
  | {
      /** The batch is repeated after a failure that may pass. */
      readonly type: 'retry'
      /** From 1. */
      readonly attempt: number
      /** The provider's failure, or the store's. */
      readonly code: EnvelopeErrorCode | 'store_error'
      readonly delayMs: number
    }
