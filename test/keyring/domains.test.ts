import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createBlindIndex } from 'waxseal/envelope'
import { deriveKey, fingerprint } from 'waxseal/idempotency'
import { createKeyring } from 'waxseal/keyring'
import { createVerifier, standardWebhooks } from 'waxseal/webhooks'
import { A } from './support.js'

// Root 00 01 … 1f, which somebody has made a vendor's webhook secret too.
const root = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte))
const secret = `whsec_${root.toString('base64')}`
const now = () => 1_700_000_000_000
const verifier = createVerifier(standardWebhooks, { secrets: [{ id: 'same', secret }], now })
const delivery = (mac: Buffer, id: string, body: string) => ({
  headers: {
    'webhook-id': id,
    'webhook-timestamp': '1700000000',
    'webhook-signature': `v1,${mac.toString('base64')}`,
  },
  body,
})

it('nothing that is made under the keyring verifies as a webhook, even under the same root', () => {
  const own = createHmac('sha256', root).update('msg_1.1700000000.{}').digest()
  expect(verifier.safeVerify(delivery(own, 'msg_1', '{}')).ok).toBe(true)

  const keyring = createKeyring([A])
  const keyed = { keyring, kid: '2026a' }
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9_]{1,40}$/), fc.string({ minLength: 1 }), (id, body) => {
      const content = `${id}.1700000000.${body}`
      for (const text of [content, body]) {
        const macs = [
          deriveKey({ tenant: 'org_1', namespace: 'webhook', parts: [text], keyed }).slice('k1_'.length),
          fingerprint(text, { keyed }).slice('f1_'.length),
          createBlindIndex({ keyring, purpose: text }).of(text, 'org_1').slice('wxb1.2026a.'.length),
          Buffer.from(keyring.derive('idempotency', { context: [text] })).toString('base64url'),
        ].map((mac) => Buffer.from(mac, 'base64url'))
        for (const mac of macs) expect(verifier.safeVerify(delivery(mac, id, body)).ok).toBe(false)
      }
    }),
    { numRuns: 100 },
  )
})
