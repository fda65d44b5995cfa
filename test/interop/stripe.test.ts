import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, stripe } from 'waxseal/webhooks'
import { NOW, outcomeOf, secretFor } from '../webhooks/support.js'
import { texts } from './bodies.js'

const secret = secretFor(stripe)
const secrets = [{ id: 'k', secret }]
const signer = createSigner(stripe, { secrets, now: () => NOW })
const verifier = createVerifier(stripe, { secrets, now: () => NOW })
const timestamp = NOW / 1000

const peer = Stripe.webhooks
const accepts = (payload: string | Uint8Array, header: string, at = NOW, key = secret) => {
  try {
    return peer.signature?.verifyHeader(payload as string, header, key, 300, undefined, at) ?? false
  } catch {
    return false
  }
}
const sign = (payload: string, at = timestamp, key = secret) =>
  peer.generateTestHeaderString({ payload, secret: key, timestamp: at })
const ours = (header: string, body: string | Uint8Array) =>
  outcomeOf(verifier, { headers: { 'stripe-signature': header }, body })

describe('stripe 23.1.0', () => {
  it('signs what we verify', () => {
    // An empty payload it neither signs for tests nor verifies.
    for (const body of texts(21)) {
      const header = sign(body)
      expect(ours(header, body), JSON.stringify(body.slice(0, 80))).toBe('verified')
      expect(ours(header, `${body} `)).toBe('signature_mismatch')
    }
  })

  it('verifies what we sign', () => {
    for (const text of texts(22)) {
      const { headers, body } = signer.sign({ body: text })
      const header = headers['stripe-signature'] as string
      expect(accepts(text, header), JSON.stringify(text.slice(0, 80))).toBe(true)
      // Bytes it decodes with a TextDecoder that drops a byte order mark, and then signs without it.
      expect(accepts(body, header)).toBe(!text.startsWith('\ufeff'))
      expect(accepts(`${text} `, header)).toBe(false)
    }
  })

  it('verifies our header of two secrets under either', () => {
    const next = secretFor(stripe, 8)
    const rolling = createSigner(stripe, {
      secrets: [{ id: 'next', secret: next }, ...secrets],
      now: () => NOW,
    })
    const header = rolling.sign({ body: '{}' }).headers['stripe-signature'] as string
    expect([secret, next].map((key) => accepts('{}', header, NOW, key))).toEqual([true, true])
  })

  // stripe-node's tolerance looks backwards only: https://github.com/stripe/stripe-node/blob/master/src/Webhooks.ts
  it('takes any timestamp from the future; we refuse it', () => {
    const header = sign('{}', timestamp + 86_400 * 365)
    expect(accepts('{}', header)).toBe(true)
    expect(ours(header, '{}')).toBe('timestamp_too_new')
  })

  it('takes one signature for bodies that decode to one text; we tell them apart', () => {
    const header = sign('\ufffd')
    for (const byte of [0xff, 0xfe]) {
      expect(accepts(Uint8Array.of(byte), header)).toBe(true)
      expect(ours(header, Uint8Array.of(byte))).toBe('signature_mismatch')
    }
  })

  it('takes the last of two times, and junk behind a time; we refuse both', () => {
    const header = sign('{}')
    for (const loose of [`t=1,${header}`, header.replace(String(timestamp), `${timestamp}abc`)]) {
      expect(accepts('{}', loose)).toBe(true)
      expect(ours(loose, '{}')).toBe('malformed_timestamp')
    }
    const junk = `${header}=junk`
    expect(accepts('{}', junk)).toBe(true)
    expect(ours(junk, '{}')).toBe('malformed_header')
  })

  // The negative rows of stripe-node/test/Webhook.spec.ts.
  it('refuses, as we do, what is empty, misspelt, foreign or stale', () => {
    const header = sign('{}')
    const [, signature = ''] = header.split('v1=')
    const rows = [
      ['', 'missing_header'],
      ["I'm not even a real signature header", 'malformed_header'],
      [`t=${timestamp},v0=${signature}`, 'unsupported_version'],
      [`v1=${signature}`, 'malformed_timestamp'],
      [sign('{}', timestamp, secretFor(stripe, 8)), 'signature_mismatch'],
      [sign('{"a":1}'), 'signature_mismatch'],
      [`t=${timestamp},v1=bad_signature`, 'malformed_signature'],
      [sign('{}', timestamp - 301), 'timestamp_too_old'],
    ] as const
    for (const [bad, code] of rows) {
      expect(accepts('{}', bad), code).toBe(false)
      expect(ours(bad, '{}')).toBe(code)
    }
    const two = `${header},v1=${'0'.repeat(64)}`
    expect([accepts('{}', two), ours(two, '{}')]).toEqual([true, 'verified'])
    expect([accepts('{}', sign('{}', timestamp - 300)), ours(sign('{}', timestamp - 300), '{}')]).toEqual([
      true,
      'verified',
    ])
  })

  it('refuses an empty secret when it verifies; we refuse it when a verifier is made', () => {
    for (const empty of ['', ' ', '\n']) {
      expect(accepts('{}', sign('{}'), NOW, empty)).toBe(false)
      expect(() => createVerifier(stripe, { secrets: [{ id: 'k', secret: empty }] })).toThrow(TypeError)
    }
  })
})
