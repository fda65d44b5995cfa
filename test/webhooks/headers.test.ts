import { describe, expect, it } from 'vitest'
import { github, meta, safravo, shopify, slack, standardWebhooks, stripe, twilio } from 'waxseal/webhooks'
import { acme, eachKind, outcomeOf, signedRequest, verifierFor, withHeaders } from './support.js'

describe.each(eachKind)('the headers of %s', (_name, { scheme, header }) => {
  const verifier = verifierFor(scheme)
  const request = signedRequest(scheme)
  const signature = request.headers[header] as string

  // Row 1
  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['spaces only', '  \t '],
  ])('are missing where the signature is %s', (_what, value) => {
    expect(outcomeOf(verifier, withHeaders(request, { [header]: value }))).toBe('missing_header')
  })

  it('are missing one by one', () => {
    for (const name of Object.keys(request.headers)) {
      expect(outcomeOf(verifier, withHeaders(request, { [name]: undefined })), name).toBe('missing_header')
    }
    for (const headers of [{}, [], new Map(), new Headers(), undefined]) {
      expect(outcomeOf(verifier, { ...request, headers })).toBe('missing_header')
    }
  })

  // Row 2
  it('may hold an array of one', () => {
    expect(outcomeOf(verifier, withHeaders(request, { [header]: [signature] }))).toBe('verified')
  })

  it.each([
    ['an array of two', { [header]: [signature, signature] }],
    ['two spellings of one name', { [header.toUpperCase()]: signature }],
  ])('are refused with %s, even where both say the same', (_what, changes) => {
    expect(outcomeOf(verifier, withHeaders(request, changes))).toBe('duplicate_header')
  })

  it('are refused with two pairs of one name', () => {
    const headers = [...Object.entries(request.headers), [header, signature]]
    expect(outcomeOf(verifier, { ...request, headers })).toBe('duplicate_header')
  })

  // Row 4
  it('are read alike from everything that holds headers, whatever the case of their names', () => {
    const entries = Object.entries(request.headers)
    const shouted = entries.map(([name, value]) => [name.toUpperCase(), value] as const)
    const shapes = {
      object: request.headers,
      shouted: Object.fromEntries(shouted),
      nullPrototype: Object.assign(Object.create(null), request.headers),
      frozen: Object.freeze({ ...request.headers }),
      headers: new Headers(request.headers),
      map: new Map(entries),
      pairs: shouted,
      generator: {
        *[Symbol.iterator]() {
          yield* entries
        },
      },
    }
    for (const [shape, headers] of Object.entries(shapes)) {
      expect(outcomeOf(verifier, { ...request, headers }), shape).toBe('verified')
    }
  })

  it('are read from own properties only', () => {
    const inherited = Object.create(request.headers)
    expect(outcomeOf(verifier, { ...request, headers: inherited })).toBe('missing_header')
    const viaProto = JSON.parse(JSON.stringify({ x: request.headers }).replace('"x"', '"__proto__"'))
    expect(outcomeOf(verifier, { ...request, headers: viaProto })).toBe('missing_header')
  })

  it('may stand among any others, which nobody looks at', () => {
    const headers = Object.defineProperty({ ...request.headers, __proto__x: '1', '': 'x' }, 'x-other', {
      enumerable: true,
      get: () => {
        throw new Error('read')
      },
    })
    expect(outcomeOf(verifier, { ...request, headers })).toBe('verified')
  })

  // Row 27
  it('are malformed where reading one of them throws', () => {
    const headers = Object.defineProperty({ ...request.headers }, header, {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    expect(outcomeOf(verifier, { ...request, headers })).toBe('malformed_header')
  })

  it.each([[5], [null], [{}], [Symbol('s')], [[7]], [[['x']]]])(
    'are malformed with a value that is no text: %#',
    (value) => {
      expect(outcomeOf(verifier, withHeaders(request, { [header]: value as never }))).toBe('malformed_header')
    },
  )

  it.each([[null], ['text'], [5], [true], [[5]], [[null]]])(
    'are malformed where they are no headers at all: %#',
    (headers) => {
      expect(outcomeOf(verifier, { ...request, headers })).toBe('malformed_header')
    },
  )

  it('are read once, so that what was checked is what is used', () => {
    const reads = new Map<string, number>()
    const headers = new Proxy<Record<string, string>>(request.headers, {
      get: (target, name) => {
        reads.set(String(name), (reads.get(String(name)) ?? 0) + 1)
        return Reflect.get(target, name)
      },
    })
    expect(verifier.safeVerify({ ...request, headers }).ok).toBe(true)
    for (const name of Object.keys(request.headers)) expect(reads.get(name), name).toBe(1)
  })

  it('are read once inside an array, too', () => {
    let reads = 0
    const value = new Proxy([signature], {
      get: (target, name) => (name === '0' && ++reads > 1 ? { trim: 5 } : Reflect.get(target, name)),
    })
    expect(verifier.safeVerify({ ...request, headers: { ...request.headers, [header]: value } }).ok).toBe(
      true,
    )
    expect(reads).toBe(1)
  })

  // Row 16
  it.each([
    ['gzip', 'body_encoded'],
    ['br', 'body_encoded'],
    ['identity, gzip', 'body_encoded'],
    ['identity', 'verified'],
    [' IDENTITY ', 'verified'],
    ['', 'verified'],
  ])('answer for a content-encoding of "%s" with %s', (encoding, expected) => {
    expect(outcomeOf(verifier, withHeaders(request, { 'Content-Encoding': encoding }))).toBe(expected)
  })
})

describe('header families', () => {
  // Row 12
  it.each([['id'], ['timestamp'], ['signature']])(
    'are never mixed: webhook-%s beside two of svix',
    (part) => {
      const { headers, body } = signedRequest(standardWebhooks)
      const mixed = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name === `webhook-${part}` ? name : name.replace('webhook', 'svix'),
          value,
        ]),
      )
      expect(outcomeOf(verifierFor(standardWebhooks), { headers: mixed, body })).toBe('missing_header')
    },
  )

  it('of svix verify on their own, and are not looked at beside a complete webhook one', () => {
    const { headers, body } = signedRequest(standardWebhooks)
    const svix = Object.fromEntries(
      Object.entries(headers).map(([k, v]) => [k.replace('webhook', 'svix'), v]),
    )
    const verifier = verifierFor(standardWebhooks)
    expect(outcomeOf(verifier, { headers: svix, body })).toBe('verified')
    const both = { ...headers, ...svix, 'svix-id': 'another', 'svix-signature': 'v1,x' }
    expect(verifier.verify({ headers: both, body }).id).toBe('msg_1')
  })

  it('of Shopify: the newer name is read first, the older one is written', () => {
    const { headers, body } = signedRequest(shopify)
    const verifier = verifierFor(shopify)
    const signature = headers['x-shopify-hmac-sha256'] as string
    const wrong = Buffer.alloc(32).toString('base64')
    expect(Object.keys(headers)).toEqual(['x-shopify-hmac-sha256'])
    expect(outcomeOf(verifier, { headers: { 'shopify-hmac-sha256': signature }, body })).toBe('verified')
    const newer = { 'shopify-hmac-sha256': signature, 'x-shopify-hmac-sha256': wrong }
    expect(outcomeOf(verifier, { headers: newer, body })).toBe('verified')
    const older = { 'shopify-hmac-sha256': wrong, 'x-shopify-hmac-sha256': signature }
    expect(outcomeOf(verifier, { headers: older, body })).toBe('signature_mismatch')
  })

  it.each([[meta], [github]])('of $name: the SHA-1 header alone is a missing header', (scheme) => {
    const headers = { 'x-hub-signature': `sha1=${'a'.repeat(40)}` }
    expect(outcomeOf(verifierFor(scheme), { headers, body: '{}' })).toBe('missing_header')
  })
})

describe('unsigned headers', () => {
  it.each([
    [safravo, 'x-safravo-delivery', 'x-safravo-event'],
    [github, 'x-github-delivery', 'x-github-event'],
    [shopify, 'x-shopify-webhook-id', 'x-shopify-topic'],
  ] as const)('of $name are handed on where they are visible ASCII, and never decide', (scheme, id, type) => {
    const unsignedOf = (deliveryId: string, eventType: string) =>
      verifierFor(scheme).verify(withHeaders(signedRequest(scheme), { [id]: deliveryId, [type]: eventType }))
        .unsigned
    expect(unsignedOf('evt_01', 'a/b.c')).toEqual({ deliveryId: 'evt_01', eventType: 'a/b.c' })
    expect(unsignedOf('x'.repeat(256), '~!')).toEqual({ deliveryId: 'x'.repeat(256), eventType: '~!' })
    expect(unsignedOf('x'.repeat(257), '')).toEqual({})
    expect(unsignedOf('a b', 'a\nb')).toEqual({})
    expect(unsignedOf('é', '\u0007')).toEqual({})
  })

  it.each([[slack], [stripe], [standardWebhooks], [meta]])('do not exist for $name', (scheme) => {
    expect(verifierFor(scheme).verify(signedRequest(scheme)).unsigned).toEqual({})
  })

  it('that come twice are a duplicate like any other', () => {
    const request = withHeaders(signedRequest(safravo), { 'x-safravo-event': ['a', 'b'] })
    expect(outcomeOf(verifierFor(safravo), request)).toBe('duplicate_header')
  })

  it('include twilio’s idempotency token and those that hmacScheme names', () => {
    const token = withHeaders(signedRequest(twilio), { 'I-Twilio-Idempotency-Token': 't-1' })
    expect(verifierFor(twilio).verify(token).unsigned).toEqual({ deliveryId: 't-1' })
    const request = withHeaders(signedRequest(acme), { 'X-Acme-Delivery': 'd', 'X-Acme-Event': 'e' })
    expect(verifierFor(acme).verify(request).unsigned).toEqual({ deliveryId: 'd', eventType: 'e' })
  })
})
