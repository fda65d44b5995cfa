import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import {
  type Bytes,
  createSigner,
  createVerifier,
  generateSecret,
  github,
  hmacScheme,
  meta,
  safravo,
  sha512,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  type VerifierOptions,
  WebhookError,
  type WebhookRequest,
  type WebhookScheme,
  type WebhookVerifier,
} from 'waxseal/webhooks'
import { standardWebhooksV1a } from 'waxseal/webhooks/ed25519'

/** 2021-02-25T15:02:10Z, the instant of the known answers. */
export const NOW = 1_614_265_330_000
export const ORIGIN = 'https://hooks.example.com'

/** A scheme, and where its signature travels. */
export interface Kind {
  readonly scheme: WebhookScheme
  readonly header: string
  /** What stands before the encoded signature in a header of one signature. */
  readonly prefix: string
  readonly encoding: 'hex' | 'hex_upper' | 'base64' | 'base64url'
  /** Bytes of a signature. */
  readonly length: number
}

/** Everything signed, in an unusual order and spelling. */
export const acme = hmacScheme({
  name: 'acme',
  hash: sha512,
  key: 'base64',
  keyPrefix: 'acme_',
  signature: { header: 'X-Acme-Signature', prefix: 'h=', encoding: 'base64url' },
  timestamp: { header: 'x-acme-timestamp', unit: 'ms' },
  id: { header: 'x-acme-id' },
  unsigned: { deliveryId: 'x-acme-delivery', eventType: 'x-acme-event' },
  content: ['body', { text: '|' }, 'timestamp', { text: '|' }, 'id'],
})

const hex = { encoding: 'hex', length: 32 } as const
export const kinds: readonly Kind[] = [
  { scheme: safravo, header: 'x-safravo-signature', prefix: 'sha256=', ...hex },
  { scheme: meta, header: 'x-hub-signature-256', prefix: 'sha256=', ...hex },
  { scheme: github, header: 'x-hub-signature-256', prefix: 'sha256=', ...hex },
  { scheme: slack, header: 'x-slack-signature', prefix: 'v0=', ...hex },
  { scheme: stripe, header: 'stripe-signature', prefix: `t=${NOW / 1000},v1=`, ...hex },
  { scheme: shopify, header: 'x-shopify-hmac-sha256', prefix: '', encoding: 'base64', length: 32 },
  { scheme: twilio, header: 'x-twilio-signature', prefix: '', encoding: 'base64', length: 20 },
  { scheme: standardWebhooks, header: 'webhook-signature', prefix: 'v1,', encoding: 'base64', length: 32 },
  {
    scheme: standardWebhooksV1a,
    header: 'webhook-signature',
    prefix: 'v1a,',
    encoding: 'base64',
    length: 64,
  },
  { scheme: acme, header: 'x-acme-signature', prefix: 'h=', encoding: 'base64url', length: 64 },
]

/** `[name, kind]` rows for `it.each`. */
export const eachKind = kinds.map((kind) => [kind.scheme.name, kind] as const)
export const dated = eachKind.filter(([, { scheme }]) => scheme.signs.includes('timestamp'))
export const undated = eachKind.filter(([, { scheme }]) => !scheme.signs.includes('timestamp'))
export const withId = eachKind.filter(([, { scheme }]) => scheme.signs.includes('id'))

export function kindOf(scheme: WebhookScheme): Kind {
  const kind = kinds.find((other) => other.scheme === scheme)
  if (kind === undefined) throw new Error(`no kind for ${scheme.name}`)
  return kind
}

/** A secret of the scheme, the same for the same seed. */
export function secretFor(scheme: WebhookScheme, seed = 7): string {
  return generateSecret(scheme, { random: (length) => new Uint8Array(length).fill(seed) })
}

export function verifierFor(
  scheme: WebhookScheme,
  options: Partial<VerifierOptions> = {},
): WebhookVerifier<string> {
  return createVerifier(scheme, {
    secrets: [{ id: 'k1', secret: secretFor(scheme) }],
    now: () => NOW,
    ...(scheme.signs.includes('url') && { publicUrl: ORIGIN }),
    ...options,
  })
}

export interface SignedRequest {
  readonly headers: Record<string, string>
  readonly body: Uint8Array
  readonly target?: string
}

/** A request that `verifierFor(scheme)` accepts, over any body: twilio's carries the body's hash in its target. */
export function signedRequest(
  scheme: WebhookScheme,
  body: Bytes = '{"a":1}',
  { secret = secretFor(scheme), signedAt = NOW, id = 'msg_1' } = {},
): SignedRequest {
  const signer = createSigner(scheme, { secrets: [{ id: 's', secret }], now: () => NOW })
  const target = `/hook?bodySHA256=${createHash('sha256')
    .update(body as Uint8Array)
    .digest('hex')}`
  const signed = signer.sign({ body, id, signedAt, url: ORIGIN + target, contentType: 'application/json' })
  return { headers: signed.headers, body: signed.body, ...(scheme.signs.includes('url') && { target }) }
}

/** The same request with headers put in or, where the value is undefined, left out. */
export function withHeaders<R extends SignedRequest>(
  request: R,
  changes: Record<string, string | readonly string[] | undefined>,
): WebhookRequest {
  return { ...request, headers: { ...request.headers, ...changes } }
}

/** `'verified'` or the code, after seeing that `verify` and `safeVerify` agree. */
export function outcomeOf(verifier: WebhookVerifier, request: unknown): string {
  const result = verifier.safeVerify(request as WebhookRequest)
  let thrown: unknown
  try {
    expect(verifier.verify(request as WebhookRequest).secretId).toBe(result.ok && result.value.secretId)
  } catch (error) {
    thrown = error
  }
  if (result.ok) {
    expect(thrown).toBeUndefined()
    return 'verified'
  }
  expect(result.error).toBeInstanceOf(WebhookError)
  expect(thrown).toBeInstanceOf(WebhookError)
  expect({ ...(thrown as WebhookError) }).toEqual({ ...result.error })
  return result.error.code
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
