import { WaxsealError } from './error.js'

/** Why a store could not answer. */
export type StoreReason =
  | 'timeout'
  | 'unavailable'
  | 'denied'
  | 'read_only'
  | 'full'
  | 'busy'
  | 'serialization'
  | 'in_transaction'
  | 'schema_missing'
  | 'schema_drift'
  | 'schema_newer'
  | 'wrong_type'
  | 'corrupt'
  | 'constraint'
  | 'unknown'

const MESSAGES: Record<StoreReason, string> = /* @__PURE__ */ Object.freeze({
  timeout: 'the store did not answer in time',
  unavailable: 'the store cannot be reached',
  denied: 'the store refused access',
  read_only: 'the store is read-only',
  full: 'the store is full',
  busy: 'the store is locked',
  serialization: 'the transaction conflicted with another one',
  in_transaction: 'the database is inside a transaction of the caller',
  schema_missing: 'a table is missing; if it is one of waxseal, run: npx waxseal migrate',
  schema_drift: 'a migration differs from the one that was applied',
  schema_newer: 'the database was migrated by a newer version',
  wrong_type: 'the store holds something else under this name',
  corrupt: 'the store answered in a shape it was not written in',
  constraint: 'the store refused a row',
  unknown: 'the store failed',
})

/**
 * The one error that stores throw. `reason` says why; `driver` is the SQLSTATE, SQLite code, errno or Redis error word,
 * where there is one. Nothing else of the driver's error is kept: queries, parameters and rows are often part of it.
 */
export class StoreError extends WaxsealError {
  declare readonly code: 'store_error'
  /** Why: `timeout`, `unavailable`, `denied`, `full`, … */
  readonly reason: StoreReason
  /** The driver's own code, 1 to 32 characters of `A-Z`, `0-9` and `_`. */
  declare readonly driver?: string

  /** @internal */
  constructor(reason: StoreReason, driver?: string) {
    super('store_error', 503, MESSAGES[reason])
    this.reason = reason
    if (driver !== undefined && /^[A-Z0-9_]{1,32}$/.test(driver)) this.driver = driver
  }

  override get name(): string {
    return 'StoreError'
  }
}

/**
 * The reason in anything a store threw: `unknown` for all but a StoreError. Told by code and not by class, because two
 * copies of the package may be loaded. Never throws.
 */
export function storeReason(thrown: unknown): StoreReason {
  try {
    const { code, reason } = thrown as StoreError
    return code === 'store_error' && Object.hasOwn(MESSAGES, reason) ? reason : 'unknown'
  } catch {
    return 'unknown'
  }
}
