import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createSigner,
  type DiagnoseInput,
  diagnose,
  type FindingCause,
  hmacScheme,
  meta,
  slack,
  standardWebhooks,
  stripe,
  twilio,
} from 'waxseal/webhooks'
import { ROWS } from './diagnose-rows.js'
import { NOW, secretFor, signedRequest, utf8, verifierFor } from './support.js'

const base = { now: () => NOW }
const metaRequest = (body: string) => signedRequest(meta, body)
const stale = signedRequest(stripe)

describe('diagnose', () => {
  it.each(ROWS)('finds %s: %s', (cause, what, proven, input) => {
    const { verified, code, findings } = diagnose(input)
    expect(verified, what).toBe(false)
    expect(findings[0]).toMatchObject({ cause, proven })
    expect(findings.filter((found) => found.proven)).toHaveLength(proven ? 1 : 0)
    if (proven) expect(findings[0]?.secretId ?? 'k').toBe('k')
    for (const { message, fix } of findings) {
      expect(message).toMatch(/^[A-Z].+\.$/)
      expect(fix).toMatch(/^[A-Z].+\.$/)
    }
    // The code is the verifier's own, which takes only what it accepts as secrets.
    const publicUrl = input.publicUrl === undefined ? {} : { publicUrl: input.publicUrl }
    if (code !== undefined) {
      const verifier = verifierFor(input.scheme, {
        secrets: input.secrets,
        dangerouslyAllowWeakSecrets: true,
        ...publicUrl,
      })
      expect(verifier.safeVerify(input.request as never)).toMatchObject({ error: { code } })
    }
  })

  it('tries a scheme that signs the URL among the others, under the publicUrl that is for it', () => {
    const secrets = [{ id: 'k', secret: '0123456789abcdef0123456789abcdef' }]
    const { headers, body } = createSigner(twilio, { secrets }).sign({
      url: 'https://hooks.example.com/sms',
      body: 'From=%2B14158675309',
    })
    const request = {
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body,
      target: '/sms',
    }
    const input = { ...base, scheme: meta, secrets, request, publicUrl: 'https://hooks.example.com' }
    expect(diagnose({ ...input, otherSchemes: [twilio] }).findings).toMatchObject([
      { cause: 'other_scheme_matches', proven: true, scheme: 'twilio', secretId: 'k' },
    ])
    expect(() => diagnose(input)).toThrow(/publicUrl/)
  })

  it('sees a parsed body also where no secret is usable', () => {
    const input = {
      ...base,
      scheme: meta,
      secrets: [{ id: 'k', secret: '' }],
      request: { headers: {}, body: {} },
    }
    const { code, findings } = diagnose(input)
    expect(code).toBeUndefined()
    expect(findings.map(({ cause }) => cause)).toEqual(['body_parsed', 'secret_malformed'])
  })

  it('has a fixture for every cause that it knows', () => {
    const causes = new Set<FindingCause>(ROWS.map(([cause]) => cause))
    const known: Record<FindingCause, true> = {
      body_parsed: true,
      body_reserialised: true,
      body_text_decoded: true,
      bom_changed: true,
      final_newline_changed: true,
      line_endings_changed: true,
      content_encoded: true,
      body_empty: true,
      secret_malformed: true,
      secret_prefix_missing: true,
      secret_prefix_stripped: true,
      secret_hex_decoded: true,
      secret_base64_decoded: true,
      secret_whitespace: true,
      secret_quoted: true,
      secret_expired: true,
      other_secret_matches: true,
      other_scheme_matches: true,
      other_scheme_headers: true,
      header_missing: true,
      header_duplicated: true,
      legacy_header_only: true,
      signature_case: true,
      timestamp_stale: true,
      timestamp_ahead: true,
      timestamp_in_milliseconds: true,
      url_differs: true,
      unexplained: true,
    }
    expect([...causes].sort()).toEqual(Object.keys(known).sort())
  })

  it('names the other scheme, and the secret under which it verifies', () => {
    const scheme = hmacScheme({ name: 'acme', signature: { header: 'x-acme', encoding: 'hex' } })
    const { findings } = diagnose({
      ...base,
      scheme,
      secrets: [{ id: 'k', secret: secretFor(slack) }],
      otherSchemes: [meta, slack],
      request: signedRequest(slack, '{}', { secret: secretFor(slack) }),
    })
    expect(findings).toMatchObject([{ cause: 'other_scheme_matches', scheme: 'slack', secretId: 'k' }])
    expect(Object.isFrozen(findings[0])).toBe(true)
  })

  it('has nothing to say where the request verifies', () => {
    const input = { ...base, scheme: meta, secrets: [{ id: 'k', secret: secretFor(meta) }] }
    expect(diagnose({ ...input, request: metaRequest('{}') })).toEqual({ verified: true, findings: [] })
  })

  it('points at a secret that a verifier would refuse even where another one verifies', () => {
    const secrets = [
      { id: 'k', secret: secretFor(meta) },
      { id: 'short', secret: 'x' },
      { id: 'padded', secret: ` ${secretFor(meta)}` },
      { id: 'number', secret: 5 as never },
    ]
    const { verified, findings } = diagnose({ ...base, scheme: meta, secrets, request: metaRequest('{}') })
    expect(verified).toBe(true)
    expect(findings).toMatchObject(
      ['short', 'padded', 'number'].map((secretId) => ({
        cause: 'secret_malformed',
        proven: false,
        secretId,
      })),
    )
  })

  it('does not touch what it is given', () => {
    const body = Object.freeze({ a: 1 })
    const request = Object.freeze({ headers: Object.freeze({ ...metaRequest('{"a":1}').headers }), body })
    const bytes = utf8('{"a": 1}')
    const before = Uint8Array.from(bytes)
    const secrets = Object.freeze([Object.freeze({ id: 'k', secret: secretFor(meta) })])
    diagnose(Object.freeze({ ...base, scheme: meta, secrets, request }))
    diagnose({ ...base, scheme: meta, secrets, request: { ...request, body: bytes } })
    expect(bytes).toEqual(before)
  })

  it('passes over other schemes whose headers it cannot read', () => {
    const headers = { ...signedRequest(stripe).headers, 'x-hub-signature-256': ['a', 'b'] }
    const { findings } = diagnose({
      ...base,
      scheme: slack,
      secrets: [{ id: 'k', secret: secretFor(stripe) }],
      otherSchemes: [meta, stripe],
      request: { headers, body: '{"a":1}' },
    })
    expect(findings).toMatchObject([{ cause: 'other_scheme_matches', scheme: 'stripe' }])
  })

  it('asks for a publicUrl where the scheme signs the URL, even if no secret is usable', () => {
    for (const secret of [secretFor(twilio), ' padded']) {
      const input = {
        ...base,
        scheme: twilio,
        secrets: [{ id: 'k', secret }],
        request: signedRequest(twilio),
      }
      expect(() => diagnose(input)).toThrow(/^publicUrl: /)
    }
  })

  it.each([
    [{ scheme: undefined }],
    [{ secrets: undefined }],
    [{ tolerance: 300 }],
    [{ publicUrl: 'https://example.com' }],
    [{ secrets: Array.from({ length: 11 }, (_, at) => ({ id: `k${at}`, secret: secretFor(stripe) })) }],
  ])('throws for bad options, as createVerifier does: %#', (changes) => {
    const input = {
      ...base,
      scheme: stripe,
      secrets: [{ id: 'k', secret: secretFor(stripe) }],
      request: stale,
    }
    expect(() => diagnose({ ...input, ...(changes as object) } as DiagnoseInput)).toThrow(/./)
  })
})

it('diagnose explains standard webhooks that were keyed with the text of the secret', () => {
  const text = secretFor(standardWebhooks)
  const { headers, body } = signedRequest(standardWebhooks, '{}')
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.{}`
  const mac = createHmac('sha256', text.slice('whsec_'.length)).update(content).digest('base64')
  const { findings } = diagnose({
    ...base,
    scheme: standardWebhooks,
    secrets: [{ id: 'k', secret: text }],
    request: { headers: { ...headers, 'webhook-signature': `v1,${mac}` }, body },
  })
  expect(findings).toMatchObject([{ cause: 'secret_prefix_stripped', proven: true }])
})
