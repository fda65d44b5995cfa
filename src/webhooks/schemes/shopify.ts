import { sha256 } from '#crypto'
import { base64 } from '../grammar.js'
import { textKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { hexText } from './generate-text.js'
import { singleSignature } from './single-signature.js'

/**
 * Shopify: `x-shopify-hmac-sha256: <base64>`, HMAC-SHA-256 over the body, keyed with the client secret as UTF-8. The
 * header's newer name without `x-` is read first. No timestamp is signed: deduplicate. Nor is the topic, and two topics
 * may carry the same body: give each a URL, and a `namespace`, of its own.
 *
 * Source: Shopify docs, Verify webhook deliveries.
 */
export const shopify: WebhookScheme<'shopify'> = /* @__PURE__ */ singleSignature({
  name: 'shopify',
  hash: sha256,
  header: 'x-shopify-hmac-sha256',
  preferredHeader: 'shopify-hmac-sha256',
  codec: base64,
  deliveryIdHeader: 'x-shopify-webhook-id',
  eventTypeHeader: 'x-shopify-topic',
  importKey: /* @__PURE__ */ textKey(sha256),
  generate: hexText,
})
