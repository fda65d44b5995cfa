import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type DiagnoseInput,
  diagnose,
  hmacScheme,
  meta,
  safravo,
  twilio,
  type WebhookScheme,
} from 'waxseal/webhooks'
import { standardWebhooksV1a } from 'waxseal/webhooks/ed25519'
import type * as Crypto from '#crypto'
import { kinds, NOW, ORIGIN, secretFor, signedRequest } from './support.js'

/** How often a MAC or a signature was computed over a body. */
const macs = vi.hoisted(() => ({ count: 0 }))
vi.mock('#crypto', async (original) => {
  const actual = await original<typeof Crypto>()
  return {
    ...actual,
    hmac: (...args: Parameters<typeof actual.hmac>) => {
      const mac = actual.hmac(...args)
      return (chunks: Parameters<typeof mac>[0]) => {
        macs.count++
        return mac(chunks)
      }
    },
    ed25519Verifier: (key: Uint8Array) => {
      const verify = actual.ed25519Verifier(key)
      return (...args: Parameters<typeof verify>) => {
        macs.count++
        return verify(...args)
      }
    },
  }
})

beforeEach(() => {
  macs.count = 0
})

const secretsOf = (scheme: WebhookScheme, length: number, seed = 100) =>
  Array.from({ length }, (_, at) => ({ id: `k${seed + at}`, secret: secretFor(scheme, seed + at) }))

/** As much to try as one may ask for, and nothing to find. */
function worst(scheme: WebhookScheme, more: Partial<DiagnoseInput> = {}): DiagnoseInput {
  const request = signedRequest(scheme, '{"a": [1, "é/\\u003c"]}\n', { secret: secretFor(scheme, 99) })
  return {
    scheme,
    secrets: secretsOf(scheme, 10),
    otherSecrets: secretsOf(scheme, 20, 200),
    otherSchemes: [...kinds.map((kind) => kind.scheme), ...kinds.map((kind) => kind.scheme)],
    now: () => NOW,
    request,
    ...(scheme.signs.includes('url') && { publicUrl: `${ORIGIN}/wh` }),
    ...more,
  }
}

describe('diagnose is bounded', () => {
  it.each(kinds.map(({ scheme }) => [scheme.name, scheme] as const))(
    'to 2,000 MACs beyond the verifier’s own, for %s with ten secrets and twenty others',
    (_name, scheme) => {
      const input = worst(scheme)
      macs.count = 0
      const { findings } = diagnose(input)
      expect(findings.map(({ cause }) => cause)).toEqual(['unexplained'])
      // The verifier computes one for each of ten secrets and four contents at most.
      expect(macs.count).toBeLessThanOrEqual(2_000 + 40)
      expect(macs.count).toBeGreaterThan(100)
    },
  )

  it('so that twilio, which has more to try than that, stops there', () => {
    const input = worst(twilio)
    const proxied = { host: 'a.example', 'x-forwarded-host': 'b.example', 'x-forwarded-proto': 'wss' }
    const headers = { ...input.request.headers, ...proxied }
    macs.count = 0
    diagnose({ ...input, request: { ...input.request, headers, body: '', target: '/sms?a=b,c&d=%7E' } })
    expect(macs.count).toBe(2_000 + 40)
  })

  it('to the first twenty of the others', () => {
    const tail = { id: 'match', secret: secretFor(meta, 99) }
    const others = (count: number) => [...secretsOf(meta, count, 150), tail]
    const input = worst(meta, { otherSchemes: [] })
    expect(diagnose({ ...input, otherSecrets: others(19) }).findings[0]?.cause).toBe('other_secret_matches')
    expect(diagnose({ ...input, otherSecrets: others(20) }).findings[0]?.cause).toBe('unexplained')
    const scheme = hmacScheme({ name: 'acme', signature: { header: 'x-acme', encoding: 'hex' } })
    const schemes = (count: number) => [...Array(count).fill(scheme), meta]
    const request = signedRequest(meta, '{}', { secret: secretFor(meta) })
    const asked = {
      ...worst(scheme),
      secrets: [{ id: 'k', secret: secretFor(meta) }],
      otherSecrets: [],
      request,
    }
    expect(diagnose({ ...asked, otherSchemes: schemes(19) }).findings[0]?.cause).toBe('other_scheme_matches')
    expect(diagnose({ ...asked, otherSchemes: schemes(20) }).findings[0]?.cause).toBe('header_missing')
  })

  it('to the checks without a MAC for a body over 1 MiB', () => {
    const sign = (length: number) =>
      signedRequest(safravo, `${' '.repeat(length - 1)}\n`, { secret: secretFor(safravo) })
    const input = (length: number, cut: number): DiagnoseInput => {
      const { headers, body } = sign(length)
      return {
        ...worst(safravo),
        secrets: [{ id: 'k', secret: secretFor(safravo) }],
        request: { headers, body: body.subarray(0, length - cut) },
      }
    }
    expect(diagnose(input(1_048_577, 1)).findings[0]?.cause).toBe('final_newline_changed')
    macs.count = 0
    const over = input(1_048_578, 1)
    macs.count = 0
    expect(diagnose(over)).toMatchObject({ code: 'signature_mismatch', findings: [{ cause: 'unexplained' }] })
    expect(macs.count).toBe(1)
    const missing = { ...over, request: { ...over.request, headers: {} } }
    expect(diagnose(missing).findings[0]?.cause).toBe('header_missing')
  })

  it('to the same for a parsed body that is that large when written', () => {
    const input = worst(meta)
    const body = { text: 'x'.repeat(1_048_576) }
    macs.count = 0
    expect(diagnose({ ...input, request: { ...input.request, body } }).findings[0]?.cause).toBe('body_parsed')
    expect(macs.count).toBe(0)
  })

  it('for parsed bodies that contain themselves, and for those that resist', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    const hostile = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    for (const body of [cyclic, hostile, 1n, Symbol('s'), () => 1, undefined, null, '\ud800']) {
      const { verified, findings } = diagnose({
        ...worst(meta),
        request: { headers: signedRequest(meta).headers, body },
      })
      expect(verified).toBe(false)
      expect(findings[0]?.cause).toBe('body_parsed')
    }
  })

  it('for requests that are none', () => {
    for (const headers of [undefined, null, 5, 'x', new Proxy({}, { ownKeys: () => ['a', 'a'] })]) {
      const asked = { ...worst(standardWebhooksV1a), request: { headers, body: '{}' } } as DiagnoseInput
      expect(diagnose(asked).verified).toBe(false)
    }
  })
})
