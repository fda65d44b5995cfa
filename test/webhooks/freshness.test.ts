import { describe, expect, it } from 'vitest'
import { createVerifier, meta, standardWebhooks, stripe, type WebhookErrorCode } from 'waxseal/webhooks'
import {
  acme,
  dated,
  NOW,
  outcomeOf,
  secretFor,
  signedRequest,
  undated,
  verifierFor,
  withHeaders,
  withId,
} from './support.js'

const codeAt = (result: ReturnType<ReturnType<typeof verifierFor>['safeVerify']>) =>
  result.ok ? 'verified' : [result.error.code, result.error.skewMs]

describe.each(dated)('freshness of %s', (_name, { scheme, header }) => {
  const request = signedRequest(scheme)
  const timestampHeader = Object.keys(request.headers).find((name) => /timestamp/.test(name))

  // Row 11
  it.each([
    [300_000, 'verified'],
    [300_001, ['timestamp_too_old', 300_001]],
    [-300_000, 'verified'],
    [-300_001, ['timestamp_too_new', -300_001]],
    [0, 'verified'],
    [1e12, ['timestamp_too_old', 1e12]],
  ])('at arrival %i ms after the signature: %j', (late, expected) => {
    expect(codeAt(verifierFor(scheme, { now: () => NOW + late }).safeVerify(request))).toEqual(expected)
    // For deliveries that waited in a queue.
    const queued = verifierFor(scheme, { now: () => NOW + 1e9 })
    expect(codeAt(queued.safeVerify({ ...request, receivedAt: NOW + late }))).toEqual(expected)
    expect(codeAt(queued.safeVerify({ ...request, receivedAt: new Date(NOW + late) }))).toEqual(expected)
  })

  it('has a tolerance for each direction, both ends included', () => {
    const verifier = verifierFor(scheme, { tolerance: { past: '1d', future: '0s' } })
    const at = (late: number) => codeAt(verifier.safeVerify({ ...request, receivedAt: NOW + late }))
    expect(at(86_400_000)).toBe('verified')
    expect(at(86_400_001)).toEqual(['timestamp_too_old', 86_400_001])
    expect(at(0)).toBe('verified')
    expect(at(-1)).toEqual(['timestamp_too_new', -1])
    const narrow = verifierFor(scheme, { tolerance: '250ms' })
    expect(codeAt(narrow.safeVerify({ ...request, receivedAt: NOW + 250 }))).toBe('verified')
    expect(codeAt(narrow.safeVerify({ ...request, receivedAt: NOW + 251 }))).toEqual([
      'timestamp_too_old',
      251,
    ])
  })

  it('comes last: what is stale and forged is forged', () => {
    const late = { ...request, receivedAt: NOW + 1e10 }
    expect(outcomeOf(verifierFor(scheme), { ...late, body: '{"a":2}' })).toBe('signature_mismatch')
  })

  it('fails closed where the instant of arrival is none', () => {
    for (const receivedAt of [Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), '2021-02-25', {}]) {
      expect(outcomeOf(verifierFor(scheme), { ...request, receivedAt })).toBe('no_active_secret')
    }
    expect(outcomeOf(verifierFor(scheme, { now: () => Number.NaN }), request)).toBe('no_active_secret')
  })

  it('is of the signed timestamp, which the delivery shows in epoch milliseconds', () => {
    expect(verifierFor(scheme).verify(request).signedAt).toBe(NOW)
  })

  // Row 9
  it.each([
    ['123abc'],
    ['1.9'],
    ['0x1'],
    ['1e9'],
    ['-1'],
    ['+1'],
    ['0'],
    ['01614265330'],
    ['NaN'],
    ['١٦'],
    ['1,614'],
  ])('takes no timestamp such as %s', (text) => {
    if (timestampHeader === undefined) {
      const value = request.headers[header]?.replace(/^t=\d+/, `t=${text}`)
      const expected = text.includes(',') ? 'malformed_header' : 'malformed_timestamp'
      expect(outcomeOf(verifierFor(scheme), withHeaders(request, { [header]: value }))).toBe(expected)
    } else {
      const changed = withHeaders(request, { [timestampHeader]: text })
      expect(outcomeOf(verifierFor(scheme), changed)).toBe('malformed_timestamp')
    }
  })

  it('takes no timestamp with more digits than its unit has, nor with a space', () => {
    const digits = scheme === acme ? 16 : 13
    const put = (text: string) =>
      timestampHeader === undefined
        ? withHeaders(request, { [header]: request.headers[header]?.replace(/^t=\d+/, `t=${text}`) })
        : withHeaders(request, { [timestampHeader]: text })
    expect(outcomeOf(verifierFor(scheme), put('1'.repeat(digits)))).toBe('malformed_timestamp')
    expect(outcomeOf(verifierFor(scheme), put('1'.repeat(digits - 1)))).toBe('signature_mismatch')
    if (timestampHeader !== undefined) {
      expect(outcomeOf(verifierFor(scheme), put(' 12'))).toBe('malformed_timestamp')
      expect(outcomeOf(verifierFor(scheme), put('12\n'))).toBe('malformed_timestamp')
    }
  })
})

describe.each(undated)('%s, which signs no timestamp,', (_name, { scheme }) => {
  it('verifies at any time', () => {
    for (const receivedAt of [1, NOW + 1e12]) {
      const delivery = verifierFor(scheme).verify({ ...signedRequest(scheme), receivedAt })
      expect('signedAt' in delivery).toBe(false)
    }
  })

  it('refuses the option tolerance', () => {
    expect(() => verifierFor(scheme, { tolerance: '5m' })).toThrow(
      new TypeError('tolerance: this scheme signs no timestamp'),
    )
  })
})

describe.each(withId)('the id of %s', (_name, { scheme }) => {
  const request = signedRequest(scheme)
  const idHeader = Object.keys(request.headers).find((name) => name.endsWith('-id')) as string
  const withIdOf = (id: string) => outcomeOf(verifierFor(scheme), withHeaders(request, { [idHeader]: id }))

  it.each([['a.b'], ['a b'], ['a|b'], ['é'], ['a\n'], ['x'.repeat(257)], ['a,b'], ['a\0']])(
    'is malformed as %j',
    (id) => {
      expect(withIdOf(id)).toBe('malformed_id')
    },
  )

  it('is signed', () => {
    expect(withIdOf('msg_2')).toBe('signature_mismatch')
    expect(withIdOf('x'.repeat(256))).toBe('signature_mismatch')
    const id = 'A-Za-z0-9_:=+/'
    expect(verifierFor(scheme).verify(signedRequest(scheme, '{}', { id })).id).toBe(id)
  })
})

// Row 10: the MAC of `m`, T, `1893456000.{"a":1}` is the MAC of `m.1614265330`, 1893456000, `{"a":1}`.
it('an id with a dot is refused, because the border of the timestamp could be shifted by it', () => {
  const { headers, body } = signedRequest(standardWebhooks, '1893456000.{"a":1}', { id: 'm' })
  const verifier = verifierFor(standardWebhooks, { now: () => 1_893_456_000_000 })
  const shifted = { ...headers, 'webhook-id': `m.${NOW / 1000}`, 'webhook-timestamp': '1893456000' }
  expect(outcomeOf(verifier, { headers: shifted, body: body.subarray(11) })).toBe('malformed_id')
})

describe('the option tolerance', () => {
  const secrets = [{ id: 'k', secret: secretFor(stripe) }]

  // Row 21
  it.each([
    [300, TypeError],
    ['x', TypeError],
    ['5', TypeError],
    ['5 m', TypeError],
    [{ past: '5m' }, TypeError],
    [{ past: 5, future: '5m' }, TypeError],
    [true, TypeError],
    ['-1s', RangeError],
    [{ past: '5m', future: '-1ms' }, RangeError],
    ['36501d', RangeError],
  ])('is refused as %j', (tolerance, type) => {
    expect(() => createVerifier(stripe, { secrets, tolerance: tolerance as never })).toThrow(type)
    expect(() => createVerifier(stripe, { secrets, tolerance: tolerance as never })).toThrow(
      /^tolerance\.(?:past|future): /,
    )
  })

  it('is five minutes both ways where it is undefined', () => {
    const verifier = verifierFor(stripe, { tolerance: undefined as never })
    const at = (receivedAt: number): WebhookErrorCode | 'verified' => {
      const result = verifier.safeVerify({ ...signedRequest(stripe), receivedAt })
      return result.ok ? 'verified' : result.error.code
    }
    expect([at(NOW + 300_000), at(NOW + 300_001)]).toEqual(['verified', 'timestamp_too_old'])
  })
})

it('skewMs is there for timestamp codes only', () => {
  const result = verifierFor(meta).safeVerify({ headers: {}, body: '' })
  expect(result.ok || 'skewMs' in result.error).toBe(false)
})
