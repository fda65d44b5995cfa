import { beforeAll, describe, expect, it } from 'vitest'
import type { Envelope, EnvelopeErrorCode } from 'waxseal/envelope'
import { A, B, bytesOf, CONTEXT, onBackend, partsOf, segmentOf, textOf } from './support.js'

/** base64url, and what transports, editors and other encodings put in its place: 75 characters. */
const CHARACTERS = [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  ...'.=+/ \n\t%"\0é',
]
const PLAINTEXT = 'EAAG a token of some forty-eight characters 012'

type Parts = ReturnType<typeof partsOf>

/** Every text that is one character away, and every piece of it. */
function* editsOf(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at++) {
    const before = text.slice(0, at)
    const after = text.slice(at)
    yield before
    yield after
    if (after !== '') yield before + after.slice(1)
    for (const character of CHARACTERS) {
      yield before + character + after
      if (after !== '') yield before + character + after.slice(1)
    }
  }
}

/** Each bit of the decoded encrypted data key and body flipped, and the code that this must give. */
function* bitFlipsOf(parts: Parts): Generator<[text: string, code: EnvelopeErrorCode]> {
  for (const segment of ['edk', 'body'] as const) {
    const bytes = bytesOf(parts[segment])
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (0x80 >> (bit & 7))
      const code = segment === 'edk' ? 'key_mismatch' : bit < 8 * 56 ? 'context_mismatch' : 'tampered'
      yield [textOf({ ...parts, [segment]: segmentOf(flipped) }), code]
    }
  }
}

describe.each(['node', 'portable'] as const)('an envelope, on the %s crypto', (backend) => {
  let envelope: Envelope
  let other: Envelope
  let isSealed: (value: unknown) => boolean
  let sealed: string
  let parts: Parts
  beforeAll(async () => {
    const lib = await onBackend(backend)
    envelope = lib.createEnvelope({ keyring: lib.createKeyring([A, B]) })
    other = lib.createEnvelope({ keyring: lib.createKeyring([B, A]) })
    isSealed = lib.isSealed
    sealed = envelope.seal(PLAINTEXT, CONTEXT)
    parts = partsOf(sealed)
  })

  it('opens as no other text: 30 000 substitutions, insertions, deletions, truncations and bit flips', () => {
    const tried = new Set([...editsOf(sealed), ...[...bitFlipsOf(parts)].map(([text]) => text)])
    tried.delete(sealed)
    expect(new Set(CHARACTERS).size).toBe(75)
    expect(tried.size).toBeGreaterThanOrEqual(30_000)

    const codes: Record<string, number> = {}
    for (const text of tried) {
      const result = envelope.safeOpen(text, CONTEXT)
      if (result.ok) expect.fail(`opened: ${text}`)
      codes[result.error.code] = (codes[result.error.code] ?? 0) + 1
    }
    // Each way to be wrong was among them, and no other.
    expect(Object.keys(codes).sort()).toEqual([
      'context_mismatch',
      'key_mismatch',
      'malformed',
      'not_sealed',
      'tampered',
      'unknown_key',
      'unsupported_version',
    ])
    expect(envelope.open(sealed, CONTEXT)).toBe(PLAINTEXT)
  })

  it('says of every flipped bit whether key, commitment or ciphertext is wrong', () => {
    let flips = 0
    for (const [text, code] of bitFlipsOf(parts)) {
      const result = envelope.safeOpen(text, CONTEXT)
      if (result.ok || result.error.code !== code) expect.fail(`expected ${code} of ${text}`)
      flips++
    }
    expect(flips).toBe(8 * (40 + 72 + PLAINTEXT.length))
  })

  it('has one spelling: no text one character away has its parts', () => {
    const decoded = ({ kid, edk, body }: Parts) =>
      [kid, ...[edk, body].map((text) => bytesOf(text).join())].join()
    let wellFormed = 0
    for (const text of editsOf(sealed)) {
      if (!isSealed(text) || text === sealed) continue
      wellFormed++
      const theirs = partsOf(text)
      if (decoded(theirs) === decoded(parts)) expect.fail(`another spelling: ${text}`)
      expect(
        textOf({ ...theirs, edk: segmentOf(bytesOf(theirs.edk)), body: segmentOf(bytesOf(theirs.body)) }),
      ).toBe(text)
    }
    expect(wellFormed).toBeGreaterThan(5_000)
  })

  it('opens under no mixture of the parts of two records', () => {
    const context = { ...CONTEXT, id: 'acc_2' }
    const first = [sealed, other.rewrap(sealed)]
    const second = [envelope.seal(PLAINTEXT, context), other.seal(PLAINTEXT, context)]
    const again = [envelope.seal(PLAINTEXT, CONTEXT), other.seal(PLAINTEXT, CONTEXT)]
    const records = [...first, ...second, ...again].map(partsOf)
    const whole = new Set([...first, ...second, ...again])
    const outcomes: Record<string, number> = {}
    for (const { kid } of records) {
      for (const { edk } of records) {
        for (const { body } of records) {
          const text = textOf({ kid, edk, body })
          for (const opening of [CONTEXT, context]) {
            const result = envelope.safeOpen(text, opening)
            const outcome = result.ok ? 'ok' : result.error.code
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
            // A rewrap keeps data key and body, so the two texts of the first record are one record.
            if (result.ok && !whole.has(text)) expect.fail(`opened: ${text}`)
          }
        }
      }
    }
    // Half of the 6³ texts name a kid that did not wrap their data key; each is opened under both contexts. Of the rest
    // open, for each of three records with that kid: the four others with their own body, and both forms of the first
    // with either copy of theirs.
    expect(outcomes).toEqual({ ok: 24, key_mismatch: 216, context_mismatch: 192 })
  })

  it('does not open under the kid of another enabled key, nor with another root under its own', async () => {
    const relabelled = textOf({ ...parts, kid: '2026b' })
    expect(envelope.safeOpen(relabelled, CONTEXT)).toMatchObject({
      error: { code: 'key_mismatch', kid: '2026b' },
    })
    const lib = await onBackend(backend)
    const stranger = lib.createEnvelope({ keyring: lib.createKeyring([lib.generateKey('2026a')]) })
    expect(stranger.safeOpen(sealed, CONTEXT)).toMatchObject({
      error: { code: 'key_mismatch', kid: '2026a' },
    })
  })
})
