import { describe, expect, it } from 'vitest'
import {
  createSigner,
  meta,
  safravo,
  standardWebhooks,
  stripe,
  twilio,
  WebhookError,
  type WebhookScheme,
} from 'waxseal/webhooks'
import { eachKind, kinds, NOW, ORIGIN, outcomeOf, secretFor, utf8, verifierFor, withId } from './support.js'

const signerFor = (scheme: WebhookScheme, options = {}) =>
  createSigner(scheme, { secrets: [{ id: 'k1', secret: secretFor(scheme) }], now: () => NOW, ...options })
const url = `${ORIGIN}/hook`

describe.each(eachKind)('the signer of %s', (_name, { scheme }) => {
  const message = { body: 'a=1', url }

  // Row 23
  it.each([['a.b'], ['a\r'], ['a b'], [''], ['é'], ['x'.repeat(257)], [5], [null], ['a\n'], [['a']]])(
    'refuses the id %j',
    (id) => {
      const sign = () => signerFor(scheme).sign({ ...message, id: id as string })
      expect(sign).toThrow(new TypeError('id: expected 1 to 256 of A-Z a-z 0-9 _ - : = + /'))
    },
  )

  it.each([[{ a: 1 }], [undefined], [null], [5], ['\ud800'], [[1]], [new Blob(['a'])]])(
    'refuses the body %j',
    (body) => {
      const sign = () => signerFor(scheme).sign({ ...message, body: body as never })
      expect(sign).toThrow(new TypeError('body: expected bytes or text, serialised once'))
    },
  )

  it.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [-1],
    [0],
    [1e16],
    [new Date(Number.NaN)],
    ['2021'],
    [{}],
  ])('refuses signedAt %j', (signedAt) => {
    const sign = () => signerFor(scheme).sign({ ...message, signedAt: signedAt as number })
    expect(sign).toThrow(new TypeError('signedAt: expected epoch milliseconds or a Date'))
  })

  it('refuses no message at all', () => {
    expect(() => signerFor(scheme).sign(undefined as never)).toThrow(TypeError)
  })

  it('returns the very bytes to send, and headers in lower case', () => {
    const bytes = utf8('a=1')
    const signed = signerFor(scheme).sign({ ...message, body: bytes })
    expect(signed.body.buffer).toBe(bytes.buffer)
    expect(Object.keys(signed.headers)).toEqual(Object.keys(signed.headers).map((name) => name.toLowerCase()))
    expect(signed.signedAt).toBe(NOW)
  })

  it('takes a Date for signedAt, and says it back to the precision that the header has', () => {
    const at = NOW + 1_234
    const { signedAt } = signerFor(scheme).sign({ ...message, signedAt: new Date(at) })
    const inSeconds = scheme.signs.includes('timestamp') && scheme.name !== 'acme'
    expect(signedAt).toBe(inSeconds ? NOW + 1_000 : at)
  })

  it('throws no_active_secret where every secret has expired', () => {
    const secrets = [{ id: 'k1', secret: secretFor(scheme), notAfterAt: NOW }]
    expect(() => signerFor(scheme, { secrets }).sign(message)).not.toThrow()
    const late = signerFor(scheme, { secrets, now: () => NOW + 1 })
    expect(() => late.sign(message)).toThrow(new WebhookError('no_active_secret'))
    // What counts is the clock, not the instant that the message claims.
    expect(() => late.sign({ ...message, signedAt: NOW })).toThrow(new WebhookError('no_active_secret'))
  })

  it('signs with one secret or, where several signatures travel, with every live one', () => {
    const secrets = [7, 8, 9].map((seed) => ({
      id: `k${seed}`,
      secret: secretFor(scheme, seed),
      ...(seed === 8 && { notAfterAt: NOW - 1 }),
    }))
    const many = ['stripe', 'standard_webhooks', 'standard_webhooks_v1a'].includes(scheme.name)
    if (!many) {
      expect(() => signerFor(scheme, { secrets })).toThrow(
        new TypeError('secrets: expected one, this scheme carries one signature'),
      )
      return
    }
    const signed = signerFor(scheme, { secrets }).sign(message)
    const outcomes = secrets.map(({ id, secret }) =>
      outcomeOf(verifierFor(scheme, { secrets: [{ id, secret }] }), signed),
    )
    expect(outcomes).toEqual(['verified', 'signature_mismatch', 'verified'])
  })
})

describe.each(withId)('the message id of %s', (_name, { scheme }) => {
  it('is made of 16 random bytes where none is given', () => {
    const signer = signerFor(scheme, { random: (length: number) => new Uint8Array(length).fill(0xab) })
    const { id, headers } = signer.sign({ body: '' })
    expect(id).toBe(`msg_${'ab'.repeat(16)}`)
    expect(Object.values(headers)).toContain(id)
    const ids = new Set(Array.from({ length: 50 }, () => signerFor(scheme).sign({ body: '' }).id))
    expect(ids.size).toBe(50)
    for (const other of ids) expect(other).toMatch(/^msg_[0-9a-f]{32}$/)
  })

  it('may use its whole alphabet, up to 256 characters', () => {
    for (const id of ['a', 'AZaz09_-:=+/', 'x'.repeat(256)]) {
      const { headers, body } = signerFor(scheme).sign({ body: '', id })
      expect(verifierFor(scheme).verify({ headers, body }).id).toBe(id)
    }
  })
})

it('schemes that sign no id return none, and call for no randomness', () => {
  for (const { scheme } of kinds.filter(({ scheme: { signs } }) => !signs.includes('id'))) {
    const random = () => {
      throw new Error('called')
    }
    expect('id' in signerFor(scheme, { random }).sign({ body: 'a=1', url, id: 'msg_1' })).toBe(false)
  }
})

it('the signatures that travel side by side are written as the vendors write them', () => {
  const secrets = [7, 8].map((seed) => ({ id: `k${seed}`, secret: secretFor(stripe, seed) }))
  const header = signerFor(stripe, { secrets }).sign({ body: '' }).headers['stripe-signature']
  expect(header).toMatch(/^t=1614265330,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
  const standard = [7, 8].map((seed) => ({ id: `k${seed}`, secret: secretFor(standardWebhooks, seed) }))
  const { headers } = signerFor(standardWebhooks, { secrets: standard }).sign({ body: '', id: 'm' })
  expect(headers).toEqual({
    'webhook-id': 'm',
    'webhook-timestamp': '1614265330',
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/),
  })
})

it('what one signer signs, no verifier of another scheme with the same text as secret accepts', () => {
  const secret = `whsec_${'0123456789abcdef'.repeat(4)}`
  const schemes = [safravo, meta, stripe, standardWebhooks, twilio]
  for (const signing of schemes) {
    const { headers, body } = signerFor(signing, { secrets: [{ id: 'k', secret }] }).sign({ body: '', url })
    for (const verifying of schemes) {
      if (verifying === signing) continue
      const verifier = verifierFor(verifying, { secrets: [{ id: 'k', secret }] })
      expect(outcomeOf(verifier, { headers, body, target: '/hook' })).toBe('missing_header')
    }
  }
})
