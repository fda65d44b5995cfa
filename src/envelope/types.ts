import type { Bytes } from '../internal/bytes.js'
import type { Result } from '../internal/result.js'
import type { KeyState } from '../keyring/types.js'
import type { SealContext } from './context.js'
import type { EnvelopeError, Hint } from './errors.js'
import type { EnvelopeEvent } from './event.js'
import type { Sealed } from './format.js'
import type { LegacyReader } from './legacy-types.js'

/** How to return a plaintext: `text`, which is strict UTF-8, or `bytes`. */
export type As = 'text' | 'bytes'

/** What `open` returns. */
export type Opened<A extends As> = A extends 'bytes' ? Uint8Array : string

/** What can be sealed. A string stands for its UTF-8 and must be well-formed. */
export type Plaintext = Bytes

/** Of `open`. */
export interface OpenOptions<A extends As = As> {
  /** Default `text`. */
  readonly as?: A | undefined
}

/** Of every call that may reach a KMS. */
export interface CallOptions {
  /** Gives up: the call fails with `aborted`. */
  readonly signal?: AbortSignal | undefined
}

/** Of both envelopes. */
export interface CommonOptions {
  /** The longest plaintext in bytes, 1 to 1 048 576; default 65 536. */
  readonly maxBytes?: number | undefined
  /** Reads what the column held before; default none, and then only envelopes open. */
  readonly legacy?: LegacyReader | undefined
  /** Epoch milliseconds; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** For tests: as many unpredictable bytes as it is asked for. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined
  /** Is told what happens; whatever it does changes nothing. */
  readonly observe?: ((event: EnvelopeEvent) => void) | undefined
}

/** What a stored value is, as far as it can be told without a key. */
export type Inspection =
  | {
      readonly kind: 'sealed'
      readonly kid: string
      /** Of the kid, here. */
      readonly state: KeyState | 'unknown'
      readonly edkBytes: number
      readonly plaintextBytes: number
    }
  | { readonly kind: 'malformed' | 'unsupported_version' | 'other'; readonly hint: Hint | null }
  | {
      readonly kind: 'legacy'
      /** Name of the format, or `plaintext`. */
      readonly format: string
    }

/** What the two envelopes have in common. */
export interface EnvelopeInfo {
  /** The kid that seals. */
  readonly primary: string
  /** Whether a legacy reader is configured. */
  readonly legacy: boolean
  /** What a stored value is; never throws, never decrypts. */
  inspect(value: string): Inspection
  /** Whether it is sealed under another kid than the primary, or recognised by the legacy reader. Never throws. */
  needsRotation(value: string): boolean
}

/** Seals and opens under a keyring; synchronous. */
export interface Envelope extends EnvelopeInfo {
  /** Throws EnvelopeError `invalid_context`, `invalid_plaintext`, `too_large`, `already_sealed`. */
  seal(plaintext: Plaintext, context: SealContext): Sealed
  /**
   * The plaintext, where everything is as it was sealed: key, context, bytes.
   *
   * Throws EnvelopeError `invalid_context`, `not_sealed`, `unsupported_version`, `malformed`, `unknown_key`, `key_disabled`,
   * `key_destroyed`, `key_mismatch`, `context_mismatch`, `tampered`, `not_text`, `legacy_failed`.
   */
  open<A extends As = 'text'>(sealed: string, context: SealContext, options?: OpenOptions<A>): Opened<A>
  /** The same, with the error as a value. */
  safeOpen<A extends As = 'text'>(
    sealed: string,
    context: SealContext,
    options?: OpenOptions<A>,
  ): Result<Opened<A>, EnvelopeError>
  /**
   * The same body under the primary, or the value itself when it is there already. Sees no plaintext and needs no context;
   * verified by unwrapping before it returns. Throws what `open` throws, but for context, body and legacy values.
   */
  rewrap(sealed: string): Sealed
  /**
   * Opens under `from`, also a legacy value, and seals with a fresh data key under `to`, by default `from`. The result is
   * opened and compared before it is returned.
   */
  reseal(sealed: string, from: SealContext, to?: SealContext): Sealed
}

/** The same verbs over keys that a KMS holds; asynchronous. Each may also throw what a provider throws, and `aborted`. */
export interface KmsEnvelope extends EnvelopeInfo {
  /** As of `Envelope`. */
  seal(plaintext: Plaintext, context: SealContext, options?: CallOptions): Promise<Sealed>
  /** As of `Envelope`. */
  open<A extends As = 'text'>(
    sealed: string,
    context: SealContext,
    options?: CallOptions & OpenOptions<A>,
  ): Promise<Opened<A>>
  /** As of `Envelope`. */
  safeOpen<A extends As = 'text'>(
    sealed: string,
    context: SealContext,
    options?: CallOptions & OpenOptions<A>,
  ): Promise<Result<Opened<A>, EnvelopeError>>
  /** As of `Envelope`; `always` renews the wrap although it is under the primary, after a rotation inside the KMS. */
  rewrap(sealed: string, options?: CallOptions & { readonly always?: boolean | undefined }): Promise<Sealed>
  /** As of `Envelope`. */
  reseal(sealed: string, from: SealContext, to?: SealContext, options?: CallOptions): Promise<Sealed>
  /** Zeroes and forgets every cached data key. */
  flush(): void
}
