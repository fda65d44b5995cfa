import { Webhook } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSigner, createVerifier, standardWebhooks } from 'waxseal/webhooks'
import { NOW, outcomeOf, secretFor } from '../webhooks/support.js'
import { texts } from './bodies.js'

const secret = secretFor(standardWebhooks)
const secrets = [{ id: 'k', secret }]
const signer = createSigner(standardWebhooks, { secrets, now: () => NOW })
const verifier = createVerifier(standardWebhooks, { secrets, now: () => NOW })
const bodies = ['', ...texts(11)]

// The peers read the clock themselves.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})
afterAll(() => {
  vi.useRealTimers()
})

const peers = [
  ['standardwebhooks 1.1.1', 'webhook', new Webhook(secret)],
  ['svix 2.5.0', 'svix', new Svix(secret)],
] as const

describe.each(peers)('%s', (_name, family, peer) => {
  const headersOf = (id: string, timestamp: string, signature: string) => ({
    [`${family}-id`]: id,
    [`${family}-timestamp`]: timestamp,
    [`${family}-signature`]: signature,
  })
  const ts = String(NOW / 1000)
  const accepts = (payload: string | Buffer, headers: Record<string, string>) => {
    try {
      peer.verify(payload, headers, { jsonParse: false })
      return true
    } catch {
      return false
    }
  }

  it('signs what we verify', () => {
    bodies.forEach((body, at) => {
      const id = `msg_${at}`
      const headers = headersOf(id, ts, peer.sign(id, new Date(NOW), body))
      expect(outcomeOf(verifier, { headers, body }), JSON.stringify(body.slice(0, 80))).toBe('verified')
      expect(outcomeOf(verifier, { headers, body: `${body} ` })).toBe('signature_mismatch')
    })
  })

  it('verifies what we sign', () => {
    for (const text of bodies) {
      const { headers, body } = signer.sign({ body: text })
      expect(accepts(text, headers), JSON.stringify(text.slice(0, 80))).toBe(true)
      // A Buffer it decodes first, which well-formed text survives.
      expect(accepts(Buffer.from(body), headers)).toBe(true)
      expect(accepts(`${text} `, headers)).toBe(false)
    }
  })

  it('verifies the one of our two signatures that its secret made', () => {
    const rotating = createSigner(standardWebhooks, {
      secrets: [{ id: 'new', secret: secretFor(standardWebhooks, 8) }, ...secrets],
    })
    expect(accepts('{}', rotating.sign({ body: '{}' }).headers)).toBe(true)
  })

  // https://github.com/standard-webhooks/standard-webhooks: "msg.123" with timestamp T signs what "msg" with "123.T" would.
  it('takes an id with a dot, under which body and timestamp can be shifted; we refuse it', () => {
    const signature = peer.sign('m', new Date(NOW), `${ts}.{"a":1}`)
    const shifted = headersOf(`m.${ts}`, ts, signature)
    expect(accepts('{"a":1}', shifted)).toBe(true)
    expect(outcomeOf(verifier, { headers: shifted, body: '{"a":1}' })).toBe('malformed_id')
  })

  it('takes a timestamp with junk behind it; we refuse it', () => {
    const headers = headersOf('m', `${ts}abc`, peer.sign('m', new Date(NOW), '{}'))
    expect(accepts('{}', headers)).toBe(true)
    expect(outcomeOf(verifier, { headers, body: '{}' })).toBe('malformed_timestamp')
  })

  it('takes one signature for bodies ff and fe, because it signs the text; we tell them apart', () => {
    const [ff, fe] = [Buffer.of(0xff), Buffer.of(0xfe)]
    const theirs = headersOf('m', ts, peer.sign('m', new Date(NOW), ff))
    expect([accepts(ff, theirs), accepts(fe, theirs)]).toEqual([true, true])
    expect(outcomeOf(verifier, { headers: theirs, body: ff })).toBe('signature_mismatch')
    // Consequently it cannot verify what we sign over bytes that are no text.
    const ours = signer.sign({ body: ff })
    expect(accepts(ff, ours.headers)).toBe(false)
    expect(outcomeOf(verifier, { headers: ours.headers, body: ff })).toBe('verified')
    expect(outcomeOf(verifier, { headers: ours.headers, body: fe })).toBe('signature_mismatch')
  })

  it('takes junk behind a signature and a second comma; we refuse it', () => {
    const headers = headersOf('m', ts, `${peer.sign('m', new Date(NOW), '{}')},junk`)
    expect(accepts('{}', headers)).toBe(true)
    expect(outcomeOf(verifier, { headers, body: '{}' })).toBe('malformed_header')
  })

  // The negative rows of standard-webhooks/libraries/javascript/src/index.test.ts and svix-webhooks/javascript.
  it('refuses, as we do, what is missing, partial, stale or from the future', () => {
    const signature = peer.sign('m', new Date(NOW), '{}')
    const good = headersOf('m', ts, signature)
    const at = (late: number) => String(NOW / 1000 + late)
    const rows: readonly (readonly [string, Record<string, string>])[] = [
      ['missing_header', { ...good, [`${family}-id`]: '' }],
      ['missing_header', { ...good, [`${family}-timestamp`]: '' }],
      ['missing_header', { ...good, [`${family}-signature`]: '' }],
      ['malformed_timestamp', { ...good, [`${family}-timestamp`]: 'hello' }],
      ['malformed_signature', { ...good, [`${family}-signature`]: signature.slice(0, 8) }],
      ['malformed_header', { ...good, [`${family}-signature`]: 'v1,' }],
      ['unsupported_version', { ...good, [`${family}-signature`]: signature.replace('v1', 'v2') }],
      ['signature_mismatch', { ...good, [`${family}-id`]: 'other' }],
      ['timestamp_too_old', headersOf('m', at(-301), peer.sign('m', new Date(NOW - 301_000), '{}'))],
      ['timestamp_too_new', headersOf('m', at(301), peer.sign('m', new Date(NOW + 301_000), '{}'))],
    ]
    for (const [code, headers] of rows) {
      expect(accepts('{}', headers), code).toBe(false)
      expect(outcomeOf(verifier, { headers, body: '{}' })).toBe(code)
    }
    const multi = [
      signature.replace('v1', 'v2'),
      'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
      signature,
    ]
    const headers = headersOf('m', ts, multi.join(' '))
    expect(accepts('{}', headers)).toBe(true)
    expect(outcomeOf(verifier, { headers, body: '{}' })).toBe('verified')
  })
})

it('svix mixes its family with the webhook one; we do not', () => {
  const peer = new Svix(secret)
  const signature = peer.sign('m', new Date(NOW), '{}')
  const headers = { 'svix-id': 'm', 'webhook-timestamp': String(NOW / 1000), 'svix-signature': signature }
  expect(() => peer.verify('{}', headers)).not.toThrow()
  expect(outcomeOf(verifier, { headers, body: '{}' })).toBe('missing_header')
})

// svix before 1.99.2 made a verifier of an empty secret, under which everybody can sign; 2.5.0 refuses it as we do.
it('an empty secret makes no verifier, here or there', () => {
  for (const empty of ['', 'whsec_']) {
    expect(() => new Webhook(empty)).toThrow()
    expect(() => new Svix(empty)).toThrow()
    expect(() => createVerifier(standardWebhooks, { secrets: [{ id: 'k', secret: empty }] })).toThrow(
      TypeError,
    )
  }
  // One byte is enough for them.
  expect(() => new Webhook('whsec_AA==')).not.toThrow()
  expect(() => createVerifier(standardWebhooks, { secrets: [{ id: 'k', secret: 'whsec_AA==' }] })).toThrow(
    TypeError,
  )
})
