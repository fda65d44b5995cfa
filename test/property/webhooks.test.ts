import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createSigner,
  createVerifier,
  generateSecret,
  type HmacSchemeOptions,
  hmacScheme,
  metaHandshake,
  sha1,
  sha256,
  sha512,
  WebhookError,
  type WebhookScheme,
} from 'waxseal/webhooks'
import {
  dated,
  eachKind,
  NOW,
  ORIGIN,
  type SignedRequest,
  secretFor,
  signedRequest,
  verifierFor,
} from '../webhooks/support.js'

const bytes = fc.uint8Array({ maxLength: 200 })
const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const body = fc.oneof(bytes, text)
const id = fc.stringMatching(/^[A-Za-z0-9_\-:=+/]{1,256}$/)

/** The names that schemes read, in any case, and names that mean something to JavaScript. */
const names = [
  ...new Set(eachKind.flatMap(([, { scheme }]) => Object.keys(signedRequest(scheme).headers))),
  'content-encoding',
  'svix-id',
  'svix-timestamp',
  'svix-signature',
  'shopify-hmac-sha256',
]
const name = fc.oneof(
  fc.constantFrom(...names, ...names.map((lower) => lower.toUpperCase())),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'get', 'getSetCookie', ''),
  fc.string(),
)
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('v1,', 't=1,v1=', 'sha256=', '1614265330', 'gzip', `sha256=${'0'.repeat(64)}`, ''),
  fc.array(fc.oneof(fc.string(), fc.constant(undefined)), { maxLength: 3 }),
  fc.anything(),
)
const record = fc.dictionary(name, value)
const pairs = fc.array(fc.oneof(fc.tuple(name, value), fc.anything()), { maxLength: 8 })

const trap = () => {
  throw new Error('trap')
}
/** Not arbitraries: fast-check looks at its values, and these bite whoever does. */
const HOSTILE: readonly unknown[] = [
  new Proxy(
    {},
    { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap },
  ),
  new Proxy(
    {},
    {
      ownKeys: () => names,
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
    },
  ),
  new Proxy([], { get: (_target, key) => (key === Symbol.iterator ? undefined : trap()) }),
  Proxy.revocable({}, {}).proxy,
  revoked(),
  {
    get headers() {
      return trap()
    },
    getSetCookie: 5,
  },
  { getSetCookie: trap, get: trap },
  { getSetCookie: trap, get: () => ({ trim: trap }) },
  { [Symbol.iterator]: trap },
  {
    *[Symbol.iterator]() {
      yield* [5, null, [trap], ['x']]
    },
  },
  Object.create(null),
  Object.defineProperty({}, 'stripe-signature', { enumerable: true, get: trap }),
]

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const headers = fc.oneof(
  record,
  pairs,
  fc.anything(),
  pairs.map((entries) => new Map(entries.filter(Array.isArray) as [string, unknown][])),
  fc
    .array(fc.tuple(fc.constantFrom(...names), fc.stringMatching(/^[!-~ ]{0,80}$/)), { maxLength: 6 })
    .map((entries) => new Headers(entries)),
)
const anyBody = fc.oneof(body, fc.anything({ withTypedArray: true, withBigInt: true, withDate: true }))
const request = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      { headers, body: anyBody, target: fc.anything(), receivedAt: fc.anything() },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.anything() },
)

describe.each(eachKind)('for %s', (_name, { scheme, header }) => {
  const verifier = verifierFor(scheme, { observe: () => {} })

  it('safeVerify never throws, whatever it is given, and verify throws WebhookError alone', () => {
    fc.assert(
      fc.property(request, (hostileRequest) => {
        const result = verifier.safeVerify(hostileRequest as never)
        if (result.ok) throw new Error('verified')
        expect(result.error).toBeInstanceOf(WebhookError)
        try {
          verifier.verify(hostileRequest as never)
        } catch (error) {
          if (!(error instanceof WebhookError)) throw error
          return
        }
        throw new Error('verified')
      }),
      { numRuns: 300 },
    )
  })

  it('safeVerify never throws for a right request with one member put wrong', () => {
    fc.assert(
      fc.property(name, value, anyBody, fc.anything(), (changed, wrong, otherBody, target) => {
        const good = signedRequest(scheme)
        const headers = Object.defineProperty({ ...good.headers }, changed, {
          value: wrong,
          enumerable: true,
          configurable: true,
        })
        for (const request of [
          { ...good, headers },
          { ...good, body: otherBody },
          { ...good, target },
        ]) {
          const result = verifier.safeVerify(request as never)
          expect(typeof result.ok).toBe('boolean')
        }
      }),
      { numRuns: 150 },
    )
  })

  it('safeVerify never throws for objects that bite whoever looks at them', () => {
    const good = signedRequest(scheme)
    for (const bad of HOSTILE) {
      const requests: readonly unknown[] = [
        bad,
        { ...good, headers: bad },
        { ...good, headers: { ...good.headers, [header]: bad } },
        { ...good, headers: { ...good.headers, [header]: [bad] } },
        { ...good, headers: [[header, bad]] },
        { ...good, headers: [[bad, bad]] },
        { ...good, headers: [bad] },
        { ...good, body: bad },
        { ...good, receivedAt: bad },
      ]
      for (const request of requests) expect(verifier.safeVerify(request as never).ok).toBe(false)
      expect(typeof verifier.safeVerify({ ...good, target: bad } as never).ok).toBe('boolean')
    }
  })

  it('what is signed verifies, and is what was signed', () => {
    fc.assert(
      fc.property(body, id, fc.integer({ min: 1, max: 2 ** 31 }), (content, messageId, seconds) => {
        const signedAt = seconds * 1000
        const signed = signedRequest(scheme, content, { id: messageId, signedAt })
        const delivery = verifier.verify({ ...signed, receivedAt: signedAt })
        expect(Buffer.from(delivery.body).equals(Buffer.from(content as string))).toBe(true)
        if (scheme.signs.includes('id')) expect(delivery.id).toBe(messageId)
        if (scheme.signs.includes('timestamp')) expect(delivery.signedAt).toBe(signedAt)
      }),
      { numRuns: 60 },
    )
  })

  it('any flipped bit of the body is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (content, at) => {
        const signed = signedRequest(scheme, content)
        const altered = flipped(signed.body, at)
        expect(verifier.safeVerify({ ...signed, body: altered }).ok).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('any flipped bit of a header is refused', () => {
    const signed = signedRequest(scheme)
    for (const [each, sent] of Object.entries(signed.headers)) {
      for (let at = 0; at < sent.length * 8; at++) {
        const altered = {
          ...signed.headers,
          [each]: Buffer.from(flipped(Buffer.from(sent), at)).toString('latin1'),
        }
        const result = verifier.safeVerify({ ...signed, headers: altered })
        if (result.ok) throw new Error(`verified with bit ${at} of ${each} flipped`)
      }
    }
  })

  it('every other text for the signature is refused', () => {
    const signed = signedRequest(scheme)
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.stringMatching(/^[0-9a-f]{64}$/)),
        (other) => {
          const put = (value: string) =>
            verifier.safeVerify({ ...signed, headers: { ...signed.headers, [header]: value } }).ok
          const right = signed.headers[header] as string
          expect([put(other), put(right + other), put(other + right)]).toEqual([
            false,
            other === '',
            other === '',
          ])
        },
      ),
      { numRuns: 150 },
    )
  })

  it('a rotation goes unnoticed: any secret of the list may have signed', () => {
    const seeds = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(seeds, fc.nat(), body, (list, pick, content) => {
        const at = pick % list.length
        const secrets = list.map((seed) => ({ id: `k${seed}`, secret: secretFor(scheme, seed) }))
        const signed = signedRequest(scheme, content, { secret: secrets[at]?.secret as string })
        expect(verifierFor(scheme, { secrets }).verify(signed).secretId).toBe(`k${list[at]}`)
        const others = secrets.filter((_, index) => index !== at)
        if (others.length > 0)
          expect(verifierFor(scheme, { secrets: others }).safeVerify(signed).ok).toBe(false)
      }),
      { numRuns: 15 },
    )
  })

  it('every generated secret is accepted, and signs what it verifies', () => {
    for (let run = 0; run < 50; run++) {
      const secret = generateSecret(scheme)
      const verifying = verifierFor(scheme, { secrets: [{ id: 'k', secret }] })
      expect(verifying.safeVerify(signedRequest(scheme, '{}', { secret })).ok).toBe(true)
    }
  })
})

it.each(dated)('%s is verified exactly where the arrival is within the tolerance', (_name, { scheme }) => {
  const verifier = verifierFor(scheme, { tolerance: { past: '10s', future: '2s' } })
  const signed: SignedRequest = signedRequest(scheme)
  fc.assert(
    fc.property(fc.integer({ min: -20_000, max: 20_000 }), (late) => {
      const { ok } = verifier.safeVerify({ ...signed, receivedAt: NOW + late })
      expect(ok).toBe(-2_000 <= late && late <= 10_000)
    }),
  )
})

const separator = fc.stringMatching(/^[.|~ é]{1,3}$/)
const shape = fc
  .record({
    hash: fc.constantFrom(sha1, sha256, sha512),
    key: fc.constantFrom('utf8', 'base64', 'hex'),
    keyPrefix: fc.constantFrom('', 'k_', 'whsec_'),
    encoding: fc.constantFrom('hex', 'hex_upper', 'base64', 'base64url'),
    prefix: fc.stringMatching(/^[!-~]{0,8}$/),
    unit: fc.constantFrom('s', 'ms', undefined),
    hasId: fc.boolean(),
    order: fc.shuffledSubarray(['id', 'timestamp', 'body'], { minLength: 3 }),
    between: fc.array(separator, { minLength: 4, maxLength: 4 }),
  } as const)
  .map(({ hash, key, keyPrefix, encoding, prefix, unit, hasId, order, between }) => {
    const parts = order.filter((part) => (part === 'id' ? hasId : part !== 'timestamp' || unit !== undefined))
    const content = parts.flatMap((part, at) => [{ text: between[at] as string }, part])
    return {
      name: 'shape',
      hash,
      key,
      keyPrefix,
      signature: { header: 'x-sig', prefix, encoding },
      ...(unit !== undefined && { timestamp: { header: 'x-ts', unit } }),
      ...(hasId && { id: { header: 'x-id' } }),
      content,
    } as HmacSchemeOptions<'shape'>
  })

it('every shape of hmacScheme verifies what it signs, and nothing with a bit of it flipped', () => {
  fc.assert(
    fc.property(
      shape,
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      id,
      fc.nat(),
      (options, content, messageId, at) => {
        const scheme: WebhookScheme = hmacScheme(options)
        const secret = generateSecret(scheme)
        const secrets = [{ id: 'k', secret }]
        const { headers, body: sent } = createSigner(scheme, { secrets, now: () => NOW }).sign({
          body: content,
          id: messageId,
        })
        const verifier = createVerifier(scheme, { secrets, now: () => NOW })
        expect(verifier.verify({ headers, body: sent }).replayParts()[1]).toBe(options.id ? 'id' : 'sha256')
        expect(verifier.safeVerify({ headers, body: flipped(sent, at) }).ok).toBe(false)
        for (const [each, value] of Object.entries(headers)) {
          const altered = {
            ...headers,
            [each]: Buffer.from(flipped(Buffer.from(value), at)).toString('latin1'),
          }
          expect(verifier.safeVerify({ headers: altered, body: sent }).ok).toBe(false)
        }
      },
    ),
    { numRuns: 300 },
  )
})

it('the handshake never throws, and grants nothing without the token', () => {
  const handshake = metaHandshake({ verifyTokens: [{ id: 't', secret: 'a-token-of-16-bytes' }] })
  const query = fc.webQueryParameters().map((search) => `/?${search}`)
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), query), (target) => {
      expect(handshake.answer(target as string).ok).toBe(false)
    }),
  )
})

it('the URL is part of what twilio signs: any flipped bit of a plain target is refused', () => {
  const twilio = eachKind.find(([schemeName]) => schemeName === 'twilio')?.[1].scheme as WebhookScheme
  const signer = createSigner(twilio, { secrets: [{ id: 'k1', secret: secretFor(twilio) }] })
  const target = '/hook/a1?b=c2&d=e3'
  const { headers, body: sent } = signer.sign({ body: '', url: ORIGIN + target })
  const verifier = verifierFor(twilio)
  expect(verifier.safeVerify({ headers, body: sent, target }).ok).toBe(true)
  for (let at = 0; at < target.length * 8; at++) {
    const altered = Buffer.from(flipped(Buffer.from(target), at)).toString('latin1')
    expect(verifier.safeVerify({ headers, body: sent, target: altered }).ok, altered).toBe(false)
  }
})

function flipped(original: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(original)
  const index = (at >> 3) % copy.length
  copy[index] = (copy[index] as number) ^ (1 << (at & 7))
  return copy
}
