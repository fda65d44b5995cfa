import { equalBytes, hmac } from '#crypto'
import { utf8 } from '../internal/bytes.js'
import type { Hash } from '../internal/crypto/types.js'
import type { SchemeKey } from './scheme.js'

/** A key that signs and verifies by HMAC (RFC 2104). */
export function hmacKey(hash: Hash, material: Uint8Array, version = ''): SchemeKey {
  const mac = hmac(hash, material)
  return {
    version,
    length: material.length,
    matches(content, signatures) {
      const expected = mac(content)
      let matched = false
      for (const signature of signatures) {
        const equal = signature.version === version && equalBytes(signature.bytes, expected)
        matched = equal || matched
      }
      return matched
    },
    sign: (content) => ({ version, bytes: mac(content) }),
  }
}

/** For vendors that key with the secret's text as it stands, prefix and all. */
export function textKey(hash: Hash): (secret: string) => SchemeKey {
  return (secret) => hmacKey(hash, utf8(secret))
}
