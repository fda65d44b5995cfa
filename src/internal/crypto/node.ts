/** `#crypto` where `node:crypto` exists. Which way is fastest was measured: `bench/crypto.bench.ts`. */

import type { Cipher, Decipher, KeyObject } from 'node:crypto'
import * as crypto from 'node:crypto'
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
} from 'node:crypto'
import { assertEd25519PublicKey, assertEd25519Seed, isEd25519Signature } from './ed25519-rules.js'
import { expandInPlace, LONGEST_INFO } from './expand-in-place.js'
import { type BlockCipher, unwrapBlocks, wrapBlocks } from './key-wrap.js'
import { assertLength, assertRandomLength, assertWrappable, hkdfExpand, isWrapped } from './rules.js'
import type { Aead, CbcDecrypt, Chunk, Expand, Hash, KeyWrap, Mac, Signer, Verifier } from './types.js'

export { equalBytes } from './equal-bytes.js'

interface NodeHash<N extends Hash['name']> extends Hash<N> {
  readonly blockLength: number
}

export const sha256: NodeHash<'sha256'> = /* @__PURE__ */ Object.freeze({
  name: 'sha256',
  outputLength: 32,
  blockLength: 64,
})
export const sha512: NodeHash<'sha512'> = /* @__PURE__ */ Object.freeze({
  name: 'sha512',
  outputLength: 64,
  blockLength: 128,
})
export const sha1: NodeHash<'sha1'> = /* @__PURE__ */ Object.freeze({
  name: 'sha1',
  outputLength: 20,
  blockLength: 64,
})

/** Node 20.12 and 21.7 have it; elsewhere the streaming hash does the same, slower. */
const oneShot = crypto.hash as typeof crypto.hash | undefined

/** Where one-shot hashing stops paying: above it the copy into the scratch costs more than the native objects. */
const ONE_SHOT_LIMIT = 32_768
const LONGEST_BLOCK = 128

/** Every call writes, hashes and wipes it before it returns, so all keys can share one. */
let scratch: Buffer | undefined

/** The digest of the chunks, as if they were one message. */
export function digest(hash: Hash, chunks: readonly Chunk[]): Uint8Array {
  const only = chunks.length === 1 ? chunks[0] : undefined
  if (oneShot !== undefined && only !== undefined) return fromBinary(oneShot(hash.name, only, 'binary'))
  if (oneShot !== undefined && longestOf(chunks) <= ONE_SHOT_LIMIT) return fromBinary(hashed(hash, chunks))
  const streaming = createHash(hash.name)
  for (const chunk of chunks) streaming.update(chunk)
  return plain(streaming.digest())
}

/** Prepares an HMAC key. (RFC 2104) */
export function hmac(hash: Hash, key: Uint8Array): Mac {
  return prepared(hash, key).mac
}

/**
 * Two one-shot hashes over key-padded input are the whole of RFC 2104, and cross into C++ once each where `createHmac`
 * crosses three times and allocates a native object; the tests hold the two equal.
 */
function prepared(hash: Hash, key: Uint8Array): { readonly mac: Mac; wipe(): void } {
  const { blockLength } = hash as NodeHash<Hash['name']>
  const inner = new Uint8Array(blockLength)
  inner.set(key.length > blockLength ? digest(hash, [key]) : key)
  const outer = new Uint8Array(blockLength + hash.outputLength)
  for (let i = 0; i < blockLength; i++) {
    outer[i] = (inner[i] as number) ^ 0x5c
    inner[i] = (inner[i] as number) ^ 0x36
  }
  let keyObject: KeyObject | undefined

  const mac: Mac = (chunks) => {
    if (oneShot === undefined || longestOf(chunks) > ONE_SHOT_LIMIT) {
      // The padded key is the same HMAC key as the key itself. (RFC 2104 §2)
      keyObject ??= createSecretKey(inner.map((byte) => byte ^ 0x36))
      const streaming = createHmac(hash.name, keyObject)
      for (const chunk of chunks) streaming.update(chunk)
      return plain(streaming.digest())
    }
    const innerDigest = hashed(hash, chunks, inner)
    for (let i = 0; i < innerDigest.length; i++) outer[blockLength + i] = innerDigest.charCodeAt(i)
    return fromBinary(oneShot(hash.name, outer, 'binary'))
  }
  const wipe = (): void => {
    inner.fill(0)
    outer.fill(0)
  }
  return { mac, wipe }
}

/** Asking OpenSSL costs the same for 12 bytes and for thousands, so they are fetched ahead. */
const POOL_LENGTH = 8_192
const LONGEST_POOLED = 256
let pool: Uint8Array | undefined
let poolOffset = POOL_LENGTH

/** `length` unpredictable bytes. Each leaves the pool once: what was handed out is wiped there. */
export function randomBytes(length: number): Uint8Array {
  assertRandomLength(length)
  if (length > LONGEST_POOLED) return plain(crypto.randomBytes(length))
  pool ??= new Uint8Array(POOL_LENGTH)
  if (poolOffset + length > POOL_LENGTH) {
    crypto.randomFillSync(pool)
    poolOffset = 0
  }
  const end = poolOffset + length
  const bytes = pool.slice(poolOffset, end)
  pool.fill(0, poolOffset, end)
  poolOffset = end
  return bytes
}

/** base64url without padding: ten times as fast as in JavaScript, and half the cost of an envelope's text. */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
}

/** The bytes of its canonical text. Node passes over what is no digit, so the bytes must spell the same text again. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  // Not `Buffer.from`: its memory is shared with other Buffers, and this may be a key.
  const buffer = Buffer.allocUnsafeSlow((text.length * 3) >> 2)
  const whole = buffer.write(text, 'base64url') === buffer.length
  return whole && buffer.toString('base64url') === text ? plain(buffer) : undefined
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
  const bytes = typeof info === 'string' ? Buffer.from(info) : info
  if (oneShot !== undefined && prk.length <= 64 && bytes.length <= LONGEST_INFO) {
    return expandInPlace(oneShotSha256, prk, bytes, length)
  }
  const { mac, wipe } = prepared(sha256, prk)
  try {
    return hkdfExpand(mac, bytes, length)
  } finally {
    wipe()
  }
}

const oneShotSha256 = (input: Uint8Array): string => crypto.hash('sha256', input, 'binary')

/** Without it Node takes a tag of 4 bytes for a tag. */
const GCM = /* @__PURE__ */ Object.freeze({ authTagLength: 16 })

/** Prepares a key for AES-256-GCM. A KeyObject, because Node 24 spends 11–15 µs on each use of a key given as bytes. */
export function aesGcm(key: Uint8Array): Aead {
  assertLength(key, 'key', 32)
  const keyObject = createSecretKey(key)
  return {
    seal(nonce, plaintext, aad) {
      assertLength(nonce, 'nonce', 12)
      const cipher = createCipheriv('aes-256-gcm', keyObject, nonce, GCM).setAAD(aad)
      const sealed = new Uint8Array(plaintext.length + 16)
      sealed.set(cipher.update(plaintext))
      cipher.final()
      sealed.set(cipher.getAuthTag(), plaintext.length)
      return sealed
    },
    open(nonce, sealed, aad) {
      assertLength(nonce, 'nonce', 12, 16)
      const end = sealed.length - 16
      if (end < 0) return undefined
      const decipher = createDecipheriv('aes-256-gcm', keyObject, nonce, GCM).setAAD(aad)
      decipher.setAuthTag(sealed.subarray(end))
      return finished(decipher, decipher.update(sealed.subarray(0, end)))
    },
  }
}

/** RFC 3394 §2.2.3.1. */
const KW_IV = /* @__PURE__ */ new Uint8Array(8).fill(0xa6)

/** Prepares a key-encryption key for AES-256-KW. (RFC 3394) */
export function aesKw(kek: Uint8Array): KeyWrap {
  assertLength(kek, 'kek', 32)
  const keyObject = createSecretKey(kek)
  const native = hasKeyWrap(keyObject)
  return {
    wrap(key) {
      assertWrappable(key)
      if (!native) return wrapBlocks(blockCipher(createCipheriv('aes-256-ecb', keyObject, null)), key)
      return plain(createCipheriv('aes256-wrap', keyObject, KW_IV).update(key))
    },
    unwrap(wrapped) {
      if (!isWrapped(wrapped)) return undefined
      if (!native) return unwrapBlocks(blockCipher(createDecipheriv('aes-256-ecb', keyObject, null)), wrapped)
      try {
        return plain(createDecipheriv('aes256-wrap', keyObject, KW_IV).update(wrapped))
      } catch {
        return undefined
      }
    },
  }
}

/** Prepares a key for reading AES-CBC with PKCS#7 padding. */
export function aesCbcDecrypter(key: Uint8Array): CbcDecrypt {
  assertLength(key, 'key', 16, 24, 32)
  const name = `aes-${key.length * 8}-cbc`
  const keyObject = createSecretKey(key)
  return (iv, ciphertext) => {
    assertLength(iv, 'iv', 16)
    const decipher = createDecipheriv(name, keyObject, iv)
    return finished(decipher, decipher.update(ciphertext))
  }
}

/** The public key of an Ed25519 seed. (RFC 8032 §5.1.5) */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(ed25519PrivateKey(seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(SPKI.length))
}

/** Prepares an Ed25519 seed for signing. (RFC 8032 §5.1.6) */
export function ed25519Signer(seed: Uint8Array): Signer {
  const key = ed25519PrivateKey(seed)
  return (chunks) => plain(crypto.sign(null, joined(chunks), key))
}

/** Prepares an Ed25519 public key for verifying. (RFC 8032 §5.1.7) */
export function ed25519Verifier(publicKey: Uint8Array): Verifier {
  assertEd25519PublicKey(publicKey)
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  return (chunks, signature) =>
    isEd25519Signature(signature) && crypto.verify(null, joined(chunks), key, signature)
}

/** What RFC 8410 §4 and §7 put before the 32 bytes of an Ed25519 public key, and of a seed. */
const SPKI = /* @__PURE__ */ Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = /* @__PURE__ */ Buffer.from('302e020100300506032b657004220420', 'hex')

function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  assertEd25519Seed(seed)
  const der = Buffer.concat([PKCS8, seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

/** Bun's `node:crypto` has AES but not its key wrap, and says so only when asked for one. */
function hasKeyWrap(key: KeyObject): boolean {
  try {
    createCipheriv('aes256-wrap', key, KW_IV)
    return true
  } catch {
    return false
  }
}

function blockCipher(ecb: Cipher | Decipher): BlockCipher {
  ecb.setAutoPadding(false)
  return (block) => ecb.update(block)
}

/** The plaintext, if the tag or the padding is right; what was decrypted before that was known is wiped if not. */
function finished(decipher: Decipher, first: Buffer): Uint8Array | undefined {
  let last: Buffer
  try {
    last = decipher.final()
  } catch {
    first.fill(0)
    return undefined
  }
  if (last.length === 0) return plain(first)
  const plaintext = new Uint8Array(first.length + last.length)
  plaintext.set(first)
  plaintext.set(last, first.length)
  first.fill(0)
  last.fill(0)
  return plaintext
}

/** One message, copied only where it comes in several pieces. */
function joined(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
}

/** A Buffer that OpenSSL made, as a Uint8Array: `slice` and JSON differ, and so would the backends. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

/**
 * The most that the chunks can take: counting the UTF-8 of a text exactly would cost more than it decides.
 *
 * TypeError for what is neither bytes nor text: its length would be no number, and all such messages hash alike.
 */
function longestOf(chunks: readonly Chunk[]): number {
  let length = 0
  for (const chunk of chunks) length += typeof chunk === 'string' ? 3 * chunk.length : chunk.length
  if (Number.isNaN(length)) throw new TypeError('chunks: expected byte arrays and strings')
  return length
}

/**
 * The one-shot hash of a prefix and a few chunks, gathered in the scratch, as a binary string: the cheapest way to get
 * a digest across, as a Buffer the same hash takes twice as long.
 */
function hashed(hash: Hash, chunks: readonly Chunk[], prefix?: Uint8Array): string {
  scratch ??= Buffer.allocUnsafeSlow(LONGEST_BLOCK + ONE_SHOT_LIMIT)
  let end = 0
  if (prefix !== undefined) {
    scratch.set(prefix)
    end = prefix.length
  }
  for (const chunk of chunks) {
    if (typeof chunk === 'string') {
      end = writeText(scratch, chunk, end)
    } else {
      scratch.set(chunk, end)
      end += chunk.length
    }
  }
  const written = new Uint8Array(scratch.buffer, 0, end)
  const text = crypto.hash(hash.name, written, 'binary')
  written.fill(0)
  return text
}

/** Writes a text and returns where it ends. Signed prefixes are short and ASCII: no reason to cross into C++ for them. */
function writeText(target: Buffer, text: string, start: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f || i === 256) return start + target.write(text, start)
    target[start + i] = unit
  }
  return start + text.length
}

function fromBinary(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
