import { describe, expect, it } from 'vitest'
import { meta, stripe, type WebhookVerifierEvent } from 'waxseal/webhooks'
import { eachKind, NOW, outcomeOf, secretFor, signedRequest, verifierFor } from './support.js'

describe.each(eachKind)('an observer of %s', (name, { scheme }) => {
  const request = signedRequest(scheme)
  const late = scheme.signs.includes('timestamp') ? 1_000 : undefined

  it('is told of every outcome, by verify and safeVerify alike, once', () => {
    const events: WebhookVerifierEvent[] = []
    const verifier = verifierFor(scheme, { observe: (event) => events.push(event), now: () => NOW + 1_000 })
    verifier.safeVerify(request)
    verifier.verify(request)
    const verified = { type: 'webhook_verified', scheme: name, secretId: 'k1', ...(late && { ageMs: late }) }
    expect(events).toEqual([verified, verified])

    events.length = 0
    verifier.safeVerify({ ...request, body: '' })
    expect(() => verifier.verify({ ...request, body: '' })).toThrow()
    const rejected = { type: 'webhook_rejected', scheme: name, code: 'signature_mismatch' }
    expect(events).toEqual([rejected, rejected])
  })

  // Row 27
  it.each([
    [
      'throws',
      () => {
        throw new Error('observer')
      },
    ],
    ['rejects', () => Promise.reject(new Error('observer'))],
    [
      'is async and throws',
      async () => {
        throw new Error('observer')
      },
    ],
    ['returns something', () => ({ ok: false })],
    ['never answers', () => new Promise(() => {})],
  ])('that %s changes no outcome', async (_what, observe) => {
    // An unhandled rejection would fail the run.
    const verifier = verifierFor(scheme, { observe })
    expect(outcomeOf(verifier, request)).toBe('verified')
    expect(outcomeOf(verifier, { ...request, body: '' })).toBe('signature_mismatch')
    expect(outcomeOf(verifier, undefined)).toBe('body_not_raw')
    await new Promise((resolve) => setTimeout(resolve))
  })
})

it('an observer learns by which secret of a rotation deliveries still come', () => {
  const ids: string[] = []
  const verifier = verifierFor(meta, {
    secrets: [
      { id: 'app-2026', secret: secretFor(meta, 8) },
      { id: 'app-2025', secret: secretFor(meta) },
    ],
    observe: (event) => ids.push(event.type === 'webhook_verified' ? event.secretId : event.code),
  })
  verifier.safeVerify(signedRequest(meta))
  verifier.safeVerify(signedRequest(meta, '{}', { secret: secretFor(meta, 8) }))
  verifier.safeVerify(signedRequest(meta, '{}', { secret: secretFor(meta, 9) }))
  expect(ids).toEqual(['app-2025', 'app-2026', 'signature_mismatch'])
})

it('an observer is told by how much a genuine delivery was stale, and its age measured at the arrival', () => {
  const events: WebhookVerifierEvent[] = []
  const verifier = verifierFor(stripe, { observe: (event) => events.push(event) })
  verifier.safeVerify({ ...signedRequest(stripe), receivedAt: NOW + 300_001 })
  verifier.safeVerify({ ...signedRequest(stripe), receivedAt: NOW - 300_001 })
  verifier.safeVerify({ ...signedRequest(stripe), receivedAt: NOW - 7 })
  expect(events).toEqual([
    { type: 'webhook_rejected', scheme: 'stripe', code: 'timestamp_too_old', skewMs: 300_001 },
    { type: 'webhook_rejected', scheme: 'stripe', code: 'timestamp_too_new', skewMs: -300_001 },
    { type: 'webhook_verified', scheme: 'stripe', secretId: 'k1', ageMs: -7 },
  ])
})
