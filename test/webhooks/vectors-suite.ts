import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as webhooks from 'waxseal/webhooks'
import { standardWebhooksV1a } from 'waxseal/webhooks/ed25519'

interface Vector {
  readonly scheme: string
  readonly name: string
  readonly source: string
  readonly secret: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly bodyHex?: string
  readonly weak?: boolean
  readonly id?: string
  readonly signedAt?: number
  readonly signingSecret?: string
  readonly publicUrl?: string
  readonly target?: string
  readonly url?: string
  readonly refuse?: webhooks.WebhookErrorCode
  readonly finding?: webhooks.FindingCause
  readonly options?: Record<string, unknown> & { readonly hash: 'sha256' | 'sha512' | 'sha1' }
}

const file = readFileSync(new URL('../vectors/webhooks.json', import.meta.url), 'utf8')
const { now, vectors } = JSON.parse(file) as { now: string; vectors: readonly Vector[] }
const exported = { ...webhooks }
const clock = () => Date.parse(now)

const accepted = vectors.filter(({ refuse }) => refuse === undefined)
const refused = vectors.filter(({ refuse }) => refuse !== undefined)
const rows = (some: readonly Vector[]) => some.map((vector) => [vector.scheme, vector.name, vector] as const)

function schemeOf({ scheme, options }: Vector): webhooks.WebhookScheme {
  if (scheme === 'standardWebhooksV1a') return standardWebhooksV1a
  if (options === undefined) return exported[scheme as 'meta']
  const { hash, ...shape } = options
  return webhooks.hmacScheme({
    ...shape,
    hash: exported[hash],
  } as unknown as webhooks.HmacSchemeOptions<string>)
}

function bodyOf({ body = '', bodyHex }: Vector): Uint8Array {
  return Uint8Array.from(Buffer.from(bodyHex ?? body, bodyHex === undefined ? 'utf8' : 'hex'))
}

function optionsOf(vector: Vector): webhooks.VerifierOptions {
  return {
    secrets: [{ id: 'published', secret: vector.secret }],
    dangerouslyAllowWeakSecrets: vector.weak ?? false,
    now: clock,
    ...(vector.publicUrl !== undefined && { publicUrl: vector.publicUrl }),
  }
}

function requestOf(vector: Vector): webhooks.WebhookRequest & { readonly body: Uint8Array } {
  const { headers, target } = vector
  return { headers, body: bodyOf(vector), ...(target !== undefined && { target }) }
}

/** The known answers of `webhooks.md` 4.3, for whichever `#crypto` is in place. */
export function knownAnswers(): void {
  describe.each(rows(accepted))('%s: %s', (_scheme, _name, vector) => {
    const scheme = schemeOf(vector)

    it('verifies', () => {
      const delivery = webhooks.createVerifier(scheme, optionsOf(vector)).verify(requestOf(vector))
      expect(delivery.secretId).toBe('published')
      expect(delivery.body).toEqual(bodyOf(vector))
      expect([delivery.id, delivery.signedAt]).toEqual([vector.id, vector.signedAt])
    })

    it('is what the signer makes', () => {
      const signer = webhooks.createSigner(scheme, {
        secrets: [{ id: 'published', secret: vector.signingSecret ?? vector.secret }],
        dangerouslyAllowWeakSecrets: vector.weak ?? false,
        now: clock,
      })
      const { id, url } = vector
      const contentType = vector.headers['content-type']
      const signed = signer.sign({
        body: bodyOf(vector),
        ...(id !== undefined && { id }),
        ...(url !== undefined && { url }),
        ...(contentType !== undefined && { contentType }),
      })
      const { 'content-type': _sent, ...signatures } = vector.headers
      expect(signed.headers).toEqual(signatures)
    })

    it('is refused with another last byte, and where the secret is another', () => {
      const verifier = webhooks.createVerifier(scheme, optionsOf(vector))
      const body = Uint8Array.from([...bodyOf(vector), 0x20])
      expect(verifier.safeVerify({ ...requestOf(vector), body })).toMatchObject({
        error: { code: 'signature_mismatch' },
      })
      const other = webhooks.createVerifier(scheme, {
        ...optionsOf(vector),
        secrets: [{ id: 'other', secret: webhooks.generateSecret(scheme) }],
      })
      expect(other.safeVerify(requestOf(vector))).toMatchObject({ error: { code: 'signature_mismatch' } })
    })
  })

  describe.each(rows(refused))('%s: %s', (_scheme, _name, vector) => {
    const scheme = schemeOf(vector)

    it('is refused', () => {
      const result = webhooks.createVerifier(scheme, optionsOf(vector)).safeVerify(requestOf(vector))
      expect(result).toMatchObject({ ok: false, error: { code: vector.refuse } })
    })

    it('is explained by exactly one proven finding', () => {
      const { secrets } = optionsOf(vector)
      const { verified, code, findings } = webhooks.diagnose({
        scheme,
        secrets,
        now: clock,
        request: requestOf(vector),
      })
      expect({ verified, code }).toEqual({ verified: false, code: vector.refuse })
      expect(findings.filter(({ proven }) => proven)).toMatchObject([
        { cause: vector.finding, secretId: 'published' },
      ])
    })
  })
}
