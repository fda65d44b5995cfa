import { parse, stringify } from 'node:querystring'
import * as peer from 'twilio/lib/webhooks/webhooks.js'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, twilio } from 'waxseal/webhooks'
import { outcomeOf, secretFor } from '../webhooks/support.js'
import { generator, texts } from './bodies.js'

const token = secretFor(twilio)
const secrets = [{ id: 'k', secret: token }]
const signer = createSigner(twilio, { secrets })
const ORIGIN = 'https://example.com'
const FORM = 'application/x-www-form-urlencoded'
const ours = (signature: string, url: string, body: string, contentType = FORM, publicUrl = ORIGIN) =>
  outcomeOf(createVerifier(twilio, { secrets, publicUrl }), {
    headers: { 'x-twilio-signature': signature, 'content-type': contentType },
    target: url.slice(ORIGIN.length),
    body,
  })

type Params = Record<string, string | string[]>

/** Forms as Twilio posts them: names with several values among them, and texts of every kind. */
function forms(seed: number): readonly { readonly body: string; readonly params: Params }[] {
  const next = generator(seed)
  const values = texts(seed, 200)
  return values.map((text) => {
    const pairs = Array.from({ length: 1 + (next() % 6) }, (_, at) => {
      const value = at === 0 ? text : (values[next() % 30] as string).slice(0, 50)
      return [`P${next() % 8}${at % 2 ? '[é]' : ''}`, value.toWellFormed()] as const
    })
    const params: Params = {}
    for (const [name, value] of pairs) {
      const before = params[name]
      params[name] = before === undefined ? value : [before, value].flat()
    }
    return { body: new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString(), params }
  })
}

const QUERIES = ['', '?a=1', '?a=1&b=2&a=3', '?q=%C3%A9%20+x', '?flag&x=', "?q='(!)*~", '?a=%2F&b=@:,;']

describe('twilio 6.2.0', () => {
  it('signs forms that we verify', () => {
    for (const [at, { body, params }] of forms(51).entries()) {
      const url = `${ORIGIN}/sms${QUERIES[at % QUERIES.length]}`
      const signature = peer.getExpectedTwilioSignature(token, url, params)
      expect(ours(signature, url, body), body.slice(0, 80)).toBe('verified')
      expect(ours(signature, url, `${body}&x=1`)).toBe('signature_mismatch')
      expect(ours(signature, `${url}x`, body)).toBe('signature_mismatch')
    }
  })

  it('verifies forms that we sign', () => {
    for (const [at, { body, params }] of forms(52).entries()) {
      const url = `${ORIGIN}/sms${QUERIES[at % QUERIES.length]}`
      const signature = signer.sign({ body, url }).headers['x-twilio-signature'] as string
      expect(peer.validateRequest(token, signature, url, params), body.slice(0, 80)).toBe(true)
      expect(peer.validateRequest(token, signature, url, { ...params, x: '1' })).toBe(false)
    }
  })

  it('signs bodies that are no form, and verifies ours, under bodySHA256', () => {
    for (const body of ['', ...texts(53)]) {
      const url = `${ORIGIN}/sms?a=1&bodySHA256=${peer.getExpectedBodyHash(body)}`
      const theirs = peer.getExpectedTwilioSignature(token, url, {})
      const mine = signer.sign({ body, url, contentType: 'application/json' }).headers['x-twilio-signature']
      expect(mine).toBe(theirs)
      expect(ours(theirs, url, body, 'application/json'), body.slice(0, 80)).toBe('verified')
      expect(peer.validateRequestWithBody(token, theirs, url, body)).toBe(true)
      for (const altered of [`${body} `, '&']) {
        expect(ours(theirs, url, altered, 'application/json')).toBe('signature_mismatch')
        // It does not ask for the content type, and neither must we: that is not signed.
        expect(ours(theirs, url, altered, FORM)).toBe('signature_mismatch')
        expect(peer.validateRequestWithBody(token, theirs, url, altered)).toBe(false)
      }
      if (body !== '') expect(ours(theirs, url, '', FORM)).toBe('signature_mismatch')
    }
  })

  it('signs with and without the port, and with the query of older services, all of which we verify', () => {
    for (const query of QUERIES) {
      const url = `${ORIGIN}/sms${query}`
      const withPort = url.replace('.com', '.com:443')
      const legacy = (text: string) =>
        text.includes('?')
          ? `${text.split('?')[0]}?${stringify(parse(text.slice(text.indexOf('?') + 1)))}`
          : text
      for (const signed of [url, withPort, legacy(url), legacy(withPort)]) {
        const signature = peer.getExpectedTwilioSignature(token, signed, { a: '1' })
        expect(peer.validateRequest(token, signature, url, { a: '1' }), signed).toBe(true)
        expect(ours(signature, url, 'a=1'), signed).toBe('verified')
      }
    }
  })

  // https://github.com/twilio/twilio-node/issues/321: it cuts any port off, so :8443 and :443 are one to it.
  it('takes what was signed for another port; we refuse it unless publicUrl names that port', () => {
    const signature = peer.getExpectedTwilioSignature(token, `${ORIGIN}/sms`, {})
    expect(peer.validateRequest(token, signature, 'https://example.com:8443/sms', {})).toBe(true)
    expect(ours(signature, `${ORIGIN}/sms`, '', FORM, 'https://example.com:8443')).toBe('signature_mismatch')
  })

  // It puts names and values end to end; so does the vendor, and so must we. See `webhooks.md` 5.9.
  it('cannot tell A=BC from AB=C, and nor can we', () => {
    const signature = peer.getExpectedTwilioSignature(token, `${ORIGIN}/sms`, { A: 'BC' })
    expect(peer.validateRequest(token, signature, `${ORIGIN}/sms`, { AB: 'C' })).toBe(true)
    expect(ours(signature, `${ORIGIN}/sms`, 'AB=C')).toBe('verified')
  })

  // The negative rows of twilio-node/spec/unit/webhooks/webhooks.spec.ts.
  it('refuses, as we do, another signature, token, URL or parameter', () => {
    const url = `${ORIGIN}/sms?foo=1`
    const good = peer.getExpectedTwilioSignature(token, url, { a: '1' })
    const rows = [
      ['', url, 'a=1', 'missing_header'],
      ['foo', url, 'a=1', 'malformed_signature'],
      [good.slice(0, -4), url, 'a=1', 'malformed_signature'],
      [
        peer.getExpectedTwilioSignature(secretFor(twilio, 8), url, { a: '1' }),
        url,
        'a=1',
        'signature_mismatch',
      ],
      [good, `${url}&b=2`, 'a=1', 'signature_mismatch'],
      [good, url, 'a=2', 'signature_mismatch'],
    ] as const
    for (const [signature, called, body, code] of rows) {
      expect(peer.validateRequest(token, signature, called, { ...parse(body) })).toBe(false)
      expect(ours(signature, called, body), signature).toBe(code)
    }
    expect(() => createVerifier(twilio, { secrets: [{ id: 'k', secret: '' }], publicUrl: ORIGIN })).toThrow(
      TypeError,
    )
  })
})
