import { sha256 } from '#crypto'
import { hex } from '../grammar.js'
import { textKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { hexText } from './generate-text.js'
import { singleSignature } from './single-signature.js'

/**
 * Slack: `x-slack-signature: v0=<hex>` and `x-slack-request-timestamp`, HMAC-SHA-256 over `v0:<timestamp>:<body>`,
 * keyed with the signing secret as UTF-8.
 *
 * Source: Slack docs, Verifying requests from Slack.
 */
export const slack: WebhookScheme<'slack'> = /* @__PURE__ */ singleSignature({
  name: 'slack',
  hash: sha256,
  header: 'x-slack-signature',
  prefix: 'v0=',
  codec: hex,
  timestampHeader: 'x-slack-request-timestamp',
  timestampUnit: 's',
  content: [{ text: 'v0:' }, 'timestamp', { text: ':' }, 'body'],
  importKey: /* @__PURE__ */ textKey(sha256),
  generate: hexText,
})
