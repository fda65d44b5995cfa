import { utf8 } from './bytes.js'

/**
 * The fields one behind the other, each as `u32be(byte length) ‖ bytes`; text stands for its UTF-8. Two different lists
 * of fields never give the same bytes, which plain concatenation cannot promise: `a:b`, `c` and `a`, `b:c`.
 *
 * @throws TypeError on text with a lone surrogate, which has no UTF-8.
 */
export function lp(...fields: readonly (Uint8Array | string)[]): Uint8Array {
  let room = 0
  // A UTF-16 code unit takes at most three bytes.
  for (const { length } of fields) room += 4 + 3 * length

  const message = new Uint8Array(room)
  let end = 0
  for (const field of fields) {
    const start = end + 4
    end =
      start +
      (typeof field === 'string' ? writeText(message, start, field) : writeBytes(message, start, field))
    const length = end - start
    message[start - 4] = length >>> 24
    message[start - 3] = length >>> 16
    message[start - 2] = length >>> 8
    message[start - 1] = length
  }
  return message.subarray(0, end)
}

/** Returns how many bytes it wrote. */
function writeBytes(target: Uint8Array, start: number, bytes: Uint8Array): number {
  target.set(bytes, start)
  return bytes.length
}

/** The same. Fields are mostly short ASCII, and for that a loop is several times as fast as an encoder. */
function writeText(target: Uint8Array, start: number, text: string): number {
  const { length } = text
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 127) {
      if (!text.isWellFormed()) throw new TypeError('field: expected text')
      return writeBytes(target, start, utf8(text))
    }
    target[start + i] = unit
  }
  return length
}

/** Whether it is a well-formed string of 1 to `maxBytes` bytes in UTF-8. Never throws. */
export function isText(value: unknown, maxBytes: number): value is string {
  // A UTF-16 code unit takes one to three bytes, so most lengths decide without encoding.
  if (typeof value !== 'string' || value.length < 1 || value.length > maxBytes) return false
  return value.isWellFormed() && (value.length * 3 <= maxBytes || utf8(value).length <= maxBytes)
}
