/** The lengths that both backends hold their caller to, and what RFC 5869 asks of either of their HMACs. */

import { assertInteger } from '../assert.js'
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
  const okm = new Uint8Array(length)
  let block = new Uint8Array()
  for (let i = 1, offset = 0; offset < length; i++, offset += 32) {
    const next = mac([block, info, Uint8Array.of(i)])
    okm.set(next.subarray(0, length - offset), offset)
    block.fill(0)
    block = next as Uint8Array<ArrayBuffer>
  }
  block.fill(0)
  return okm
}
