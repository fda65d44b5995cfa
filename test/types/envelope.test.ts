import { expectTypeOf, it } from 'vitest'
import type { Result, WaxsealError } from 'waxseal'
import {
  type BlindIndex,
  createBlindIndex,
  createEnvelope,
  createKmsEnvelope,
  type Envelope,
  EnvelopeError,
  type EnvelopeErrorCode,
  type EnvelopeEvent,
  type Inspection,
  isSealed,
  type KeyProvider,
  type KmsEnvelope,
  kidOf,
  type SealContext,
  type Sealed,
} from 'waxseal/envelope'
import { createKeyring, generateKey, type KeyState } from 'waxseal/keyring'

const keyring = createKeyring([generateKey('2026a')])
const envelope = createEnvelope({ keyring })
const kms = createKmsEnvelope({ primary: '2026a', keys: { '2026a': keyring } })
const context = { tenant: 'org_1', purpose: 'wa.access_token' }
const sealed = envelope.seal('', context)

it('a sealed value is a string, and no string is a sealed value', () => {
  expectTypeOf<Sealed>().toExtend<string>()
  expectTypeOf<string>().not.toExtend<Sealed>()
  expectTypeOf(envelope.seal).returns.toEqualTypeOf<Sealed>()
  expectTypeOf(envelope.rewrap).returns.toEqualTypeOf<Sealed>()
  expectTypeOf(envelope.reseal).returns.toEqualTypeOf<Sealed>()
  expectTypeOf(kms.seal).returns.resolves.toEqualTypeOf<Sealed>()
  expectTypeOf(kms.rewrap).returns.resolves.toEqualTypeOf<Sealed>()
  expectTypeOf(kms.reseal).returns.resolves.toEqualTypeOf<Sealed>()
})

it('a column of that type takes no plaintext', () => {
  interface Row {
    token: Sealed
  }
  expectTypeOf<{ token: string }>().not.toExtend<Row>()
  // @ts-expect-error a plaintext is no Sealed
  const row: Row = { token: 'EAAG' }
  // What comes from the database as a string opens all the same.
  expectTypeOf(envelope.open).parameter(0).toBeString()
  expectTypeOf(row).toEqualTypeOf<Row>()
})

it('isSealed narrows, kidOf does not', () => {
  const value: unknown = sealed
  if (isSealed(value)) expectTypeOf(value).toEqualTypeOf<Sealed>()
  else expectTypeOf(value).toBeUnknown()
  expectTypeOf(kidOf).returns.toEqualTypeOf<string | null>()
})

it('open returns what `as` asks for', () => {
  const asBytes = { as: 'bytes' } as const
  expectTypeOf(envelope.open(sealed, context)).toBeString()
  expectTypeOf(envelope.open(sealed, context, {})).toBeString()
  expectTypeOf(envelope.open(sealed, context, { as: 'text' })).toBeString()
  expectTypeOf(envelope.open(sealed, context, asBytes)).toEqualTypeOf<Uint8Array>()
  expectTypeOf(envelope.safeOpen(sealed, context)).toEqualTypeOf<Result<string, EnvelopeError>>()
  expectTypeOf(envelope.safeOpen(sealed, context, asBytes)).toEqualTypeOf<Result<Uint8Array, EnvelopeError>>()
  expectTypeOf(kms.open(sealed, context)).resolves.toBeString()
  expectTypeOf(kms.open(sealed, context, { ...asBytes })).resolves.toEqualTypeOf<Uint8Array>()
  expectTypeOf(kms.safeOpen(sealed, context, { ...asBytes, signal: undefined })).resolves.toEqualTypeOf<
    Result<Uint8Array, EnvelopeError>
  >()
  // @ts-expect-error there is no third form
  expectTypeOf(() => envelope.open(sealed, context, { as: 'hex' })).toBeFunction()
})

it('a context has tenant and purpose, and text alone', () => {
  expectTypeOf<{ tenant: string; purpose: string; id: string }>().toExtend<SealContext>()
  expectTypeOf<{ tenant: string }>().not.toExtend<SealContext>()
  expectTypeOf<{ purpose: string }>().not.toExtend<SealContext>()
  expectTypeOf<{ tenant: string; purpose: string; id: number }>().not.toExtend<SealContext>()
  expectTypeOf<{ tenant: string; purpose: string; id: string | undefined }>().not.toExtend<SealContext>()
})

it('either envelope is what rotation asks of both', () => {
  expectTypeOf(envelope).toEqualTypeOf<Envelope>()
  expectTypeOf(kms).toEqualTypeOf<KmsEnvelope>()
  expectTypeOf<Envelope['needsRotation']>().toEqualTypeOf<KmsEnvelope['needsRotation']>()
  expectTypeOf(kms.flush).returns.toBeVoid()
})

it('errors are of a closed set of codes', () => {
  expectTypeOf<EnvelopeError>().toExtend<WaxsealError>()
  expectTypeOf<EnvelopeError['code']>().toEqualTypeOf<EnvelopeErrorCode>()
  expectTypeOf<EnvelopeError['status']>().toEqualTypeOf<413 | 500 | 503>()
  expectTypeOf<EnvelopeError['kid']>().toEqualTypeOf<string | null>()
  expectTypeOf(EnvelopeError).toBeConstructibleWith('provider_denied', { providerCode: '403' })
  // @ts-expect-error not a code
  expectTypeOf(() => new EnvelopeError('denied')).toBeFunction()
})

it('events and inspections narrow by their first member', () => {
  type Of<T extends EnvelopeEvent['type']> = Extract<EnvelopeEvent, { type: T }>
  expectTypeOf<Of<'open_failed'>['code']>().toEqualTypeOf<EnvelopeErrorCode>()
  expectTypeOf<Of<'provider_call'>['operation']>().toEqualTypeOf<'wrap' | 'unwrap' | 'rewrap'>()
  expectTypeOf<Of<'cache'>['result']>().toEqualTypeOf<'hit' | 'miss' | 'evicted' | 'expired'>()
  expectTypeOf<Of<'rewrapped'>['from']>().toBeString()
  expectTypeOf<Extract<Inspection, { kind: 'sealed' }>['state']>().toEqualTypeOf<KeyState | 'unknown'>()
  expectTypeOf<Extract<Inspection, { kind: 'legacy' }>['format']>().toBeString()
})

it('keys may be keyrings and providers, of one\u2019s own too', () => {
  const provider: KeyProvider = { kind: 'own', wrap: async (dek) => dek, unwrap: async (edk) => edk }
  expectTypeOf(createKmsEnvelope).toBeCallableWith({ primary: 'a', keys: { a: provider, '2026a': keyring } })
  expectTypeOf(createKmsEnvelope).toBeCallableWith({
    primary: 'a',
    keys: { a: provider },
    cache: { ttl: '5m', entries: undefined, reuse: { messages: 10 } },
    timeout: undefined,
  })
  // @ts-expect-error a number has no unit
  expectTypeOf(() => createKmsEnvelope({ primary: 'a', keys: { a: provider }, timeout: 10 })).toBeFunction()
  // @ts-expect-error a cache needs its ttl
  expectTypeOf(() => createKmsEnvelope({ primary: 'a', keys: { a: provider }, cache: {} })).toBeFunction()
})

it('a blind index is asked for a tenant, or for null in words', () => {
  const index: BlindIndex = createBlindIndex({ keyring, purpose: 'contact.phone' })
  expectTypeOf(index.of).parameters.toEqualTypeOf<[value: string, tenant: string | null]>()
  expectTypeOf(index.candidates).returns.toEqualTypeOf<string[]>()
})
