import { describe, expect, it } from 'vitest'
import { createKeyring, generateKey, keyringFromEnv } from 'waxseal/keyring'
import { documents, NEW, OLD, secretsIn, WAXSEAL_KEYS, waxseal } from './support.js'

const env = { WAXSEAL_KEYS }
const list = (text: string) =>
  keyringFromEnv({ env: { WAXSEAL_KEYS: text } }).keys.map(({ kid, state }) => `${kid} ${state}`)

describe('keys generate', () => {
  it('prints a key of that name and nothing else', async () => {
    const { exitCode, stdout, stderr } = await waxseal(['keys', 'generate', '2026-05'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^wxk1\.2026-05\.[\w-]{43}\.[\w-]{6}\n$/)
    expect(createKeyring([stdout]).primary).toBe('2026-05')
  })

  it('makes another key each time', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => waxseal(['keys', 'generate', '2026a'])))
    expect(a?.stdout).not.toBe(b?.stdout)
  })

  it('refuses a name that is none: 2', async () => {
    const { exitCode, stdout, stderr } = await waxseal(['keys', 'generate', '2026A'])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^waxseal: kid: /)
  })

  it('with --json prints a document', async () => {
    const ended = await waxseal(['keys', 'generate', '2026a', '--json'])
    expect(documents(ended)).toEqual([{ kid: '2026a', key: expect.stringMatching(/^wxk1\.2026a\./) }])
  })
})

describe('keys edit', () => {
  it.each([
    ['promote', '2026a', ['2026a primary', '2026b enabled']],
    ['disable', '2026a', ['2026b primary', '2026a disabled']],
    ['enable', '2026a', ['2026b primary', '2026a enabled']],
  ])('%s %s prints the new list and nothing else', async (change, kid, expected) => {
    const { exitCode, stdout, stderr } = await waxseal(['keys', 'edit', change, kid], { env })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(list(stdout)).toEqual(expected)
  })

  it('add takes the key from standard input', async () => {
    const key = generateKey('2026c')
    const { exitCode, stdout } = await waxseal(['keys', 'edit', 'add', '2026c'], { env, stdin: `${key}\n` })
    expect([exitCode, stdout]).toEqual([0, `${WAXSEAL_KEYS} ${key}\n`])
  })

  it('add --generate makes one', async () => {
    const { exitCode, stdout } = await waxseal(['keys', 'edit', 'add', '--generate', '2026c'], { env })
    expect(exitCode).toBe(0)
    expect(list(stdout)).toEqual(['2026b primary', '2026a enabled', '2026c enabled'])
  })

  it('with --json prints a document', async () => {
    const ended = await waxseal(['keys', 'edit', 'promote', '2026a', '--json'], { env })
    expect(documents(ended)).toEqual([{ keys: `${OLD} ${NEW}` }])
  })

  it.each([
    ['disable', '2026b', 'is primary'],
    ['promote', '2026x', 'no such kid'],
    ['add', '2026a', 'kid taken'],
    ['destroy', '2026b', 'is primary'],
    ['destroy', '2026a', 'not disabled'],
    ['destroy', "x' OR true --", 'no such kid'],
  ])('%s %s is refused: 1', async (change, kid, reason) => {
    const ended = await waxseal(['keys', 'edit', change, kid], { env, stdin: generateKey('2026a') })
    expect([ended.exitCode, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toContain(reason)
  })

  it.each([
    ['add without a key', ['add', '2026c'], '', 'standard input is empty; expected a key'],
    ['add of a key of another name', ['add', '2026c'], generateKey('2026d'), 'another name than <kid>'],
    ['add of something else', ['add', '2026c'], 'hunter2', 'WAXSEAL_KEYS: key malformed: prefix, entry 3'],
    ['--inventory-zero elsewhere', ['disable', '2026a', '--inventory-zero', 't.c'], '', 'belongs to destroy'],
    ['--generate elsewhere', ['disable', '2026a', '--generate'], '', 'belongs to add'],
  ])('%s is 2', async (_, args, stdin, message) => {
    const ended = await waxseal(['keys', 'edit', ...args], { env, stdin })
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('hunter2')
  })
})

describe('keys edit destroy', () => {
  it.each([
    ['without a column', [], '--inventory-zero: expected with destroy'],
    ['of a column that is none', ['--inventory-zero', 'x'], 'expected table.column'],
    ['of a column with too many dots', ['--inventory-zero', 'a.b.c.d'], 'expected table.column'],
    ['with a time that is none', ['--timeout', '9'], '--timeout: expected a duration'],
  ])('%s is 2', async (_, args, message) => {
    const disabled = { WAXSEAL_KEYS: `${NEW} ${OLD}:disabled`, DATABASE_URL: 'postgres://127.0.0.1:1/x' }
    const ended = await waxseal(['keys', 'edit', 'destroy', '2026a', ...args], { env: disabled })
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(message)
  })
})

describe('keys check', () => {
  it('tells states, checks and ages on standard output and words beside it, without material', async () => {
    const keys = `${generateKey('2025-11')} ${OLD}:disabled wxk1.2024-01:destroyed`
    const { exitCode, stdout, stderr } = await waxseal(['keys', 'check'], { env: { WAXSEAL_KEYS: keys } })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^kid +state +check +age\n2025-11 +primary +[\w-]{6} +\d+ days\n/)
    expect(stdout).toMatch(/^2026a +disabled +[\w-]{6} +-$/m)
    expect(stdout).toMatch(/^2024-01 +destroyed +- +.*\n$/m)
    expect(stderr).toContain('rotation: was due on 2026-01-30')
    expect(secretsIn(stdout + stderr)).toEqual([])
  })

  it('tells what is not due yet, and what has no age', async () => {
    const dated = { WAXSEAL_KEYS: generateKey('2025-11') }
    const later = await waxseal(['keys', 'check', '--rotate-every', '36500d'], { env: dated })
    expect(later.stderr).toMatch(/rotation: due on \d{4}-\d\d-\d\d/)
    expect((await waxseal(['keys', 'check'], { env })).stderr).toContain('age of the primary is unknown')
  })

  it('with --json prints a document', async () => {
    const [document] = documents(await waxseal(['keys', 'check', '--json'], { env }))
    const keyring = keyringFromEnv({ env })
    expect(document).toEqual({
      primary: '2026b',
      keys: keyring.keys,
      rotation: keyring.dueForRotation(),
      canary: keyring.canary(),
    })
  })

  it('verifies a canary', async () => {
    const canary = createKeyring([OLD]).canary()
    const good = await waxseal(['keys', 'check', '--canary', canary, '--json'], { env })
    expect(good.exitCode).toBe(0)
    expect(documents(good)).toMatchObject([{ canaryVerified: true }])
  })

  it.each([
    ['of another root: 1', createKeyring([generateKey('2026a')]).canary(), 1, 'canary mismatch'],
    ['of another keyring: 1', createKeyring([generateKey('2026x')]).canary(), 1, 'unknown key'],
    ['that is none: 2', 'hunter2', 2, '--canary: canary malformed'],
  ])('refuses a canary %s', async (_, canary, exitCode, message) => {
    const ended = await waxseal(['keys', 'check', '--canary', canary], { env })
    expect(ended.exitCode).toBe(exitCode)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('hunter2')
  })

  it.each([
    ['no variable', undefined, 'the environment variable WAXSEAL_KEYS is not set'],
    ['an empty variable', ' \n', 'the environment variable WAXSEAL_KEYS is not set'],
    ['a list in quotes', `"${OLD}"`, 'WAXSEAL_KEYS: key malformed: quoted, entry 1'],
    ['a mistyped key', OLD.replace(/.$/, '!'), 'WAXSEAL_KEYS: key checksum mismatch: entry 1'],
    ['a primary that is disabled', `${OLD}:disabled`, 'WAXSEAL_KEYS: primary not usable'],
  ])('%s is 2', async (_, keys, message) => {
    const ended = await waxseal(['keys', 'check'], { env: keys === undefined ? {} : { WAXSEAL_KEYS: keys } })
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(message)
    expect(secretsIn(ended.stderr)).toEqual([])
  })

  it('an option that is no duration is 2', async () => {
    const ended = await waxseal(['keys', 'check', '--rotate-every', '90'], { env })
    expect(ended.exitCode).toBe(2)
    expect(ended.stderr).toContain('rotateEvery: expected a duration')
  })
})

describe('on a terminal', () => {
  const due = { WAXSEAL_KEYS: generateKey('2025-01') }
  const esc = '\u001b['

  it('what matters is coloured', async () => {
    expect((await waxseal(['keys', 'check'], { env: due, columns: 80 })).stderr).toContain(`${esc}33m`)
    expect((await waxseal(['keyz'], { columns: 80 })).stderr).toContain(`${esc}31m`)
  })

  it('NO_COLOR and a dumb terminal are respected', async () => {
    for (const more of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const { stderr } = await waxseal(['keys', 'check'], { env: { ...due, ...more }, columns: 80 })
      expect(stderr).not.toContain(esc)
    }
  })
})
