import '@shopify/shopify-api/adapters/web-api'
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api'
import { createSHA256HMAC } from '@shopify/shopify-api/runtime'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, shopify } from 'waxseal/webhooks'
import { outcomeOf, secretFor } from '../webhooks/support.js'
import { texts } from './bodies.js'

const secret = secretFor(shopify)
const secrets = [{ id: 'k', secret }]
const signer = createSigner(shopify, { secrets })
const verifier = createVerifier(shopify, { secrets })
const peer = shopifyApi({
  apiKey: 'key',
  apiSecretKey: secret,
  hostName: 'app.example.com',
  apiVersion: ApiVersion.January26,
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error, log: () => {} },
})

const REST = {
  'x-shopify-topic': 'orders/create',
  'x-shopify-shop-domain': 'a.myshopify.com',
  'x-shopify-api-version': '2026-01',
  'x-shopify-webhook-id': 'w1',
}
/** What the peer says of a request as the framework has it. */
async function accepts(rawBody: string, signature: string): Promise<boolean> {
  const headers = { ...REST, 'x-shopify-hmac-sha256': signature }
  const rawRequest = new Request('https://app.example.com/hook', { method: 'POST', headers, body: rawBody })
  return (await peer.webhooks.validate({ rawBody, rawRequest })).valid
}
const ours = (signature: string, body: string) =>
  outcomeOf(verifier, { headers: { ...REST, 'x-shopify-hmac-sha256': signature }, body })

// It takes text alone, and no empty one; Shopify sends JSON.
describe('@shopify/shopify-api 13.1.0', () => {
  it('signs what we verify', async () => {
    for (const body of texts(61)) {
      const signature = await createSHA256HMAC(secret, body)
      expect(ours(signature, body), JSON.stringify(body.slice(0, 80))).toBe('verified')
      expect(ours(signature, `${body} `)).toBe('signature_mismatch')
    }
  })

  it('verifies what we sign', async () => {
    for (const text of texts(62)) {
      const signature = signer.sign({ body: text }).headers['x-shopify-hmac-sha256'] as string
      expect(await accepts(text, signature), JSON.stringify(text.slice(0, 80))).toBe(true)
      expect(await accepts(`${text} `, signature)).toBe(false)
    }
  })

  // The negative rows of shopify-app-js/packages/apps/shopify-api/lib/webhooks/__tests__/validate.test.ts.
  it('refuses, as we do, what is missing, of another secret or over another body', async () => {
    const good = await createSHA256HMAC(secret, '{}')
    const rows = [
      ['', 'missing_header'],
      ['invalid', 'malformed_signature'],
      [good.slice(0, -1), 'malformed_signature'],
      [await createSHA256HMAC(secretFor(shopify, 8), '{}'), 'signature_mismatch'],
      [await createSHA256HMAC(secret, '{ }'), 'signature_mismatch'],
    ] as const
    for (const [signature, code] of rows) {
      expect(await accepts('{}', signature), code).toBe(false)
      expect(ours(signature, '{}')).toBe(code)
    }
    expect(() => createVerifier(shopify, { secrets: [{ id: 'k', secret: '' }] })).toThrow(TypeError)
  })
})
