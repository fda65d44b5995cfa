import { sha256 } from '#crypto'
import { toHex } from '../../internal/encoding.js'
import { hex } from '../grammar.js'
import { textKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { singleSignature } from './single-signature.js'

/**
 * Safravo: `x-safravo-signature: sha256=<hex>`, HMAC-SHA-256 over the body.
 *
 * The secret is `whsec_` and 64 lower-case hex digits, and the key is the UTF-8 of that *whole* string: nothing is
 * stripped or decoded. Neither the delivery id nor a timestamp is signed, so a captured delivery verifies for ever:
 * deduplicate by `delivery.replayParts()`, never by `x-safravo-delivery`.
 *
 * Source: Safravo docs, Webhooks and Webhook debugging.
 */
export const safravo: WebhookScheme<'safravo'> = /* @__PURE__ */ singleSignature({
  name: 'safravo',
  hash: sha256,
  header: 'x-safravo-signature',
  prefix: 'sha256=',
  codec: hex,
  deliveryIdHeader: 'x-safravo-delivery',
  eventTypeHeader: 'x-safravo-event',
  importKey(secret, option) {
    if (!/^whsec_[0-9a-f]{64}$/.test(secret))
      throw new TypeError(`${option}: expected whsec_ and 64 lower-case hex digits`)
    return textKey(sha256)(secret)
  },
  generate: (random) => `whsec_${toHex(random(32))}`,
})
