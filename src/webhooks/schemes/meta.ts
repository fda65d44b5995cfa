import { sha256 } from '#crypto'
import { hex } from '../grammar.js'
import { textKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { hexText } from './generate-text.js'
import { singleSignature } from './single-signature.js'

/**
 * Meta (WhatsApp, Instagram, Messenger): `x-hub-signature-256: sha256=<hex>`, HMAC-SHA-256 over the body, keyed with
 * the App Secret as UTF-8.
 *
 * Meta signs its own escaped form of the JSON (`\u00e9`, `\/`), so a body that was parsed and serialised anew never
 * matches. The older `x-hub-signature` (SHA-1) is ignored. No timestamp is signed: deduplicate.
 *
 * Source: Meta, Graph API, Webhooks, Validating payloads.
 */
export const meta: WebhookScheme<'meta'> = /* @__PURE__ */ singleSignature({
  name: 'meta',
  hash: sha256,
  header: 'x-hub-signature-256',
  prefix: 'sha256=',
  codec: hex,
  legacyHeaders: ['x-hub-signature'],
  importKey: /* @__PURE__ */ textKey(sha256),
  generate: hexText,
})
