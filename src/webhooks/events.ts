import type { Duration } from '../internal/duration.js'

/** One event of a verified delivery, as a vendor's `events(delivery)` returns it. */
export interface InboundEvent<T = unknown> {
  /** The vendor's word for it; `ping` is a test delivery. */
  readonly kind: string
  /** Whom it is for in the vendor's terms: a phone number id, a workspace id. */
  readonly account: string
  /** The vendor's own object for it. */
  readonly data: T
  /** For `deriveKey`, from signed material only; the first names the vendor or the scheme. */
  readonly keyParts: readonly [string, ...string[]]
  /** When the notification was made, in epoch milliseconds; absent where an old value is normal (a history import). */
  readonly occurredAt?: number | undefined
  /** Events of one lane run in order. Default: the account. */
  readonly lane?: string | undefined
  /** How late a duplicate may still come. */
  readonly retain?: Duration | undefined
}
