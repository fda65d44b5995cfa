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
  if ((text.length - start) & 3) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return fromDigits(text, start, Math.max(start, text.length - padding), 43, 47)
}

/** Bytes of the base64 digits from `start` to `end`, of the alphabet whose last two have the codes `plus` and `slash`. */
export function fromDigits(
  text: string,
  start: number,
  end: number,
  plus: number,
  slash: number,
): Uint8Array | undefined {
  const count = end - start
  if (count % 4 === 1) return undefined
  const bytes = new Uint8Array((count * 3) >> 2)
  let seen = 0
  let held = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    const code = text.charCodeAt(start + i)
    const value = code === plus ? 62 : code === slash ? 63 : sextet(code)
    seen |= value
    held = (held << 6) | value
    // Four characters make three bytes: with the first there is none to write yet.
    if (i & 3) bytes[at++] = held >> (6 - 2 * (i & 3))
  }
  // What fills up the last character must be zero bits, or two texts would stand for the same bytes.
  const left = held & (count % 4 === 2 ? 15 : count % 4 === 3 ? 3 : 0)
  return seen >= 0 && left === 0 ? bytes : undefined
}

/** -1 for what is no letter and no digit. */
function sextet(code: number): number {
  if (code >= 97 && code <= 122) return code - 71
  if (code >= 65 && code <= 90) return code - 65
  return code >= 48 && code <= 57 ? code + 4 : -1
}
