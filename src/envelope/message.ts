/** The body of an envelope: salt, commitment, ciphertext, tag, all under keys of one data key, one salt, one context. */

import { aesGcm, equalBytes, hkdfSha256Expand } from '#crypto'
import { lp } from '../internal/lp.js'
import type { BoundContext } from './context.js'
import { EnvelopeError } from './errors.js'
import { COMMIT_BYTES, type Parsed, SALT_BYTES, textOf } from './format.js'
import { hintOf } from './hint.js'
import { KEY_BYTES } from './key-bytes.js'

/** Where the parts of the derived bytes end: commitment, key, nonce. */
const KEY_END = COMMIT_BYTES + KEY_BYTES
const NONCE_END = KEY_END + 12
/** Where the ciphertext begins in a body. */
const SEALED_AT = SALT_BYTES + COMMIT_BYTES

/** Everything that the keys and the tag are bound to; 75 bytes. */
const infoOf = (salt: Uint8Array, contextHash: Uint8Array): Uint8Array => lp('wx1/msg', salt, contextHash)

/**
 * What one data key, salt and context give. GCM alone does not commit to its key: a body can be made that opens under two
 * of them. The commitment rules that out, and because it covers the context too, it tells a wrong one from damage.
 */
function derive(dek: Uint8Array, info: Uint8Array): Uint8Array {
  // The data key is uniform, so it is the PRK. (RFC 5869 §3.3)
  return hkdfSha256Expand(dek, info, NONCE_END)
}

/** The body for a plaintext. */
export function sealBody(
  dek: Uint8Array,
  salt: Uint8Array,
  plaintext: Uint8Array,
  contextHash: Uint8Array,
): Uint8Array {
  const info = infoOf(salt, contextHash)
  const okm = derive(dek, info)
  try {
    const { seal } = aesGcm(okm.subarray(COMMIT_BYTES, KEY_END))
    const sealed = seal(okm.subarray(KEY_END), plaintext, info)
    const body = new Uint8Array(SEALED_AT + sealed.length)
    body.set(salt)
    body.set(okm.subarray(0, COMMIT_BYTES), SALT_BYTES)
    body.set(sealed, SEALED_AT)
    return body
  } finally {
    okm.fill(0)
  }
}

/** The plaintext of an envelope. @throws EnvelopeError `context_mismatch`, `tampered`. */
export function openBody(dek: Uint8Array, parsed: Parsed, { hash, names }: BoundContext): Uint8Array {
  const { kid, body } = parsed
  const info = infoOf(body.subarray(0, SALT_BYTES), hash)
  const okm = derive(dek, info)
  try {
    if (!equalBytes(okm.subarray(0, COMMIT_BYTES), body.subarray(SALT_BYTES, SEALED_AT))) {
      throw new EnvelopeError('context_mismatch', { kid, remark: `given ${names.join(', ')}` })
    }
    const { open } = aesGcm(okm.subarray(COMMIT_BYTES, KEY_END))
    const plaintext = open(okm.subarray(KEY_END), body.subarray(SEALED_AT), info)
    if (plaintext === undefined) throw new EnvelopeError('tampered', { kid, hint: hintOf(textOf(parsed)) })
    return plaintext
  } finally {
    okm.fill(0)
  }
}
