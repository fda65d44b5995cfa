/**
 * What both backends refuse before they compute. OpenSSL and noble part over weak keys, unreduced coordinates and an S
 * out of range; what is decided here, once, cannot differ. (RFC 8032 §5.1.3, §5.1.7; `webhooks.md` 5.4)
 */

import { assertLength } from './rules.js'

const P = /* @__PURE__ */ BigInt('0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed')
const D = /* @__PURE__ */ BigInt('0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3')
const L = /* @__PURE__ */ BigInt('0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed')

/** y of two points of order 8, the other two have −y; the points of order 1, 2 and 4 have y = 1, −1 and 0. */
const ORDER_8 = /* @__PURE__ */ BigInt('0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826')

/**
 * TypeError unless it encodes a point of the curve, canonically, that is not of small order: under such a key one
 * signature fits many messages. It may still have a small-order part: such a key weakens only whoever made it.
 */
export function assertEd25519PublicKey(publicKey: Uint8Array): void {
  assertLength(publicKey, 'publicKey', 32)
  const y = BigInt.asUintN(255, littleEndian(publicKey))
  if (isWeak(y) || !isOnCurve(y)) {
    throw new TypeError('publicKey: expected a point of edwards25519, not a weak one')
  }
}

/** TypeError unless it is a seed: the 32 bytes that RFC 8032 §5.1.5 calls the private key. */
export function assertEd25519Seed(seed: Uint8Array): void {
  assertLength(seed, 'seed', 32)
}

/**
 * 64 bytes; S < L, otherwise S + L would sign the same message a second way; and R neither of small order nor
 * unreduced, which OpenSSL 3.5 refuses and 3.0 does not. No signer makes such an R but on purpose. (RFC 8032 §5.1.7, §8.4)
 */
export function isEd25519Signature(signature: Uint8Array): boolean {
  return (
    signature.length === 64 &&
    littleEndian(signature.subarray(32)) < L &&
    !isWeak(BigInt.asUintN(255, littleEndian(signature.subarray(0, 32))))
  )
}

/** Whether y is that of a point of small order, or no reduced coordinate. */
function isWeak(y: bigint): boolean {
  return y <= 1n || y >= P - 1n || y === ORDER_8 || y === P - ORDER_8
}

/** Whether x² = (y² − 1) / (dy² + 1) has a root: by Euler's criterion, u/v being a square where u·v is one. */
function isOnCurve(y: bigint): boolean {
  const y2 = (y * y) % P
  let power = ((y2 - 1n) * (D * y2 + 1n)) % P
  let euler = 1n
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) euler = (euler * power) % P
    power = (power * power) % P
  }
  return euler === 1n
}

/** Bytes as RFC 8032 reads them into integers. */
export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}
