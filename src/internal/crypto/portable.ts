/** `#crypto` for every other runtime: audited JavaScript, no WebCrypto, because that is asynchronous throughout. */

import { aeskw, cbc, gcm } from '@noble/ciphers/aes.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha1 as nobleSha1 } from '@noble/hashes/legacy.js'
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'
import type { CHash } from '@noble/hashes/utils.js'
import { concatBytes, utf8 } from '../bytes.js'
import {
  assertEd25519PublicKey,
  assertEd25519Seed,
  isEd25519Signature,
  littleEndian,
} from './ed25519-rules.js'
import { equalBytes } from './equal-bytes.js'
import { assertLength, assertRandomLength, assertWrappable, hkdfExpand, isWrapped } from './rules.js'
import type { Aead, CbcDecrypt, Chunk, Expand, Hash, KeyWrap, Mac, Signer, Verifier } from './types.js'

export { fromBase64Url, toBase64Url } from './base64url.js'
export { equalBytes }

interface NobleHash<N extends Hash['name']> extends Hash<N> {
  readonly noble: CHash
}

export const sha256: NobleHash<'sha256'> = /* @__PURE__ */ Object.freeze({
  name: 'sha256',
  outputLength: 32,
  noble: nobleSha256,
})
export const sha512: NobleHash<'sha512'> = /* @__PURE__ */ Object.freeze({
  name: 'sha512',
  outputLength: 64,
  noble: nobleSha512,
})
export const sha1: NobleHash<'sha1'> = /* @__PURE__ */ Object.freeze({
  name: 'sha1',
  outputLength: 20,
  noble: nobleSha1,
})

/** The digest of the chunks, as if they were one message. */
export function digest(hash: Hash, chunks: readonly Chunk[]): Uint8Array {
  const streaming = (hash as NobleHash<Hash['name']>).noble.create()
  for (const chunk of chunks) streaming.update(asBytes(chunk))
  return streaming.digest()
}

/** Prepares an HMAC key. (RFC 2104) */
export function hmac(hash: Hash, key: Uint8Array): Mac {
  return prepared(hash, key).mac
}

/**
 * Both padded keys of RFC 2104 are hashed once, here, and each tag starts from copies of those two states. That is all of
 * noble's `hmac`, less the class around it; the tests hold the three equal.
 */
function prepared(hash: Hash, key: Uint8Array): { readonly mac: Mac; wipe(): void } {
  const { noble } = hash as NobleHash<Hash['name']>
  const padded = new Uint8Array(noble.blockLen)
  padded.set(key.length > noble.blockLen ? noble(key) : key)
  for (let i = 0; i < padded.length; i++) padded[i] = (padded[i] as number) ^ 0x36
  const inner = noble.create().update(padded)
  for (let i = 0; i < padded.length; i++) padded[i] = (padded[i] as number) ^ 0x36 ^ 0x5c
  const outer = noble.create().update(padded)
  padded.fill(0)
  const innerCopy = inner.clone()
  const outerCopy = outer.clone()

  const mac: Mac = (chunks) => {
    inner._cloneInto(innerCopy)
    for (const chunk of chunks) innerCopy.update(asBytes(chunk))
    outer._cloneInto(outerCopy)
    return outerCopy.update(innerCopy.digest()).digest()
  }
  const wipe = (): void => {
    for (const state of [inner, outer, innerCopy, outerCopy]) state.destroy()
  }
  return { mac, wipe }
}

/** What one call of `getRandomValues` gives at most. */
const RANDOM_LIMIT = 65_536

/** `length` unpredictable bytes. */
export function randomBytes(length: number): Uint8Array {
  assertRandomLength(length)
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += RANDOM_LIMIT)
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_LIMIT))
  return bytes
}

/** HKDF in one go. (RFC 5869 §2) */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Chunk, length: number): Uint8Array {
  return hkdfSha256Extract(ikm, salt)(info, length)
}

/** HKDF-Extract, prepared for many expansions. (RFC 5869 §2.2) */
export function hkdfSha256Extract(ikm: Uint8Array, salt: Uint8Array): Expand {
  const prk = hmac(sha256, salt)([ikm])
  const mac = hmac(sha256, prk)
  prk.fill(0)
  return (info, length) => hkdfExpand(mac, info, length)
}

/** HKDF-Expand under a PRK that serves once. (RFC 5869 §2.3, §3.3) */
export function hkdfSha256Expand(prk: Uint8Array, info: Chunk, length: number): Uint8Array {
  const { mac, wipe } = prepared(sha256, prk)
  try {
    return hkdfExpand(mac, info, length)
  } finally {
    wipe()
  }
}

/** Prepares a key for AES-256-GCM. noble looks at the tag first, so what is not authentic is never decrypted. */
export function aesGcm(key: Uint8Array): Aead {
  assertLength(key, 'key', 32)
  const held = Uint8Array.from(key)
  return {
    seal(nonce, plaintext, aad) {
      assertLength(nonce, 'nonce', 12)
      return gcm(held, nonce, aad).encrypt(plaintext)
    },
    open(nonce, sealed, aad) {
      assertLength(nonce, 'nonce', 12, 16)
      return sealed.length < 16 ? undefined : attempt(() => gcm(held, nonce, aad).decrypt(sealed))
    },
  }
}

/** Prepares a key-encryption key for AES-256-KW. (RFC 3394) */
export function aesKw(kek: Uint8Array): KeyWrap {
  assertLength(kek, 'kek', 32)
  const held = Uint8Array.from(kek)
  return {
    wrap(key) {
      assertWrappable(key)
      return aeskw(held).encrypt(key)
    },
    unwrap: (wrapped) => (isWrapped(wrapped) ? attempt(() => aeskw(held).decrypt(wrapped)) : undefined),
  }
}

/** Prepares a key for reading AES-CBC with PKCS#7 padding. */
export function aesCbcDecrypter(key: Uint8Array): CbcDecrypt {
  assertLength(key, 'key', 16, 24, 32)
  const held = Uint8Array.from(key)
  return (iv, ciphertext) => {
    assertLength(iv, 'iv', 16)
    if (ciphertext.length === 0 || ciphertext.length % 16 !== 0) return undefined
    const padded = new Uint8Array(ciphertext.length)
    const plaintext = attempt(() => cbc(held, iv).decrypt(ciphertext, padded).slice())
    padded.fill(0)
    return plaintext
  }
}

/** The public key of an Ed25519 seed. (RFC 8032 §5.1.5) */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  assertEd25519Seed(seed)
  return ed25519.getPublicKey(seed)
}

/** Prepares an Ed25519 seed for signing. (RFC 8032 §5.1.6) */
export function ed25519Signer(seed: Uint8Array): Signer {
  assertEd25519Seed(seed)
  const held = Uint8Array.from(seed)
  return (chunks) => ed25519.sign(joined(chunks), held)
}

/**
 * Prepares an Ed25519 public key for verifying. (RFC 8032 §5.1.7)
 *
 * Not noble's `verify`: that one multiplies both sides by the cofactor, OpenSSL does not, and a signer who plays with
 * the small-order part of R or of the key could make a delivery that one runtime accepts and another refuses. The RFC
 * allows both equations; this one, R = [S]B − [k]A compared as bytes, also refuses any unreduced R.
 */
export function ed25519Verifier(publicKey: Uint8Array): Verifier {
  assertEd25519PublicKey(publicKey)
  const { Point } = ed25519
  const key = Uint8Array.from(publicKey)
  const negated = Point.fromBytes(key, false).negate()
  return (chunks, signature) => {
    if (!isEd25519Signature(signature)) return false
    const r = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32))
    const k = Point.Fn.create(littleEndian(digest(sha512, [r, key, ...chunks])))
    return equalBytes(Point.BASE.multiplyUnsafe(s).add(negated.multiplyUnsafe(k)).toBytes(), r)
  }
}

/** noble throws for what is not authentic; here that is a value. Wrong lengths have been sorted out before. */
function attempt(open: () => Uint8Array): Uint8Array | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}

/** One message, copied only where it comes in several pieces. */
function joined(chunks: readonly Chunk[]): Uint8Array {
  return chunks.length === 1 ? asBytes(chunks[0] as Chunk) : concatBytes(chunks.map(asBytes))
}

const asBytes = (chunk: Chunk): Uint8Array => (typeof chunk === 'string' ? utf8(chunk) : chunk)
