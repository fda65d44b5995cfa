import { randomBytes as nodeRandomBytes } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  createEnvelope,
  type EnvelopeEvent,
  type EnvelopeOptions,
  isSealed,
  kidOf,
  type LegacyReader,
  type Plaintext,
  sealedLength,
} from 'waxseal/envelope'
import { legacyReader } from 'waxseal/envelope/legacy'
import { createKeyring, generateKey } from 'waxseal/keyring'
import {
  A,
  B,
  bytesOf,
  CONTEXT,
  envelopeError,
  errorOf,
  partsOf,
  segmentOf,
  TOKEN,
  textOf,
} from './support.js'

const keyring = createKeyring([A, B])
const envelope = createEnvelope({ keyring })
const mismatch = envelopeError('context_mismatch', { kid: '2026a' })
const utf8 = (text: string) => new TextEncoder().encode(text)

/** Reads `old:<text>`; what begins with EAA is plaintext. */
const legacy = legacyReader({
  formats: [
    {
      name: 'old',
      recognises: (value) => value.startsWith('old:'),
      read(value) {
        if (value === 'old:broken') throw new Error(`${value} cannot be read`)
        return value.slice(4)
      },
    },
  ],
  plaintext: { until: Date.parse('2999-01-01'), accept: (value) => value.startsWith('EAA') },
})

describe('seal and open', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['a byte order mark', '\ufeff'],
    ['a text behind a byte order mark', '\ufeffEAAG'],
    ['NUL', '\0'],
    ['emoji', '👩🏽‍🚀 🗝️'],
    ['combining characters', 'e\u0301 \u00e9'],
    ['the last code point', '\u{10ffff}'],
    ['line ends', 'a\r\nb\n'],
    ['64 KiB', 'x'.repeat(65_536)],
    ['64 KiB in fewer characters', '\u{1f5dd}'.repeat(16_384)],
    ['what only looks like an envelope', 'wx1'],
    ['an envelope in upper case', 'WX1.a.b.c'],
    ['an envelope behind a blank', ' wx1.a.b.c'],
    ['a blind index', 'wxb1.2026a.C4ohnqjecFpC4bR1_8xHwQ'],
  ])('give back %s', (_name, plaintext) => {
    const sealed = envelope.seal(plaintext, CONTEXT)
    expect(envelope.open(sealed, CONTEXT)).toBe(plaintext)
    expect(envelope.open(sealed, CONTEXT, { as: 'text' })).toBe(plaintext)
    expect(envelope.open(sealed, CONTEXT, { as: 'bytes' })).toEqual(utf8(plaintext))
    expect(envelope.safeOpen(sealed, CONTEXT)).toEqual({ ok: true, value: plaintext })
  })

  it.each<[string, Plaintext]>([
    ['a Uint8Array', Uint8Array.of(1, 2, 3)],
    ['a Buffer', Buffer.from([1, 2, 3])],
    ['a view of a larger buffer', new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)],
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
    ['an array of another realm', runInNewContext('new Uint8Array([1, 2, 3])')],
    ['an ArrayBuffer of another realm', runInNewContext('new Uint8Array([1, 2, 3]).buffer')],
  ])('take %s', (_name, plaintext) => {
    const bytes = envelope.open(envelope.seal(plaintext, CONTEXT), CONTEXT, { as: 'bytes' })
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3))
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', {}],
    ['an array of numbers', [1, 2, 3]],
    ['a String', new String('x')],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate within', 'EAAG\udc00x'],
  ])('refuse %s', (_name, plaintext) => {
    expect(() => envelope.seal(plaintext as Plaintext, CONTEXT)).toThrow(envelopeError('invalid_plaintext'))
  })

  it('count bytes, not characters, and name the limit', () => {
    const error = envelopeError('too_large', { status: 413 })
    for (const plaintext of ['x'.repeat(65_537), '\u{1f5dd}'.repeat(16_385), new Uint8Array(65_537)]) {
      expect(() => envelope.seal(plaintext, CONTEXT)).toThrow(error)
    }
    expect(errorOf(() => envelope.seal('x'.repeat(65_537), CONTEXT)).message).toBe(
      'too large: more than 65536 bytes',
    )
    const small = createEnvelope({ keyring, maxBytes: 3 })
    expect(small.open(small.seal('abc', CONTEXT), CONTEXT)).toBe('abc')
    expect(() => small.seal('abcd', CONTEXT)).toThrow(error)
  })

  it('hold what is opened to the same limit', () => {
    const small = createEnvelope({ keyring, maxBytes: 3 })
    const large = createEnvelope({ keyring, maxBytes: 1_048_576 })
    expect(small.safeOpen(envelope.seal('abcd', CONTEXT), CONTEXT)).toEqual({
      ok: false,
      error: envelopeError('malformed'),
    })
    const sealed = large.seal(new Uint8Array(1_048_576), CONTEXT)
    expect(large.open(sealed, CONTEXT, { as: 'bytes' })).toHaveLength(1_048_576)
    expect(isSealed(sealed)).toBe(true)
    const tooLong = envelopeError('malformed', { hint: 'too_long' })
    expect(envelope.safeOpen(sealed, CONTEXT)).toEqual({ ok: false, error: tooLong })
    expect(large.safeOpen(`wx1.${'a'.repeat(2_000_000)}`, CONTEXT)).toEqual({ ok: false, error: tooLong })
  })

  it.each(['wx1.', 'wx2.', 'wx10.a', envelope.seal(TOKEN, CONTEXT)])(
    'refuse the text of an envelope: %s',
    (text) => {
      expect(() => envelope.seal(text, CONTEXT)).toThrow(envelopeError('already_sealed'))
    },
  )

  it('nest on purpose, as bytes', () => {
    const inner = envelope.seal(TOKEN, CONTEXT)
    const outer = envelope.seal(utf8(inner), { ...CONTEXT, purpose: 'backup' })
    expect(envelope.open(outer, { ...CONTEXT, purpose: 'backup' })).toBe(inner)
  })

  it('check the context first, then type, then size, then what the text is', () => {
    const small = createEnvelope({ keyring, maxBytes: 3 })
    const bad = {} as typeof CONTEXT
    expect(() => small.seal(7 as never, bad)).toThrow(envelopeError('invalid_context'))
    expect(() => small.seal('\ud800'.repeat(9), CONTEXT)).toThrow(envelopeError('invalid_plaintext'))
    expect(() => small.seal('wx1.', CONTEXT)).toThrow(envelopeError('too_large'))
    expect(() => small.open('', bad)).toThrow(envelopeError('invalid_context'))
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a Buffer', Buffer.from('wx1.a.b.c')],
    ['nothing', ''],
  ])('do not open %s', (_name, value) => {
    const error = envelopeError('not_sealed', { hint: 'empty' })
    expect(envelope.safeOpen(value as string, CONTEXT)).toEqual({ ok: false, error })
    expect(() => envelope.rewrap(value as string)).toThrow(error)
    expect(() => envelope.reseal(value as string, CONTEXT)).toThrow(error)
  })

  it('open as text only what is UTF-8, and go on opening afterwards', () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x97]]) {
      const sealed = envelope.seal(Uint8Array.from(bytes), CONTEXT)
      expect(envelope.safeOpen(sealed, CONTEXT)).toMatchObject({ ok: false, error: { code: 'not_text' } })
      expect(envelope.open(sealed, CONTEXT, { as: 'bytes' })).toEqual(Uint8Array.from(bytes))
      // Half a character must not stay behind in the decoder.
      expect(envelope.open(envelope.seal('\u009d ok', CONTEXT), CONTEXT)).toBe('\u009d ok')
    }
  })

  it.each(['hex', 'string', 7, null])('take no other form than text and bytes: %s', (as) => {
    const sealed = envelope.seal(TOKEN, CONTEXT)
    const options = { as } as never
    if (as === null) return expect(envelope.open(sealed, CONTEXT, options)).toBe(TOKEN)
    const error = new TypeError("as: expected 'text' or 'bytes'")
    expect(() => envelope.open(sealed, CONTEXT, options)).toThrow(error)
    return expect(() => envelope.safeOpen(sealed, CONTEXT, options)).toThrow(error)
  })

  it('give another text each time', () => {
    expect(envelope.seal(TOKEN, CONTEXT)).not.toBe(envelope.seal(TOKEN, CONTEXT))
  })

  it('leave the caller its bytes, and do not look at them again', () => {
    const plaintext = utf8(TOKEN)
    const sealed = envelope.seal(plaintext, CONTEXT)
    expect(plaintext).toEqual(utf8(TOKEN))
    plaintext.fill(0)
    const first = envelope.open(sealed, CONTEXT, { as: 'bytes' })
    first.fill(0)
    expect(envelope.open(sealed, CONTEXT)).toBe(TOKEN)
  })
})

describe('the key of an envelope', () => {
  const sealed = createEnvelope({ keyring: createKeyring([A]) }).seal(TOKEN, CONTEXT)
  const under = (...keys: string[]) => createEnvelope({ keyring: createKeyring(keys) })

  it.each([
    ['unknown_key', [B]],
    ['key_disabled', [B, `${A}:disabled`]],
    ['key_destroyed', [B, 'wxk1.2026a:destroyed']],
    ['key_mismatch', [generateKey('2026a')]],
    ['key_mismatch', [B, generateKey('2026a')]],
  ] as const)('is refused by name: %s', (code, keys) => {
    const error = envelopeError(code, { kid: '2026a' })
    const there = under(...keys)
    expect(there.safeOpen(sealed, CONTEXT)).toEqual({ ok: false, error })
    expect(() => there.reseal(sealed, CONTEXT)).toThrow(error)
    const fresh = createEnvelope({ keyring: createKeyring([generateKey('new'), ...keys]) })
    expect(() => fresh.rewrap(sealed)).toThrow(error)
  })

  it('that does not match is named with the check of the one that is here', () => {
    const key = generateKey('2026a')
    const check = key.split('.')[3]
    const { message } = errorOf(() => under(key).open(sealed, CONTEXT))
    expect(message).toBe(`key mismatch: key 2026a; its check here is ${check}`)
  })

  it('opens while it is enabled, whichever is primary', () => {
    expect(under(A).open(sealed, CONTEXT)).toBe(TOKEN)
    expect(under(B, A).open(sealed, CONTEXT)).toBe(TOKEN)
    expect(under(B, A).primary).toBe('2026b')
  })
})

describe('rewrap', () => {
  const before = createEnvelope({ keyring: createKeyring([A]) })
  const after = createEnvelope({ keyring: createKeyring([B, A]) })

  it('moves a value to the primary: another head, the same body, no context', () => {
    const sealed = before.seal(TOKEN, CONTEXT)
    const rewrapped = after.rewrap(sealed)
    expect(partsOf(rewrapped)).toEqual({ ...partsOf(sealed), kid: '2026b', edk: expect.any(String) })
    expect(partsOf(rewrapped).edk).not.toBe(partsOf(sealed).edk)
    expect(after.open(rewrapped, CONTEXT)).toBe(TOKEN)
    expect(createEnvelope({ keyring: createKeyring([B]) }).open(rewrapped, CONTEXT)).toBe(TOKEN)
    expect(before.safeOpen(rewrapped, CONTEXT)).toMatchObject({
      error: { code: 'unknown_key', kid: '2026b' },
    })
  })

  it('returns what is under the primary already', () => {
    const sealed = after.seal(TOKEN, CONTEXT)
    expect(after.rewrap(sealed)).toBe(sealed)
    expect(after.rewrap(after.rewrap(before.seal(TOKEN, CONTEXT)))).toSatisfy(isSealed)
  })

  it('sees no plaintext: a body that does not open moves too', () => {
    const parts = partsOf(before.seal(TOKEN, CONTEXT))
    const body = segmentOf(bytesOf(parts.body).fill(0))
    expect(partsOf(after.rewrap(textOf({ ...parts, body }))).body).toBe(body)
  })

  it('takes envelopes only, a legacy value neither', () => {
    const reading = createEnvelope({ keyring, legacy })
    expect(() => reading.rewrap('old:token')).toThrow(envelopeError('not_sealed'))
    expect(() => after.rewrap('wx2.a.b.c')).toThrow(envelopeError('unsupported_version'))
    expect(() => after.rewrap('wx1.a.b')).toThrow(expect.objectContaining({ code: 'malformed' }))
    const parts = partsOf(before.seal(TOKEN, CONTEXT))
    expect(() => after.rewrap(textOf({ ...parts, edk: segmentOf(bytesOf(parts.edk).fill(0)) }))).toThrow(
      envelopeError('key_mismatch', { kid: '2026a' }),
    )
  })
})

describe('reseal', () => {
  const other = { ...CONTEXT, tenant: 'org_2' }

  it('gives a value a fresh data key and salt under the same context', () => {
    const sealed = envelope.seal(TOKEN, CONTEXT)
    const resealed = envelope.reseal(sealed, CONTEXT)
    expect(partsOf(resealed).edk).not.toBe(partsOf(sealed).edk)
    expect(partsOf(resealed).body.slice(0, 32)).not.toBe(partsOf(sealed).body.slice(0, 32))
    expect(envelope.open(resealed, CONTEXT)).toBe(TOKEN)
  })

  it('moves a value to another context and to the primary', () => {
    const sealed = createEnvelope({ keyring: createKeyring([B]) }).seal(TOKEN, CONTEXT)
    const moved = envelope.reseal(sealed, CONTEXT, other)
    expect(kidOf(moved)).toBe('2026a')
    expect(envelope.open(moved, other)).toBe(TOKEN)
    expect(envelope.safeOpen(moved, CONTEXT)).toEqual({ ok: false, error: mismatch })
  })

  it('keeps bytes that are no text, and text that is an envelope', () => {
    for (const plaintext of [Uint8Array.of(0xff, 0), utf8('wx1.nested')]) {
      const resealed = envelope.reseal(envelope.seal(plaintext, CONTEXT), CONTEXT)
      expect(envelope.open(resealed, CONTEXT, { as: 'bytes' })).toEqual(plaintext)
    }
  })

  it('needs the context that the value has', () => {
    const sealed = envelope.seal(TOKEN, CONTEXT)
    expect(() => envelope.reseal(sealed, other, CONTEXT)).toThrow(mismatch)
    expect(() => envelope.reseal(sealed, CONTEXT, {} as typeof CONTEXT)).toThrow(
      envelopeError('invalid_context'),
    )
  })
})

describe('a legacy reader', () => {
  const reading = createEnvelope({ keyring, legacy })

  it('opens and reseals what it recognises, and nothing that claims to be an envelope', () => {
    expect([reading.legacy, envelope.legacy]).toEqual([true, false])
    expect(reading.open('old:token', CONTEXT)).toBe('token')
    expect(reading.open('EAAG', CONTEXT, { as: 'bytes' })).toEqual(utf8('EAAG'))
    expect(reading.open(reading.reseal('old:token', CONTEXT), CONTEXT)).toBe('token')
    expect(reading.safeOpen('other', CONTEXT)).toEqual({ ok: false, error: envelopeError('not_sealed') })
    expect(envelope.safeOpen('old:token', CONTEXT)).toMatchObject({ error: { code: 'not_sealed' } })

    const all: LegacyReader = { identify: () => 'all', read: () => ({ text: 'forged', format: 'all' }) }
    const greedy = createEnvelope({ keyring, legacy: all })
    expect(greedy.open(greedy.reseal('anything', CONTEXT), CONTEXT)).toBe('forged')
    for (const value of ['wx1.a.b.c', 'wx2.a.b.c', 'wx1.']) {
      expect(greedy.safeOpen(value, CONTEXT)).toMatchObject({ ok: false })
    }
    expect(greedy.safeOpen('', CONTEXT)).toMatchObject({ error: { code: 'not_sealed', hint: 'empty' } })
  })

  it('keeps what it recognises from being sealed once more, a plaintext window does not', () => {
    expect(() => reading.seal('old:token', CONTEXT)).toThrow(envelopeError('already_sealed'))
    expect(reading.open(reading.seal('EAAG', CONTEXT), CONTEXT)).toBe('EAAG')
    expect(reading.open(reading.seal(utf8('old:token'), CONTEXT), CONTEXT)).toBe('old:token')
  })

  it('that fails, or answers with something else, is legacy_failed', () => {
    const failed = { ok: false, error: envelopeError('legacy_failed') }
    expect(reading.safeOpen('old:broken', CONTEXT)).toEqual(failed)
    expect(reading.open(reading.seal('old:broken', CONTEXT), CONTEXT)).toBe('old:broken')
    for (const text of [7, undefined, '\ud800', new Uint8Array(3)]) {
      const odd = { identify: () => 'odd', read: () => ({ text, format: 'odd' }) } as unknown as LegacyReader
      expect(createEnvelope({ keyring, legacy: odd }).safeOpen('x', CONTEXT)).toEqual(failed)
    }
  })

  it('of one’s own that throws anything is legacy_failed, and what it threw is not seen', () => {
    const own: LegacyReader = {
      identify: () => 'own',
      read() {
        throw new Error('secret')
      },
    }
    const error = errorOf(() => createEnvelope({ keyring, legacy: own }).open('x', CONTEXT))
    expect(error).toEqual(envelopeError('legacy_failed'))
    expect([error.message, error.cause]).toEqual(['legacy failed', undefined])
  })

  it('whose identify throws recognises nothing', () => {
    const throwing: LegacyReader = {
      ...legacy,
      identify() {
        throw new Error('secret')
      },
    }
    const unsure = createEnvelope({ keyring, legacy: throwing })
    expect(unsure.inspect('old:x')).toEqual({ kind: 'other', hint: null })
    expect(unsure.needsRotation('old:x')).toBe(false)
    expect(unsure.open(unsure.seal('old:x', CONTEXT), CONTEXT)).toBe('old:x')
  })
})

describe('safeOpen', () => {
  const sealed = envelope.seal(TOKEN, CONTEXT)
  const frames = (error: Error) => (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))

  it('makes errors without walking the stack, where open walks it', () => {
    for (const [value, context] of [
      [sealed, { ...CONTEXT, id: 'acc_2' }],
      ['EAAG', CONTEXT],
      ['wx1.a.b', CONTEXT],
      [sealed, {}],
    ] as [string, typeof CONTEXT][]) {
      const result = envelope.safeOpen(value, context)
      expect(result.ok ? [] : [result.error.name, ...frames(result.error)]).toEqual(['EnvelopeError'])
      expect(frames(errorOf(() => envelope.open(value, context))).length).toBeGreaterThan(2)
    }
    expect(Error.stackTraceLimit).toBeGreaterThan(0)
  })

  it('still throws what is wrong with the program', () => {
    const broken = createEnvelope({
      keyring: { ...keyring, stateOf: () => 'enabled', derive: () => new Uint8Array(3) },
    })
    expect(() => broken.safeOpen(sealed, CONTEXT)).toThrow(TypeError)
  })
})

describe('an observer', () => {
  const tenant = 'org_1'
  const purpose = 'wa.access_token'
  function watched(options: Partial<EnvelopeOptions> = {}) {
    const events: EnvelopeEvent[] = []
    const observed = createEnvelope({
      keyring: createKeyring([B, A]),
      observe: (event) => events.push(event),
      ...options,
    })
    return { observed, events }
  }

  it('is told of each outcome, in these words', () => {
    const { observed, events } = watched({ legacy })
    const sealed = observed.seal(TOKEN, CONTEXT)
    observed.open(sealed, CONTEXT)
    observed.safeOpen(sealed, { ...CONTEXT, id: 'acc_2' })
    observed.safeOpen(sealed, {} as typeof CONTEXT)
    observed.safeOpen('other', CONTEXT)
    observed.open('old:token', CONTEXT)
    observed.open('EAAG', CONTEXT)
    observed.safeOpen('old:broken', CONTEXT)
    observed.rewrap(envelope.seal(TOKEN, CONTEXT))
    observed.rewrap(sealed)
    observed.reseal('old:token', CONTEXT, { ...CONTEXT, tenant: 'org_2' })
    expect(events).toEqual([
      { type: 'sealed', kid: '2026b', tenant, purpose },
      { type: 'opened', kid: '2026b', tenant, purpose },
      { type: 'open_failed', code: 'context_mismatch', kid: '2026b', tenant, purpose },
      { type: 'open_failed', code: 'invalid_context', kid: null, tenant: '', purpose: '' },
      { type: 'open_failed', code: 'not_sealed', kid: null, tenant, purpose },
      { type: 'legacy_read', kid: null, tenant, purpose },
      { type: 'plaintext_read', kid: null, tenant, purpose },
      { type: 'open_failed', code: 'legacy_failed', kid: null, tenant, purpose },
      { type: 'rewrapped', from: '2026a', kid: '2026b' },
      { type: 'legacy_read', kid: null, tenant, purpose },
      { type: 'sealed', kid: '2026b', tenant: 'org_2', purpose },
    ])
  })

  it('that throws or rejects changes nothing', () => {
    for (const observe of [
      () => {
        throw new Error('observer')
      },
      async () => {
        throw new Error('observer')
      },
    ]) {
      const { observed } = watched({ observe })
      const sealed = observed.seal(TOKEN, CONTEXT)
      expect(observed.open(observed.rewrap(observed.reseal(sealed, CONTEXT)), CONTEXT)).toBe(TOKEN)
      expect(observed.safeOpen('', CONTEXT)).toMatchObject({ error: { code: 'not_sealed' } })
    }
  })
})

describe('the options', () => {
  it.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ['none', undefined, TypeError, 'options'],
    ['null', null, TypeError, 'options'],
    ['no keyring', {}, TypeError, 'keyring'],
    ['a key string', { keyring: A }, TypeError, 'keyring'],
    ['an object that is no keyring', { keyring: { derive() {} } }, TypeError, 'keyring'],
    ['maxBytes 0', { keyring, maxBytes: 0 }, RangeError, 'maxBytes'],
    ['maxBytes beyond 1 MiB', { keyring, maxBytes: 1_048_577 }, RangeError, 'maxBytes'],
    ['maxBytes of a fraction', { keyring, maxBytes: 1.5 }, RangeError, 'maxBytes'],
    ['maxBytes as text', { keyring, maxBytes: '1' }, TypeError, 'maxBytes'],
    ['a clock that is none', { keyring, now: 7 }, TypeError, 'now'],
    ['random bytes that are none', { keyring, random: new Uint8Array(9) }, TypeError, 'random'],
    ['an observer that is none', { keyring, observe: {} }, TypeError, 'observe'],
    ['a legacy reader that is none', { keyring, legacy: { identify() {} } }, TypeError, 'legacy'],
  ])('%s: refused by name', (_name, options, kind, option) => {
    const create = () => createEnvelope(options as EnvelopeOptions)
    expect(create).toThrow(kind)
    expect(create).toThrow(new RegExp(`^${option}: expected`))
  })

  it.each<[string, unknown]>([
    ['too few', new Uint8Array(1)],
    ['too many', new Uint8Array(99)],
    ['text', 'x'.repeat(32)],
    ['an array', Array.from({ length: 32 }, () => 7)],
  ])('random that returns %s is a RangeError at the first seal', (_name, bytes) => {
    const random = (() => bytes) as () => Uint8Array
    expect(() => createEnvelope({ keyring, random }).seal(TOKEN, CONTEXT)).toThrow(
      new RangeError('random: expected as many bytes as were asked for'),
    )
  })

  it('random keeps its own bytes: the same ones serve for every seal', () => {
    const held = new Map([32, 24].map((length) => [length, new Uint8Array(nodeRandomBytes(length))]))
    const random = (length: number) => held.get(length) as Uint8Array
    const fixed = createEnvelope({ keyring, random })
    expect(fixed.seal(TOKEN, CONTEXT)).toBe(fixed.seal(TOKEN, CONTEXT))
    expect([...held.values()].some((bytes) => bytes.every((byte) => byte === 0))).toBe(false)
  })

  it('random may be that of node:crypto', () => {
    const buffers = createEnvelope({ keyring, random: nodeRandomBytes })
    expect(envelope.open(buffers.seal(TOKEN, CONTEXT), CONTEXT)).toBe(TOKEN)
  })

  it('give an envelope that is frozen', () => {
    expect(Object.isFrozen(envelope)).toBe(true)
  })
})

describe('sealedLength', () => {
  it('is the length that seal makes, for every size', () => {
    for (const bytes of [0, 1, 2, 3, 200, 512, 4096, 65_536]) {
      const sealed = envelope.seal(new Uint8Array(bytes), CONTEXT)
      expect(sealed).toHaveLength(sealedLength(bytes, { kidLength: 5 }))
    }
    expect([0, 200, 512, 4096].map((bytes) => sealedLength(bytes, { kidLength: 5 }))).toEqual([
      161, 428, 844, 5623,
    ])
    expect(sealedLength(200)).toBe(433)
    expect(sealedLength(0, { kidLength: 32, edkBytes: 1024 })).toBe(6 + 32 + 1366 + 96)
  })

  it.each([
    [-1, {}],
    [1.5, {}],
    [1_048_577, {}],
    [0, { kidLength: 0 }],
    [0, { kidLength: 33 }],
    [0, { edkBytes: 0 }],
    [0, { edkBytes: 1025 }],
  ])('refuses %d with %o', (bytes, options) => {
    expect(() => sealedLength(bytes, options)).toThrow(RangeError)
    expect(() => sealedLength('1' as never)).toThrow(TypeError)
  })
})

describe('shredding a tenant', () => {
  it('is forgetting the one row that holds its key', () => {
    const tenant = 'org_42'
    const keyContext = { tenant, purpose: 'tenant.key' }
    const rows = new Map<string, string>([['tenant key', envelope.seal(generateKey('t-42-a'), keyContext)]])
    const ofTenant = () =>
      createEnvelope({ keyring: createKeyring([envelope.open(rows.get('tenant key') ?? '', keyContext)]) })

    const context = { tenant, purpose: 'wa.access_token', id: 'acc_1' }
    rows.set('token', ofTenant().seal(TOKEN, context))
    expect(kidOf(rows.get('token') ?? '')).toBe('t-42-a')
    expect(ofTenant().open(rows.get('token') ?? '', context)).toBe(TOKEN)

    // The root moves on; only the tenant's key is rewrapped, its values stay as they are.
    const next = createEnvelope({ keyring: createKeyring([B, A]) })
    const moved = next.rewrap(rows.get('tenant key') ?? '')
    const again = createEnvelope({ keyring: createKeyring([next.open(moved, keyContext)]) })
    expect(again.open(rows.get('token') ?? '', context)).toBe(TOKEN)

    rows.delete('tenant key')
    expect(ofTenant).toThrow(envelopeError('not_sealed', { hint: 'empty' }))
    // Everything else that there is, the root included, does not open it.
    expect(envelope.safeOpen(rows.get('token') ?? '', context)).toMatchObject({
      error: { code: 'unknown_key', kid: 't-42-a' },
    })
    const forged = createEnvelope({ keyring: createKeyring([generateKey('t-42-a')]) })
    expect(forged.safeOpen(rows.get('token') ?? '', context)).toMatchObject({
      error: { code: 'key_mismatch' },
    })
  })
})
