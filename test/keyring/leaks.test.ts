import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createKeyring, editKeys, generateKey, keyringFromEnv } from 'waxseal/keyring'
import { A, B, DATED, thrownBy, vectors } from './support.js'

const LIST = [A, `${B}:disabled`, 'wxk1.2025-11:destroyed']

/** All windows of 8 characters of what must not be seen: the roots in every spelling, and what stands in a key's place. */
const windowsOf = (secret: string) =>
  Array.from({ length: Math.max(0, secret.length - 7) }, (_, i) => secret.slice(i, i + 8))
const roots = vectors.keys.map(({ root }) => Buffer.from(root, 'hex'))
const SECRETS = new Set(
  roots.flatMap((root) =>
    [
      root.toString('hex'),
      root.toString('base64'),
      root.toString('base64url'),
      root.toString('latin1'),
    ].flatMap(windowsOf),
  ),
)

/** Everything that a log could make of a value. */
function spellings(value: unknown): string {
  const depth = { depth: Number.POSITIVE_INFINITY }
  const all = [
    inspect(value, { ...depth, showHidden: true }),
    inspect(value, { ...depth, showHidden: true, customInspect: false, getters: true }),
    JSON.stringify(value),
    String(value),
    inspect({ nested: { value } }, depth),
  ]
  if (value instanceof Error) all.push(value.message, String(value.stack), inspect(value.cause))
  return all.join('\n')
}
const seen = (value: unknown, secrets: Iterable<string>) => {
  const text = spellings(value)
  return [...secrets].filter((secret) => text.includes(secret))
}

describe('a keyring', () => {
  const keyring = createKeyring(LIST)

  it('shows no material, however it is printed', () => {
    keyring.derive('audit', { tenant: 'org_1' })
    expect(seen(keyring, SECRETS)).toEqual([])
    expect(SECRETS.size).toBeGreaterThan(100)
    // The check is part of the test: it can see a key.
    expect(seen({ key: A }, SECRETS)).not.toEqual([])
  })

  it('shows kids, states and checks', () => {
    const view = { primary: '2026a', keys: keyring.keys }
    expect(JSON.parse(JSON.stringify(keyring))).toEqual(view)
    expect(JSON.parse(String(keyring))).toEqual(view)
    expect(`${keyring}`).toContain('"TWR0Bh"')
    expect(inspect(keyring, { depth: 5 })).toBe(inspect(view, { depth: 5 }))
  })

  it('is frozen, has no prototype, and keeps its printers out of sight', () => {
    expect(Object.isFrozen(keyring)).toBe(true)
    expect(Object.isFrozen(keyring.keys)).toBe(true)
    expect(keyring.keys.every((key) => Object.isFrozen(key))).toBe(true)
    expect(Object.getPrototypeOf(keyring)).toBeNull()
    expect(Object.keys(keyring)).toEqual([
      'primary',
      'keys',
      'stateOf',
      'derive',
      'canary',
      'verifyCanary',
      'safeVerifyCanary',
      'dueForRotation',
    ])
  })

  it('holds functions, its primary and its keys, nothing else', () => {
    for (const name of Reflect.ownKeys(keyring)) {
      const value: unknown = Reflect.get(keyring, name)
      if (name !== 'primary' && name !== 'keys') expect(value).toBeTypeOf('function')
    }
  })

  it('cannot be cloned', () => {
    expect(() => structuredClone(keyring)).toThrow()
  })

  it('works when its functions are taken from it', () => {
    const { derive, canary, verifyCanary } = keyring
    expect(derive('audit')).toHaveLength(32)
    expect(verifyCanary(canary())).toBeUndefined()
  })
})

describe('an error', () => {
  const PASTED = 'correct-horse-battery-staple'
  const kidSlot = A.replace('2026a', PASTED)
  const calls: [string, () => unknown][] = [
    ...vectors.refused.map(({ entry, code, reason }): [string, () => unknown] => [
      `${code} ${reason}`,
      () => createKeyring([DATED, entry]),
    ]),
    ['a secret in the place of the kid', () => createKeyring([kidSlot])],
    ['a secret in the place of a tombstone', () => createKeyring([`wxk1.${PASTED}:destroyed`])],
    ['a secret twice as a tombstone', () => createKeyring([A, ...Array(2).fill(`wxk1.${PASTED}:destroyed`)])],
    ['a secret as an entry', () => createKeyring([PASTED])],
    ['a secret as a state', () => createKeyring([`${A}:${PASTED}`])],
    ['a secret as a check', () => createKeyring([`${A.slice(0, -6)}${PASTED}`])],
    ['duplicate_kid', () => createKeyring([A, A])],
    ['duplicate_material', () => createKeyring([B, DATED])],
    ['primary_not_usable', () => createKeyring([`${A}:disabled`])],
    ['too_many_keys', () => createKeyring(Array(65).fill(A))],
    ['keys that are no array', () => createKeyring(A as never)],
    ['keys that are the variable name', () => keyringFromEnv({ env: {}, name: A })],
    ['keys that are the environment', () => keyringFromEnv({ env: A as never })],
    ['options that are keys', () => createKeyring([A], B as never)],
    ['createdAt of a key', () => createKeyring([A], { createdAt: { [B]: 0 } })],
    ['rotateEvery that is a key', () => createKeyring([A], { rotateEvery: B as never })],
    ['a kid that is a key', () => createKeyring([A]).derive('audit', { kid: B })],
    ['a purpose that is a key', () => createKeyring([A]).derive(B as never)],
    ['a tenant that is long', () => createKeyring([A]).derive('audit', { tenant: B.repeat(5) })],
    ['a canary that is a key', () => createKeyring([A]).verifyCanary(B)],
    [
      'a canary of another root',
      () => createKeyring([generateKey('2026a')]).verifyCanary(createKeyring([A]).canary()),
    ],
    ['generateKey of a key', () => generateKey(A)],
    ['random that is no random', () => generateKey('k', { random: () => roots[0]?.subarray(1) as never })],
    ['an edit of a kid that is a key', () => editKeys(A, { promote: B })],
    ['an edit by a verb that is a key', () => editKeys(A, { [B]: B } as never)],
    ['an edit that adds a key twice', () => editKeys(A, { add: A })],
    ['an edit that adds half a key', () => editKeys(A, { add: B.slice(0, 40) })],
  ]

  it.each(calls)('shows no material and nothing of an entry: %s', (_name, call) => {
    const error = thrownBy(call)
    expect(error).toBeInstanceOf(Error)
    expect(seen(error, SECRETS)).toEqual([])
    expect(seen(error, [PASTED])).toEqual([])
    expect((error as Error).cause).toBeUndefined()
  })

  it('of a refused entry shows no window of that entry but a kid whose checksum has passed', () => {
    for (const { entry } of vectors.refused) {
      const error = thrownBy(() => createKeyring([DATED, entry]))
      const { message } = error as Error
      expect(windowsOf(entry).filter((window) => message.includes(window))).toEqual([])
    }
  })

  it('tells where to look', () => {
    const messages = [
      thrownBy(() => createKeyring([A, 'nonsense'])),
      thrownBy(() => createKeyring([A, A])),
      thrownBy(() => editKeys(A, { disable: '2026a' })),
      thrownBy(() => createKeyring([A]).derive('audit', { kid: 'old' })),
    ].map(String)
    expect(messages).toEqual([
      'KeyringError: key malformed: prefix, entry 2',
      'KeyringError: duplicate kid: entry 2, key 2026a',
      'KeyringError: key change refused: is primary, key 2026a',
      'KeyringError: unknown key: key old',
    ])
  })
})
