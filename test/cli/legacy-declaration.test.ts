import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { readDeclaration } from '../../src/cli/legacy-declaration.js'
import { createShell } from '../../src/cli/shell.js'

const SECRET = 'a passphrase that nobody may print'
const key = createHash('sha256').update(SECRET).digest()
const env = {
  LEGACY_HEX: key.toString('hex'),
  LEGACY_TEXT: SECRET,
  SHORT: 'abcd',
  EMPTY: '',
  CLOAK_KEYS: `k1.aesgcm256.${key.toString('base64url')}=`,
}

const folder = mkdtempSync(join(tmpdir(), 'waxseal-declaration-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(document: unknown) {
  const file = join(folder, 'declaration.json')
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document))
  return readFile(file)
}

function readFile(file: string) {
  const stream = () => new PassThrough()
  return readDeclaration(
    createShell({ env, stdin: stream(), stdout: stream(), stderr: stream() }, false),
    file,
  )
}

const gcm = {
  type: 'aesGcm',
  name: 'accounts-2023',
  key: { env: 'LEGACY_HEX', encoding: 'hex' },
  layout: ['iv', 'tag', 'ct'],
  separator: ':',
  encoding: 'hex',
  ivBytes: 12,
}
const cbc = {
  type: 'aesCbc',
  name: 'accounts-2021',
  key: { env: 'LEGACY_TEXT', encoding: 'sha256' },
  layout: ['iv', 'ct'],
  separator: null,
  encoding: 'base64',
  prefix: 'enc:',
  validate: '^EAA',
}
const plaintext = { until: '2099-01-31', accept: '^EAA' }

describe('a declaration', () => {
  const reader = read({ formats: [gcm, { type: 'cloak', keys: { env: 'CLOAK_KEYS' } }, cbc], plaintext })

  it('reads AES-GCM parts', () => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const ct = Buffer.concat([cipher.update('EAAG1'), cipher.final()])
    const value = [iv, cipher.getAuthTag(), ct].map((part) => part.toString('hex')).join(':')
    expect(reader.read(value)).toEqual({ text: 'EAAG1', format: 'accounts-2023' })
  })

  it('reads AES-CBC in one piece behind a prefix', () => {
    const iv = randomBytes(16)
    const cipher = createCipheriv('aes-256-cbc', key, iv)
    const value = Buffer.concat([iv, cipher.update('EAAG2'), cipher.final()]).toString('base64')
    expect(reader.read(`enc:${value}`)).toEqual({ text: 'EAAG2', format: 'accounts-2021' })
  })

  it('recognises cloak', () => {
    const fingerprint = createHash('sha256').update(env.CLOAK_KEYS).digest('hex').slice(0, 8)
    const body = `${randomBytes(28).toString('base64url')}==`
    expect(
      reader.identify(`v1.aesgcm256.${fingerprint}.${randomBytes(12).toString('base64url')}.${body}`),
    ).toBe('cloak')
  })

  it('accepts plaintext of the given form', () => {
    expect(reader.read('EAAG3')).toEqual({ text: 'EAAG3', format: 'plaintext' })
    expect(reader.identify('hello')).toBe(null)
  })
})

describe('a mistake in a declaration is 2 and names its path, never a value', () => {
  const formats = (format: object) => ({ formats: [format] })
  it.each([
    ['no JSON', `{ "key": "${SECRET}" `, 'the file is not JSON'],
    ['no object', [], 'the document: expected an object'],
    ['no formats', { plaintext }, 'the document: formats is missing'],
    ['formats that are no array', { formats: {} }, 'formats: expected an array'],
    ['neither formats nor plaintext', { formats: [] }, 'the document: formats: expected one or more'],
    [
      'an unknown member',
      { formats: [gcm], key: SECRET },
      'key: unknown member; expected formats, plaintext',
    ],
    [
      'a member misspelt',
      formats({ ...gcm, ivbytes: 12 }),
      'formats[0].ivbytes: unknown member; expected type, name,',
    ],
    [
      'a member that may be a key',
      formats({ ...gcm, [SECRET]: 1 }),
      'formats[0]: an unknown member; expected type, name,',
    ],
    ['an unknown type', formats({ type: SECRET }), "formats[0].type: expected 'aesGcm', 'aesCbc' or 'cloak'"],
    ['a missing type', formats({}), 'formats[0]: type is missing'],
    ['the key itself', formats({ ...gcm, key: SECRET }), 'formats[0].key: expected an object'],
    [
      'the key itself as the name of a variable',
      formats({ ...gcm, key: { env: SECRET, encoding: 'utf8' } }),
      'formats[0].key.env: expected the name of an environment variable',
    ],
    [
      'a variable that is not set',
      formats({ ...gcm, key: { env: 'NOWHERE', encoding: 'hex' } }),
      'formats[0].key.env: the environment variable that it names is not set',
    ],
    [
      'a variable that every object has',
      formats({ type: 'cloak', keys: { env: 'constructor' } }),
      'formats[0].keys.env: the environment variable that it names is not set',
    ],
    [
      'a variable that is empty',
      formats({ ...gcm, key: { env: 'EMPTY', encoding: 'hex' } }),
      'formats[0].key.env: the environment variable that it names is not set',
    ],
    [
      'an unknown encoding of a key',
      formats({ ...gcm, key: { env: 'LEGACY_HEX', encoding: 'rot13' } }),
      'formats[0].key.encoding: expected one of hex, base64, utf8, sha256',
    ],
    [
      'a key of another length',
      formats({ ...gcm, key: { env: 'SHORT', encoding: 'hex' } }),
      'formats[0]: key: expected 32 bytes',
    ],
    [
      'a key in another encoding',
      formats({ ...gcm, key: { env: 'LEGACY_TEXT', encoding: 'hex' } }),
      'formats[0]: key.hex: expected pairs of hex digits',
    ],
    ['a missing member', formats({ ...gcm, ivBytes: undefined }), 'formats[0]: ivBytes is missing'],
    ['an IV of 8 bytes', formats({ ...gcm, ivBytes: 8 }), 'formats[0]: ivBytes: expected 12 or 16'],
    [
      'a member of another type',
      formats({ ...gcm, validate: '^EAA' }),
      'formats[0].validate: unknown member; expected type,',
    ],
    ['a name that is none', formats({ ...gcm, name: 7 }), 'formats[0].name: expected text'],
    [
      'a layout that is none',
      formats({ ...gcm, layout: ['iv', 'iv'] }),
      'formats[0]: layout: expected each of',
    ],
    ['a part that is no text', formats({ ...gcm, layout: [7] }), 'formats[0].layout[0]: expected text'],
    [
      'an encoding that is none',
      formats({ ...gcm, encoding: 'hax' }),
      'formats[0]: encoding: expected one of',
    ],
    ['a separator that is none', formats({ ...gcm, separator: 'a' }), 'formats[0]: separator: expected'],
    [
      'a pattern that is none',
      formats({ ...cbc, validate: '(' }),
      'formats[0].validate: expected a regular expression',
    ],
    [
      'CBC before another',
      { formats: [cbc, gcm] },
      'the document: formats[0]: expected an aesCbc format to be the last',
    ],
    ['the same name twice', { formats: [gcm, gcm] }, 'the document: formats: expected different names'],
    [
      'cloak keys in the file',
      formats({ type: 'cloak', keys: [SECRET] }),
      'formats[0].keys: expected an object',
    ],
    ['a cloak key that is none', formats({ type: 'cloak', keys: { env: 'LEGACY_TEXT' } }), 'formats[0]: '],
    [
      'a date that is none',
      { formats: [], plaintext: { ...plaintext, until: '2027-02-30' } },
      'plaintext.until: expected a date',
    ],
    [
      'a local date',
      { formats: [], plaintext: { ...plaintext, until: '31.1.2027' } },
      'plaintext.until: expected a date',
    ],
    [
      'plaintext without a form',
      { formats: [], plaintext: { until: '2099-01-31' } },
      'plaintext: accept is missing',
    ],
  ])('%s', (_, document, message) => {
    const failure = () => read(document)
    expect(failure).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(`--from-legacy: ${message}`) }),
    )
    expect(failure).not.toThrow(SECRET)
  })

  it('a file that is not there', () => {
    expect(() => readFile(join(folder, 'nowhere.json'))).toThrow('--from-legacy: the file cannot be read')
  })
})
