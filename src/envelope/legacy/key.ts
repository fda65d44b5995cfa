import { digest, sha256 } from '#crypto'
import { bytesOf } from '../../internal/bytes.js'
import { fromBase64, fromHex } from '../../internal/encoding.js'

/**
 * The key as the old code had it: bytes; hex, all lower or all upper case; padded base64; text whose UTF-8 is the key; or
 * text whose SHA-256 is. What came out of scrypt or PBKDF2 is passed as bytes.
 */
export type LegacyKey =
  | Uint8Array
  | { readonly hex: string }
  | { readonly base64: string }
  | { readonly utf8: string }
  | { readonly sha256: string }

type KeyReader = (text: string) => Uint8Array | undefined

const READERS: Readonly<Record<string, KeyReader>> = /* @__PURE__ */ Object.freeze({
  hex: (text: string) => fromHex(text === text.toUpperCase() ? text.toLowerCase() : text),
  base64: (text: string) => fromBase64(text),
  utf8: (text: string) => bytesOf(text),
  sha256: (text: string) => (text.isWellFormed() ? digest(sha256, [text]) : undefined),
})

/**
 * Hands a copy of the key to `prepare`, and wipes it.
 *
 * @throws TypeError, RangeError on a key that is none, or of another length.
 */
export function withKey<K>(key: unknown, lengths: readonly number[], prepare: (bytes: Uint8Array) => K): K {
  const bytes = typeof key === 'string' ? undefined : bytesOf(key)
  const copy = bytes === undefined ? readText(key) : bytes.slice()
  try {
    if (!lengths.includes(copy.length)) throw new RangeError(`key: expected ${lengths.join(' or ')} bytes`)
    return prepare(copy)
  } finally {
    copy.fill(0)
  }
}

function readText(key: unknown): Uint8Array {
  const [entry, ...others] = typeof key === 'object' && key !== null ? Object.entries(key) : []
  if (entry === undefined || others.length > 0 || !Object.hasOwn(READERS, entry[0])) {
    throw new TypeError('key: expected a Uint8Array, or an object with one of hex, base64, utf8, sha256')
  }
  const [form, text] = entry as [string, unknown]
  if (typeof text !== 'string' || text === '') throw new TypeError(`key.${form}: expected text, not empty`)
  const bytes = READERS[form]?.(text)
  if (bytes === undefined) throw new RangeError(`key.${form}: expected ${EXPECTED[form]}`)
  return bytes
}

const EXPECTED: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({
  hex: 'pairs of hex digits, all lower or all upper case',
  base64: 'canonical, padded base64',
  utf8: 'well-formed text',
  sha256: 'well-formed text',
})
