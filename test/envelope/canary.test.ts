import { describe, expect, it } from 'vitest'
import {
  createBlindIndex,
  createEnvelope,
  createKmsEnvelope,
  EnvelopeError,
  type EnvelopeEvent,
  type KeyProvider,
  type SealContext,
  sealedLength,
} from 'waxseal/envelope'
import { legacyReader } from 'waxseal/envelope/legacy'
import { createKeyring, generateKey } from 'waxseal/keyring'
import {
  bytesOf,
  CONTEXT,
  expectNone,
  fakeKms,
  partsOf,
  prints,
  segmentOf,
  spellings,
  textOf,
} from './support.js'

/** Bytes in which no window of eight turns up by chance. */
const pattern = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => (at * 89 + seed * 41 + ((at * at) >> 2)) & 0xff)

const ROOT = pattern(32, 1)
const OTHER_ROOT = pattern(32, 2)
const DEK = pattern(32, 3)
const KEY = generateKey('2026a', { random: () => ROOT })
const OTHER_KEY = generateKey('2026a', { random: () => OTHER_ROOT })
const PLAINTEXT = 'EAAG-CANARY-6b1f-zq42-0x7d'
const SDK = 'SDK-CANARY-9c0d-message'
const kid = 'kms'

const random = (length: number) => (length === 32 ? DEK : pattern(length, 4))
const keyring = createKeyring([KEY])
const sealed = createEnvelope({ keyring, random }).seal(PLAINTEXT, CONTEXT)
const parts = partsOf(sealed)

const hidden = [
  PLAINTEXT,
  SDK,
  parts.edk,
  parts.body,
  // The check of a key string is public.
  ...[KEY, OTHER_KEY].map((key) => key.split('.')[2] as string),
  ...[ROOT, OTHER_ROOT, DEK, keyring.derive('envelope', { context: ['wx1/kek/a256kw'] })].flatMap(spellings),
]

/** A body with one byte changed. */
const flipped = (at: number) => {
  const body = bytesOf(parts.body)
  body[at] = (body[at] as number) ^ 1
  return textOf({ ...parts, body: segmentOf(body) })
}
const other = (changed: Record<string, unknown>) => ({ ...CONTEXT, ...changed }) as unknown as SealContext

/** Stored values of all kinds, none of which opens. */
const values: readonly [string, SealContext][] = [
  [PLAINTEXT, CONTEXT],
  [`old:${PLAINTEXT}`, CONTEXT],
  [sealed, other({ id: 'acc_2' })],
  [sealed, other({ id: { secret: PLAINTEXT } })],
  [sealed, other({ id: '' })],
  [sealed, other({ [PLAINTEXT.repeat(3)]: 'x' })],
  [sealed, other({ id: PLAINTEXT.repeat(20) })],
  [flipped(0), CONTEXT],
  [flipped(30), CONTEXT],
  [flipped(60), CONTEXT],
  [`"${sealed}"`, CONTEXT],
  [`${sealed}\n`, CONTEXT],
  [`${sealed}=`, CONTEXT],
  [sealed.slice(0, -9), CONTEXT],
  [sealed.slice(0, 60), CONTEXT],
  [sealed.replace('wx1', 'wx2'), CONTEXT],
  [sealed.replaceAll('.', '%2E'), CONTEXT],
  [textOf({ ...parts, kid: '2026b' }), CONTEXT],
  [textOf({ ...parts, edk: segmentOf(bytesOf(parts.edk).reverse()) }), CONTEXT],
  [textOf({ ...parts, edk: segmentOf(bytesOf(parts.edk).subarray(1)) }), CONTEXT],
  [textOf({ ...parts, kid: PLAINTEXT }), CONTEXT],
  [sealed + sealed, CONTEXT],
  [sealed.repeat(2_000), CONTEXT],
]

const legacy = legacyReader({
  formats: [
    {
      name: 'old',
      recognises: (value) => value.startsWith('old:'),
      read(value) {
        throw new Error(`${SDK}: ${value}`)
      },
    },
  ],
})

/** All that a caller can get hold of when something fails: the error, thrown or returned. */
function failureOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    expect((error as Error).cause).toBeUndefined()
    return error
  }
  return expect.fail('expected the call to throw')
}
async function rejectionOf(call: () => Promise<unknown>): Promise<unknown> {
  const error = await call().then(
    () => expect.fail('expected a rejection'),
    (thrown: unknown) => thrown,
  )
  expect((error as Error).cause).toBeUndefined()
  return error
}

describe('what an envelope lets be printed', () => {
  it.each([
    ['without a legacy reader', undefined],
    ['with one that fails', legacy],
  ])('holds no plaintext, key or stored value, %s', (_name, reader) => {
    const events: EnvelopeEvent[] = []
    const observe = (event: EnvelopeEvent) => events.push(event)
    const envelope = createEnvelope({ keyring, random, observe, legacy: reader })
    expectNone(prints(envelope), hidden)
    for (const [value, context] of values) {
      expectNone(prints(failureOf(() => envelope.open(value, context))), hidden)
      expectNone(prints(failureOf(() => envelope.reseal(value, context))), hidden)
      const result = envelope.safeOpen(value, context)
      expect(result.ok).toBe(false)
      expectNone(prints(result), hidden)
      expectNone(prints(envelope.inspect(value)), hidden)
    }
    for (const value of [sealed, 'wx1.a'])
      expectNone(prints(failureOf(() => envelope.seal(value, CONTEXT))), hidden)
    for (const value of [`${PLAINTEXT}\ud800`, { PLAINTEXT }, PLAINTEXT.repeat(9_999)]) {
      expectNone(prints(failureOf(() => envelope.seal(value as string, CONTEXT))), hidden)
    }
    envelope.open(envelope.seal(PLAINTEXT, CONTEXT), CONTEXT)
    expect(events.length).toBe(2 * values.length + 2)
    expectNone(prints(events), hidden)
  })

  it('holds none of them where the key is another, or gone', () => {
    for (const keys of [[OTHER_KEY], [generateKey('b'), `${KEY}:disabled`], [generateKey('b')]]) {
      const events: EnvelopeEvent[] = []
      const envelope = createEnvelope({
        keyring: createKeyring(keys),
        observe: (event) => events.push(event),
      })
      expectNone(prints(failureOf(() => envelope.open(sealed, CONTEXT))), hidden)
      expectNone(
        prints([envelope.safeOpen(sealed, CONTEXT), envelope.inspect(sealed), envelope, events]),
        hidden,
      )
      expect(events).toHaveLength(2)
    }
  })

  it('holds no text that is not UTF-8', () => {
    const envelope = createEnvelope({ keyring, random })
    const bytes = Uint8Array.of(...new TextEncoder().encode(PLAINTEXT), 0xff)
    const error = failureOf(() => envelope.open(envelope.seal(bytes, CONTEXT), CONTEXT))
    expect(error).toMatchObject({ code: 'not_text' })
    expectNone(prints(error), hidden)
  })
})

describe('what a KMS envelope lets be printed', () => {
  const { provider } = fakeKms()
  /** As SDKs do it: the request, and with it the data key, hangs on the error. */
  const sdkError = (dek: Uint8Array) =>
    Object.assign(new Error(`${SDK} ${Buffer.from(dek).toString('hex')}`), {
      name: SDK,
      code: 'tampered',
      providerCode: SDK,
      kid: SDK,
      hint: SDK,
      request: { Plaintext: dek },
      cause: new Error(SDK),
    })
  const disguised = (dek: Uint8Array) =>
    Object.assign(sdkError(dek), {
      name: 'EnvelopeError',
      code: 'provider_denied',
      providerCode: { toString: () => 'Denied', secret: SDK },
    })
  const remarked = () => {
    const error = new EnvelopeError('provider_denied', {
      remark: SDK,
      kid: '2026a',
      providerCode: `${SDK} !`,
    })
    return Object.assign(error, { cause: SDK, secret: PLAINTEXT })
  }
  const failing = (make: (dek: Uint8Array) => Error): KeyProvider => ({
    kind: 'failing',
    wrap: (dek) => Promise.reject(make(dek.slice())),
    unwrap: () => Promise.reject(make(DEK)),
    rewrapFrom: () => Promise.reject(make(DEK)),
  })
  const answering = (answer: unknown): KeyProvider => ({
    kind: 'answering',
    wrap: async () => Buffer.alloc(1_025, `${SDK}${answer}`),
    unwrap: async () => answer as Uint8Array,
  })

  it.each<[string, KeyProvider]>([
    ['an SDK error that holds everything', failing(sdkError)],
    ['one that passes for ours', failing(disguised)],
    ['one of ours with more on it', failing(remarked)],
    ['an answer that is text', answering(PLAINTEXT)],
    ['an answer that is half a key', answering(DEK.subarray(16))],
    [
      'no answer in time',
      { kind: 'slow', wrap: () => new Promise(() => {}), unwrap: () => new Promise(() => {}) },
    ],
  ])('holds nothing of %s', async (_name, broken) => {
    const events: EnvelopeEvent[] = []
    const envelope = createKmsEnvelope({
      primary: kid,
      keys: { [kid]: broken, '2026a': keyring },
      random,
      timeout: '5ms',
      observe: (event) => events.push(event),
    })
    const good = await createKmsEnvelope({ primary: kid, keys: { [kid]: provider }, random }).seal(
      PLAINTEXT,
      CONTEXT,
    )
    const secrets = [...hidden, partsOf(good).edk, partsOf(good).body]
    const calls = [
      () => envelope.seal(PLAINTEXT, CONTEXT),
      () => envelope.open(good, CONTEXT),
      () => envelope.rewrap(sealed),
      () => envelope.rewrap(good, { always: true }),
      () => envelope.reseal(sealed, CONTEXT),
      () => envelope.seal(PLAINTEXT, CONTEXT, { signal: AbortSignal.abort(new Error(SDK)) }),
    ]
    for (const call of calls) {
      const error = await rejectionOf(call)
      expect(error).toBeInstanceOf(EnvelopeError)
      expectNone(prints(error), secrets)
    }
    expectNone(prints([envelope, await envelope.safeOpen(good, CONTEXT), events]), secrets)
    expect(events.length).toBeGreaterThan(calls.length)
  })

  it('holds nothing of stored values, nor of what is in the cache', async () => {
    const envelope = createKmsEnvelope({
      primary: kid,
      keys: { [kid]: provider, '2026a': keyring },
      random,
      cache: { ttl: '1h', reuse: {} },
    })
    await envelope.open(await envelope.seal(PLAINTEXT, CONTEXT), CONTEXT)
    expectNone(prints(envelope), hidden)
    for (const [value, context] of values) {
      expectNone(prints(await rejectionOf(() => envelope.open(value, context))), hidden)
      expectNone(prints(await envelope.safeOpen(value, context)), hidden)
      expectNone(prints(envelope.inspect(value)), hidden)
    }
  })
})

describe('what mistakes in options let be printed', () => {
  it.each<[string, () => unknown]>([
    ['a key string for a keyring', () => createEnvelope({ keyring: KEY as never })],
    ['a key string as maxBytes', () => createEnvelope({ keyring, maxBytes: KEY as never })],
    ['a key string among the keys', () => createKmsEnvelope({ primary: kid, keys: { [kid]: KEY as never } })],
    ['a key string as a kid', () => createKmsEnvelope({ primary: KEY, keys: { [KEY]: keyring } })],
    ['a key string as the primary', () => createKmsEnvelope({ primary: KEY, keys: { '2026a': keyring } })],
    [
      'a key string as disabled',
      () => createKmsEnvelope({ primary: '2026a', keys: { '2026a': keyring }, disabled: [KEY] }),
    ],
    [
      'a token as the timeout',
      () => createKmsEnvelope({ primary: '2026a', keys: { '2026a': keyring }, timeout: PLAINTEXT as never }),
    ],
    [
      'a token as ttl',
      () =>
        createKmsEnvelope({
          primary: '2026a',
          keys: { '2026a': keyring },
          cache: { ttl: PLAINTEXT as never },
        }),
    ],
    [
      'a key for a keyring of an index',
      () => createBlindIndex({ keyring: KEY as never, purpose: PLAINTEXT }),
    ],
    ['a value of an index', () => createBlindIndex({ keyring, purpose: 'p' }).of(`${PLAINTEXT}\ud800`, null)],
    ['a tenant of an index', () => createBlindIndex({ keyring, purpose: 'p' }).of('x', `${PLAINTEXT}\ud800`)],
    ['a length', () => sealedLength(PLAINTEXT as never)],
    ['a form', () => createEnvelope({ keyring }).open(sealed, CONTEXT, { as: PLAINTEXT as never })],
  ])('holds nothing of %s', (_name, call) => {
    expectNone(prints(failureOf(call)), hidden)
  })
})

it('means something: what is hidden is found where it is', () => {
  for (const secret of hidden.filter(({ length }) => length >= 8)) {
    expect(() => expectNone(`x${secret}y`, hidden)).toThrow(/of a secret is in/)
  }
  expect(() => expectNone(prints(new Error('x', { cause: new Error(PLAINTEXT) })), hidden)).toThrow()
  expect(() => expectNone(prints([{ deep: { deeper: { dek: DEK } } }]), hidden)).toThrow()
  expect(() => expectNone(prints(Object.defineProperty({}, 'h', { value: KEY })), hidden)).toThrow()
})
