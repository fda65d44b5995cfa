import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelope, createKmsEnvelope, type Hint, isSealed, kidOf } from 'waxseal/envelope'
import { legacyReader } from 'waxseal/envelope/legacy'
import { createKeyring } from 'waxseal/keyring'
import { A, B, CONTEXT, fakeKms, partsOf, segmentOf, TOKEN, textOf } from './support.js'

const legacy = legacyReader({
  formats: [
    { name: 'old', recognises: (value) => value.startsWith('old:'), read: (value) => value.slice(4) },
  ],
  plaintext: { until: Date.parse('2999-01-01'), accept: (value) => value.startsWith('EAA') },
})
const list = createKeyring([A, B, 'wxk1.gone:destroyed'])
const envelope = createEnvelope({ keyring: list })
const reading = createEnvelope({ keyring: list, legacy })
const kms = createKmsEnvelope({
  primary: 'kms',
  keys: { kms: fakeKms().provider, '2026a': list, '2026b': list },
  disabled: ['2026b'],
  destroyed: ['gone'],
})
const sealed = envelope.seal(TOKEN, CONTEXT)
const parts = partsOf(sealed)
const under = (kid: string) => textOf({ ...parts, kid })

describe('inspect', () => {
  it.each([
    ['2026a', 'primary', 'enabled', false, true],
    ['2026b', 'enabled', 'disabled', true, true],
    ['gone', 'destroyed', 'destroyed', true, true],
    ['kms', 'unknown', 'primary', true, false],
    ['other', 'unknown', 'unknown', true, true],
  ] as const)(
    'tells the state of %s, here %s, in a KMS envelope %s',
    (kid, here, there, stale, staleThere) => {
      const about = { kind: 'sealed', kid, edkBytes: 40, plaintextBytes: TOKEN.length }
      expect(envelope.inspect(under(kid))).toEqual({ ...about, state: here })
      expect(kms.inspect(under(kid))).toEqual({ ...about, state: there })
      expect([envelope.needsRotation(under(kid)), kms.needsRotation(under(kid))]).toEqual([stale, staleThere])
    },
  )

  it('measures the parts', () => {
    const value = textOf({
      ...parts,
      edk: segmentOf(new Uint8Array(184)),
      body: segmentOf(new Uint8Array(72)),
    })
    expect(envelope.inspect(value)).toMatchObject({ edkBytes: 184, plaintextBytes: 0 })
  })

  it.each<[string, unknown, string, Hint | null]>([
    ['nothing', '', 'other', 'empty'],
    ['a Meta token', TOKEN, 'other', 'meta_token'],
    ['a word', 'hello', 'other', null],
    ['another version', 'wx2.a.b.c', 'unsupported_version', null],
    ['a body that was cut', sealed.slice(0, 100), 'malformed', 'truncated'],
    ['padding', `${sealed}=`, 'malformed', 'padding'],
    ['undefined', undefined, 'other', null],
    ['null', null, 'other', null],
    ['bytes', Buffer.from(sealed), 'other', null],
    ['an object that throws', { toString: () => expect.fail() }, 'other', null],
  ])('says of %s what it is, and that rotation has nothing to do', (_name, value, kind, hint) => {
    expect(envelope.inspect(value as string)).toEqual({ kind, hint })
    expect(envelope.needsRotation(value as string)).toBe(false)
  })

  it('asks the legacy reader, but for envelopes of whichever version', () => {
    expect(reading.inspect('old:token')).toEqual({ kind: 'legacy', format: 'old' })
    expect(reading.inspect(TOKEN)).toEqual({ kind: 'legacy', format: 'plaintext' })
    expect(reading.inspect(sealed)).toMatchObject({ kind: 'sealed' })
    expect(reading.inspect('wx2.a.b.c')).toMatchObject({ kind: 'unsupported_version' })
    expect([TOKEN, 'old:token', sealed, 'other'].map(reading.needsRotation)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true }),
        (value) => {
          const { kind } = envelope.inspect(value as string)
          expect(['sealed', 'malformed', 'unsupported_version', 'other']).toContain(kind)
          expect(kidOf(value as string)).toBe(null)
          expect(isSealed(value)).toBe(false)
          expect(envelope.needsRotation(value as string)).toBe(false)
        },
      ),
    )
  })

  it('uses no key', () => {
    const calls: string[] = []
    const keyring = { ...list, derive: () => expect.fail('derived') }
    const watched = createEnvelope({ keyring, observe: ({ type }) => calls.push(type) })
    expect(watched.inspect(sealed)).toMatchObject({ kind: 'sealed', state: 'primary' })
    expect(watched.needsRotation(under('2026b'))).toBe(true)
    expect(calls).toEqual([])
  })
})

describe('isSealed and kidOf', () => {
  it('know the grammar, and no key', () => {
    for (const kid of ['a', '0', '2026-05', 'k'.repeat(32), 'a-']) {
      expect([isSealed(under(kid)), kidOf(under(kid))]).toEqual([true, kid])
    }
    for (const kid of ['', '-', '-a', 'A', 'a_b', 'é', 'k'.repeat(33)]) {
      expect([isSealed(under(kid)), kidOf(under(kid))]).toEqual([false, null])
    }
  })

  it('accept every encrypted data key of 1 to 1024 bytes and every body from 72 on', () => {
    const withEdk = (length: number) => textOf({ ...parts, edk: segmentOf(new Uint8Array(length)) })
    const withBody = (length: number) => textOf({ ...parts, body: segmentOf(new Uint8Array(length)) })
    expect([0, 1, 39, 40, 1024, 1025].map((length) => isSealed(withEdk(length)))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
    expect([0, 71, 72, 73].map((length) => isSealed(withBody(length)))).toEqual([false, false, true, true])
    const longest = 72 + 1_048_576
    expect([longest, longest + 1].map((length) => isSealed(withBody(length)))).toEqual([true, false])
  })

  it('accept one spelling of all bytes: what is accepted is what its bytes spell', () => {
    const segment = fc.stringMatching(/^[\w-]{0,8}$/)
    let accepted = 0
    fc.assert(
      fc.property(segment, segment, (edk, tail) => {
        const text = textOf({ kid: 'k', edk, body: parts.body.slice(0, 96) + tail })
        const { body } = partsOf(text)
        const canonical = [edk, body].every((each) => segmentOf(Buffer.from(each, 'base64url')) === each)
        expect(isSealed(text)).toBe(canonical && edk !== '')
        accepted += isSealed(text) ? 1 : 0
      }),
      { numRuns: 2_000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})
