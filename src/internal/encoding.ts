/**
 * Hex and base64, strict in reading: one byte string has exactly one text, anything else is `undefined`. That is what
 * keeps a signature from having several spellings. (RFC 4648 §3.5, §4, §5, §8)
 */

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

/** Bytes of the lower-case hex from `start` on; an offset, because a slice of a header makes every read slower. */
export function fromHex(text: string, start = 0): Uint8Array | undefined {
  if ((text.length - start) & 1) return undefined
  const bytes = new Uint8Array((text.length - start) >> 1)
  let seen = 0
  for (let i = 0, at = start; i < bytes.length; i++, at += 2) {
    const pair = (nibble(text.charCodeAt(at)) << 4) | nibble(text.charCodeAt(at + 1))
    seen |= pair
    bytes[i] = pair
  }
  return seen >= 0 ? bytes : undefined
}

/** -1 for all but 0-9 and a-f, and -1 stays negative through the shift and the or. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  return code >= 97 && code <= 102 ? code - 87 : -1
}

/** Padded base64. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Bytes of the padded, canonical base64 from `start` on. */
export function fromBase64(text: string, start = 0): Uint8Array | undefined {
  const length = text.length - start
  if (length & 3) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array(Math.max(0, (length >> 2) * 3 - padding))
  let seen = 0
  let held = 0
  let at = 0
  for (let i = 0; i < length - padding; i++) {
    const value = sextet(text.charCodeAt(start + i))
    seen |= value
    held = (held << 6) | value
    // Four characters make three bytes: with the first there is none to write yet.
    if (i & 3) bytes[at++] = held >> (6 - 2 * (i & 3))
  }
  // What padding leaves over must be zero bits, or two texts would stand for the same bytes.
  const left = held & (padding === 2 ? 15 : padding === 1 ? 3 : 0)
  return seen >= 0 && left === 0 ? bytes : undefined
}

/** -1 for what is not in the alphabet. */
function sextet(code: number): number {
  if (code >= 97 && code <= 122) return code - 71
  if (code >= 65 && code <= 90) return code - 65
  if (code >= 48 && code <= 57) return code + 4
  return code === 43 ? 62 : code === 47 ? 63 : -1
}

/** base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Bytes of canonical base64url without padding. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(-text.length & 3))
}
