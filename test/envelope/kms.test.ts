import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createEnvelope,
  createKmsEnvelope,
  EnvelopeError,
  type EnvelopeEvent,
  type KeyProvider,
  type KmsEnvelopeOptions,
  kidOf,
} from 'waxseal/envelope'
import { createKeyring, generateKey } from 'waxseal/keyring'
import {
  A,
  B,
  bytesOf,
  CONTEXT,
  deferred,
  envelopeError,
  fakeKms,
  partsOf,
  rejectionOf,
  segmentOf,
  TOKEN,
  textOf,
} from './support.js'

const keyring = createKeyring([A, B])
const local = createEnvelope({ keyring })
const kms = fakeKms()
const kid = 'aws-2026'
const utf8 = (text: string) => new TextEncoder().encode(text)
/** Over one provider. */
const over = (provider: KeyProvider, options: Partial<KmsEnvelopeOptions> = {}) =>
  createKmsEnvelope({ primary: kid, keys: { [kid]: provider }, ...options })
/** A provider of which one operation is another. */
const kmsWith = (changed: Partial<KeyProvider>): KeyProvider => ({ ...kms.provider, ...changed })
const never = () => new Promise<never>(() => {})

describe('a KMS envelope', () => {
  it('seals and opens text and bytes', async () => {
    const envelope = over(kms.provider)
    for (const plaintext of ['', TOKEN, '\ufeffna\u00efve \u{1f5dd}', 'x'.repeat(65_536)]) {
      const sealed = await envelope.seal(plaintext, CONTEXT)
      expect(kidOf(sealed)).toBe(kid)
      expect(await envelope.open(sealed, CONTEXT)).toBe(plaintext)
      expect(await envelope.open(sealed, CONTEXT, { as: 'bytes' })).toEqual(utf8(plaintext))
      expect(await envelope.safeOpen(sealed, CONTEXT)).toEqual({ ok: true, value: plaintext })
    }
    expect([envelope.primary, envelope.legacy, Object.isFrozen(envelope)]).toEqual([kid, false, true])
  })

  it('rejects, and never throws, what createEnvelope throws', async () => {
    const envelope = over(kms.provider, { maxBytes: 9 })
    const sealed = await over(kms.provider).seal(TOKEN, CONTEXT)
    const short = await envelope.seal('EAAG', CONTEXT)
    const flipped = (at: number) => {
      const parts = partsOf(short)
      const body = bytesOf(parts.body)
      body[at] = (body[at] as number) ^ 1
      return textOf({ ...parts, body: segmentOf(body) })
    }
    const outcomes: [Promise<unknown>, Error][] = [
      [envelope.seal(7 as never, CONTEXT), envelopeError('invalid_plaintext')],
      [envelope.seal('x'.repeat(10), CONTEXT), envelopeError('too_large', { status: 413 })],
      [envelope.seal('wx1.', CONTEXT), envelopeError('already_sealed')],
      [envelope.seal(TOKEN, {} as never), envelopeError('invalid_context')],
      [envelope.open(short, {} as never), envelopeError('invalid_context')],
      [envelope.open(sealed, CONTEXT), envelopeError('malformed')],
      [envelope.open('EAAG', CONTEXT), envelopeError('not_sealed', { hint: 'meta_token' })],
      [envelope.open('wx2.a.b.c', CONTEXT), envelopeError('unsupported_version')],
      [envelope.open(short, { ...CONTEXT, id: 'acc_2' }), envelopeError('context_mismatch', { kid })],
      [envelope.open(flipped(0), CONTEXT), envelopeError('context_mismatch', { kid })],
      [envelope.open(flipped(55), CONTEXT), envelopeError('context_mismatch', { kid })],
      [envelope.open(flipped(56), CONTEXT), envelopeError('tampered', { kid })],
      [envelope.rewrap('EAAG'), envelopeError('not_sealed', { hint: 'meta_token' })],
      [envelope.reseal(short, { ...CONTEXT, id: 'acc_2' }), envelopeError('context_mismatch', { kid })],
    ]
    for (const [outcome, error] of outcomes) expect(await rejectionOf(outcome)).toEqual(error)
    const notText = await envelope.seal(Uint8Array.of(0xff), CONTEXT)
    expect(await envelope.safeOpen(notText, CONTEXT)).toMatchObject({
      ok: false,
      error: { code: 'not_text' },
    })
    await expect(envelope.safeOpen(short, CONTEXT, { as: 'hex' as never })).rejects.toThrow(TypeError)
  })

  it('is createEnvelope over the same keyring: each opens and rewraps what the other seals', async () => {
    const keys = { '2026a': keyring, '2026b': keyring }
    const same = createKmsEnvelope({ primary: '2026a', keys })
    const sealed = local.seal(TOKEN, CONTEXT)
    expect(await same.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(local.open(await same.seal(TOKEN, CONTEXT), CONTEXT)).toBe(TOKEN)
    const rewrapped = await createKmsEnvelope({ primary: '2026b', keys }).rewrap(sealed)
    expect(rewrapped).toBe(createEnvelope({ keyring: createKeyring([B, A]) }).rewrap(sealed))
    expect(same.inspect(sealed)).toEqual(local.inspect(sealed))
  })

  it('says of a local key of another root, or of an EDK of another length, what createEnvelope says', async () => {
    const stranger = createKeyring([generateKey('2026a')])
    const there = createKmsEnvelope({ primary: '2026a', keys: { '2026a': stranger } })
    const parts = partsOf(local.seal(TOKEN, CONTEXT))
    const values = [
      textOf(parts),
      ...[39, 41, 1024].map((n) => textOf({ ...parts, edk: segmentOf(new Uint8Array(n)) })),
    ]
    for (const value of values) {
      const remote = await rejectionOf(there.open(value, CONTEXT))
      const result = createEnvelope({ keyring: stranger }).safeOpen(value, CONTEXT)
      expect(result).toEqual({ ok: false, error: envelopeError(remote.code, { kid: '2026a' }) })
      expect(remote.message).toBe((result as { error: EnvelopeError }).error.message)
    }
  })

  it('does not look at the caller\u2019s bytes or context again once it was called', async () => {
    const gate = deferred()
    const waiting = over(
      kmsWith({
        async wrap(dek, input) {
          await gate.promise
          return kms.provider.wrap(dek, input)
        },
      }),
    )
    const plaintext = utf8(TOKEN)
    const context: Record<string, string> & typeof CONTEXT = { ...CONTEXT }
    const sealing = waiting.seal(plaintext, context)
    plaintext.fill(0x41)
    Object.assign(context, { tenant: 'org_9', more: 'x' })
    gate.resolve()
    const sealed = await sealing
    expect(await waiting.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(plaintext).toEqual(utf8('A'.repeat(TOKEN.length)))
  })

  it('gives random bytes from a Buffer no chance to be wiped too early', async () => {
    const reuse = { ttl: '1m' as const, reuse: {} }
    for (const cache of [undefined, reuse]) {
      const envelope = over(kms.provider, { random: randomBytes, cache })
      for (let i = 0; i < 3; i++) {
        expect(await envelope.open(await envelope.seal(TOKEN, CONTEXT), CONTEXT)).toBe(TOKEN)
      }
    }
  })
})

describe('the keys of a KMS envelope', () => {
  const keys = { [kid]: kms.provider, '2026a': keyring, old: fakeKms('other-kms').provider }

  it.each<[string, object, typeof TypeError | typeof RangeError, string]>([
    ['a primary that is not among them', { primary: 'absent' }, RangeError, 'primary'],
    ['no primary', { primary: undefined }, RangeError, 'primary'],
    ['a primary that is disabled', { disabled: [kid] }, RangeError, 'primary'],
    ['a primary that is destroyed', { destroyed: [kid] }, RangeError, 'primary'],
    [
      'a primary that is disabled in its keyring',
      { primary: '2026a', keys: { '2026a': createKeyring([B, `${A}:disabled`]) } },
      RangeError,
      'primary',
    ],
    ['a keyring without that kid', { keys: { [kid]: kms.provider, '2027': keyring } }, RangeError, 'keys'],
    ['a name that is no kid', { keys: { ...keys, Aws: kms.provider } }, RangeError, 'keys'],
    ['a name of 33 characters', { keys: { ...keys, ['k'.repeat(33)]: kms.provider } }, RangeError, 'keys'],
    ['none', { keys: undefined }, TypeError, 'keys'],
    ['null for one', { keys: { ...keys, other: null } }, TypeError, 'keys'],
    ['text for one', { keys: { ...keys, other: A } }, TypeError, 'keys'],
    ['a provider without unwrap', { keys: { ...keys, other: { kind: 'x', wrap() {} } } }, TypeError, 'keys'],
    [
      'a provider without kind',
      { keys: { ...keys, other: kmsWith({ kind: undefined as never }) } },
      TypeError,
      'keys',
    ],
    [
      'a provider that passes for a keyring',
      { keys: { ...keys, other: kmsWith({ kind: 'keyring' }) } },
      TypeError,
      'keys',
    ],
    [
      'a rewrapFrom that is none',
      { keys: { ...keys, other: kmsWith({ rewrapFrom: true as never }) } },
      TypeError,
      'keys',
    ],
    ['disabled that is no list', { disabled: 'old' }, TypeError, 'disabled'],
    ['disabled with something else than kids', { disabled: ['Old'] }, TypeError, 'disabled'],
    ['destroyed that is no list', { destroyed: { old: true } }, TypeError, 'destroyed'],
    ['a timeout of 0', { timeout: '0ms' }, RangeError, 'timeout'],
    ['a timeout of 11 minutes', { timeout: '11m' }, RangeError, 'timeout'],
    ['a timeout as a number', { timeout: 10_000 }, TypeError, 'timeout'],
    ['verify as text', { verify: 'no' }, TypeError, 'verify'],
    ['a cache that is true', { cache: true }, TypeError, 'cache'],
    ['a cache without ttl', { cache: {} }, TypeError, 'cache.ttl'],
    ['a ttl of two hours', { cache: { ttl: '2h' } }, RangeError, 'cache.ttl'],
    ['a ttl of 0', { cache: { ttl: '0ms' } }, RangeError, 'cache.ttl'],
    ['no entries', { cache: { ttl: '1m', entries: 0 } }, RangeError, 'cache.entries'],
    ['too many entries', { cache: { ttl: '1m', entries: 100_001 } }, RangeError, 'cache.entries'],
    ['reuse that is true', { cache: { ttl: '1m', reuse: true } }, TypeError, 'cache.reuse'],
    [
      'reuse of no message',
      { cache: { ttl: '1m', reuse: { messages: 0 } } },
      RangeError,
      'cache.reuse.messages',
    ],
    [
      'reuse of too many messages',
      { cache: { ttl: '1m', reuse: { messages: 2 ** 20 + 1 } } },
      RangeError,
      'cache.reuse.messages',
    ],
    [
      'reuse of too many bytes',
      { cache: { ttl: '1m', reuse: { bytes: 2 ** 36 + 1 } } },
      RangeError,
      'cache.reuse.bytes',
    ],
    ['maxBytes beyond 1 MiB', { maxBytes: 2 ** 20 + 1 }, RangeError, 'maxBytes'],
    ['an observer that is none', { observe: 'log' }, TypeError, 'observe'],
  ])('%s: refused by name', (_name, changed, kind, option) => {
    const create = () => createKmsEnvelope({ primary: kid, keys, ...changed } as KmsEnvelopeOptions)
    expect(create).toThrow(kind)
    expect(create).toThrow(new RegExp(`^${option.replaceAll('.', '\\.')}: expected`))
  })

  it('may be the limits themselves', () => {
    const cache = { ttl: '1h', entries: 100_000, reuse: { messages: 2 ** 20, bytes: 2 ** 36 } } as const
    expect(over(kms.provider, { cache, timeout: '10m' }).primary).toBe(kid)
  })

  it('are refused by name: unknown, disabled, destroyed, here or in their keyring', async () => {
    const list = createKeyring([B, `${A}:disabled`, 'wxk1.gone:destroyed'])
    const envelope = createKmsEnvelope({
      primary: kid,
      keys: { [kid]: kms.provider, '2026a': list, gone: list, '2026b': list, old: fakeKms().provider },
      disabled: ['2026b', 'both', 'never-configured'],
      destroyed: ['old', 'both'],
    })
    const parts = partsOf(local.seal(TOKEN, CONTEXT))
    const expected = {
      '2026a': 'key_disabled',
      gone: 'key_destroyed',
      '2026b': 'key_disabled',
      old: 'key_destroyed',
      both: 'key_destroyed',
      'never-configured': 'key_disabled',
      absent: 'unknown_key',
    } as const
    for (const [name, code] of Object.entries(expected)) {
      const value = textOf({ ...parts, kid: name })
      const error = envelopeError(code, { kid: name })
      expect(await rejectionOf(envelope.open(value, CONTEXT))).toEqual(error)
      expect(await rejectionOf(envelope.rewrap(value))).toEqual(error)
      expect(await rejectionOf(envelope.reseal(value, CONTEXT))).toEqual(error)
      const state = code === 'unknown_key' ? 'unknown' : code.slice(4)
      expect(envelope.inspect(value)).toMatchObject({ kind: 'sealed', kid: name, state })
    }
  })
})

describe('a provider', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['16 bytes', new Uint8Array(16)],
    ['31 bytes', new Uint8Array(31)],
    ['33 bytes', new Uint8Array(33)],
    ['no bytes', new Uint8Array()],
    ['1025 bytes', new Uint8Array(1025)],
    ['text of 32 characters', 'x'.repeat(32)],
    ['an array of numbers', Array.from({ length: 32 }, () => 7)],
    ['an object with a length', { length: 32 }],
  ])('that unwraps to %s gave an invalid response', async (_name, answer) => {
    const sealed = await over(kms.provider).seal(TOKEN, CONTEXT)
    const envelope = over(kmsWith({ unwrap: async () => answer as Uint8Array }))
    const error = envelopeError('provider_invalid_response', { kid })
    expect(await rejectionOf(envelope.open(sealed, CONTEXT))).toEqual(error)
    expect(await envelope.safeOpen(sealed, CONTEXT)).toEqual({ ok: false, error })
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no bytes', new Uint8Array()],
    ['1025 bytes', new Uint8Array(1025)],
    ['text', 'AQID'],
  ])('that wraps to %s gave an invalid response', async (_name, answer) => {
    const envelope = over(kmsWith({ wrap: async () => answer as Uint8Array }))
    expect(await rejectionOf(envelope.seal(TOKEN, CONTEXT))).toEqual(
      envelopeError('provider_invalid_response', { kid }),
    )
  })

  it.each([1, 40, 184, 1024])('may wrap to %d bytes', async (length) => {
    let held: Uint8Array = new Uint8Array()
    const envelope = over({
      kind: 'table',
      async wrap(dek) {
        held = dek.slice()
        return new Uint8Array(length)
      },
      unwrap: async () => held,
    })
    const sealed = await envelope.seal(TOKEN, CONTEXT)
    expect(envelope.inspect(sealed)).toMatchObject({ edkBytes: length })
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    // A provider that hands out an array of its own keeps it.
    expect(held.some((byte) => byte !== 0)).toBe(true)
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
  })

  it('may answer with a Buffer or an ArrayBuffer', async () => {
    const envelope = over(
      kmsWith({
        wrap: async (dek, input) => Buffer.from(await kms.provider.wrap(dek, input)),
        unwrap: async (edk, input) => (await kms.provider.unwrap(edk, input)).buffer as never,
      }),
    )
    expect(await envelope.open(await envelope.seal(TOKEN, CONTEXT), CONTEXT)).toBe(TOKEN)
  })

  it('that returns another data key makes a value that is refused', async () => {
    const sealed = await over(kms.provider).seal(TOKEN, CONTEXT)
    const wrong = over(kmsWith({ unwrap: async () => new Uint8Array(randomBytes(32)) }))
    expect(await rejectionOf(wrong.open(sealed, CONTEXT))).toEqual(envelopeError('context_mismatch', { kid }))
  })

  it('may wipe what it was given', async () => {
    const envelope = over(
      kmsWith({
        async wrap(dek, input) {
          const edk = await kms.provider.wrap(dek, input)
          dek.fill(0)
          return edk
        },
        async unwrap(edk, input) {
          const dek = await kms.provider.unwrap(edk, input)
          edk.fill(0)
          return dek
        },
      }),
    )
    const sealed = await envelope.seal(TOKEN, CONTEXT)
    expect(await over(kms.provider).open(sealed, CONTEXT)).toBe(TOKEN)
    const renewed = await envelope.rewrap(sealed, { always: true })
    expect(renewed).not.toBe(sealed)
    expect(await over(kms.provider).open(renewed, CONTEXT)).toBe(TOKEN)
  })

  it.each<[string, unknown, Partial<EnvelopeError> & { code: EnvelopeError['code'] }]>([
    ['key_mismatch', new EnvelopeError('key_mismatch'), { code: 'key_mismatch' }],
    [
      'provider_denied',
      new EnvelopeError('provider_denied', { providerCode: 'AccessDenied' }),
      {
        code: 'provider_denied',
        providerCode: 'AccessDenied',
      },
    ],
    [
      'unavailable for now',
      new EnvelopeError('provider_unavailable', { retryable: true, providerCode: '503' }),
      {
        code: 'provider_unavailable',
        retryable: true,
        providerCode: '503',
      },
    ],
    [
      'an invalid response, with a secret for a kid,',
      new EnvelopeError('provider_invalid_response', { kid: 'secret-1f2e3d4c' }),
      { code: 'provider_invalid_response' },
    ],
    ['a code that is not a provider\u2019s', new EnvelopeError('not_text'), { code: 'provider_unavailable' }],
    ['any other error', new Error('SECRET-1f2e3d4c'), { code: 'provider_unavailable' }],
    ['text', 'SECRET-1f2e3d4c', { code: 'provider_unavailable' }],
    ['nothing', undefined, { code: 'provider_unavailable' }],
    ['null', null, { code: 'provider_unavailable' }],
    [
      'what is no error but says so',
      { name: 'EnvelopeError', code: 'tampered' },
      { code: 'provider_unavailable' },
    ],
    [
      'an error of another copy of this package',
      {
        name: 'EnvelopeError',
        code: 'provider_denied',
        retryable: 'yes',
        providerCode: ['SECRET'],
        message: 'SECRET-1f2e3d4c',
      },
      { code: 'provider_denied' },
    ],
    [
      'what cannot be read',
      new Proxy(
        {},
        {
          get() {
            throw new Error('SECRET-1f2e3d4c')
          },
        },
      ),
      { code: 'provider_unavailable' },
    ],
  ])('that throws %s is restated in words of ours', async (_name, thrown, { code, ...details }) => {
    const sealed = await over(kms.provider).seal(TOKEN, CONTEXT)
    const fail = () => Promise.reject(thrown)
    const now = () => {
      throw thrown
    }
    const error = envelopeError(code, { kid, ...details })
    for (const failing of [fail, now]) {
      const envelope = over(kmsWith({ wrap: failing, unwrap: failing }))
      for (const call of [() => envelope.seal(TOKEN, CONTEXT), () => envelope.open(sealed, CONTEXT)]) {
        const rejection = await rejectionOf(call())
        expect(rejection).toEqual(error)
        expect(rejection === thrown).toBe(false)
        expect(rejection.message).not.toContain('SECRET')
        expect(rejection.cause).toBeUndefined()
      }
    }
  })
})

describe('waiting for a provider', () => {
  const signals: AbortSignal[] = []
  const hanging = kmsWith({
    wrap(_dek, { signal }) {
      signals.push(signal)
      return never()
    },
    unwrap(_edk, { signal }) {
      signals.push(signal)
      return never()
    },
  })
  const sealed = over(kms.provider).seal(TOKEN, CONTEXT)

  it('ends at the timeout, and the provider is told', async () => {
    const value = await sealed
    const envelope = over(hanging, { timeout: '20ms' })
    const error = envelopeError('provider_unavailable', { kid, retryable: true, providerCode: 'timeout' })
    for (const call of [() => envelope.seal(TOKEN, CONTEXT), () => envelope.open(value, CONTEXT)]) {
      signals.length = 0
      expect(await rejectionOf(call())).toEqual(error)
      expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    }
  })

  it('ends when the caller gives up, and the provider is told', async () => {
    const value = await sealed
    const calls = [
      (signal: AbortSignal) => over(hanging).seal(TOKEN, CONTEXT, { signal }),
      (signal: AbortSignal) => over(hanging).open(value, CONTEXT, { signal }),
      (signal: AbortSignal) => over(hanging).rewrap(value, { signal, always: true }),
      (signal: AbortSignal) => over(hanging).reseal(value, CONTEXT, CONTEXT, { signal }),
    ]
    for (const call of calls) {
      const controller = new AbortController()
      signals.length = 0
      const outcome = rejectionOf(call(controller.signal))
      await new Promise((resolve) => setImmediate(resolve))
      expect(signals.map(({ aborted }) => aborted)).toEqual([false])
      controller.abort(new Error('SECRET reason'))
      expect(await outcome).toEqual(envelopeError('aborted', { kid }))
      expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    }
  })

  it('does not begin when the caller has given up before', async () => {
    const { provider, calls } = fakeKms()
    const signal = AbortSignal.abort()
    expect(await rejectionOf(over(provider).seal(TOKEN, CONTEXT, { signal }))).toMatchObject({
      code: 'aborted',
    })
    expect(await rejectionOf(over(provider).open(await sealed, CONTEXT, { signal }))).toMatchObject({
      code: 'aborted',
    })
    expect(calls).toEqual([])
  })

  it('leaves no listener on the caller\u2019s signal', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const count = (name: 'addEventListener' | 'removeEventListener', by: number) => {
      const original = signal[name].bind(signal) as (...args: unknown[]) => void
      Object.defineProperty(signal, name, {
        value(...args: unknown[]) {
          listeners += by
          original(...args)
        },
      })
    }
    count('addEventListener', 1)
    count('removeEventListener', -1)
    const envelope = over(kms.provider)
    await envelope.open(await envelope.seal(TOKEN, CONTEXT, { signal }), CONTEXT, { signal })
    expect(listeners).toBe(0)
  })

  it('gives a provider a copy of the data key, and wipes it afterwards', async () => {
    const given: Uint8Array[] = []
    const keeping = kmsWith({
      wrap(dek, input) {
        given.push(dek)
        return kms.provider.wrap(dek, input)
      },
    })
    const sealed = await over(keeping).seal(TOKEN, CONTEXT)
    expect(given.map((dek) => dek.every((byte) => byte === 0))).toEqual([true])
    expect(await over(keeping).open(sealed, CONTEXT)).toBe(TOKEN)
  })

  it('needs no clock that works', async () => {
    const now = () => {
      throw new Error('no clock')
    }
    for (const cache of [undefined, { ttl: '1m', reuse: {} } as const]) {
      const envelope = over(kms.provider, { now, cache })
      const opened = await envelope.safeOpen(await envelope.seal(TOKEN, CONTEXT), CONTEXT)
      expect(opened).toEqual({ ok: true, value: TOKEN })
    }
  })

  it('ignores what comes too late', async () => {
    const answer = deferred<Uint8Array>()
    const envelope = over(kmsWith({ unwrap: () => answer.promise }), { timeout: '5ms' })
    expect(await rejectionOf(envelope.open(await sealed, CONTEXT))).toMatchObject({ providerCode: 'timeout' })
    answer.reject(new Error('late'))
    // An unhandled rejection would fail the run.
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await over(kms.provider).open(await sealed, CONTEXT)).toBe(TOKEN)
  })
})

describe('rewrap across providers', () => {
  const first = fakeKms('first')
  const second = fakeKms('second')
  const keys = { k1: first.provider, k2: second.provider, '2026a': keyring }
  const to = (primary: keyof typeof keys, options: Partial<KmsEnvelopeOptions> = {}) =>
    createKmsEnvelope({ primary, keys, ...options })

  it.each([
    ['2026a', 'k1'],
    ['k1', 'k2'],
    ['k2', '2026a'],
  ] as const)('moves from %s to %s and keeps the body', async (from, primary) => {
    const sealed = await to(from).seal(TOKEN, CONTEXT)
    expect([to(from).needsRotation(sealed), to(primary).needsRotation(sealed)]).toEqual([false, true])
    const moved = await to(primary).rewrap(sealed)
    expect(partsOf(moved)).toMatchObject({ kid: primary, body: partsOf(sealed).body })
    expect(await to(primary).open(moved, CONTEXT)).toBe(TOKEN)
    expect(await to(from).rewrap(moved)).not.toBe(moved)
    expect(await to(primary).rewrap(moved)).toBe(moved)
  })

  it('renews the wrap under the same kid only when it must always', async () => {
    const sealed = await to('k1').seal(TOKEN, CONTEXT)
    const renewed = await to('k1').rewrap(sealed, { always: true })
    expect(partsOf(renewed)).toEqual({ ...partsOf(sealed), edk: expect.any(String) })
    expect(renewed).not.toBe(sealed)
    expect(await to('k1').open(renewed, CONTEXT)).toBe(TOKEN)
  })

  it('compares what it wrapped by unwrapping it, unless verify is off', async () => {
    const sealed = await to('2026a').seal(TOKEN, CONTEXT)
    first.calls.length = 0
    await to('k1').rewrap(sealed)
    await to('k1', { verify: false }).rewrap(sealed)
    expect(first.calls).toEqual(['wrap', 'unwrap', 'wrap'])

    const corrupting = {
      ...first.provider,
      wrap: (_dek: Uint8Array, input: Parameters<KeyProvider['wrap']>[1]) =>
        first.provider.wrap(new Uint8Array(32), input),
    }
    const broken = createKmsEnvelope({ primary: 'k1', keys: { ...keys, k1: corrupting } })
    expect(await rejectionOf(broken.rewrap(sealed))).toMatchObject({ code: 'tampered' })
    expect(await rejectionOf(broken.reseal(sealed, CONTEXT))).toMatchObject({ code: 'context_mismatch' })
  })

  it('stays inside a service that can re-encrypt', async () => {
    const asked: { source: KeyProvider; fromKid: string; kid: string }[] = []
    const able: KeyProvider = {
      ...second.provider,
      rewrapFrom(source, edk, input) {
        asked.push({ source, fromKid: input.fromKid, kid: input.kid })
        if (source.kind !== 'first') return undefined
        return (async () => {
          const dek = await source.unwrap(edk, { ...input, kid: input.fromKid })
          return second.provider.wrap(dek, input)
        })()
      },
    }
    const into = (options: Partial<KmsEnvelopeOptions> = {}) =>
      createKmsEnvelope({ primary: 'k2', keys: { ...keys, k2: able }, ...options })
    const sealed = await to('k1').seal(TOKEN, CONTEXT)

    second.calls.length = 0
    const moved = await into({ verify: false }).rewrap(sealed)
    expect(second.calls).toEqual(['wrap'])
    expect(asked).toEqual([{ source: first.provider, fromKid: 'k1', kid: 'k2' }])
    expect(await to('k2').open(moved, CONTEXT)).toBe(TOKEN)

    second.calls.length = 0
    expect(await to('k2').open(await into().rewrap(sealed), CONTEXT)).toBe(TOKEN)
    expect(second.calls).toEqual(['wrap', 'unwrap', 'unwrap'])

    // From a keyring it cannot; then the data key is unwrapped and wrapped here.
    const fromLocal = await into().rewrap(local.seal(TOKEN, CONTEXT))
    expect(await to('k2').open(fromLocal, CONTEXT)).toBe(TOKEN)
  })

  it('does not hand out a re-encryption that does not unwrap to the same data key', async () => {
    const sealed = await to('k1').seal(TOKEN, CONTEXT)
    const answers: [unknown, string][] = [
      [
        await second.provider.wrap(new Uint8Array(32), { kid: 'k2', signal: new AbortController().signal }),
        'tampered',
      ],
      [new Uint8Array(60), 'key_mismatch'],
      [new Uint8Array(1025), 'provider_invalid_response'],
      [new Uint8Array(), 'provider_invalid_response'],
    ]
    for (const [answer, code] of answers) {
      const lying: KeyProvider = { ...second.provider, rewrapFrom: async () => answer as Uint8Array }
      const envelope = createKmsEnvelope({ primary: 'k2', keys: { ...keys, k2: lying } })
      expect(await rejectionOf(envelope.rewrap(sealed))).toMatchObject({ code })
    }
  })
})

describe('reseal across providers', () => {
  const keys = { [kid]: kms.provider, '2026a': keyring }
  const envelope = createKmsEnvelope({ primary: kid, keys })
  const other = { ...CONTEXT, tenant: 'org_2' }

  it('gives a value a fresh data key and salt under the primary', async () => {
    for (const sealed of [local.seal(TOKEN, CONTEXT), await envelope.seal(TOKEN, CONTEXT)]) {
      const resealed = await envelope.reseal(sealed, CONTEXT)
      expect(partsOf(resealed).kid).toBe(kid)
      expect(partsOf(resealed).edk).not.toBe(partsOf(sealed).edk)
      expect(partsOf(resealed).body.slice(0, 32)).not.toBe(partsOf(sealed).body.slice(0, 32))
      expect(await envelope.open(resealed, CONTEXT)).toBe(TOKEN)
    }
  })

  it('moves a value to another context, bytes that are no text too', async () => {
    const plaintext = Uint8Array.of(0xff, 0, 1)
    const moved = await envelope.reseal(local.seal(plaintext, CONTEXT), CONTEXT, other)
    expect(await envelope.open(moved, other, { as: 'bytes' })).toEqual(plaintext)
    expect(await envelope.safeOpen(moved, CONTEXT)).toMatchObject({
      error: { code: 'context_mismatch', kid },
    })
  })

  it('reads the result back: a KMS that wraps to what it cannot unwrap costs no token', async () => {
    const broken = kmsWith({ wrap: async () => new Uint8Array(60) })
    const writing = createKmsEnvelope({ primary: kid, keys: { ...keys, [kid]: broken } })
    expect(await rejectionOf(writing.reseal(local.seal(TOKEN, CONTEXT), CONTEXT))).toEqual(
      envelopeError('key_mismatch', { kid }),
    )
  })
})

describe('the observer of a KMS envelope', () => {
  const { tenant, purpose } = CONTEXT
  function watched(options: Partial<KmsEnvelopeOptions> = {}) {
    const events: EnvelopeEvent[] = []
    let clock = 1_000
    const envelope = createKmsEnvelope({
      primary: kid,
      keys: { [kid]: kms.provider, '2026a': keyring },
      // Each look at the clock takes 7 ms.
      now: () => {
        clock += 7
        return clock
      },
      observe: (event) => events.push(event),
      ...options,
    })
    return { envelope, events }
  }

  it('is told of calls and outcomes, in these words, and of no call to a keyring', async () => {
    const { envelope, events } = watched()
    const sealed = await envelope.seal(TOKEN, CONTEXT)
    await envelope.open(sealed, CONTEXT)
    await envelope.open(local.seal(TOKEN, CONTEXT), CONTEXT)
    await envelope.safeOpen('EAAG', CONTEXT)
    await envelope.rewrap(local.seal(TOKEN, CONTEXT))
    expect(events).toEqual([
      { type: 'provider_call', kid, operation: 'wrap', ok: true, ms: 7 },
      { type: 'sealed', kid, tenant, purpose },
      { type: 'provider_call', kid, operation: 'unwrap', ok: true, ms: 7 },
      { type: 'opened', kid, tenant, purpose },
      { type: 'opened', kid: '2026a', tenant, purpose },
      { type: 'open_failed', code: 'not_sealed', kid: null, tenant, purpose },
      { type: 'provider_call', kid, operation: 'wrap', ok: true, ms: 7 },
      { type: 'provider_call', kid, operation: 'unwrap', ok: true, ms: 7 },
      { type: 'rewrapped', from: '2026a', kid },
    ])
  })

  it('is told of failed calls', async () => {
    const failing = kmsWith({
      unwrap: () => Promise.reject(new EnvelopeError('provider_denied')),
      rewrapFrom: () => Promise.reject(new Error('no')),
    })
    const { envelope, events } = watched({ keys: { [kid]: failing, '2026a': keyring } })
    const sealed = await over(kms.provider).seal(TOKEN, CONTEXT)
    await rejectionOf(envelope.open(sealed, CONTEXT))
    await rejectionOf(envelope.rewrap(local.seal(TOKEN, CONTEXT)))
    expect(events).toEqual([
      { type: 'provider_call', kid, operation: 'unwrap', ok: false, ms: 7 },
      { type: 'open_failed', code: 'provider_denied', kid, tenant, purpose },
      { type: 'provider_call', kid, operation: 'rewrap', ok: false, ms: 7 },
    ])
  })

  it('that throws or rejects changes nothing', async () => {
    for (const observe of [
      () => {
        throw new Error('observer')
      },
      () => Promise.reject(new Error('observer')) as never,
    ]) {
      const { envelope } = watched({ observe, cache: { ttl: '1m', reuse: {} } })
      const sealed = await envelope.seal(TOKEN, CONTEXT)
      expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
      expect(await envelope.open(await envelope.rewrap(local.seal(TOKEN, CONTEXT)), CONTEXT)).toBe(TOKEN)
    }
  })
})

describe('a signal that is none', () => {
  it.each([
    ['a controller', new AbortController() as unknown],
    ['null', null],
    ['a text', 'abort'],
  ])('is a TypeError for every verb: %s', async (_, signal) => {
    for (const cache of [undefined, { ttl: '1m' } as const]) {
      const envelope = over(kms.provider, { cache })
      const sealed = await envelope.seal(TOKEN, CONTEXT)
      const wrong = { signal: signal as AbortSignal }
      const settled = await Promise.allSettled([
        envelope.seal(TOKEN, CONTEXT, wrong),
        envelope.open(sealed, CONTEXT, wrong),
        envelope.safeOpen(sealed, CONTEXT, wrong),
        envelope.rewrap(sealed, wrong),
        envelope.reseal(sealed, CONTEXT, CONTEXT, wrong),
      ])
      const reason = new TypeError('signal: expected an AbortSignal')
      expect(settled).toEqual(Array(5).fill({ status: 'rejected', reason }))
    }
  })
})
