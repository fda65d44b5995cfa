import { describe, expect, it } from 'vitest'
import { createKeyring, generateKey, type KeyringEvent, type KeyringOptions } from 'waxseal/keyring'
import { A, B, DATED, vectors } from './support.js'

const DAY = 86_400_000
const BORN = 1778976000000

describe('the age of a key', () => {
  it.each(Object.entries(vectors.dated))('of kid %s is %s', (kid, createdAt) => {
    expect(createKeyring([generateKey(kid)]).keys[0]?.createdAt).toBe(createdAt)
  })

  it('is what createdAt says, before the kid', () => {
    const createdAt = { '2026-05-17': new Date(5), '2026a': 0 }
    const keyring = createKeyring([DATED, A], { createdAt })
    expect(keyring.keys.map((key) => key.createdAt)).toEqual([5, 0])
  })
})

describe('dueForRotation', () => {
  const dueAt = (key: string, now: number, options: KeyringOptions = {}) =>
    createKeyring([key], { now: () => now, ...options }).dueForRotation()

  it('is ok one millisecond before dueAt and due from dueAt on', () => {
    const reminder = { kid: '2026-05-17', createdAt: BORN, dueAt: BORN + 90 * DAY }
    expect(dueAt(DATED, BORN + 90 * DAY - 1)).toEqual({ ...reminder, status: 'ok' })
    expect(dueAt(DATED, BORN + 90 * DAY)).toEqual({ ...reminder, status: 'due' })
    expect(dueAt(DATED, BORN + 900 * DAY)).toEqual({ ...reminder, status: 'due' })
  })

  it('is undated when nothing tells the age of the primary', () => {
    expect(dueAt(A, BORN)).toEqual({ kid: '2026a', status: 'undated', createdAt: null, dueAt: null })
    expect(createKeyring([A, DATED]).dueForRotation().status).toBe('undated')
  })

  it('is ok while createdAt lies in the future', () => {
    expect(dueAt(DATED, BORN - 400 * DAY).status).toBe('ok')
    expect(dueAt(A, 0, { createdAt: { '2026a': new Date(1) } }).status).toBe('ok')
  })

  it('counts days over the ends of months and 29 February', () => {
    const february = generateKey('2024-02-29')
    expect(dueAt(february, 0, { rotateEvery: '1d' }).dueAt).toBe(Date.UTC(2024, 2, 1))
    const january = generateKey('2026-01-31')
    expect(dueAt(january, 0, { rotateEvery: '29d' }).dueAt).toBe(Date.UTC(2026, 2, 1))
    expect(dueAt(generateKey('2026-12'), 0, { rotateEvery: '31d' }).dueAt).toBe(Date.UTC(2027, 0, 1))
  })

  it('asks the clock each time', () => {
    let now = BORN
    const keyring = createKeyring([DATED], { now: () => now })
    expect(keyring.dueForRotation().status).toBe('ok')
    now += 90 * DAY
    expect(keyring.dueForRotation().status).toBe('due')
  })

  it('is due when the clock fails, so that nobody is lulled', () => {
    const failing = () => {
      throw new Error('no clock')
    }
    expect(createKeyring([DATED], { now: failing }).dueForRotation().status).toBe('due')
    expect(dueAt(DATED, Number.NaN).status).toBe('due')
  })

  it('uses the time of the machine by default', () => {
    const old = generateKey('2001-01')
    const young = generateKey('2199-01')
    expect(createKeyring([old]).dueForRotation().status).toBe('due')
    expect(createKeyring([young]).dueForRotation().status).toBe('ok')
  })
})

describe('observe', () => {
  const watch = (list: readonly string[], options: KeyringOptions = {}) => {
    const events: KeyringEvent[] = []
    const keyring = createKeyring(list, { ...options, observe: (event) => events.push(event) })
    return { keyring, events }
  }
  const attempt = (call: () => unknown) => expect(call).toThrow()

  it('is told of every refused key, by derive and by canaries', () => {
    const { keyring, events } = watch([A, `${B}:disabled`, 'wxk1.old:destroyed'])
    attempt(() => keyring.derive('audit', { kid: 'nope' }))
    attempt(() => keyring.derive('audit', { kid: '2026b' }))
    attempt(() => keyring.derive('audit', { kid: 'old' }))
    attempt(() => keyring.derive('audit', { kid: 'line\nbreak' }))
    keyring.safeVerifyCanary(createKeyring([B]).canary())
    keyring.safeVerifyCanary('nonsense')
    keyring.stateOf('nope')
    expect(events).toEqual([
      { type: 'key_refused', kid: 'nope', code: 'unknown_key' },
      { type: 'key_refused', kid: '2026b', code: 'key_disabled' },
      { type: 'key_refused', kid: 'old', code: 'key_destroyed' },
      { type: 'key_refused', kid: null, code: 'unknown_key' },
      { type: 'key_refused', kid: '2026b', code: 'key_disabled' },
    ])
  })

  it('is told once, at creation, that the rotation is due', () => {
    const { keyring, events } = watch([DATED], { now: () => BORN + 90 * DAY })
    keyring.dueForRotation()
    expect(events).toEqual([
      { type: 'rotation_due', kid: '2026-05-17', createdAt: BORN, dueAt: BORN + 90 * DAY },
    ])
    expect(watch([DATED], { now: () => BORN }).events).toEqual([])
  })

  it('changes nothing by throwing', () => {
    const observe = () => {
      throw new Error('observer')
    }
    const keyring = createKeyring([DATED], { now: () => BORN + 90 * DAY, observe })
    expect(keyring.primary).toBe('2026-05-17')
    expect(() => keyring.derive('audit', { kid: 'nope' })).toThrow('unknown key: key nope')
  })
})

describe('the options of a keyring', () => {
  it.each<[string, unknown]>([
    ['rotateEvery', { rotateEvery: 90 }],
    ['rotateEvery', { rotateEvery: '90' }],
    ['createdAt', { createdAt: null }],
    ['createdAt', { createdAt: { '2026a': '2026-05-17' } }],
    ['createdAt', { createdAt: { '2026a': new Date('never') } }],
    ['now', { now: 5 }],
    ['observe', { observe: 'yes' }],
    ['options', null],
    ['options', 'now'],
  ])('are a TypeError that names %s: %j', (name, options) => {
    expect(() => createKeyring([A], options as KeyringOptions)).toThrow(TypeError)
    expect(() => createKeyring([A], options as KeyringOptions)).toThrow(new RegExp(`^${name}: expected`))
  })

  it.each<KeyringOptions>([
    { createdAt: { nope: 0 } },
    { createdAt: { '2026a': 0, constructor: 0 } },
    { createdAt: JSON.parse('{"__proto__":0}') },
    { rotateEvery: '-1d' },
  ])('are a RangeError: %j', (options) => {
    expect(() => createKeyring([A], options)).toThrow(RangeError)
  })
})
