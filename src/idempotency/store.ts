/**
 * The port: what a store of idempotency records must do. `waxseal/stores/…` has them for memory, Redis, Postgres and
 * SQLite; one of your own passes `test/contract/idempotency.ts`.
 *
 * A key is absent, or `pending` (token, lease, attempt), or `done` (with a result or without), or `dead` (no more
 * attempts). Every record has an expiry, at which it is absent again, whatever its state. The token of a claim is
 * `max(previous token + 1, the store's clock in microseconds)`: it grows even when the store has lost its data. Only
 * the store's clock decides; a clock that steps back lengthens leases and never lowers a token.
 *
 * Every call settles within a time limit of the store's own and rejects when it could not be carried out.
 */
export interface IdempotencyStore {
  /**
   * Claims a key, in one atomic step: of any number of concurrent calls for a free key exactly one is acquired. The
   * first that applies decides:
   *
   * 1. no record, or an expired one: acquired, attempt 1
   * 2. both fingerprints given, and different: mismatch
   * 3. done: done, with the result that was kept
   * 4. dead: dead
   * 5. the lease lies in the future: busy
   * 6. `maxAttempts` above 0 and reached: becomes dead, its expiry renewed
   * 7. acquired, attempt + 1, a new token, lease and expiry; a claim without fingerprint keeps the stored one
   */
  begin(key: string, options: BeginOptions): Promise<BeginResult>
  /**
   * Marks a key done. Token equal: a pending or dead record becomes `done`; one that is done stays as it is, its first
   * result too. Token differs: `lost`, nothing is written. No record: one is written, `recovered`.
   */
  complete(key: string, token: string, options: CompleteOptions): Promise<CompleteResult>
  /** Pending and token equal: the lease ends `leaseMs` from now, true. Else false. */
  extend(key: string, token: string, leaseMs: number): Promise<boolean>
  /** Pending and token equal: the lease ends `delayMs` from now, true. Else false. */
  release(key: string, token: string, delayMs: number): Promise<boolean>
  /** Deletes the record, whatever its state; true when there was one. */
  forget(key: string): Promise<boolean>
  /** Deletes at most `limit` expired records and returns how many; 0 where the backend expires them by itself. */
  purge(limit: number): Promise<number>
}

/** Of a claim. */
export interface BeginOptions {
  /** Milliseconds from now to the end of the lease. */
  readonly leaseMs: number
  /** Milliseconds from now to the expiry of the record. */
  readonly retainMs: number
  /** '' = none. */
  readonly fingerprint: string
  /** Claims before the key is dead; 0 = no limit. */
  readonly maxAttempts: number
}

/** What a claim came to. `token` is in decimal digits. */
export type BeginResult =
  | { readonly status: 'acquired'; readonly token: string; readonly attempt: number }
  | { readonly status: 'done'; readonly result?: string }
  | { readonly status: 'mismatch' }
  | { readonly status: 'busy'; readonly retryAfterMs: number }
  | { readonly status: 'dead'; readonly attempts: number }

/** Of a done mark. */
export interface CompleteOptions {
  /** Milliseconds from now to the expiry of the record. */
  readonly retainMs: number
  /** Well-formed text without U+0000. */
  readonly result?: string
}

/** What a done mark came to. */
export type CompleteResult = 'done' | 'recovered' | 'lost'

/** A store whose done mark can be part of the caller's own transaction. */
export interface SqlIdempotencyStore extends IdempotencyStore {
  /** `complete` as one statement that fails, and so rolls the transaction back, when another run owns the key. */
  completion(key: string, token: string, options: CompleteOptions): SqlStatement
}

/** A statement for any client or ORM. */
export interface SqlStatement {
  /** With the placeholders of its database. */
  readonly sql: string
  /** In order of the placeholders. */
  readonly params: readonly (string | number | null)[]
}
