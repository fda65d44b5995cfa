import { sha256 } from '#crypto'
import { hex } from '../grammar.js'
import { textKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { hexText } from './generate-text.js'
import { singleSignature } from './single-signature.js'

/**
 * GitHub: `x-hub-signature-256: sha256=<hex>`, HMAC-SHA-256 over the body, keyed with the secret as UTF-8. No timestamp
 * is signed, and `x-github-delivery` is not signed either: deduplicate by `delivery.replayParts()`.
 *
 * Source: GitHub docs, Validating webhook deliveries.
 */
export const github: WebhookScheme<'github'> = /* @__PURE__ */ singleSignature({
  name: 'github',
  hash: sha256,
  header: 'x-hub-signature-256',
  prefix: 'sha256=',
  codec: hex,
  legacyHeaders: ['x-hub-signature'],
  deliveryIdHeader: 'x-github-delivery',
  eventTypeHeader: 'x-github-event',
  importKey: /* @__PURE__ */ textKey(sha256),
  generate: hexText,
})
