/**
 * Asymmetric Standard Webhooks (`v1a`): the sender signs with a private key, receivers hold the public one and could not
 * sign if they wanted. An entry of its own, because the curve is heavier than all HMAC schemes together.
 *
 * @module
 */

import { ed25519PublicKey, ed25519Signer, ed25519Verifier } from '#crypto'
import { concatBytes } from '../internal/bytes.js'
import { fromBase64, toBase64 } from '../internal/encoding.js'
import type { Secret } from '../internal/secret.js'
import type { SchemeKey, WebhookScheme } from './scheme.js'
import { importSymmetricKey, standardScheme } from './schemes/standard-webhooks.js'
import { secretText } from './secrets.js'

const VERSION = 'v1a'
const LENGTHS = /* @__PURE__ */ Object.freeze({ v1: 32, [VERSION]: 64 })

/**
 * Standard Webhooks with Ed25519: `v1a,<base64>` entries beside `v1` ones, over the same `<id>.<timestamp>.<body>`.
 *
 * A verifier takes `whpk_` (public) or `whsk_` (private) keys and, during a move, `whsec_` secrets; a signer takes
 * `whsk_` and `whsec_`. A key checks only the version of its kind: a public key is never tried as an HMAC secret.
 *
 * Source: Standard Webhooks specification 1.0.0; RFC 8032 §5.1, with weak public keys refused at creation.
 */
export const standardWebhooksV1a: WebhookScheme<'standard_webhooks_v1a'> = /* @__PURE__ */ standardScheme(
  'standard_webhooks_v1a',
  LENGTHS,
  {
    importKey(secret, option) {
      if (secret.startsWith('whpk_')) return importPublicKey(decodeKey(secret, 'whpk_', option), option)
      if (secret.startsWith('whsk_')) return signingKey(decodeKey(secret, 'whsk_', option), option)
      if (secret.startsWith('whsec_')) return importSymmetricKey(secret, option)
      throw new TypeError(`${option}: expected a key that begins with whpk_, whsk_ or whsec_`)
    },
    generate(random) {
      const seed = random(32)
      return `whsk_${toBase64(concatBytes([seed, ed25519PublicKey(seed)]))}`
    },
  },
)

/**
 * The `whpk_…` to hand to receivers, of the `whsk_…` that `generateSecret(standardWebhooksV1a)` makes.
 *
 * @throws TypeError where it is not such a key.
 */
export function publicKeyOf(secretKey: string | Secret<string>): string {
  const text = secretText(secretKey, 'secretKey')
  return `whpk_${toBase64(ed25519PublicKey(seedOf(decodeKey(text, 'whsk_', 'secretKey'), 'secretKey')))}`
}

function decodeKey(text: string, prefix: string, option: string): Uint8Array {
  const bytes = text.startsWith(prefix) ? fromBase64(text.slice(prefix.length)) : undefined
  if (bytes === undefined) throw new TypeError(`${option}: expected ${prefix} and base64`)
  return bytes
}

function importPublicKey(material: Uint8Array, option: string): SchemeKey {
  try {
    return verifyingKey(material)
  } catch {
    throw new TypeError(`${option}: expected whpk_ and base64 of a 32-byte public key, not a weak one`)
  }
}

function verifyingKey(publicKey: Uint8Array): SchemeKey {
  const verify = ed25519Verifier(publicKey)
  return {
    version: VERSION,
    length: publicKey.length,
    matches(content, signatures) {
      let matched = false
      for (const { version, bytes } of signatures) {
        const valid = version === VERSION && verify(content, bytes)
        matched = valid || matched
      }
      return matched
    },
  }
}

function signingKey(material: Uint8Array, option: string): SchemeKey {
  const seed = seedOf(material, option)
  const sign = ed25519Signer(seed)
  return {
    ...verifyingKey(ed25519PublicKey(seed)),
    sign: (content) => ({ version: VERSION, bytes: sign(content) }),
  }
}

/** The seed, alone or followed by its public key: a pair whose halves belong to different keys leaks the private one. */
function seedOf(material: Uint8Array, option: string): Uint8Array {
  const seed = material.subarray(0, 32)
  const stated = material.subarray(32)
  const matches = stated.length === 0 || toBase64(stated) === toBase64(ed25519PublicKey(seed))
  if (seed.length !== 32 || !matches) {
    throw new TypeError(
      `${option}: expected whsk_ and base64 of a 32-byte seed, alone or with its public key`,
    )
  }
  return seed
}
