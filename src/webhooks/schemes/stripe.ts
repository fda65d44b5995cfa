import { sha256 } from '#crypto'
import { toHex } from '../../internal/encoding.js'
import { hex, MAX_HEADER, parseSignature, parseTimestamp } from '../grammar.js'
import { textKey } from '../keys.js'
import type { SchemeDescriptor, Signature, WebhookScheme } from '../scheme.js'

const MAX_PAIRS = 20
const PAIR = /^[a-z][a-z0-9_]*=[^=\s,]+$/

/**
 * Stripe: `stripe-signature: t=<seconds>,v1=<hex>[,v1=<hex>]`, HMAC-SHA-256 over `<t>.<body>`, keyed with the *whole*
 * `whsec_…` as UTF-8. While a secret is rolled there are two `v1`; pairs of other names are ignored.
 *
 * Source: Stripe docs, Verify webhook signatures manually.
 */
export const stripe: WebhookScheme<'stripe'> = /* @__PURE__ */ Object.freeze({
  name: 'stripe',
  signs: /* @__PURE__ */ Object.freeze(['timestamp', 'body'] as const),
  many: true,
  hmac: { hash: sha256, version: '' },
  timestampUnit: 's',
  headers: ['stripe-signature'],
  importKey: /* @__PURE__ */ textKey(sha256),
  generate: (random) => `whsec_${toHex(random(32))}`,

  parse(read, { body }) {
    const header = read('stripe-signature')
    if (header === undefined) return 'missing_header'
    if (header.length > MAX_HEADER) return 'malformed_header'
    const pairs = header.split(',', MAX_PAIRS + 1)
    if (pairs.length > MAX_PAIRS) return 'malformed_header'

    const timestamps: string[] = []
    const signatures: Signature[] = []
    for (const pair of pairs) {
      if (!PAIR.test(pair)) return 'malformed_header'
      if (pair.startsWith('t=')) timestamps.push(pair.slice(2))
      if (!pair.startsWith('v1=')) continue
      const bytes = parseSignature(pair, 'v1=', hex, 32)
      if (typeof bytes === 'string') return bytes
      signatures.push({ version: '', bytes })
    }

    const [timestamp = '', ...more] = timestamps
    const signedAt = parseTimestamp(timestamp)
    if (signedAt === undefined || more.length > 0) return 'malformed_timestamp'
    return { signedAt, signatures, contents: [[`${timestamp}.`, body]] }
  },

  content: ({ timestamp, body }) => [`${timestamp}.`, body],

  format: ({ timestamp }, signatures) => ({
    'stripe-signature': [`t=${timestamp}`, ...signatures.map(({ bytes }) => `v1=${toHex(bytes)}`)].join(),
  }),
} satisfies SchemeDescriptor<'stripe'>)
