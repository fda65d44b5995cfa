import { utf8 } from '../internal/bytes.js'

/** Turns a handler's value into text for the store, and back for a replay. `encode` may seal what it writes. */
export interface ResultCodec<T> {
  /** The text to store; may seal it. What it throws drops the result, not the mark. */
  encode(value: T): string
  /** The value of a stored text. What it throws surfaces as `result_unreadable`. */
  decode(text: string): T
}

/** Results as JSON; what `JSON.stringify` does not keep, a replay does not bring back. `undefined` comes back as such. */
export function jsonResult<T>(): ResultCodec<T> {
  return Object.freeze({
    encode: (value: T) => (value === undefined ? '' : JSON.stringify(value)),
    decode: (text: string) => (text === '' ? undefined : JSON.parse(text)) as T,
  })
}

/** The text to store; `undefined` when there is none that every store can keep. Never throws. */
export function encodeResult<T>(codec: ResultCodec<T>, value: T, maxBytes: number): string | undefined {
  try {
    const text: unknown = codec.encode(value)
    if (typeof text !== 'string' || text.length > maxBytes || utf8(text).length > maxBytes) return undefined
    // Postgres takes neither.
    return text.includes('\0') || !text.isWellFormed() ? undefined : text
  } catch {
    return undefined
  }
}
