/**
 * `waxseal/envelope`: tokens sealed at rest, each under a data key of its own, bound to tenant, purpose and record.
 *
 * @module
 */

export { type BlindIndex, type BlindIndexOptions, createBlindIndex } from './blind-index.js'
export type { SealContext } from './context.js'
export { createEnvelope, type EnvelopeOptions } from './envelope.js'
export { EnvelopeError, type EnvelopeErrorCode, type ErrorDetails, type Hint } from './errors.js'
export type { EnvelopeEvent } from './event.js'
export { isSealed, kidOf, type Sealed, sealedLength } from './format.js'
export { type CacheOptions, createKmsEnvelope, type KmsEnvelopeOptions } from './kms.js'
export type { LegacyFormat, LegacyReader } from './legacy-types.js'
export type { KeyProvider, WrapInput } from './provider.js'
export type {
  As,
  CallOptions,
  CommonOptions,
  Envelope,
  EnvelopeInfo,
  Inspection,
  KmsEnvelope,
  Opened,
  OpenOptions,
  Plaintext,
} from './types.js'
