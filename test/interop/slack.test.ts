import { createHmac } from 'node:crypto'
import { verifySlackRequest } from '@slack/bolt/dist/receivers/verify-request.js'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, slack } from 'waxseal/webhooks'
import { NOW, outcomeOf, secretFor } from '../webhooks/support.js'
import { texts } from './bodies.js'

const secret = secretFor(slack)
const secrets = [{ id: 'k', secret }]
const signer = createSigner(slack, { secrets, now: () => NOW })
const verifier = createVerifier(slack, { secrets, now: () => NOW })

const accepts = (body: string, signature: string, timestamp: number | string, signingSecret = secret) => {
  try {
    const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp as number }
    verifySlackRequest({ signingSecret, body, headers, nowMilliseconds: NOW })
    return true
  } catch {
    return false
  }
}
const ours = (body: string, signature: string, timestamp: number | string) =>
  outcomeOf(verifier, {
    headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': String(timestamp) },
    body,
  })
/** As Slack's documentation describes it; bolt only verifies, so its acceptance is what vouches for this. */
const sign = (body: string, timestamp: number) =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`
const timestamp = NOW / 1000

describe('@slack/bolt 5.1.0', () => {
  it('verifies what we sign', () => {
    for (const text of ['', ...texts(41)]) {
      const { headers } = signer.sign({ body: text })
      const signature = headers['x-slack-signature'] as string
      const at = headers['x-slack-request-timestamp'] as string
      expect(accepts(text, signature, at), JSON.stringify(text.slice(0, 80))).toBe(true)
      expect(accepts(`${text} `, signature, at)).toBe(false)
    }
  })

  it('accepts what we verify', () => {
    for (const body of ['', ...texts(42)]) {
      const signature = sign(body, timestamp - 60)
      expect(accepts(body, signature, timestamp - 60)).toBe(true)
      expect(ours(body, signature, timestamp - 60), JSON.stringify(body.slice(0, 80))).toBe('verified')
      expect(ours(`${body} `, signature, timestamp - 60)).toBe('signature_mismatch')
    }
  })

  // Rule 1 of its verify-request looks backwards only, where Slack's docs ask for the absolute difference.
  it('takes any timestamp from the future; we refuse it', () => {
    const future = timestamp + 86_400 * 365
    expect(accepts('{}', sign('{}', future), future)).toBe(true)
    expect(ours('{}', sign('{}', future), future)).toBe('timestamp_too_new')
  })

  it('takes a timestamp that is no number, since NaN is older than nothing; we refuse it', () => {
    const signature = `v0=${createHmac('sha256', secret).update('v0:123abc:{}').digest('hex')}`
    expect(accepts('{}', signature, '123abc')).toBe(true)
    expect(ours('{}', signature, '123abc')).toBe('malformed_timestamp')
  })

  it('takes junk behind a second =; we refuse it', () => {
    const junk = `${sign('{}', timestamp)}=junk`
    expect(accepts('{}', junk, timestamp)).toBe(true)
    expect(ours('{}', junk, timestamp)).toBe('malformed_signature')
  })

  // The negative rows of bolt-js/test/unit/receivers/verify-request.spec.ts.
  it('refuses, as we do, what is stale, of another version or another secret', () => {
    const good = sign('{}', timestamp)
    const rows = [
      [sign('{}', timestamp - 301), timestamp - 301, 'timestamp_too_old'],
      [good.replace('v0', 'v1'), timestamp, 'malformed_header'],
      ['v0=', timestamp, 'malformed_signature'],
      ['v0=sig=junk', timestamp, 'malformed_signature'],
      [good.toUpperCase(), timestamp, 'malformed_header'],
      [sign('{ }', timestamp), timestamp, 'signature_mismatch'],
      [good, timestamp - 1, 'signature_mismatch'],
    ] as const
    for (const [signature, at, code] of rows) {
      expect(accepts('{}', signature, at), code).toBe(false)
      expect(ours('{}', signature, at)).toBe(code)
    }
    expect(accepts('{}', good, timestamp, '')).toBe(false)
    expect(() => createVerifier(slack, { secrets: [{ id: 'k', secret: '' }] })).toThrow(TypeError)
  })
})
