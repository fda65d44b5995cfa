import type { Chunk, Hash } from '../internal/crypto/types.js'
import type { WebhookErrorCode } from './errors.js'
import type { Header } from './headers.js'

/**
 * How one vendor signs, as an opaque, frozen value: `meta`, `stripe`, …, or one of your own from `hmacScheme`. What it
 * is made of is nobody's business but `createVerifier`'s, `createSigner`'s and `diagnose`'s.
 */
export interface WebhookScheme<N extends string = string> {
  /** Names deliveries and observations, and begins idempotency keys. */
  readonly name: N
  /** What a signature covers. Freshness can be checked only where `timestamp` is among it. */
  readonly signs: readonly ('id' | 'timestamp' | 'url' | 'body')[]
}

/**
 * The inside of a scheme: all that differs between vendors. Shared code asks these members and never compares `name`.
 * A scheme is a file in `schemes/`; adding one touches the index, and the list of taken names in `schemes/hmac.ts`.
 */
export interface SchemeDescriptor<N extends string = string> extends WebhookScheme<N> {
  /** Whether several signatures travel side by side, so that several secrets can sign. */
  readonly many: boolean
  /** What its HMAC keys hash with, and the signature version that they match. */
  readonly hmac: { readonly hash: Hash; readonly version: string }
  /** Headers that older deliveries carry in place of ours; `diagnose` points at them. */
  readonly legacyHeaders?: readonly string[] | undefined
  /** Of the signed timestamp, where there is one. */
  readonly timestampUnit?: 's' | 'ms' | undefined
  /** Names of the headers that `parse` may ask for, in lower case. */
  readonly headers: readonly string[]
  /** Of a secret that passed the common checks. TypeError naming the option where it is not in the scheme's form. */
  importKey(secret: string, option: string): SchemeKey
  /** Where the URL is signed: checks the `publicUrl` option. TypeError where it is missing or no https origin. */
  readonly normalizePublicUrl?: ((publicUrl: unknown) => string) | undefined
  /** Reads a request by the scheme's strict grammar, or says what is wrong with it. Never throws. */
  parse(header: Header, request: ReceivedRequest): ParsedRequest | WebhookErrorCode
  /** What a signature over this message covers. TypeError where the scheme cannot sign it. */
  content(message: OutgoingMessage): readonly Chunk[]
  /** The headers to send beside the body. */
  format(message: OutgoingMessage, signatures: readonly Signature[]): Record<string, string>
  /** A fresh secret in the scheme's form. */
  generate(random: (length: number) => Uint8Array): string
}

/** What a secret becomes when a verifier or signer is created. */
export interface SchemeKey {
  /** The signature version it may match; a key never checks another kind's. */
  readonly version: string
  /** Bytes of key material. */
  readonly length: number
  /** Whether one of the signatures is this key's, over exactly this content. Compares them all, in constant time. */
  matches(content: readonly Chunk[], signatures: readonly Signature[]): boolean
  /** Absent where the key can only verify. */
  readonly sign?: (content: readonly Chunk[]) => Signature
}

export interface Signature {
  /** `''` where the scheme has but one. */
  readonly version: string
  readonly bytes: Uint8Array
}

export interface ReceivedRequest {
  readonly body: Uint8Array
  /** Path and query exactly as received; only schemes that sign the URL look. */
  readonly target: unknown
  /** What the verifier was told, without a trailing slash; only where the scheme signs the URL. */
  readonly publicUrl: string
}

export interface ParsedRequest {
  readonly id?: string | undefined
  /** Epoch milliseconds. */
  readonly signedAt?: number | undefined
  /** Usually one; several where proxies leave it open which URL was signed. */
  readonly contents: readonly (readonly Chunk[])[]
  readonly signatures: readonly Signature[]
  readonly deliveryId?: string | undefined
  readonly eventType?: string | undefined
}

export interface OutgoingMessage {
  readonly id: string
  /** The signed instant as the header's own text. */
  readonly timestamp: string
  readonly url: string | undefined
  readonly contentType: string | undefined
  readonly body: Uint8Array
}

/** The inside of a scheme. TypeError for a value that no scheme file made. */
export function descriptorOf<N extends string>(scheme: WebhookScheme<N>): SchemeDescriptor<N> {
  const descriptor = scheme as SchemeDescriptor<N>
  if (typeof scheme !== 'object' || scheme === null || typeof descriptor.importKey !== 'function') {
    throw new TypeError(
      'scheme: expected a scheme of waxseal/webhooks, such as meta, or one from hmacScheme()',
    )
  }
  return descriptor
}
