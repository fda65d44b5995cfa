/** base64url without padding, in JavaScript; strict in reading, as `encoding.ts` is. (RFC 4648 §3.5, §5) */

import { fromDigits, toBase64 } from '../encoding.js'

/** The text of the bytes. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** The bytes of a text; `undefined` for any other spelling of them. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  return fromDigits(text, 0, text.length, 45, 95)
}
