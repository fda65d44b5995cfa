import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring, generateKey, keyringFromEnv } from 'waxseal/keyring'
import { A, B, DATED, hex, keyringError, vectors } from './support.js'

const ofList = (list: string) => keyringFromEnv({ env: { WAXSEAL_KEYS: list } })
const kidsOf = (list: string) => ofList(list).keys.map(({ kid }) => kid)

describe('a list', () => {
  it('tells kids, states, checks and ages in its order', () => {
    const { primary, keys } = createKeyring([A, `${DATED}:disabled`, 'wxk1.2025-11:destroyed'])
    expect(primary).toBe('2026a')
    expect(keys).toEqual([
      { kid: '2026a', state: 'primary', check: 'TWR0Bh', createdAt: null },
      { kid: '2026-05-17', state: 'disabled', check: 'KtQegK', createdAt: 1778976000000 },
      { kid: '2025-11', state: 'destroyed', check: null, createdAt: 1761955200000 },
    ])
  })

  it.each([
    ['a trailing newline', `${A} ${B}\n`],
    ['CRLF', `\r\n${A}\r\n${B}\r\n`],
    ['tabs', `\t${A}\t\t${B}`],
    ['comma and space', `${A}, ${B},`],
    ['only a comma', `,${A},${B}`],
    ['a byte order mark', `\ufeff${A} ${B}`],
    ['a no-break space', `${A}\u00a0${B}`],
  ])('may be separated and surrounded by %s', (_name, list) => {
    expect(kidsOf(list)).toEqual(['2026a', '2026b'])
  })

  it('has its strings trimmed by createKeyring', () => {
    expect(createKeyring([` ${A}\n`, `\ufeff${B}\t`]).keys).toHaveLength(2)
  })

  it('takes 64 entries, tombstones included, and refuses 65', () => {
    const tombstones = Array.from({ length: 63 }, (_, i) => `wxk1.old-${i}:destroyed`)
    expect(createKeyring([A, ...tombstones]).keys).toHaveLength(64)
    expect(() => createKeyring([A, B, ...tombstones])).toThrow(keyringError('too_many_keys'))
  })

  it.each(['', ' ', ' \n,\t, '])('is missing when it is %j', (list) => {
    expect(() => ofList(list)).toThrow(keyringError('keys_missing'))
  })

  it('is missing when it is an empty array', () => {
    expect(() => createKeyring([])).toThrow(keyringError('keys_missing'))
  })

  it('in quotes is refused at the first entry, or at the last when only that one has a quote', () => {
    expect(() => ofList(`"${A} ${B}"`)).toThrow(
      keyringError('key_malformed', { reason: 'quoted', position: 1 }),
    )
    expect(() => ofList(`${A} ${B}'`)).toThrow(
      keyringError('key_malformed', { reason: 'quoted', position: 2 }),
    )
  })

  it.each(vectors.refused)('names the place of what it refuses: $code $reason', ({ entry, code, reason }) => {
    expect(() => createKeyring([B, entry])).toThrow(expect.objectContaining({ code, position: 2 }))
    expect(() => createKeyring([B, entry])).toThrow(expect.objectContaining({ reason: reason ?? null }))
  })

  it('names generateKey to whoever comes with hex or base64', () => {
    expect(() => createKeyring(['0a'.repeat(32)])).toThrow(
      'key malformed: hex, entry 1; generateKey makes keys',
    )
    expect(() => createKeyring([Buffer.alloc(32, 9).toString('base64')])).toThrow(/base64.*generateKey/)
  })

  it('is refused when a kid comes twice, also as a tombstone', () => {
    const other = generateKey('2026a')
    const duplicate = (kid: string | null) => keyringError('duplicate_kid', { position: 3, kid })
    expect(() => createKeyring([A, B, other])).toThrow(duplicate('2026a'))
    expect(() => createKeyring([A, B, `${other}:disabled`])).toThrow(duplicate('2026a'))
    expect(() => createKeyring([A, B, 'wxk1.2026a:destroyed'])).toThrow(duplicate(null))
    expect(() => createKeyring([A, 'wxk1.x:destroyed', 'wxk1.x:destroyed'])).toThrow(duplicate(null))
  })

  it('is refused when a root comes twice, also disabled', () => {
    const again = 'wxk1.2026b.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.W8AcKa'
    const duplicate = keyringError('duplicate_material', { position: 2, kid: '2026b' })
    expect(() => createKeyring([A, again])).toThrow(duplicate)
    expect(() => createKeyring([A, `${again}:disabled`])).toThrow(duplicate)
  })

  it('is refused when its first key may not be used', () => {
    const unusable = (kid: string | null) => keyringError('primary_not_usable', { position: 1, kid })
    expect(() => createKeyring([`${A}:disabled`, B])).toThrow(unusable('2026a'))
    expect(() => createKeyring(['wxk1.2026a:destroyed', B])).toThrow(unusable(null))
    expect(() => createKeyring(['wxk1.2026a:destroyed'])).toThrow(unusable(null))
  })

  it('is judged entry by entry first, then for kids, for roots, and for the primary', () => {
    const again = 'wxk1.2026b.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.W8AcKa'
    const codes = [
      [`${A}:disabled`, A, again, 'x'],
      [`${A}:disabled`, A, again],
      [`${A}:disabled`, again],
      [`${A}:disabled`],
    ].map((list) => {
      try {
        return createKeyring(list).primary
      } catch (error) {
        return (error as { code: string }).code
      }
    })
    expect(codes).toEqual(['key_malformed', 'duplicate_kid', 'duplicate_material', 'primary_not_usable'])
  })

  it.each<[string, unknown]>([
    ['a string', A],
    ['undefined', undefined],
    ['null', null],
    ['numbers', [1]],
    ['a hole', Object.assign([A], { 2: B })],
    ['a Set', new Set([A])],
    ['an array-like', { length: 1, 0: A }],
  ])('is a TypeError as %s', (_name, keys) => {
    expect(() => createKeyring(keys as string[])).toThrow(new TypeError('keys: expected an array of strings'))
  })

  it('may be changed afterwards without effect', () => {
    const keys = [A, B]
    const keyring = createKeyring(keys)
    const before = hex(keyring.derive('audit'))
    keys[0] = B
    keys.length = 0
    expect(hex(keyring.derive('audit'))).toBe(before)
    expect(keyring.keys).toHaveLength(2)
  })
})

describe('a key string', () => {
  const ALPHABET = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:, "=+/é\0']

  it('is refused after any substitution, insertion or deletion of one character', () => {
    const key = DATED
    for (let at = 0; at <= key.length; at++) {
      const [head, tail] = [key.slice(0, at), key.slice(at + 1)]
      const changed = at < key.length ? [head + tail] : []
      for (const character of ALPHABET) {
        if (at < key.length && character !== key[at]) changed.push(head + character + tail)
        changed.push(head + character + key.slice(at))
      }
      for (const text of changed) {
        // createKeyring trims its strings, so a blank at either end is no change.
        if (text.trim() === key) continue
        expect(() => createKeyring([text]), text).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^key_(malformed|checksum_mismatch)$/) }),
        )
      }
    }
  })

  it('is refused after any two substitutions, for random keys', () => {
    const place = fc.nat({ max: 59 })
    const character = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_')
    fc.assert(
      fc.property(place, character, place, character, (i, c, j, d) => {
        const key = generateKey('2026-05')
        const units = [...key]
        units[i % key.length] = c
        units[j % key.length] = d
        const text = units.join('')
        if (text !== key) expect(() => createKeyring([text])).toThrow(/^key (malformed|checksum mismatch)/)
      }),
      { seed: 20260517, numRuns: 500 },
    )
  })

  it('comes back as it was written, for any kid and root', () => {
    const kid = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/)
    fc.assert(
      fc.property(kid, (name) => {
        const key = generateKey(name)
        expect(key).toMatch(/^wxk1\.[a-z0-9][a-z0-9-]{0,31}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{6}$/)
        const { primary, keys } = createKeyring([key])
        expect(primary).toBe(name)
        expect(keys[0]?.check).toBe(key.slice(-6))
      }),
    )
  })
})

describe('generateKey', () => {
  it('makes another key every time', () => {
    expect(new Set(Array.from({ length: 50 }, () => generateKey('k'))).size).toBe(50)
  })

  it.each(['2026A', '-2026', '2'.repeat(33), '', '2026_a', '2026.a', 'a ', 'a\n', undefined, 2026, ['a']])(
    'refuses the kid %j',
    (kid) => {
      expect(() => generateKey(kid as string)).toThrow(RangeError)
    },
  )

  it.each<[string, unknown]>([
    ['31 bytes', new Uint8Array(31).map((_, i) => i)],
    ['33 bytes', new Uint8Array(33).map((_, i) => i)],
    ['zeros', new Uint8Array(32)],
    ['text', 'x'.repeat(32)],
    ['a plain array', Array.from({ length: 32 }, (_, i) => i)],
    ['undefined', undefined],
  ])('refuses %s from random', (_name, bytes) => {
    expect(() => generateKey('k', { random: () => bytes as Uint8Array })).toThrow(
      new RangeError('random: expected 32 random bytes'),
    )
  })
})
