/** What a provider is told with every call. */
export interface WrapInput {
  /** The key's name here, to be bound into the ciphertext where the service can do that. */
  readonly kid: string
  /** Aborted when the caller gives up or `timeout` has passed. */
  readonly signal: AbortSignal
}

/**
 * An outer key that somebody else holds: a KMS. It wraps data keys of 32 bytes and never sees what they seal.
 *
 * Failures are thrown as EnvelopeError: `key_mismatch` where the service says that this is not its ciphertext,
 * `provider_denied`, `provider_unavailable` (with `retryable`), `provider_invalid_response`. Anything else that is thrown
 * counts as `provider_unavailable`, not retryable. Neither the message nor the object of an SDK's error may travel
 * further: they can hold the data key.
 */
export interface KeyProvider {
  /** `aws-kms`, `gcp-kms`, `vault`, or a word of yours. */
  readonly kind: string
  /** The encrypted data key, 1 to 1024 bytes. `dek` is a copy, which is wiped afterwards. */
  wrap(dek: Uint8Array, input: WrapInput): Promise<Uint8Array>
  /** The data key, 32 bytes. */
  unwrap(edk: Uint8Array, input: WrapInput): Promise<Uint8Array>
  /**
   * Encrypts anew inside the service what `source` wrapped as `fromKid`. `undefined` when it cannot from that source: then
   * the data key is unwrapped and wrapped.
   */
  rewrapFrom?(
    source: KeyProvider,
    edk: Uint8Array,
    input: WrapInput & { readonly fromKid: string },
  ): Promise<Uint8Array> | undefined
}
