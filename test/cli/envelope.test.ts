import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelope } from 'waxseal/envelope'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { documents, NEW, OLD, sealOld, secretsIn, TOKEN, WAXSEAL_KEYS, waxseal } from './support.js'

const env = { WAXSEAL_KEYS }
const context = ['--tenant', 'org_1', '--purpose', 'wa.access_token', '--context', 'id=acc_1']
const envelope = createEnvelope({ keyring: createKeyring([NEW, OLD]) })
const bound = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }

describe('envelope seal', () => {
  it('prints the sealed value and nothing else; one newline is not part of it', async () => {
    const { exitCode, stdout, stderr } = await waxseal(['envelope', 'seal', ...context], {
      env,
      stdin: `${TOKEN}\n`,
    })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(envelope.open(stdout.trimEnd(), bound)).toBe(TOKEN)
  })

  it.each([
    ['a\n\n', 'a\n'],
    ['a\r\n', 'a'],
    [' a ', ' a '],
    ['\n\n', '\n'],
    ['\uFEFFa', '\uFEFFa'],
  ])('of %j it seals %j', async (stdin, value) => {
    const { stdout } = await waxseal(['envelope', 'seal', ...context], { env, stdin })
    expect(envelope.open(stdout.trimEnd(), bound)).toBe(value)
  })

  it('with --json prints a document', async () => {
    const ended = await waxseal(['envelope', 'seal', ...context, '--json'], { env, stdin: TOKEN })
    expect(documents(ended)).toEqual([{ kid: '2026b', sealed: expect.stringMatching(/^wx1\.2026b\./) }])
  })

  it.each([
    ['nothing', '', context, 'standard input is empty; expected a value to seal'],
    ['a newline', '\n', context, 'standard input is empty'],
    ['what is sealed already', sealOld(TOKEN, 'acc_1'), context, 'already sealed'],
    ['65 537 bytes', 'x'.repeat(65_537), context, 'too large'],
    ['two mebibytes and one byte', 'x'.repeat(2 ** 21 + 1), context, 'longer than 2097152 bytes'],
    ['a tenant in --context', 'x', [...context, '--context', 'tenant=t'], 'tenant and purpose are options'],
    ['a tenant of 513 bytes', 'x', [...context, '--tenant', 't'.repeat(513)], 'invalid context: tenant'],
  ])('%s is 2', async (_, stdin, args, message) => {
    const ended = await waxseal(['envelope', 'seal', ...args], { env, stdin })
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(message)
  })

  it('without keys is 2, and names the variable', async () => {
    const ended = await waxseal(['envelope', 'seal', ...context], { stdin: TOKEN })
    expect(ended.exitCode).toBe(2)
    expect(ended.stderr).toBe('waxseal: the environment variable WAXSEAL_KEYS is not set\n')
  })
})

describe('envelope open', () => {
  it('prints the value and a newline', async () => {
    const stdin = `${sealOld(TOKEN, 'acc_1')}\n`
    const ended = await waxseal(['envelope', 'open', ...context], { env, stdin })
    expect(ended).toEqual({ exitCode: 0, stdout: `${TOKEN}\n`, stderr: '' })
  })

  it('with --json prints a document', async () => {
    const stdin = sealOld(TOKEN, 'acc_1')
    const ended = await waxseal(['envelope', 'open', ...context, '--json'], { env, stdin })
    expect(documents(ended)).toEqual([{ value: TOKEN }])
  })

  it('opens whatever text seal sealed', async () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((value) => !/^wx\d|\n$/.test(value))
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const { stdout: stdin } = await waxseal(['envelope', 'seal', ...context], { env, stdin: value })
        const { stdout } = await waxseal(['envelope', 'open', ...context, '--json'], { env, stdin })
        expect(JSON.parse(stdout)).toEqual({ value })
      }),
      { numRuns: 30 },
    )
  })

  it('opens bytes that are no text', async () => {
    const stdin = envelope.seal(Uint8Array.of(0xff, 0xfe, 0x41), bound)
    const { exitCode, stdout } = await waxseal(['envelope', 'open', ...context], { env, stdin })
    expect([exitCode, stdout]).toEqual([0, '\uFFFD\uFFFDA\n'])
    const asText = await waxseal(['envelope', 'open', ...context, '--json'], { env, stdin })
    expect(asText.exitCode).toBe(1)
    expect(documents(asText)).toMatchObject([{ type: 'error', code: 'not_text' }])
  })

  it.each([
    ['the value of another row', sealOld(TOKEN, 'acc_2'), 'context mismatch'],
    [
      'a damaged value',
      sealOld(TOKEN, 'acc_1').replace(/.(.{9})$/, (end, rest) => (end.startsWith('A') ? 'B' : 'A') + rest),
      'tampered',
    ],
    ['a value cut short', sealOld(TOKEN, 'acc_1').slice(0, 100), 'malformed'],
    ['a token', TOKEN, 'not sealed: looks like meta_token'],
    [
      'a value under a key that is not here',
      createEnvelope({ keyring: createKeyring([generateKey('2025x')]) }).seal(TOKEN, bound),
      'unknown key: key 2025x',
    ],
  ])('%s is 1, and is not repeated', async (_, stdin, message) => {
    const ended = await waxseal(['envelope', 'open', ...context], { env, stdin })
    expect([ended.exitCode, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toContain(message)
    expect(secretsIn(ended.stderr)).toEqual([])
    expect(ended.stderr).not.toContain(stdin.slice(-20))
  })

  it('bytes on standard input that are no text are 2', async () => {
    const ended = await waxseal(['envelope', 'open', ...context], { env, stdin: Uint8Array.of(0xff) })
    expect(ended.exitCode).toBe(2)
    expect(ended.stderr).toContain('a sealed value is not UTF-8')
  })
})

describe('envelope inspect', () => {
  it('tells kid and length without a key', async () => {
    const ended = await waxseal(['envelope', 'inspect', '--json'], { stdin: `${sealOld(TOKEN, 'acc_1')}\n` })
    expect(ended.exitCode).toBe(0)
    expect(documents(ended)).toEqual([
      { kind: 'sealed', kid: '2026a', edkBytes: 40, plaintextBytes: TOKEN.length },
    ])
    expect(ended.stderr).toBe(`sealed under 2026a: ${TOKEN.length} bytes, and 40 of encrypted data key\n`)
  })

  it.each([
    [TOKEN, { kind: 'other', hint: 'meta_token' }, 'no sealed value; looks like meta token\n'],
    ['hello', { kind: 'other', hint: null }, 'no sealed value\n'],
    ['wx2.a.b.c', { kind: 'unsupported_version', hint: null }, 'unsupported version\n'],
    ['wx1.2026a.x', { kind: 'malformed' }, 'malformed'],
  ])('of %s it says what it is: 1', async (stdin, document, text) => {
    const ended = await waxseal(['envelope', 'inspect', '--json'], { stdin })
    expect(ended.exitCode).toBe(1)
    expect(documents(ended)).toMatchObject([document])
    expect(ended.stderr).toContain(text)
  })
})
