import { describe, expect, it, vi } from 'vitest'
import { createVerifier, diagnose, meta, metaHandshake, stripe } from 'waxseal/webhooks'

const secrets = [{ id: 'k', secret: '0123456789abcdef0123456789abcdef' }]
const broken = () => {
  throw new Error('no clock')
}

describe('a clock that throws', () => {
  it('leaves no secret live, and throws nothing at a sender', () => {
    const verifier = createVerifier(stripe, { secrets, now: broken })
    const result = verifier.safeVerify({ headers: {}, body: '{}' })
    expect(!result.ok && result.error.code).toBe('no_active_secret')
  })

  it('refuses the handshake', () => {
    const verifyTokens = [{ id: 't', secret: 'a-verify-token-of-16', notAfterAt: Date.UTC(2099, 0, 1) }]
    const target = '/?hub.mode=subscribe&hub.verify_token=a-verify-token-of-16&hub.challenge=1'
    expect(metaHandshake({ verifyTokens, now: broken }).answer(target).ok).toBe(false)
    expect(metaHandshake({ verifyTokens }).answer(target).ok).toBe(true)
  })
})

describe('no option turns a check off by mistake', () => {
  it.each([['1d'], [{ past: '1d', future: '0s' }]] as const)(
    'a tolerance of at most a day is taken: %j',
    (tolerance) => {
      expect(() => createVerifier(stripe, { secrets, tolerance })).not.toThrow()
    },
  )

  it.each([['25h'], [{ past: '5m', future: '2d' }]] as const)(
    'a longer tolerance is out of range: %j',
    (tolerance) => {
      expect(() => createVerifier(stripe, { secrets, tolerance })).toThrow(RangeError)
    },
  )

  it('null is no tolerance', () => {
    expect(() => createVerifier(stripe, { secrets, tolerance: null as never })).toThrow(TypeError)
  })

  it.each(['false', 1, {}, null])('weak secrets are allowed by a boolean alone, not by %j', (allow) => {
    expect(() => createVerifier(meta, { secrets, dangerouslyAllowWeakSecrets: allow as never })).toThrow(
      /dangerouslyAllowWeakSecrets/,
    )
  })
})

it('diagnose does not indent a nest of brackets, which would fill memory', () => {
  const stringify = vi.spyOn(JSON, 'stringify')
  const indents = (depth: number) => {
    stringify.mockClear()
    const body = '['.repeat(depth) + ']'.repeat(depth)
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    expect(diagnose({ scheme: meta, secrets, request: { headers, body } }).findings[0]?.cause).toBe(
      'unexplained',
    )
    return stringify.mock.calls.map(([, , indent]) => indent ?? 0)
  }
  expect(indents(64)).toEqual([0, 1, 2, 4])
  expect(indents(65)).toEqual([0])
  stringify.mockRestore()
})
