import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelope, type EnvelopeEvent, type SealContext } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { readContext } from '../../src/envelope/context.js'
import { A, CONTEXT, envelopeError, errorOf, hex, TOKEN } from './support.js'

const envelope = createEnvelope({ keyring: createKeyring([A]) })
const two = { tenant: 'org_1', purpose: 'wa.access_token' }
const pairs = (count: number) =>
  ({
    ...two,
    ...Object.fromEntries(Array.from({ length: count - 2 }, (_, i) => [`n${i}`, 'v'])),
  }) as SealContext
const opens = (sealed: string, context: SealContext) => envelope.safeOpen(sealed, context)

describe('a context that is not one', () => {
  const throwing = Object.defineProperty({ ...two }, 'id', {
    enumerable: true,
    get() {
      throw new Error('secret')
    },
  })
  const hidden = Object.defineProperty({ purpose: 'p' }, 'tenant', { value: 'org_1', enumerable: false })
  class Getters {
    get tenant() {
      return 'org_1'
    }
    get purpose() {
      return 'p'
    }
  }
  const hostile = new Proxy(two, {
    ownKeys() {
      throw new Error('secret')
    },
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a string', 'org_1'],
    ['a number', 7],
    ['a function', Object.assign(() => {}, two)],
    ['an array', ['org_1', 'wa.access_token']],
    ['a Map', new Map(Object.entries(two))],
    ['empty', {}],
    ['without tenant', { purpose: 'p', id: 'i' }],
    ['without purpose', { tenant: 'org_1', id: 'i' }],
    ['with an inherited tenant', Object.assign(Object.create({ tenant: 'org_1' }), { purpose: 'p' })],
    ['with a tenant that is not enumerable', hidden],
    ['an instance of a class with getters', new Getters()],
    ['of 17 pairs', pairs(17)],
    ['with its own __proto__', JSON.parse('{"tenant":"org_1","purpose":"p","__proto__":"x"}')],
    ['with a getter that throws', throwing],
    ['a Proxy that throws', hostile],
  ])('%s is refused, by seal and open and safeOpen', (_name, context) => {
    const given = context as SealContext
    expect(() => envelope.seal(TOKEN, given)).toThrow(envelopeError('invalid_context'))
    expect(() => envelope.open('wx1.a.b.c', given)).toThrow(envelopeError('invalid_context'))
    expect(envelope.safeOpen('', given)).toEqual({ ok: false, error: envelopeError('invalid_context') })
    expect(() => envelope.reseal('', given)).toThrow(envelopeError('invalid_context'))
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a digit first', '1a'],
    ['a hyphen first', '-a'],
    ['a dot first', '.a'],
    ['an underscore first', '_a'],
    ['a blank', 'a b'],
    ['a colon', 'a:b'],
    ['a newline at its end', 'a\n'],
    ['a letter that is not ASCII', 'naïve'],
    ['65 characters', 'n'.repeat(65)],
  ])('with a name of %s is refused, and the name is not in the message', (_name, name) => {
    const error = errorOf(() => envelope.seal(TOKEN, { ...two, [name]: 'v' }))
    expect(error).toEqual(envelopeError('invalid_context'))
    expect(error.message).toBe('invalid context: a name has another form')
  })

  it.each<[string, unknown]>([
    ['empty', ''],
    ['a number', 7],
    ['a boolean', true],
    ['null', null],
    ['undefined', undefined],
    ['an object', { toString: () => 'x' }],
    ['a String', new String('x')],
    ['a symbol', Symbol('x')],
    ['bytes', new Uint8Array(4)],
    ['513 bytes', 'x'.repeat(513)],
    ['513 bytes in fewer characters', `${'\u{1f5dd}'.repeat(128)}x`],
    ['a lone surrogate', '\ud800'],
    ['the text undefined', 'undefined'],
    ['the text null', 'null'],
    ['the text NaN', 'NaN'],
    ['the text [object Object]', '[object Object]'],
  ])('with a value that is %s is refused, whichever it is, by name', (_name, value) => {
    for (const name of ['tenant', 'purpose', 'id']) {
      const error = errorOf(() => envelope.seal(TOKEN, { ...CONTEXT, [name]: value } as SealContext))
      expect(error).toEqual(envelopeError('invalid_context'))
      expect(error.message).toMatch(new RegExp(`^invalid context: ${name}\\b`))
    }
  })
})

describe('a context', () => {
  it.each<[string, SealContext]>([
    ['of two pairs', two],
    ['of sixteen pairs', pairs(16)],
    ['with a name of one character', { ...two, a: 'v' }],
    ['with a name of 64 characters', { ...two, ['N'.repeat(64)]: 'v' }],
    ['with every character in a name', { ...two, 'aZ0_.-': 'v' }],
    ['with a value of 512 bytes', { ...two, id: 'x'.repeat(512) }],
    ['with a value of 512 bytes in 128 code points', { ...two, id: '\u{1f5dd}'.repeat(128) }],
    [
      'with values next to those of accidents',
      { ...two, a: 'Null', b: 'nan', c: 'null ', d: '0', e: 'false' },
    ],
    ['with the names of Object.prototype', { ...two, constructor: 'a', toString: 'b', valueOf: 'c' }],
    ['without a prototype', Object.assign(Object.create(null), two)],
    ['that is frozen', Object.freeze({ ...two })],
    ['with a symbol beside', Object.assign({ ...two }, { [Symbol('x')]: 'v' })],
  ])('%s seals and opens', (_name, context) => {
    expect(envelope.open(envelope.seal(TOKEN, context), context)).toBe(TOKEN)
  })

  it('may be given in any order', () => {
    const sealed = envelope.seal(TOKEN, { tenant: 't', purpose: 'p', b: '1', A: '2', a: '3' })
    expect(envelope.open(sealed, { a: '3', purpose: 'p', A: '2', tenant: 't', b: '1' })).toBe(TOKEN)
  })

  it.each<[string, SealContext]>([
    ['another tenant', { ...CONTEXT, tenant: 'org_2' }],
    ['another purpose', { ...CONTEXT, purpose: 'wa.app_secret' }],
    ['another id', { ...CONTEXT, id: 'acc_2' }],
    ['a pair less', two],
    ['a pair more', { ...CONTEXT, version: '1' }],
    ['a pair of another name', { ...two, ID: 'acc_1' }],
    ['a value in another case', { ...CONTEXT, tenant: 'ORG_1' }],
    ['two values exchanged', { ...CONTEXT, tenant: 'acc_1', id: 'org_1' }],
    ['a blank more', { ...CONTEXT, id: 'acc_1 ' }],
  ])('that has %s does not open', (_name, context) => {
    const error = envelopeError('context_mismatch', { kid: '2026a' })
    const sealed = envelope.seal(TOKEN, CONTEXT)
    expect(opens(sealed, context)).toEqual({ ok: false, error })
    const { message } = errorOf(() => envelope.open(sealed, context))
    expect(message).toBe(`context mismatch: key 2026a; given ${Object.keys(context).sort().join(', ')}`)
  })

  it('is not normalised: the same letters in another form do not open', () => {
    const sealed = envelope.seal(TOKEN, { ...two, id: 'caf\u00e9' })
    expect(opens(sealed, { ...two, id: 'cafe\u0301' })).toMatchObject({ error: { code: 'context_mismatch' } })
  })

  it('is read once: a getter has no second say', () => {
    let reads = 0
    const context = {
      purpose: 'p',
      get tenant() {
        reads++
        return `org_${reads}`
      },
    }
    const sealed = envelope.seal(TOKEN, context)
    expect(reads).toBe(1)
    expect(envelope.open(sealed, { tenant: 'org_1', purpose: 'p' })).toBe(TOKEN)
  })

  it('that changes afterwards, even while observed, changes nothing', () => {
    const events: EnvelopeEvent[] = []
    const context: Record<string, string> & SealContext = { ...CONTEXT }
    const watched = createEnvelope({
      keyring: createKeyring([A]),
      observe(event) {
        events.push(event)
        Object.assign(context, { tenant: 'org_9' })
      },
    })
    const sealed = watched.seal(TOKEN, context)
    expect(watched.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(events.map((event) => 'tenant' in event && event.tenant)).toEqual(['org_1', 'org_1'])
  })
})

describe('the encoding of a context', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/)
  const value = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed() && !['undefined', 'null', 'NaN'].includes(text))
  const context = fc
    .dictionary(name, value, { maxKeys: 6 })
    .chain((more) => fc.record({ tenant: value, purpose: value }).map((base) => ({ ...more, ...base })))
  const sorted = (pairs: object) => JSON.stringify(Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1)))

  it('is injective: two contexts give one hash only if they hold the same pairs', () => {
    fc.assert(
      fc.property(context, context, (a, b) => {
        const same = hex(readContext(a).hash) === hex(readContext(b).hash)
        expect(same).toBe(sorted(a) === sorted(b))
      }),
      { numRuns: 1_000 },
    )
  })

  it('keeps apart what moves over a border between name and value', () => {
    // Every way to cut one text into a name and a value, and the same cut once more: none gives another's hash.
    const text = 'abcdefghijklmnop'
    const hashes = new Set<string>()
    let made = 0
    for (let i = 1; i < text.length - 2; i++) {
      for (let j = i + 1; j < text.length - 1; j++) {
        const context = {
          ...two,
          [`x${text.slice(0, i)}`]: text.slice(i, j),
          [`y${text.slice(j, j + 1)}`]: text.slice(j + 1),
        }
        hashes.add(hex(readContext(context).hash))
        made++
      }
    }
    expect(made).toBe(91)
    expect(hashes.size).toBe(made)
  })

  it('does not depend on the order of insertion', () => {
    fc.assert(
      fc.property(context, (pairs) => {
        const reversed = Object.fromEntries(Object.entries(pairs).reverse())
        expect(readContext(reversed).hash).toEqual(readContext(pairs).hash)
      }),
    )
  })
})
