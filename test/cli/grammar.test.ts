import { describe, expect, it } from 'vitest'
import { generateKey } from 'waxseal/keyring'
import { COMMANDS } from '../../src/cli/commands.js'
import { waxseal } from './support.js'

const manifest = await import('../../package.json', { with: { type: 'json' } })

describe('help', () => {
  it('of waxseal lists what there is, on standard output', async () => {
    const { exitCode, stdout, stderr } = await waxseal(['--help'])
    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatchSnapshot()
  })

  it.each([...COMMANDS.map(([name]) => name), 'keys', 'envelope'])('of %s is as it was', async (name) => {
    const { exitCode, stdout, stderr } = await waxseal([...name.split(' '), '--help'])
    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatchSnapshot()
  })

  it.each([[[]], [['keys']], [['envelope']]])(
    'is the answer, on standard error, to %j alone: 2',
    async (args) => {
      const { exitCode, stdout, stderr } = await waxseal(args)
      expect(exitCode).toBe(2)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^Usage: waxseal/)
    },
  )

  it('--version is that of the package', async () => {
    expect(await waxseal(['--version'])).toEqual({
      exitCode: 0,
      stdout: `${manifest.default.version}\n`,
      stderr: '',
    })
  })
})

describe('what nobody understands is 2', () => {
  it.each([
    ['an unknown noun, with the nearest', ['keyz'], "unknown command 'keyz'; did you mean keys?"],
    ['an unknown verb, with the nearest', ['keys', 'chek'], "unknown command 'chek'; did you mean check?"],
    ['an unknown command far from all', ['frobnicate'], "unknown command 'frobnicate'"],
    [
      'an unknown option, with the nearest',
      ['keys', 'check', '--canry', 'x'],
      "unknown option '--canry'; did you mean --canary?",
    ],
    [
      'an unknown option with a value, which is not repeated',
      ['keys', 'check', '--canry=hunter2hunter2'],
      "unknown option '--canry'",
    ],
    ['an option that is no word', ['keys', 'check', '-Hunter2'], 'unknown option'],
    ['a missing argument', ['keys', 'generate'], "missing required argument 'kid'"],
    [
      'an argument too many, which is not repeated',
      ['keys', 'check', 'hunter2hunter2'],
      "too many arguments for 'check'. Expected 0 arguments but got 1.",
    ],
    ['a missing value', ['rotate', '--table'], "option '--table <name>' argument missing"],
    [
      'a missing option',
      ['envelope', 'seal', '--tenant', 't'],
      "required option '--purpose <text>' not specified",
    ],
    [
      'a word outside of a list, which is not repeated',
      ['keys', 'edit', 'hunter2hunter2', '2026a'],
      '<change>: allowed choices are add, promote, disable, enable, destroy.',
    ],
    [
      'a choice outside of a list, which is not repeated',
      ['rotate', '--mode', 'hunter2hunter2'],
      "option '--mode <mode>' is invalid. Allowed choices are rewrap, reseal.",
    ],
    ['a number out of range', ['rotate', '--batch', '1001'], '--batch: expected an integer from 1 to 1000'],
    [
      'a number that is none',
      ['rotate', '--workers', 'hunter2'],
      '--workers: expected an integer from 1 to 64',
    ],
    [
      'a time that is none',
      ['inventory', '--timeout', 'hunter2hunter2'],
      "--timeout: expected a duration such as '30s'",
    ],
    [
      'a time out of range',
      ['rotate', '--timeout', '25h'],
      '--timeout: expected a duration from 100ms to 24h',
    ],
    [
      'a negative number',
      ['rotate', '--max-failures=-1'],
      '--max-failures: expected an integer from 0 to 1000000',
    ],
    ['a pair that is none', ['envelope', 'open', '--context', 'hunter2'], '--context: expected name=value'],
    [
      'a pair given twice',
      ['envelope', 'open', '--context', 'a=1', '--context', 'a=2'],
      '--context: a is given twice',
    ],
  ])('%s', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await waxseal(args)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.trim().replace(/^waxseal: /, '')).toContain(message)
    expect(stderr).not.toMatch(/hunter2hunter2|Hunter2/)
  })

  it('with --json, says so as a document too', async () => {
    const { exitCode, stdout } = await waxseal(['keys', 'check', '--json'])
    expect(exitCode).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      type: 'error',
      code: 'usage',
      message: 'the environment variable WAXSEAL_KEYS is not set',
    })
  })
})

describe('a secret as an argument', () => {
  const key = generateKey('2026a')
  const hex = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'.repeat(2)
  const base64 = Buffer.from(hex, 'hex').toString('base64')

  it.each([
    ['a key', key, 'WAXSEAL_KEYS'],
    ['a key cut short', key.slice(0, -12), 'WAXSEAL_KEYS'],
    ['a list of keys', `${key} ${generateKey('2026b')}`, 'WAXSEAL_KEYS'],
    ['a disabled key', `${key}:disabled`, 'WAXSEAL_KEYS'],
    ['a Meta token', 'EAAGm0PX4ZCpsBAxyz123', 'standard input'],
    ['a URL with a password', 'postgres://app:hunter2@db.internal:5432/app', 'DATABASE_URL'],
    ['a URL with a password and no user', 'redis://:hunter2@db.internal', 'DATABASE_URL'],
    ['a connection text', 'host=db password=hunter2', 'DATABASE_URL'],
    ['the password of a certificate', 'postgres://app@db/app?sslpassword=hunter2', 'DATABASE_URL'],
    ['the same in a connection text', 'host=db sslpassword = hunter2', 'DATABASE_URL'],
    ['64 hex digits', hex, 'standard input'],
    ['64 hex digits, upper case', hex.toUpperCase(), 'standard input'],
    ['32 bytes in base64', base64, 'standard input'],
    ['32 bytes in base64url', Buffer.from(hex, 'hex').toString('base64url'), 'standard input'],
    ['a cloak key', `k1.aesgcm256.${base64}`, 'standard input'],
    ['a webhook secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'standard input'],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'standard input'],
    ['a private key', '-----BEGIN PRIVATE KEY-----', 'standard input'],
  ])(
    '%s is refused wherever it stands, with the way to pass it, and not repeated',
    async (_, secret, way) => {
      const places = [
        [secret],
        ['envelope', 'seal', secret],
        ['rotate', '--database-url', secret],
        ['rotate', `--database-url=${secret}`],
        ['--json', secret],
      ]
      for (const args of places) {
        const { exitCode, stdout, stderr } = await waxseal(args)
        expect(exitCode).toBe(2)
        expect(stderr).toMatch(/argument \d looks like/)
        expect(stderr).toContain(way)
        for (const part of secret.split(/[\s.:@/]+/).filter((text) => text.length > 8)) {
          expect(stdout + stderr).not.toContain(part)
        }
        expect(stdout + stderr).not.toContain('hunter2')
      }
    },
  )

  it.each([
    ['a digest as the id to go on from', ['--resume', hex]],
    ['a digest in a context', ['--context', `id=${hex}`]],
    ['a kid', ['2026-05-rescue']],
    ['a URL without a password', ['postgres://app@db.internal:5432/app']],
    ['a pattern for tokens', ["t.token NOT LIKE 'EAA%'"]],
    ['a uuid', ['6463a098-fa7c-4d1f-bbc4-368398bc6627']],
    ['a canary', ['wxc1.2026a.wbP67uDyx41POm7F7kjcxA']],
  ])('%s is none', async (_, args) => {
    const { stderr } = await waxseal(['keys', 'generate', ...args])
    expect(stderr).not.toContain('looks like')
  })
})
