/** What a sub-key is for. Closed: a new feature adds a word here. */
export type Purpose =
  | 'envelope'
  | 'audit'
  | 'signed-url'
  | 'api-key'
  | 'consent-alias'
  | 'consent-evidence'
  | 'idempotency'
  | 'masking'

/** What is bound into a sub-key beside its purpose. */
export interface DeriveOptions {
  /** Default: the primary's kid. Only primary and enabled keys derive. */
  readonly kid?: string
  /** 1 to 256 UTF-8 bytes, well-formed. Absent is the only way to say none. */
  readonly tenant?: string
  /** Further fields bound in, in order; at most 8 of 1 to 512 UTF-8 bytes. Default: none. */
  readonly context?: readonly string[]
}

/** The one thing that features ask of a keyring. */
export interface KeyDeriver {
  /**
   * A 32-byte sub-key (HKDF-SHA-256, RFC 5869), the caller's own copy.
   *
   * @throws KeyringError `unknown_key`, `key_disabled` or `key_destroyed`; TypeError on a bad option.
   */
  derive(purpose: Purpose, options?: DeriveOptions): Uint8Array
}
