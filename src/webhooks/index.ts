/**
 * Sign and verify webhook deliveries: synchronous, stateless, over the bytes received.
 *
 * @module
 */

export type { Bytes } from '../internal/bytes.js'
export type { Delivery } from './delivery.js'
export type { Finding, FindingCause } from './diagnose/causes.js'
export { type Diagnosis, diagnose } from './diagnose/index.js'
export type { DiagnoseInput } from './diagnose/input.js'
export { WebhookError, type WebhookErrorCode } from './errors.js'
export type { InboundEvent } from './events.js'
export { type Handshake, type MetaHandshakeOptions, metaHandshake } from './handshake.js'
export { sha1, sha256, sha512 } from './hashes.js'
export type { FetchHeaders, HeadersLike } from './headers.js'
export type { WebhookScheme } from './scheme.js'
export { github } from './schemes/github.js'
export { type HmacHash, type HmacSchemeOptions, hmacScheme, type SignatureEncoding } from './schemes/hmac.js'
export { meta } from './schemes/meta.js'
export { safravo } from './schemes/safravo.js'
export { shopify } from './schemes/shopify.js'
export type { ContentPart } from './schemes/single-signature.js'
export { slack } from './schemes/slack.js'
export { standardWebhooks } from './schemes/standard-webhooks.js'
export { stripe } from './schemes/stripe.js'
export { twilio } from './schemes/twilio.js'
export type { WebhookSecret } from './secrets.js'
export {
  createSigner,
  generateSecret,
  type MessageToSign,
  type SignedMessage,
  type SignerOptions,
  type WebhookSigner,
} from './sign.js'
export {
  createVerifier,
  type Tolerance,
  type VerifierOptions,
  type WebhookRequest,
  type WebhookVerifier,
  type WebhookVerifierEvent,
} from './verify.js'
