import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import {
  createSigner,
  createVerifier,
  generateSecret,
  meta,
  safravo,
  sha1,
  sha256,
  sha512,
  shopify,
  standardWebhooks,
  stripe,
  twilio,
  type WebhookScheme,
  type WebhookSecret,
} from 'waxseal/webhooks'
import { acme, eachKind, NOW, ORIGIN, outcomeOf, secretFor, signedRequest, verifierFor } from './support.js'

const thrownBy = (call: () => unknown): Error => {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

/** What both factories throw for these secrets. */
function refusalOf(scheme: WebhookScheme, secrets: unknown): Error {
  const options = { secrets: secrets as readonly WebhookSecret[] }
  const publicUrl = scheme.signs.includes('url') ? { publicUrl: ORIGIN } : {}
  const error = thrownBy(() => createVerifier(scheme, { ...options, ...publicUrl }))
  expect(thrownBy(() => createSigner(scheme, options)).message).toBe(error.message)
  return error
}

// Row 20 and 5.3
describe.each(eachKind)('secrets of %s', (_name, { scheme }) => {
  const good = { id: 'good', secret: secretFor(scheme) }

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['bytes', new Uint8Array(32)],
    ['a Secret of bytes', new Secret(new Uint8Array(32))],
    ['a disposed Secret', disposed()],
    ['an array', [secretFor(scheme)]],
    ['nothing', ''],
    ['a space', ' '],
    ['a line feed behind', `${secretFor(scheme)}\n`],
    ['a space before', ` ${secretFor(scheme)}`],
    ['a no-break space before', `\u00a0${secretFor(scheme)}`],
    ['a control character inside', `${secretFor(scheme).slice(0, 20)}\u0007${secretFor(scheme).slice(20)}`],
    ['DEL inside', `${secretFor(scheme).slice(0, 20)}\u007f${secretFor(scheme).slice(20)}`],
    ['a lone surrogate', `${secretFor(scheme)}\ud800`],
    ['"undefined"', 'undefined'],
    ['"null"', 'null'],
    ['"[object Object]"', '[object Object]'],
    ['a Secret of "undefined"', new Secret('undefined')],
  ])('are refused with %s, even among good ones', (_what, secret) => {
    for (const secrets of [[{ id: 'bad', secret }], [good, { id: 'bad', secret }]]) {
      const error = refusalOf(scheme, secrets)
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toMatch(new RegExp(`^secrets\\[${secrets.length - 1}\\]\\.secret: expected `))
      expect(error.message).not.toContain(secretFor(scheme).slice(-16))
    }
  })

  it('are refused with a prefix and nothing behind it, or a key under 16 bytes', () => {
    for (const secret of ['whsec_', 'x'.repeat(15)]) {
      const error = refusalOf(scheme, [{ id: 'bad', secret }])
      expect(error.constructor === TypeError || error.constructor === RangeError).toBe(true)
      expect(error.message).toMatch(/^secrets\[0\]\.secret: expected /)
    }
  })

  it.each([[undefined], [null], [5], [''], ['a b'], ['é'], ['x'.repeat(65)], ['a\n'], [['a']]])(
    'are refused with the id %j',
    (id) => {
      const error = refusalOf(scheme, [{ ...good, id }])
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toMatch(/^secrets\[0\]\.id: expected /)
    },
  )

  it('are refused with one id twice', () => {
    const error = refusalOf(scheme, [good, { ...good, secret: secretFor(scheme, 8) }])
    expect(error).toEqual(new TypeError('secrets[1].id: expected ids to be unique'))
  })

  it('are one to ten', () => {
    const many = (length: number) =>
      Array.from({ length }, (_, at) => ({ id: `k${at}`, secret: secretFor(scheme, at) }))
    for (const length of [0, 11]) {
      expect(refusalOf(scheme, many(length))).toEqual(new RangeError('secrets: expected 1 to 10 entries'))
    }
    const ten = verifierFor(scheme, { secrets: many(10) })
    for (const seed of [0, 9]) {
      const request = signedRequest(scheme, '{}', { secret: secretFor(scheme, seed) })
      expect(ten.verify(request).secretId).toBe(`k${seed}`)
    }
  })

  it.each([[undefined], [null], ['secret'], [{ id: 'k' }], [new Set([good])]])(
    'are refused as %j',
    (secrets) => {
      expect(refusalOf(scheme, secrets)).toEqual(
        new TypeError('secrets: expected an array of { id, secret }'),
      )
    },
  )

  it.each([[null], [5], ['text'], [undefined]])('are refused with the entry %j', (entry) => {
    expect(refusalOf(scheme, [entry]).message).toBe('secrets[0]: expected an object')
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [new Date(Number.NaN)], ['2026-01-01'], [null], [{}]])(
    'are refused with notAfterAt %j',
    (notAfterAt) => {
      const error = refusalOf(scheme, [{ ...good, notAfterAt }])
      expect(error).toEqual(new TypeError('secrets[0].notAfterAt: expected epoch milliseconds or a Date'))
    },
  )

  it('may be Secrets, to verify and to sign', () => {
    const secrets = [{ id: 'k', secret: new Secret(secretFor(scheme)) }]
    const request = signedRequest(scheme)
    expect(outcomeOf(verifierFor(scheme, { secrets }), request)).toBe('verified')
    const signer = createSigner(scheme, { secrets, now: () => NOW })
    const url = ORIGIN + (request.target ?? '')
    const contentType = 'application/json'
    expect(signer.sign({ body: request.body, id: 'msg_1', url, contentType }).headers).toEqual(
      request.headers,
    )
  })

  // Row 22
  it('are live while the arrival is not later than notAfterAt', () => {
    const request = signedRequest(scheme)
    for (const until of [NOW, new Date(NOW)]) {
      const verifier = verifierFor(scheme, {
        secrets: [
          { ...good, notAfterAt: until },
          { id: 'other', secret: secretFor(scheme, 8) },
        ],
      })
      const lone = verifierFor(scheme, { secrets: [{ ...good, notAfterAt: until }] })
      expect(outcomeOf(verifier, { ...request, receivedAt: NOW })).toBe('verified')
      expect(outcomeOf(verifier, { ...request, receivedAt: NOW + 1 })).toBe('signature_mismatch')
      expect(outcomeOf(lone, { ...request, receivedAt: NOW })).toBe('verified')
      expect(outcomeOf(lone, { ...request, receivedAt: NOW + 1 })).toBe('no_active_secret')
    }
  })

  it('that two share: the first listed is named', () => {
    const secrets = [
      { ...good, id: 'first' },
      { ...good, id: 'second' },
    ]
    expect(verifierFor(scheme, { secrets }).verify(signedRequest(scheme)).secretId).toBe('first')
  })

  it('are generated in a form that is accepted, never the same twice', () => {
    const secret = generateSecret(scheme)
    expect(generateSecret(scheme)).not.toBe(secret)
    const request = signedRequest(scheme, '{}', { secret })
    expect(outcomeOf(verifierFor(scheme, { secrets: [{ id: 'k', secret }] }), request)).toBe('verified')
  })

  it('are read at creation: changing the options afterwards changes nothing', () => {
    const entry = { ...good }
    const secrets = [entry]
    const options = Object.freeze({ secrets })
    const verifier = verifierFor(scheme, options)
    Object.assign(entry, { secret: secretFor(scheme, 8), id: 'changed' })
    secrets.length = 0
    expect(verifier.verify(signedRequest(scheme)).secretId).toBe('good')
  })
})

function disposed(): Secret {
  const secret = new Secret('x'.repeat(32))
  secret.dispose()
  return secret
}

describe('the forms of secrets', () => {
  const hex64 = '0123456789abcdef'.repeat(4)
  it.each([
    [safravo, hex64],
    [safravo, `whsec_${hex64.toUpperCase()}`],
    [safravo, `whsec_${hex64}0`],
    [safravo, `whsec_${hex64.slice(1)}`],
    [safravo, `WHSEC_${hex64}`],
    [safravo, `xwhsec_${hex64}`],
    [safravo, `whsec_${'g'.repeat(64)}`],
    [standardWebhooks, `whsec_${Buffer.alloc(23).toString('base64')}`],
    [standardWebhooks, `whsec_${Buffer.alloc(65).toString('base64')}`],
    [standardWebhooks, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS'],
    [standardWebhooks, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w'],
    [standardWebhooks, 'whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    [acme, 'MTIzNDU2Nzg5MDEyMzQ1Ng=='],
    [acme, 'acme_'],
    [acme, 'acme_MTIzNDU2Nzg5MDEyMzQ1Ng'],
  ] as const)('are checked: $0.name refuses %s', (scheme, secret) => {
    expect(refusalOf(scheme, [{ id: 'k', secret }])).toBeInstanceOf(TypeError)
  })

  it('of standardWebhooks may lack their prefix, and have 24 to 64 bytes', () => {
    for (const length of [24, 64]) {
      const secret = Buffer.alloc(length, 3).toString('base64')
      const request = signedRequest(standardWebhooks, '{}', { secret: `whsec_${secret}` })
      const verifier = verifierFor(standardWebhooks, { secrets: [{ id: 'k', secret }] })
      expect(outcomeOf(verifier, request)).toBe('verified')
    }
  })

  it('differ for one text: whsec_ and 64 hex is another key for safravo and stripe than for standardWebhooks', () => {
    const secret = `whsec_${hex64}`
    const bodyOf = (scheme: WebhookScheme) =>
      Object.values(signedRequest(scheme, '{}', { secret }).headers).join()
    expect(bodyOf(standardWebhooks)).toContain('v1,')
    expect(bodyOf(safravo).slice(7)).not.toBe(bodyOf(stripe).slice(-64))
  })

  it('under 16 bytes are a RangeError, unless they are dangerously allowed', () => {
    const secrets = [{ id: 'k', secret: 'x'.repeat(15) }]
    expect(refusalOf(meta, secrets)).toEqual(
      new RangeError('secrets[0].secret: expected a key of at least 16 bytes'),
    )
    const verifier = createVerifier(meta, { secrets, dangerouslyAllowWeakSecrets: true })
    const { headers, body } = createSigner(meta, { secrets, dangerouslyAllowWeakSecrets: true }).sign({
      body: '',
    })
    expect(outcomeOf(verifier, { headers, body })).toBe('verified')
    const acmeSecret = 'acme_MTIzNDU2Nzg5MDEyMzQ1'
    expect(refusalOf(acme, [{ id: 'k', secret: acmeSecret }])).toBeInstanceOf(RangeError)
  })

  it('are measured in bytes, not characters', () => {
    expect(() => createVerifier(meta, { secrets: [{ id: 'k', secret: 'é'.repeat(8) }] })).not.toThrow()
    expect(refusalOf(meta, [{ id: 'k', secret: 'é'.repeat(7) }])).toBeInstanceOf(RangeError)
  })
})

describe('options', () => {
  const secrets = [{ id: 'k', secret: secretFor(meta) }]
  it.each([
    [undefined, /^options: /],
    [null, /^options: /],
    [{ secrets, now: 5 }, /^now: /],
    [{ secrets, observe: 'log' }, /^observe: /],
    [{ secrets, publicUrl: 'https://example.com' }, /^publicUrl: this scheme signs no URL/],
    [{ secrets, tolerance: '5m' }, /^tolerance: /],
  ])('of the verifier are refused as %j', (options, message) => {
    const error = thrownBy(() => createVerifier(meta, options as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
  })

  it.each([
    [undefined, /^options: /],
    [{ secrets, now: null }, /^now: /],
    [{ secrets, random: 5 }, /^random: /],
  ])('of the signer are refused as %j', (options, message) => {
    const error = thrownBy(() => createSigner(meta, options as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
  })

  it.each([[undefined], [null], ['meta'], [{}], [{ name: 'meta', signs: ['body'] }], [() => meta]])(
    'hold a scheme that a scheme file made, not %j',
    (scheme) => {
      const message = /^scheme: expected a scheme of waxseal/
      expect(() => createVerifier(scheme as never, { secrets })).toThrow(message)
      expect(() => createSigner(scheme as never, { secrets })).toThrow(message)
      expect(() => generateSecret(scheme as never)).toThrow(message)
    },
  )

  it('have no name that turns verification off', () => {
    const options = {
      secrets,
      verify: false,
      skipVerification: true,
      algorithm: 'none',
      tolerance: undefined,
    }
    const verifier = createVerifier(meta, options as never)
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    expect(outcomeOf(verifier, { headers, body: '' })).toBe('signature_mismatch')
  })
})

it('everything that factories return, and every scheme and hash, is frozen', () => {
  for (const [, { scheme }] of eachKind) {
    const frozen: object[] = [scheme, scheme.signs, verifierFor(scheme)]
    frozen.push(createSigner(scheme, { secrets: [{ id: 'k', secret: secretFor(scheme) }] }))
    for (const value of frozen) expect(Object.isFrozen(value)).toBe(true)
  }
  for (const hash of [sha1, sha256, sha512]) expect(Object.isFrozen(hash)).toBe(true)
})

it('verifiers and signers show their scheme', () => {
  for (const scheme of [shopify, twilio]) expect(verifierFor(scheme).scheme).toBe(scheme)
  expect(createSigner(meta, { secrets: [{ id: 'k', secret: secretFor(meta) }] }).scheme).toBe(meta)
})
