/**
 * RFC 3394 over single AES blocks, for a `node:crypto` that has AES but not its key wrap (Bun). noble's `aeskw` would
 * do too, but its tables cost every program on Node 10 ms at start, and its look-ups are not constant-time.
 */

/** One AES block of 16 bytes in, one out. */
export type BlockCipher = (block: Uint8Array) => Uint8Array

/** RFC 3394 §2.2.3.1. */
const INITIAL_VALUE = 0xa6

/** Wraps n ≥ 2 blocks of 8 bytes. (RFC 3394 §2.2.1, the indexed form) */
export function wrapBlocks(encrypt: BlockCipher, key: Uint8Array): Uint8Array {
  const wrapped = new Uint8Array(8 + key.length)
  wrapped.set(key, 8)
  const block = new Uint8Array(16).fill(INITIAL_VALUE, 0, 8)
  for (let t = 1, round = 0; round < 6; round++) {
    for (let at = 8; at < wrapped.length; at += 8, t++) {
      block.set(wrapped.subarray(at, at + 8), 8)
      block.set(encrypt(block))
      wrapped.set(block.subarray(8), at)
      xorCounter(block, t)
    }
  }
  wrapped.set(block.subarray(0, 8))
  block.fill(0)
  return wrapped
}

/** Unwraps n ≥ 2 blocks of 8 bytes and the one before them; `undefined` if that is not the initial value. (§2.2.2) */
export function unwrapBlocks(decrypt: BlockCipher, wrapped: Uint8Array): Uint8Array | undefined {
  const key = wrapped.slice(8)
  const block = new Uint8Array(16)
  block.set(wrapped.subarray(0, 8))
  for (let t = (6 * key.length) / 8, round = 0; round < 6; round++) {
    for (let at = key.length - 8; at >= 0; at -= 8, t--) {
      xorCounter(block, t)
      block.set(key.subarray(at, at + 8), 8)
      block.set(decrypt(block))
      key.set(block.subarray(8), at)
    }
  }
  let difference = 0
  for (const byte of block.subarray(0, 8)) difference |= byte ^ INITIAL_VALUE
  block.fill(0)
  if (difference === 0) return key
  key.fill(0)
  return undefined
}

/** A = A ^ t: t is a 64-bit big-endian number, of which no key that fits in memory needs the upper half. */
function xorCounter(block: Uint8Array, t: number): void {
  const low = new DataView(block.buffer, 4, 4)
  low.setUint32(0, low.getUint32(0) ^ t)
}
