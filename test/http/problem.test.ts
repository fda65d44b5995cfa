import { describe, expect, it, vi } from 'vitest'
import { createEnvelope, EnvelopeError } from 'waxseal/envelope'
import { HttpError, type ProblemOptions, renderProblem } from 'waxseal/http'
import { parseKeyHeader } from 'waxseal/idempotency'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { StoreError } from 'waxseal/stores/memory'
import { request, textOf, verifier } from './deliveries.js'

/** What a call throws. */
function thrownBy(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected it to throw')
}

const missing = thrownBy(() => parseKeyHeader(undefined))
const unauthorized = thrownBy(() =>
  verifier.verify({ headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, body: '{}' }),
)

const render = (error: unknown, options?: ProblemOptions, headers: readonly [string, string][] = []) =>
  renderProblem(error, request({ headers }), options)

describe('renderProblem', () => {
  it('writes these bytes, members in this order', () => {
    expect(render(missing)).toEqual({
      status: 400,
      headers: { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' },
      body: '{"type":"urn:waxseal:error:key_header_missing","title":"key header missing","status":400,"code":"key_header_missing"}',
    })
  })

  it('appends a public detail and the id of the request, in this order', () => {
    const detailed = Object.assign(
      thrownBy(() => parseKeyHeader(undefined)),
      { detail: 'add one' },
    )
    expect(render(detailed, { requestId: () => 'req_1' })?.body).toBe(
      '{"type":"urn:waxseal:error:key_header_missing","title":"key header missing","status":400,"code":"key_header_missing","detail":"add one","instance":"urn:request:req_1"}',
    )
  })

  it('takes no detail that is no text, and no cause', () => {
    const odd = Object.assign(new HttpError('not_found'), { detail: { secret: 's' }, cause: new Error('c') })
    expect(render(odd)?.body).toBe(
      '{"type":"urn:waxseal:error:not_found","title":"Nothing is here","status":404,"code":"not_found"}',
    )
  })

  it.each([new Error('ours?'), 'text', undefined, null, { code: 'not_found', status: 404 }])(
    'leaves %o to the application',
    (error) => {
      const envelope = vi.fn()
      expect(render(error, { envelope })).toBeUndefined()
      expect(envelope).not.toHaveBeenCalled()
    },
  )

  it('shows a store that failed as 503 without the driver', () => {
    const answer = render(new StoreError('unavailable', 'ECONNREFUSED'))
    expect(answer?.status).toBe(503)
    expect(textOf(answer?.body)).not.toContain('ECONNREFUSED')
  })
})

describe('an error that only the operator may understand', () => {
  const keys = [generateKey('2026a')]
  const context = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
  const { seal, open } = createEnvelope({ keyring: createKeyring(keys), maxBytes: 100 })
  const sealed = seal('EAAG-test-token', context)

  it.each([
    ['context_mismatch', () => open(sealed, { ...context, id: 'acc_2' })],
    ['unknown_key', () => open(sealed.replace('2026a', '2026b'), context)],
    ['not_sealed', () => open('EAAG-test-token', context)],
    ['malformed', () => open(`${sealed}=`, context)],
  ])('is one bare 500 for %s', (code, call) => {
    const error = thrownBy(call)
    expect(error).toMatchObject({ code, status: 500 })
    expect(render(error)?.body).toBe(
      '{"type":"urn:waxseal:error:envelope_failed","title":"envelope failed","status":500,"code":"envelope_failed"}',
    )
  })

  it('is a 503 without the key where a provider does not answer', () => {
    const error = new EnvelopeError('provider_unavailable', { kid: '2026a', providerCode: 'ECONNREFUSED' })
    expect(render(error)?.status).toBe(503)
    expect(textOf(render(error)?.body)).toContain('envelope_unavailable')
    expect(textOf(render(error)?.body)).not.toMatch(/2026a|ECONN|provider/)
  })

  it('does not name a key of the keyring', () => {
    const error = thrownBy(() => createKeyring([...keys, ...keys]))
    expect(error).toMatchObject({ code: 'duplicate_kid' })
    expect(render(error)?.body).toBe(
      '{"type":"urn:waxseal:error:keyring_failed","title":"keyring failed","status":500,"code":"keyring_failed"}',
    )
  })

  it('says so where the client can do something about it', () => {
    const error = thrownBy(() => seal('x'.repeat(101), context))
    expect(render(error)?.body).toBe(
      '{"type":"urn:waxseal:error:too_large","title":"too large: more than 100 bytes","status":413,"code":"too_large"}',
    )
  })
})

describe('retry-after', () => {
  it.each([
    [-10_000, '1'],
    [0, '1'],
    [1, '1'],
    [1000, '1'],
    [1001, '2'],
    [1500, '2'],
    [60_000, '60'],
  ])('for an instant %i ms ahead is %s', (ahead, seconds) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const limited = new HttpError('rate_limited', { retryAt: Date.now() + ahead })
    expect(render(limited)?.headers['retry-after']).toBe(seconds)
    vi.useRealTimers()
  })

  it('is read from any error of waxseal that has a retryAt, and is absent elsewhere', () => {
    const store = Object.assign(new StoreError('busy'), { retryAt: Date.now() - 1 })
    expect(render(store)?.headers).toHaveProperty('retry-after', '1')
    expect(render(new StoreError('busy'))?.headers).not.toHaveProperty('retry-after')
  })
})

describe('www-authenticate', () => {
  it('names the realm where no key was sent', () => {
    expect(render(unauthorized)?.status).toBe(401)
    expect(render(unauthorized)?.headers['www-authenticate']).toBe('Bearer realm="api"')
  })

  it.each(['authorization', 'x-api-key'])('says invalid_token where a key came in %s', (name) => {
    const answer = render(unauthorized, {}, [[name, 'k']])
    expect(answer?.headers['www-authenticate']).toBe('Bearer realm="api", error="invalid_token"')
  })

  it('is on nothing but 401', () => {
    expect(render(missing, {}, [['authorization', 'k']])?.headers).not.toHaveProperty('www-authenticate')
  })
})

describe('an envelope', () => {
  /** http.md §4. */
  const safravo: ProblemOptions['envelope'] = ({ code, title, status, type }, id) => ({
    error: { code, message: title, statusCode: status, request_id: id, docs: type },
  })

  it('is sent as application/json, with the status and the other headers unchanged', () => {
    expect(render(unauthorized, { envelope: safravo, requestId: () => 'req_1' })).toEqual({
      status: 401,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'www-authenticate': 'Bearer realm="api"',
      },
      body: '{"error":{"code":"signature_mismatch","message":"signature mismatch","statusCode":401,"request_id":"req_1","docs":"urn:waxseal:error:signature_mismatch"}}',
    })
  })

  it('is given the problem, and no id where there is none', () => {
    const envelope = vi.fn(() => ({}))
    render(new HttpError('not_found'), { envelope })
    expect(envelope).toHaveBeenCalledExactlyOnceWith(
      { type: 'urn:waxseal:error:not_found', title: 'Nothing is here', status: 404, code: 'not_found' },
      undefined,
    )
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
    ['returns what JSON cannot say', () => ({ n: 1n })],
    ['returns nothing', () => undefined],
  ])('that %s gives way to the problem document', (_how, envelope) => {
    expect(render(missing, { envelope })).toEqual(render(missing))
  })
})

describe('a request id', () => {
  it('that throws is none', () => {
    const requestId = () => {
      throw new Error('no async context')
    }
    const envelope = vi.fn(() => ({ mine: true }))
    expect(render(missing, { requestId })).toEqual(render(missing))
    expect(render(missing, { requestId, envelope })?.body).toBe('{"mine":true}')
    expect(envelope).toHaveBeenCalledExactlyOnceWith(expect.anything(), undefined)
  })

  it('is asked for once, with the request', () => {
    const requestId = vi.fn(() => 'r')
    const at = request({ target: '/x' })
    renderProblem(missing, at, { requestId, envelope: () => ({}) })
    expect(requestId).toHaveBeenCalledExactlyOnceWith(at)
  })
})
