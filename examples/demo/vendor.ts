/**
 * The vendors' side, signed with plain `node:crypto` after their documentation, so that the demo does not check waxseal
 * against itself.
 */

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const META_SECRET = '7d8f1c0b5a9e4d3c2b1a0f9e8d7c6b5a'
export const META_VERIFY_TOKEN = 'demo-verify-token-2026'
export const SAFRAVO_SECRET = `whsec_${'0123456789abcdef'.repeat(4)}`
export const SAFRAVO_OLD_SECRET = `whsec_${'fedcba9876543210'.repeat(4)}`
export const BILLING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const BILLING_OLD_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`

/** A vendor payload, byte for byte. */
export function fixture(path: string): Buffer {
  return readFileSync(new URL(`../../test/fixtures/${path}`, import.meta.url))
}

const hmac = (key: string | Buffer, ...parts: (string | Uint8Array)[]) =>
  parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest()

/** Meta: HMAC of the body under the App Secret, in hex. */
export function signMeta(body: Uint8Array, secret = META_SECRET): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-hub-signature-256': `sha256=${hmac(secret, body).toString('hex')}`,
  }
}

/** Safravo: HMAC of the body under the whole `whsec_…` text, in hex. */
export function signSafravo(body: Uint8Array, secret = SAFRAVO_SECRET): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-safravo-signature': `sha256=${hmac(secret, body).toString('hex')}`,
    'x-safravo-event': 'message.created',
  }
}

/** Standard Webhooks: HMAC of `id.timestamp.body` under the decoded secret, in base64; one entry per secret. */
export function signStandard(
  id: string,
  body: Uint8Array,
  signedAt: number,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(signedAt / 1000))
  const entries = secrets.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    return `v1,${hmac(key, `${id}.${timestamp}.`, body).toString('base64')}`
  })
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': entries.join(' '),
  }
}
