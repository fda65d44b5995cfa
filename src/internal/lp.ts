import { utf8 } from './bytes.js'

/**
 * The fields one behind the other, each as `u32be(byte length) ‖ bytes`; text stands for its UTF-8. Two different lists
 * of fields never give the same bytes, which plain concatenation cannot promise: `a:b`, `c` and `a`, `b:c`.
 *
 * @throws TypeError on text with a lone surrogate, which has no UTF-8.
 */
export function lp(...fields: readonly (Uint8Array | string)[]): Uint8Array {
  let length = 0
  // Right where all text is ASCII, as it mostly is.
  for (const field of fields) length += 4 + field.length

  const message = new Uint8Array(length)
  let end = 0
  for (const field of fields) {
    const start = end + 4
    end = start + field.length
    if (typeof field !== 'string') message.set(field, start)
    else if (!writeAscii(message, start, field)) return lp(...fields.map(encoded))
    message[start - 4] = field.length >>> 24
    message[start - 3] = field.length >>> 16
    message[start - 2] = field.length >>> 8
    message[start - 1] = field.length
  }
  return message
}

/** False when it is not ASCII. For short text a loop is several times as fast as an encoder. */
function writeAscii(target: Uint8Array, start: number, text: string): boolean {
  const { length } = text
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 127) return false
    target[start + i] = unit
  }
  return true
}

function encoded(field: Uint8Array | string): Uint8Array {
  if (typeof field !== 'string') return field
  if (!field.isWellFormed()) throw new TypeError('field: expected text')
  return utf8(field)
}

/** Whether it is a well-formed string of 1 to `maxBytes` bytes in UTF-8. Never throws. */
export function isText(value: unknown, maxBytes: number): value is string {
  // A UTF-16 code unit takes one to three bytes, so most lengths decide without encoding.
  if (typeof value !== 'string' || value.length < 1 || value.length > maxBytes) return false
  return value.isWellFormed() && (value.length * 3 <= maxBytes || utf8(value).length <= maxBytes)
}
