import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createKeyring,
  editKeys,
  generateKey,
  type KeyChange,
  type KeyringReason,
  keyringFromEnv,
} from 'waxseal/keyring'
import { A, B, keyringError, thrownBy } from './support.js'

const C = generateKey('c')
const LIST = `${A} ${B} ${C}:disabled wxk1.gone:destroyed`
const unused = { byKid: {} }
const statesOf = (list: string) =>
  keyringFromEnv({ env: { WAXSEAL_KEYS: list } }).keys.map(({ kid, state }) => `${kid} ${state}`)

describe('editKeys', () => {
  it.each<[string, KeyChange, string]>([
    ['puts promoted keys first', { promote: '2026b' }, `${B} ${A} ${C}:disabled wxk1.gone:destroyed`],
    ['disables', { disable: '2026b' }, `${A} ${B}:disabled ${C}:disabled wxk1.gone:destroyed`],
    ['enables', { enable: 'c' }, `${A} ${B} ${C} wxk1.gone:destroyed`],
    ['destroys', { destroy: 'c', inventory: unused }, `${A} ${B} wxk1.c:destroyed wxk1.gone:destroyed`],
    [
      'destroys what an inventory counts as 0',
      { destroy: 'c', inventory: { byKid: { '2026a': 5, c: 0 } } },
      `${A} ${B} wxk1.c:destroyed wxk1.gone:destroyed`,
    ],
    ['promotes the primary to itself', { promote: '2026a' }, LIST],
    ['enables the primary, which is enabled', { enable: '2026a' }, LIST],
    ['enables an enabled key', { enable: '2026b' }, LIST],
    ['disables a disabled key', { disable: 'c' }, LIST],
    ['destroys a tombstone', { destroy: 'gone', inventory: { byKid: { gone: 3 } } }, LIST],
  ])('%s', (_name, change, expected) => {
    expect(editKeys(LIST, change)).toBe(expected)
  })

  it('adds a key at the end, as enabled', () => {
    const added = generateKey('d')
    expect(editKeys(LIST, { add: added })).toBe(`${LIST} ${added}`)
    expect(editKeys(LIST, { add: ` ${added}\n` })).toBe(`${LIST} ${added}`)
  })

  it('keeps the order of the others when it promotes from behind', () => {
    const list = ['a', 'b', 'c', 'd'].map((kid) => generateKey(kid)).join(' ')
    expect(statesOf(editKeys(list, { promote: 'c' }))).toEqual([
      'c primary',
      'a enabled',
      'b enabled',
      'd enabled',
    ])
  })

  it('writes one space between entries, however they were separated', () => {
    expect(editKeys(`\ufeff${A},\r\n\t${B},`, { enable: '2026a' })).toBe(`${A} ${B}`)
  })

  it.each<[KeyringReason, string | null, KeyChange]>([
    ['kid_taken', '2026a', { add: A }],
    ['kid_taken', '2026b', { add: generateKey('2026b') }],
    ['kid_taken', 'c', { add: generateKey('c') }],
    ['kid_taken', 'gone', { add: generateKey('gone') }],
    ['not_enabled', 'c', { promote: 'c' }],
    ['not_enabled', 'gone', { promote: 'gone' }],
    ['is_primary', '2026a', { disable: '2026a' }],
    ['not_enabled', 'gone', { disable: 'gone' }],
    ['not_disabled', 'gone', { enable: 'gone' }],
    ['not_disabled', '2026b', { destroy: '2026b', inventory: unused }],
    ['is_primary', '2026a', { destroy: '2026a', inventory: unused }],
    ['in_use', 'c', { destroy: 'c', inventory: { byKid: { c: 1 } } }],
    ['no_such_kid', 'nope', { promote: 'nope' }],
    ['no_such_kid', 'nope', { disable: 'nope' }],
    ['no_such_kid', 'nope', { enable: 'nope' }],
    ['no_such_kid', 'nope', { destroy: 'nope', inventory: unused }],
    ['no_such_kid', 'constructor', { promote: 'constructor' }],
    ['no_such_kid', null, { promote: A }],
    ['no_such_kid', null, { enable: '' }],
  ])('refuses with %s, kid %s: %j', (reason, kid, change) => {
    expect(() => editKeys(LIST, change)).toThrow(keyringError('key_change_refused', { reason, kid }))
  })

  it.each([[1], [-1], [Number.NaN], ['0'], [null], [undefined], [{}]])(
    'takes the count %j for a use',
    (count) => {
      const inventory = { byKid: { c: count } } as never
      expect(() => editKeys(LIST, { destroy: 'c', inventory })).toThrow(/in use/)
    },
  )

  it('reads counts of the inventory itself, not of its prototype', () => {
    const list = `${A} ${generateKey('constructor')}:disabled`
    expect(editKeys(list, { destroy: 'constructor', inventory: unused })).toBe(
      `${A} wxk1.constructor:destroyed`,
    )
    const bare = { byKid: Object.assign(Object.create(null), { constructor: 2 }) }
    expect(() => editKeys(list, { destroy: 'constructor', inventory: bare })).toThrow(/in use/)
  })

  it('refuses what createKeyring would refuse, before and after the change', () => {
    expect(() => editKeys('', { add: A })).toThrow(keyringError('keys_missing'))
    expect(() => editKeys(`${A}:disabled`, { add: B })).toThrow(
      keyringError('primary_not_usable', { position: 1, kid: '2026a' }),
    )
    expect(() => editKeys(A, { add: B.slice(0, -1) })).toThrow(
      keyringError('key_checksum_mismatch', { position: 2 }),
    )
    for (const add of [`${B}:disabled`, 'wxk1.x:destroyed']) {
      expect(() => editKeys(A, { add })).toThrow(
        keyringError('key_malformed', { reason: 'state', position: 2 }),
      )
    }
    const twin = 'wxk1.2026b.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.W8AcKa'
    expect(() => editKeys(A, { add: twin })).toThrow(
      keyringError('duplicate_material', { position: 2, kid: '2026b' }),
    )
    const full = [A, ...Array.from({ length: 63 }, (_, i) => `wxk1.old-${i}:destroyed`)].join(' ')
    expect(() => editKeys(full, { add: B })).toThrow(keyringError('too_many_keys'))
  })

  it.each<[string, unknown]>([
    ['no change', {}],
    ['null', null],
    ['text', 'promote'],
    ['a verb that is none', { rotate: '2026b' }],
    ['an inherited verb', { toString: '2026b' }],
    ['two verbs', { promote: '2026b', disable: 'c' }],
    ['a number', { promote: 2026 }],
    ['destroy without inventory', { destroy: 'c' }],
    ['destroy with null for inventory', { destroy: 'c', inventory: null }],
    ['destroy without counts', { destroy: 'c', inventory: {} }],
  ])('throws a TypeError for %s', (_name, change) => {
    expect(() => editKeys(LIST, change as KeyChange)).toThrow(TypeError)
  })

  it('throws a TypeError for a list that is no text', () => {
    expect(() => editKeys([A] as never, { add: B })).toThrow(new TypeError('list: expected text'))
  })
})

describe('any sequence of changes', () => {
  const kid = fc.constantFrom('a', 'b', 'c', 'd')
  const byKid = fc.dictionary(kid, fc.nat({ max: 1 }))
  const change: fc.Arbitrary<KeyChange> = fc.oneof(
    kid.map((name) => ({ add: generateKey(name) })),
    kid.map((promote) => ({ promote })),
    kid.map((disable) => ({ disable })),
    kid.map((enable) => ({ enable })),
    fc.record({ destroy: kid, inventory: fc.record({ byKid }) }),
  )

  it('leaves a list with a usable primary and one entry per kid, or changes nothing', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
        let list = A
        const retired = new Set<string>()
        for (const one of changes) {
          const before = statesOf(list)
          let after: string
          try {
            after = editKeys(list, one)
          } catch (error) {
            expect(error).toEqual(expect.objectContaining({ code: 'key_change_refused' }))
            continue
          }
          const { primary, keys, derive } = createKeyring(after.split(' '))
          expect(derive('audit', { kid: primary })).toHaveLength(32)
          expect(new Set(keys.map((key) => key.kid)).size).toBe(keys.length)
          // No kid is ever lost, and none comes back from the dead.
          expect(keys.length).toBeGreaterThanOrEqual(before.length)
          for (const key of keys) if (key.state === 'destroyed') retired.add(key.kid)
          for (const gone of retired) expect(statesOf(after)).toContain(`${gone} destroyed`)
          list = after
        }
      }),
      { numRuns: 200 },
    )
  })

  it('can go all the way of the runbook', () => {
    let list = generateKey('2026-02')
    list = editKeys(list, { add: generateKey('2026-05') })
    list = editKeys(list, { promote: '2026-05' })
    expect(thrownBy(() => editKeys(list, { destroy: '2026-02', inventory: unused }))).toEqual(
      keyringError('key_change_refused', { reason: 'not_disabled', kid: '2026-02' }),
    )
    list = editKeys(list, { disable: '2026-02' })
    list = editKeys(list, { destroy: '2026-02', inventory: unused })
    expect(statesOf(list)).toEqual(['2026-05 primary', '2026-02 destroyed'])
  })
})
