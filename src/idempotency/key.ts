import { digest, hmac, sha256, toBase64Url } from '#crypto'
import { withoutStack } from '../internal/error.js'
import { isText, lp } from '../internal/lp.js'
import type { Result } from '../internal/result.js'
import type { DeriveOptions, KeyDeriver } from '../keyring/derive.js'
import { IdempotencyError } from './errors.js'

/** `k1_` and 43 base64url characters: safe in Redis, SQS, BullMQ, URLs and logs. `deriveKey` and `childKey` make them. */
export type IdempotencyKey = `k1_${string}`

/** The tenant of an application that has only one. Said aloud, because a forgotten tenant is a leak. */
export const GLOBAL_TENANT: unique symbol = /* @__PURE__ */ Symbol.for('waxseal.global_tenant')

/**
 * Keys under a sub-key of the keyring: whoever reads the store cannot find out, by trying, the phone numbers behind them.
 * The kid is pinned, so that promoting a new primary changes no key. Changing it makes redeliveries in flight run once
 * more.
 */
export interface Keyed {
  /** Derives the sub-key. */
  readonly keyring: KeyDeriver
  /** The root key to derive from. */
  readonly kid: string
}

/** What a key stands for. */
export interface KeyInput {
  /** 1 to 256 UTF-8 bytes, or GLOBAL_TENANT. */
  readonly tenant: string | typeof GLOBAL_TENANT
  /** Whose parts these are, 1 to 128 bytes: `webhook`, `POST /v1/messages`. */
  readonly namespace: string
  /**
   * Outside data: 1 to 32 strings of 1 to 1024 bytes, in order. No numbers: a double has lost big ids. Optional parts
   * follow the required ones as `name=value`, so that their absence moves no other part.
   */
  readonly parts: readonly string[]
  /** Default: plain SHA-256. */
  readonly keyed?: Keyed | undefined
}

/**
 * The stable key of an event or a request. Tenant, namespace and parts are length-prefixed and hashed, so that no other
 * input gives the same key. Bytes: docs/formats/idempotency-keys.md.
 *
 * ```ts
 * import { deriveKey } from 'waxseal/idempotency'
 *
 * deriveKey({ tenant: 't', namespace: 'n', parts: ['a:b', 'c'] }) // => 'k1_nq8--TTMvq7YbvlKIo5u7Za2XRoN4KqKgE2552J9lFg'
 * deriveKey({ tenant: 't', namespace: 'n', parts: ['a', 'b:c'] }) // => 'k1_1MROv7X678rt1UMHk-U6VXZYv6gxIjxqhfGrArpHdzc'
 * ```
 *
 * @throws IdempotencyError `key_part_invalid`; TypeError on a bad tenant, namespace or `keyed`; whatever
 * `keyed.keyring.derive` throws, such as KeyringError `unknown_key`.
 */
export function deriveKey(input: KeyInput): IdempotencyKey {
  const key = derive(input)
  if (key === undefined) throw new IdempotencyError('key_part_invalid')
  return key
}

/** `deriveKey`, with `key_part_invalid` as a value. What is wrong with the program or the keyring is still thrown. */
export function safeDeriveKey(input: KeyInput): Result<IdempotencyKey, IdempotencyError> {
  const key = derive(input)
  if (key !== undefined) return { ok: true, value: key }
  return { ok: false, error: withoutStack(() => new IdempotencyError('key_part_invalid')) }
}

/**
 * The key of a call that a run makes, for the other side's own deduplication: the same in every attempt.
 *
 * @param label - 1 to 128 bytes, unique within the run: `reply`.
 * @throws TypeError on a key of another shape or a bad label.
 */
export function childKey(key: IdempotencyKey, label: string): IdempotencyKey {
  assertKey(key)
  assertText(label, 'label', 128)
  return `k1_${toBase64Url(digest(sha256, [lp('waxseal/idempotency-child/v1', key, label)]))}`
}

/** TypeError unless it has the shape of a key. */
export function assertKey(key: unknown): asserts key is IdempotencyKey {
  if (typeof key !== 'string' || !/^k1_[A-Za-z0-9_-]{43}$/.test(key)) {
    throw new TypeError('key: expected what deriveKey or childKey returned')
  }
}

/** SHA-256 of the message or, keyed, HMAC-SHA-256 under the sub-key of that tenant, '' for none. */
export function hash(message: Uint8Array, keyed: Keyed | undefined, tenant: string): Uint8Array {
  if (keyed === undefined) return digest(sha256, [message])
  const { keyring, kid } = keyed
  // Without a kid the keyring would take its primary, and a rotation would change every key.
  assertText(kid, 'keyed.kid', 32)
  const options: DeriveOptions = tenant === '' ? { kid } : { kid, tenant }
  return hmac(sha256, keyring.derive('idempotency', options))([message])
}

/** `undefined` for parts that are not what they should be. */
function derive({ tenant, namespace, parts, keyed }: KeyInput): IdempotencyKey | undefined {
  const owner = tenant === GLOBAL_TENANT ? '' : assertText(tenant, 'tenant', 256)
  assertText(namespace, 'namespace', 128)
  const texts = readParts(parts)
  if (texts === undefined) return undefined
  const message = lp('waxseal/idempotency-key/v1', owner, namespace, ...texts)
  return `k1_${toBase64Url(hash(message, keyed, owner))}`
}

/** Every part is read once, by index: a getter has no second say, and a hole is seen. */
function readParts(parts: readonly unknown[]): readonly string[] | undefined {
  try {
    const texts: string[] = []
    if (!Array.isArray(parts) || parts.length < 1 || parts.length > 32) return undefined
    for (let i = 0; i < parts.length; i++) {
      const part: unknown = parts[i]
      if (!isText(part, 1024)) return undefined
      texts.push(part)
    }
    return texts
  } catch {
    return undefined
  }
}

function assertText(value: unknown, option: string, maxBytes: number): string {
  if (!isText(value, maxBytes)) throw new TypeError(`${option}: expected text of 1 to ${maxBytes} bytes`)
  return value
}
