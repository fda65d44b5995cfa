import { expectTypeOf, it } from 'vitest'
import { type Duration, type Result, Secret, type WaxsealError } from 'waxseal'
import {
  createSigner,
  createVerifier,
  type Delivery,
  diagnose,
  type FindingCause,
  generateSecret,
  hmacScheme,
  type InboundEvent,
  meta,
  metaHandshake,
  type SignedMessage,
  stripe,
  type WebhookError,
  type WebhookErrorCode,
  type WebhookRequest,
  type WebhookScheme,
  type WebhookSigner,
  type WebhookVerifier,
  type WebhookVerifierEvent,
} from 'waxseal/webhooks'
import { publicKeyOf, standardWebhooksV1a } from 'waxseal/webhooks/ed25519'

const secrets = [{ id: 'k', secret: generateSecret(meta) }]

it('the name of a scheme is carried through to its deliveries', () => {
  const verifier = createVerifier(meta, { secrets })
  expectTypeOf(verifier).toEqualTypeOf<WebhookVerifier<'meta'>>()
  expectTypeOf(verifier.safeVerify).returns.toEqualTypeOf<Result<Delivery<'meta'>, WebhookError>>()
  expectTypeOf(verifier.verify).returns.toEqualTypeOf<Delivery<'meta'>>()
  expectTypeOf(createSigner(stripe, { secrets })).toEqualTypeOf<WebhookSigner<'stripe'>>()
  const acme = hmacScheme({ name: 'acme', signature: { header: 'x-sig', encoding: 'hex' } })
  expectTypeOf(acme).toEqualTypeOf<WebhookScheme<'acme'>>()
  expectTypeOf(standardWebhooksV1a.name).toEqualTypeOf<'standard_webhooks_v1a'>()
})

it('a result narrows by ok', () => {
  const result = createVerifier(meta, { secrets }).safeVerify({ headers: {}, body: '' })
  if (result.ok) expectTypeOf(result.value.json()).toBeUnknown()
  else expectTypeOf(result.error.code).toEqualTypeOf<WebhookErrorCode>()
  expectTypeOf<WebhookError>().toExtend<WaxsealError>()
})

it('events narrow by type', () => {
  expectTypeOf<
    Extract<WebhookVerifierEvent, { type: 'webhook_rejected' }>['code']
  >().toEqualTypeOf<WebhookErrorCode>()
  expectTypeOf<Extract<WebhookVerifierEvent, { type: 'webhook_verified' }>['secretId']>().toBeString()
})

it('headers may be what frameworks have', () => {
  expectTypeOf<Headers>().toExtend<WebhookRequest['headers']>()
  expectTypeOf<Map<string, string>>().toExtend<WebhookRequest['headers']>()
  expectTypeOf<[string, string][]>().toExtend<WebhookRequest['headers']>()
  expectTypeOf<NodeJS.Dict<string | string[]>>().toExtend<WebhookRequest['headers']>()
  expectTypeOf<import('node:http').IncomingHttpHeaders>().toExtend<WebhookRequest['headers']>()
})

it('bytes, and the text of bytes, are bodies; parsed objects are none', () => {
  expectTypeOf<Buffer>().toExtend<WebhookRequest['body']>()
  expectTypeOf<Uint8Array>().toExtend<WebhookRequest['body']>()
  expectTypeOf<ArrayBuffer>().toExtend<WebhookRequest['body']>()
  expectTypeOf<object>().not.toExtend<WebhookRequest['body']>()
  // @ts-expect-error a parsed body
  const parsed: WebhookRequest = { headers: {}, body: { a: 1 } }
  expectTypeOf(parsed.receivedAt).toEqualTypeOf<number | Date | undefined>()
})

it('secrets may be Secrets, and a Secret is no string', () => {
  createVerifier(meta, { secrets: [{ id: 'k', secret: new Secret('x'.repeat(32)), notAfterAt: new Date() }] })
  expectTypeOf(publicKeyOf).parameter(0).toEqualTypeOf<string | Secret<string>>()
  expectTypeOf<Secret>().not.toExtend<string>()
  expectTypeOf<Secret>().not.toExtend<Secret<Uint8Array>>()
  expectTypeOf(new Secret('x').expose()).toBeString()
  // @ts-expect-error a Secret of bytes
  const bytes = () => createVerifier(meta, { secrets: [{ id: 'k', secret: new Secret(new Uint8Array(32)) }] })
  expectTypeOf(bytes).toBeFunction()
})

it('durations are words, and every scheme and option is known by name', () => {
  const create = () => {
    // @ts-expect-error a bare number
    createVerifier(stripe, { secrets, tolerance: 300 })
    // @ts-expect-error no unit
    createVerifier(stripe, { secrets, tolerance: '300' })
    // @ts-expect-error misspelt
    createVerifier(stripe, { secrets, tolerence: '5m' })
    // @ts-expect-error no secrets
    createVerifier(stripe, {})
    // @ts-expect-error an encoding that is none
    hmacScheme({ name: 'acme', signature: { header: 'x', encoding: 'binary' } })
  }
  expectTypeOf(create).toBeFunction()
  expectTypeOf<'5m'>().toExtend<Duration>()
})

it('what comes back cannot be written to', () => {
  type Writable<T> = { -readonly [K in keyof T]: T[K] }
  expectTypeOf<Delivery>().not.toEqualTypeOf<Writable<Delivery>>()
  expectTypeOf<SignedMessage>().not.toEqualTypeOf<Writable<SignedMessage>>()
  expectTypeOf(metaHandshake)
    .returns.toHaveProperty('answer')
    .returns.toEqualTypeOf<Result<string, WebhookError>>()
  expectTypeOf(diagnose).returns.toHaveProperty('findings')
  expectTypeOf<FindingCause>().toExtend<string>()
  expectTypeOf<InboundEvent<{ a: 1 }>['data']>().toEqualTypeOf<{ a: 1 }>()
  expectTypeOf<InboundEvent['keyParts']>().toEqualTypeOf<readonly [string, ...string[]]>()
})
