/**
 * What `#crypto` offers. `node.ts` does it with OpenSSL, `portable.ts` with `@noble/*`; both are synchronous, and
 * property tests hold them equal.
 *
 * Prepared forms (`hmac`, `aesGcm`, …) copy their key, so the caller may wipe it. What comes back is always a plain
 * `Uint8Array` of its own. An outsider's bytes never make anything throw: they fail as `undefined` or `false`. A
 * length that our own code got wrong is a TypeError, or a RangeError for a number, naming the parameter.
 */
export interface Crypto {
  readonly sha256: Hash<'sha256'>
  readonly sha512: Hash<'sha512'>
  /** For signatures that a vendor made so; nothing of ours uses it. */
  readonly sha1: Hash<'sha1'>

  /** The digest of the chunks, as if they were one message. */
  digest(hash: Hash, chunks: readonly Chunk[]): Uint8Array
  /** Prepares an HMAC key of any length. (RFC 2104) */
  hmac(hash: Hash, key: Uint8Array): Mac
  /** Equality of secret bytes in constant time; the lengths are not secret. */
  equalBytes(a: Uint8Array, b: Uint8Array): boolean
  /** `length` unpredictable bytes. */
  randomBytes(length: number): Uint8Array

  /** base64url without padding. Here, because hosts do it ten times as fast as JavaScript. (RFC 4648 §5) */
  toBase64Url(bytes: Uint8Array): string
  /** Its bytes; `undefined` unless the text is the one spelling of them. (RFC 4648 §3.5) */
  fromBase64Url(text: string): Uint8Array | undefined

  /** HKDF in one go: extract, then `length` bytes, 1…8160. An empty salt stands for 32 zero bytes. (RFC 5869 §2) */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Chunk, length: number): Uint8Array
  /** HKDF-Extract, prepared for many expansions. (RFC 5869 §2.2) */
  hkdfSha256Extract(ikm: Uint8Array, salt: Uint8Array): Expand
  /**
   * HKDF-Expand: `length` bytes, 1…8160, under a PRK that serves once, such as a fresh uniform key; the byte arrays
   * that were made of the PRK on the way are wiped. (RFC 5869 §2.3, §3.3)
   */
  hkdfSha256Expand(prk: Uint8Array, info: Chunk, length: number): Uint8Array

  /** Prepares a 32-byte key for AES-256-GCM. (NIST SP 800-38D) */
  aesGcm(key: Uint8Array): Aead
  /** Prepares a 32-byte key-encryption key for AES-256-KW. (RFC 3394) */
  aesKw(kek: Uint8Array): KeyWrap
  /** Prepares a key of 16, 24 or 32 bytes for reading AES-CBC with PKCS#7 padding; there is no way to write it. */
  aesCbcDecrypter(key: Uint8Array): CbcDecrypt

  /** The public key, 32 bytes, of a 32-byte seed. (RFC 8032 §5.1.5) */
  ed25519PublicKey(seed: Uint8Array): Uint8Array
  /** Prepares a 32-byte seed for signing. (RFC 8032 §5.1.6) */
  ed25519Signer(seed: Uint8Array): Signer
  /** Prepares a public key for verifying. TypeError for one that `assertEd25519PublicKey` refuses. (RFC 8032 §5.1.7) */
  ed25519Verifier(publicKey: Uint8Array): Verifier
}

/** A hash function as a value, so that one nobody names is not bundled. */
export interface Hash<N extends string = 'sha256' | 'sha512' | 'sha1'> {
  readonly name: N
  /** Bytes of its output. */
  readonly outputLength: number
}

/** A piece of a message; text stands for its UTF-8. */
export type Chunk = Uint8Array | string

/** An HMAC under one key (RFC 2104): the tag over the chunks, as if they were one message. Not re-entrant. */
export type Mac = (chunks: readonly Chunk[]) => Uint8Array

/** HKDF-Expand under one PRK: `length` bytes of key for what `info` names, 1…8160. (RFC 5869 §2.3) */
export type Expand = (info: Chunk, length: number) => Uint8Array

/** AES-256-GCM under one key, with tags of 16 bytes. */
export interface Aead {
  /** Ciphertext, then tag. A nonce of 12 bytes seals one message under a key: a second one gives both away. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array
  /** `undefined` unless all of it is as it was sealed. A nonce of 16 bytes is for reading what others wrote. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined
}

/** AES-256-KW under one key-encryption key, with the initial value of RFC 3394 §2.2.3.1. */
export interface KeyWrap {
  /** Wraps a key of 16 bytes or more, a multiple of 8, into 8 bytes more. */
  wrap(key: Uint8Array): Uint8Array
  /** `undefined` unless it was wrapped under this key. */
  unwrap(wrapped: Uint8Array): Uint8Array | undefined
}

/**
 * AES-CBC under one key, IV of 16 bytes. It authenticates nothing, padding is right by chance once in 256 times, and
 * whoever may ask often can read by it: the caller must decide whether the result makes sense, and answer alike.
 */
export type CbcDecrypt = (iv: Uint8Array, ciphertext: Uint8Array) => Uint8Array | undefined

/** An Ed25519 signature of 64 bytes over the chunks, as if they were one message. */
export type Signer = (chunks: readonly Chunk[]) => Uint8Array

/** Whether it is the key's signature over the chunks. False, never an exception, for any signature that is not. */
export type Verifier = (chunks: readonly Chunk[], signature: Uint8Array) => boolean
