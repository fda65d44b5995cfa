import { describe, expect, it, vi } from 'vitest'
import { WaxsealError } from 'waxseal'
import { metaHandshake, WebhookError, type WebhookErrorCode } from 'waxseal/webhooks'
import type { hmac } from '#crypto'
import { eachKind, NOW, outcomeOf, secretFor, signedRequest, verifierFor } from './support.js'

const macs = vi.hoisted(() => ({ count: 0 }))
vi.mock('#crypto', async (original) => {
  const actual = await original<{ hmac: typeof hmac }>()
  return {
    ...actual,
    hmac: (...args: Parameters<typeof hmac>) => {
      const mac = actual.hmac(...args)
      return (chunks: Parameters<typeof mac>[0]) => {
        macs.count++
        return mac(chunks)
      }
    },
  }
})

describe.each(eachKind)(
  'the order of the checks of %s',
  (_name, { scheme, header, prefix, encoding, length }) => {
    const live = verifierFor(scheme)
    const expired = verifierFor(scheme, {
      secrets: [{ id: 'k1', secret: secretFor(scheme), notAfterAt: NOW - 1 }],
    })
    const good = signedRequest(scheme)
    const zeros = prefix + Buffer.alloc(length).toString(encoding === 'hex_upper' ? 'hex' : encoding)
    const forged = { ...good, headers: { ...good.headers, [header]: zeros } }
    const malformed = { ...good, headers: { ...good.headers, [header]: `${prefix}!` } }
    const doubled = { ...good, headers: { ...good.headers, [header]: [zeros, zeros] } }
    const encoded = (request: { headers: object }) => ({
      ...request,
      headers: { ...request.headers, 'content-encoding': 'gzip' },
    })
    const late = { receivedAt: NOW + 1e10 }

    it('goes from cheap to dear: each row fails in all later ways, too', () => {
      const rows: readonly (readonly [WebhookErrorCode, ReturnType<typeof verifierFor>, unknown])[] = [
        ['body_not_raw', expired, { ...encoded(doubled), body: { a: 1 } }],
        ['no_active_secret', expired, encoded(doubled)],
        ['no_active_secret', expired, { body: '' }],
        ['duplicate_header', live, encoded({ ...doubled, ...late })],
        ['body_encoded', live, encoded({ ...malformed, ...late })],
        ['body_encoded', live, encoded({ headers: {}, body: '' } as never)],
        ['malformed_signature', live, { ...malformed, ...late }],
        ['signature_mismatch', live, { ...forged, ...late }],
      ]
      for (const [code, verifier, request] of rows) expect(outcomeOf(verifier, request), code).toBe(code)
    })

    it('computes no MAC before the grammar is right, then one for each live secret and content', () => {
      const macsOf = (request: unknown, verifier = live) => {
        macs.count = 0
        verifier.safeVerify(request as never)
        return macs.count
      }
      const long = { ...good, headers: { ...good.headers, [header]: zeros.padEnd(4097, '0') } }
      for (const request of [malformed, long, doubled, encoded(good), { headers: {}, body: '' }]) {
        expect(macsOf(request)).toBe(0)
      }
      if (scheme.name === 'standard_webhooks_v1a') return

      const secrets = [7, 8, 9].map((seed) => ({ id: `k${seed}`, secret: secretFor(scheme, seed) }))
      const three = verifierFor(scheme, { secrets })
      const contents = macsOf(good)
      // No early exit: the first secret matching costs what none matching costs.
      expect(macsOf(good, three)).toBe(3 * contents)
      expect(macsOf(forged, three)).toBe(3 * contents)
      expect(contents).toBe(scheme.name === 'twilio' ? 2 : 1)
    })
  },
)

describe('the status of a code', () => {
  const STATUS: Record<WebhookErrorCode, number> = {
    missing_header: 400,
    duplicate_header: 400,
    malformed_header: 400,
    malformed_signature: 400,
    malformed_timestamp: 400,
    malformed_id: 400,
    unsupported_version: 400,
    signature_mismatch: 401,
    timestamp_too_old: 401,
    timestamp_too_new: 401,
    handshake_refused: 403,
    body_encoded: 415,
    body_not_json: 422,
    body_not_raw: 500,
    target_missing: 500,
    no_active_secret: 500,
  }

  it.each(Object.entries(STATUS))('%s is %i, and its message is fixed', (code, status) => {
    const error = new WebhookError(code as WebhookErrorCode)
    expect([error.code, error.status, error.name]).toEqual([code, status, 'WebhookError'])
    expect(error.message).toBe(code.replaceAll('_', ' '))
    expect(error).toBeInstanceOf(WaxsealError)
    expect(error).toBeInstanceOf(Error)
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code, status })
  })

  it('is on every refusal', () => {
    const [, kind] = eachKind[0] as (typeof eachKind)[number]
    const result = verifierFor(kind.scheme).safeVerify({ headers: {}, body: '' })
    expect(result.ok || result.error.status).toBe(400)
    const handshake = metaHandshake({ verifyTokens: [{ id: 't', secret: 'x'.repeat(16) }] }).answer('/')
    expect(handshake.ok || handshake.error.status).toBe(403)
  })
})

describe('refusals as values', () => {
  const [, kind] = eachKind[0] as (typeof eachKind)[number]
  const refuse = () => verifierFor(kind.scheme).safeVerify({ headers: {}, body: '' })

  it('cost no stack, are shared, and nobody can write on them', () => {
    const [first, second] = [refuse(), refuse()]
    if (first.ok || second.ok) throw new Error('verified')
    expect(first.error).toBe(second.error)
    expect(Object.isFrozen(first.error)).toBe(true)
    expect(first.error.stack ?? '').not.toMatch(/\n\s+at /)
    expect(Error.stackTraceLimit).toBeGreaterThan(0)
  })

  it('are new errors with a stack where they are thrown', () => {
    const thrown = [0, 1].map(() => {
      try {
        return verifierFor(kind.scheme).verify({ headers: {}, body: '' })
      } catch (error) {
        return error
      }
    }) as WebhookError[]
    expect(thrown[0]).not.toBe(thrown[1])
    expect(thrown[0]?.stack).toContain('order.test.ts')
  })
})
