/** The lengths that both backends hold their caller to, and what RFC 5869 asks of either of their HMACs. */

import { assertInteger } from '../assert.js'
import { utf8 } from '../bytes.js'
import type { Chunk, Mac } from './types.js'

/** TypeError unless it is a byte array of one of the lengths. */
export function assertLength(bytes: Uint8Array, parameter: string, ...lengths: readonly number[]): void {
  if (!ArrayBuffer.isView(bytes) || !lengths.includes(bytes.length)) {
    throw new TypeError(`${parameter}: expected ${lengths.join(' or ')} bytes`)
  }
}

/** TypeError unless it can be wrapped: two blocks of 8 bytes or more. (RFC 3394 §2) */
export function assertWrappable(key: Uint8Array): void {
  if (key.length < 16 || key.length % 8 !== 0) {
    throw new TypeError('key: expected 16 bytes or more, a multiple of 8')
  }
}

/** Whether a wrapped key can have this length. OpenSSL would unwrap nothing to nothing, and call that a success. */
export function isWrapped(wrapped: Uint8Array): boolean {
  return wrapped.length >= 24 && wrapped.length % 8 === 0
}

/** What `getRandomValues` and `randomBytes` can give at all. */
export function assertRandomLength(length: number): void {
  assertInteger(length, 'length', 0, 2 ** 31 - 1)
}

/** HKDF-Expand with the HMAC-SHA-256 of the PRK. (RFC 5869 §2.3) */
export function hkdfExpand(mac: Mac, info: Chunk, length: number): Uint8Array {
  assertInteger(length, 'length', 1, 255 * 32)
  const bytes = typeof info === 'string' ? utf8(info) : info
  // T(n-1) ‖ info ‖ n, in one piece: the first time without T.
  const input = new Uint8Array(32 + bytes.length + 1)
  input.set(bytes, 32)
  const okm = new Uint8Array(length)
  for (let offset = 0, n = 1; offset < length; offset += 32, n++) {
    input[input.length - 1] = n
    const block = mac([n === 1 ? input.subarray(32) : input])
    input.set(block)
    okm.set(offset + 32 <= length ? block : block.subarray(0, length - offset), offset)
    block.fill(0)
  }
  input.fill(0, 0, 32)
  return okm
}
