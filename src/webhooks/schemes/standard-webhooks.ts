import { sha256 } from '#crypto'
import { fromBase64, toBase64 } from '../../internal/encoding.js'
import { base64, ID, MAX_HEADER, parseSignature, parseTimestamp } from '../grammar.js'
import { hmacKey } from '../keys.js'
import type { SchemeDescriptor, SchemeKey, Signature, WebhookScheme } from '../scheme.js'

const STANDARD = /* @__PURE__ */ Object.freeze([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
] as const)
const SVIX = /* @__PURE__ */ Object.freeze(['svix-id', 'svix-timestamp', 'svix-signature'] as const)
const MAX_ENTRIES = 10
const ENTRY = /^v[0-9]+[a-z]?,[^\s,]+$/

/** A key of 24–64 bytes, base64 after an optional `whsec_`. */
export function importSymmetricKey(secret: string, option: string): SchemeKey {
  const material = fromBase64(secret.replace(/^whsec_/, ''))
  if (material === undefined || material.length < 24 || material.length > 64) {
    throw new TypeError(`${option}: expected base64 of 24 to 64 bytes, after an optional whsec_`)
  }
  return hmacKey(sha256, material, 'v1')
}

/**
 * What the symmetric and the asymmetric scheme share.
 *
 * @param lengths bytes of a signature, by each version that is understood
 */
export function standardScheme<N extends string>(
  name: N,
  lengths: Readonly<Record<string, number>>,
  keys: Pick<SchemeDescriptor, 'importKey' | 'generate'>,
): SchemeDescriptor<N> {
  return Object.freeze({
    name,
    signs: Object.freeze(['id', 'timestamp', 'body'] as const),
    many: true,
    hmac: { hash: sha256, version: 'v1' },
    timestampUnit: 's',
    headers: [...STANDARD, ...SVIX],
    ...keys,

    parse(read, { body }) {
      // The families are never mixed, or an id signed under one name could travel under the other.
      const isStandard = STANDARD.some((name) => read(name) !== undefined)
      const [id, timestamp, header] = (isStandard ? STANDARD : SVIX).map(read)
      if (id === undefined || timestamp === undefined || header === undefined) return 'missing_header'

      if (header.length > MAX_HEADER) return 'malformed_header'
      const entries = header.includes(' ') ? header.split(' ', MAX_ENTRIES + 1) : [header]
      if (entries.length > MAX_ENTRIES) return 'malformed_header'
      const signatures: Signature[] = []
      for (const entry of entries) {
        if (!ENTRY.test(entry)) return 'malformed_header'
        const version = entry.slice(0, entry.indexOf(','))
        if (!Object.hasOwn(lengths, version)) continue
        const bytes = parseSignature(entry, `${version},`, base64, lengths[version] as number)
        if (typeof bytes === 'string') return bytes
        signatures.push({ version, bytes })
      }

      const signedAt = parseTimestamp(timestamp)
      if (signedAt === undefined) return 'malformed_timestamp'
      if (!ID.test(id)) return 'malformed_id'
      return { id, signedAt, signatures, contents: [[`${id}.${timestamp}.`, body]] }
    },

    content: ({ id, timestamp, body }) => [`${id}.${timestamp}.`, body],

    format: ({ id, timestamp }, signatures) => ({
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.map(({ version, bytes }) => `${version},${toBase64(bytes)}`).join(' '),
    }),
  } satisfies SchemeDescriptor<N>)
}

/**
 * Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64>[ v1,<base64>]` (or the
 * `svix-` triple), HMAC-SHA-256 over `<id>.<timestamp>.<body>`. The key is the base64 behind an optional `whsec_`.
 *
 * Entries of versions other than `v1` are passed over; `v1a` is `standardWebhooksV1a` of `waxseal/webhooks/ed25519`.
 *
 * Source: Standard Webhooks specification 1.0.0; Svix docs, Verifying webhooks manually.
 */
export const standardWebhooks: WebhookScheme<'standard_webhooks'> = /* @__PURE__ */ standardScheme(
  'standard_webhooks',
  { v1: 32 },
  { importKey: importSymmetricKey, generate: (random) => `whsec_${toBase64(random(32))}` },
)
