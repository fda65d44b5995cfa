/** The grammars that schemes share: one text per value, full match, bounded length. */

import { fromBase64, fromHex, toBase64, toHex } from '../internal/encoding.js'
import type { WebhookErrorCode } from './errors.js'

/** How a signature is written; as a value, so that one nobody names is not bundled. */
export interface Codec {
  readonly encode: (bytes: Uint8Array) => string
  /** The bytes of the text from `start` on. */
  readonly decode: (text: string, start: number) => Uint8Array | undefined
}

export const hex: Codec = /* @__PURE__ */ Object.freeze({ encode: toHex, decode: fromHex })
export const base64: Codec = /* @__PURE__ */ Object.freeze({ encode: toBase64, decode: fromBase64 })

/** Characters of a signature header; the longest honest one, ten Ed25519 entries, has under a thousand. */
export const MAX_HEADER = 4096

/** No dot: it separates the id from the timestamp in signed content, and one inside an id would shift that border. */
export const ID = /^[A-Za-z0-9_\-:=+/]{1,256}$/

/** The units of a timestamp header: digits without sign, fraction or leading zero. */
export const TIMESTAMP_UNITS = /* @__PURE__ */ Object.freeze({
  s: { pattern: /^[1-9][0-9]{0,11}$/, ms: 1000 },
  ms: { pattern: /^[1-9][0-9]{0,14}$/, ms: 1 },
})

/** Epoch milliseconds of a timestamp header. */
export function parseTimestamp(text: string, unit: 's' | 'ms' = 's'): number | undefined {
  const { pattern, ms } = TIMESTAMP_UNITS[unit]
  return pattern.test(text) ? Number(text) * ms : undefined
}

/** Exactly `length` bytes behind `prefix`, in their one spelling; else the code that says which part is wrong. */
export function parseSignature(
  text: string,
  prefix: string,
  codec: Codec,
  length: number,
): Uint8Array | WebhookErrorCode {
  if (text.length > MAX_HEADER || !text.startsWith(prefix)) return 'malformed_header'
  const bytes = codec.decode(text, prefix.length)
  return bytes?.length === length ? bytes : 'malformed_signature'
}
