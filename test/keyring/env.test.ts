import { afterEach, describe, expect, it, vi } from 'vitest'
import { type EnvOptions, keyringFromEnv } from 'waxseal/keyring'
import { A, B, DATED, keyringError } from './support.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('keyringFromEnv', () => {
  it('reads WAXSEAL_KEYS of process.env when it is called', () => {
    vi.stubEnv('WAXSEAL_KEYS', `${A} ${B}`)
    expect(keyringFromEnv().primary).toBe('2026a')
    vi.stubEnv('WAXSEAL_KEYS', B)
    expect(keyringFromEnv().primary).toBe('2026b')
  })

  it('reads the variable and the bindings that it is told', () => {
    vi.stubEnv('WAXSEAL_KEYS', A)
    expect(keyringFromEnv({ env: { WAXSEAL_KEYS: B } }).primary).toBe('2026b')
    expect(keyringFromEnv({ env: { OTHER: B, WAXSEAL_KEYS: A }, name: 'OTHER' }).primary).toBe('2026b')
  })

  it('passes the other options on', () => {
    const env = { WAXSEAL_KEYS: DATED }
    const reminder = keyringFromEnv({ env, rotateEvery: '1d', now: () => 1778976000000 }).dueForRotation()
    expect(reminder).toMatchObject({ status: 'ok', dueAt: 1778976000000 + 86_400_000 })
  })

  it.each<EnvOptions>([{ env: {} }, { env: { WAXSEAL_KEYS: undefined } }, { env: { WAXSEAL_KEYS: '' } }])(
    'makes nothing up when there are no keys: %j',
    (options) => {
      expect(() => keyringFromEnv(options)).toThrow(keyringError('keys_missing'))
    },
  )

  it.each([
    [{ env: {} }, 'keys missing: WAXSEAL_KEYS is not set'],
    [{ env: {}, name: 'APP_ROOT_KEYS' }, 'keys missing: APP_ROOT_KEYS is not set'],
    // A slip: the value in place of the name.
    [{ env: {}, name: A }, 'keys missing'],
    [{ env: {}, name: 'AB12'.repeat(16) }, 'keys missing'],
  ])('names the variable where that can be no key: %#', (options, message) => {
    expect(() => keyringFromEnv(options)).toThrow(expect.objectContaining({ message }))
  })

  it('misses the keys when the variable of the process is unset', () => {
    vi.stubEnv('WAXSEAL_KEYS', undefined)
    expect(() => keyringFromEnv()).toThrow(keyringError('keys_missing'))
  })

  it.each([
    ['no process', undefined],
    ['a process without env', {}],
  ])('misses the keys on a runtime with %s, and takes bindings there', (_name, process) => {
    vi.stubGlobal('process', process)
    const outcomes = [
      (() => {
        try {
          return keyringFromEnv()
        } catch (error) {
          return (error as { code: string }).code
        }
      })(),
      keyringFromEnv({ env: { WAXSEAL_KEYS: A } }).primary,
    ]
    vi.unstubAllGlobals()
    expect(outcomes).toEqual(['keys_missing', '2026a'])
  })

  it('does not look at process when it is imported', async () => {
    vi.resetModules()
    const reads: PropertyKey[] = []
    const { process } = globalThis
    const env = new Proxy(process.env, {
      get(target, name) {
        reads.push(name)
        return Reflect.get(target, name)
      },
      has(target, name) {
        reads.push(name)
        return Reflect.has(target, name)
      },
    })
    vi.stubGlobal('process', Object.create(process, { env: { value: env } }))
    const fresh = await import('../../src/keyring/index.js')
    const atImport = reads.filter((name) => String(name).startsWith('WAXSEAL'))
    expect(() => fresh.keyringFromEnv({ name: 'WAXSEAL_NONE' })).toThrow(/keys missing/)
    vi.unstubAllGlobals()
    expect(atImport).toEqual([])
    expect(reads).toContain('WAXSEAL_NONE')
  })

  it.each<[string, unknown]>([
    ['env', { env: null }],
    ['env', { env: A }],
    ['env', { env: { WAXSEAL_KEYS: 5 } }],
    ['env', { env: { WAXSEAL_KEYS: [A] } }],
    ['name', { name: 5 }],
    ['options', null],
    ['options', A],
  ])('throws a TypeError that names %s and no value: %j', (name, options) => {
    expect(() => keyringFromEnv(options as EnvOptions)).toThrow(TypeError)
    expect(() => keyringFromEnv(options as EnvOptions)).toThrow(new RegExp(`^${name}: expected [a-z ]+$`))
  })
})
