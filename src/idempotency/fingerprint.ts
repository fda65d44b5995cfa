import { toBase64Url } from '#crypto'
import { bytesOf } from '../internal/bytes.js'
import { canonicalJson } from '../internal/canonical-json.js'
import type { JsonValue } from '../internal/json.js'
import { lp } from '../internal/lp.js'
import { hash, type Keyed } from './key.js'

/** `f1_` and 43 base64url characters. */
export type Fingerprint = `f1_${string}`

/**
 * What a request said, as a hash: a repeat under the same key has the same one, a reuse of the key has another.
 * Bytes are taken as they are, anything else as canonical JSON (a string is a JSON string).
 *
 * ```ts
 * import { fingerprint } from 'waxseal/idempotency'
 *
 * fingerprint({ b: 1, a: [true, null] }) // => 'f1_8tV3VbLQpdZo7WL1n6JQ41ZINrKpEF7chV-nJHiKG5g'
 * fingerprint({ a: [true, null], b: 1 }) // => 'f1_8tV3VbLQpdZo7WL1n6JQ41ZINrKpEF7chV-nJHiKG5g'
 * ```
 *
 * @param options - `keyed`: HMAC under the keyring's sub-key; default plain SHA-256.
 * @throws TypeError on what `canonicalJson` refuses, which `JSON.parse` can return: a lone surrogate, or 129 levels.
 */
export function fingerprint(
  content: Uint8Array | JsonValue,
  options: { readonly keyed?: Keyed | undefined } = {},
): Fingerprint {
  const bytes = ArrayBuffer.isView(content) ? bytesOf(content) : undefined
  const message =
    bytes === undefined
      ? lp('waxseal/fingerprint/v1', 'json', canonicalJson(content))
      : lp('waxseal/fingerprint/v1', 'bytes', bytes)
  return `f1_${toBase64Url(hash(message, options.keyed, ''))}`
}

/** TypeError unless it is absent or has the shape of a fingerprint. */
export function assertOptionalFingerprint(value: unknown): asserts value is Fingerprint | undefined {
  if (value === undefined) return
  if (typeof value !== 'string' || !/^f1_[A-Za-z0-9_-]{43}$/.test(value)) {
    throw new TypeError('fingerprint: expected what fingerprint() returned')
  }
}
