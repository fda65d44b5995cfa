import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createSigner,
  createVerifier,
  github,
  meta,
  safravo,
  shopify,
  slack,
  standardWebhooks,
  stripe,
} from 'waxseal/webhooks'
import { NOW, outcomeOf, secretFor } from '../webhooks/support.js'
import { binaries } from './bodies.js'

const T = NOW / 1000
const hex = (prefix: string) => (mac: Buffer) => prefix + mac.toString('hex')
const base64 = (prefix: string) => (mac: Buffer) => prefix + mac.toString('base64')

/** What stands before the body in the signed content, the key, and how the MAC is written; after the vendors' docs. */
const SCHEMES = [
  [safravo, '', (secret: string) => secret, hex('sha256='), 'x-safravo-signature'],
  [meta, '', (secret: string) => secret, hex('sha256='), 'x-hub-signature-256'],
  [github, '', (secret: string) => secret, hex('sha256='), 'x-hub-signature-256'],
  [shopify, '', (secret: string) => secret, base64(''), 'x-shopify-hmac-sha256'],
  [slack, `v0:${T}:`, (secret: string) => secret, hex('v0='), 'x-slack-signature'],
  [stripe, `${T}.`, (secret: string) => secret, hex(`t=${T},v1=`), 'stripe-signature'],
  [
    standardWebhooks,
    `msg_1.${T}.`,
    (secret: string) => Buffer.from(secret.slice(6), 'base64'),
    base64('v1,'),
    'webhook-signature',
  ],
] as const

// Every library that takes bytes decodes them to text first, so over bytes the peer is OpenSSL.
describe.each(SCHEMES)('$name over bytes that are no text', (scheme, before, keyOf, write, header) => {
  const secrets = [{ id: 'k', secret: secretFor(scheme) }]
  const signer = createSigner(scheme, { secrets, now: () => NOW })
  const verifier = createVerifier(scheme, { secrets, now: () => NOW })

  it('signs as node:crypto does, and verifies that', () => {
    for (const body of binaries(scheme.name.length)) {
      const mac = createHmac('sha256', keyOf(secretFor(scheme)))
        .update(before)
        .update(body)
        .digest()
      const { headers } = signer.sign({ body, id: 'msg_1' })
      expect(headers[header]).toBe(write(mac))
      expect(outcomeOf(verifier, { headers, body })).toBe('verified')
      const text = new TextDecoder().decode(body)
      if (!Buffer.from(text).equals(body))
        expect(outcomeOf(verifier, { headers, body: text })).toBe('signature_mismatch')
    }
  })
})
