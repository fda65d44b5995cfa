import { fromUtf8 } from '../../internal/bytes.js'
import { EnvelopeError } from '../errors.js'
import { type LegacyFormat, PLAINTEXT } from '../legacy-types.js'

/** How a layout of ours is read. */
export interface Reading<T> {
  readonly name: string
  /** Takes a value apart without a key; `undefined` for another layout. */
  parse(value: string): T | undefined
  /** The bytes, or `undefined`. */
  decrypt(parts: T): Uint8Array | undefined
  /** Whether the text can be the plaintext; where nothing authenticates it. */
  accepts?(text: string): boolean
}

/** A format that recognises what it can take apart. */
export function createFormat<T>({ name, parse, decrypt, accepts }: Reading<T>): LegacyFormat {
  assertName(name, 'name')
  return Object.freeze({
    name,
    recognises: (value: string) => parse(value) !== undefined,
    read(value: string) {
      const parts = parse(value)
      const bytes = parts === undefined ? undefined : decrypt(parts)
      const text = bytes === undefined ? undefined : fromUtf8(bytes)
      bytes?.fill(0)
      if (text === undefined || accepts?.(text) === false) throw new EnvelopeError('legacy_failed')
      return text
    },
  })
}

/** TypeError, RangeError unless events and reports can name a format so. */
export function assertName(name: unknown, option: string): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new TypeError(`${option}: expected 1 to 64 of A-Z a-z 0-9 . _ -`)
  }
  if (name === PLAINTEXT) throw new RangeError(`${option}: expected another name than ${PLAINTEXT}`)
}

/** What a call returns; `undefined` where it throws. What it threw may hold a token, and goes no further. */
export function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}
