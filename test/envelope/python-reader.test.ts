import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const READER = fileURLToPath(new URL('../../examples/envelope-reader/reader.py', import.meta.url))
const GOLDEN = fileURLToPath(new URL('../vectors/envelope-golden.json', import.meta.url))

interface Golden {
  keys: string[]
  envelopes: { name: string; sealed: string; context: Record<string, string> }[]
}
const golden: Golden = JSON.parse(readFileSync(GOLDEN, 'utf8'))

const python = (...args: string[]) => spawnSync('python3', args, { encoding: 'utf8' })
const hasPython = python('--version').status === 0
// In CI its absence must not pass for success.
const runs = hasPython || process.env['CI'] !== undefined
if (!runs)
  process.stderr.write(
    'SKIPPED: python3 is not here, so no second implementation has read the golden file.\n',
  )

describe.skipIf(!runs)('the Python reader', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'envelope-reader-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const read = (changed: Golden) => {
    const path = join(folder, 'changed.json')
    writeFileSync(path, JSON.stringify(changed))
    const { status, stdout } = python(READER, path)
    return { status, lines: stdout.trim().split('\n') }
  }
  const first = (change: (sealed: string) => string, context = golden.envelopes[0]?.context): Golden => ({
    keys: golden.keys,
    envelopes: golden.envelopes.slice(0, 1).map((entry) => ({
      ...entry,
      context: context ?? {},
      sealed: change(entry.sealed),
    })),
  })

  it('opens every golden envelope', () => {
    const { status, stdout, stderr } = python(READER)
    const count = golden.envelopes.length
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${count}/${count}\n`, stderr: '' })
  })

  it.each<[string, string, (sealed: string) => string]>([
    ['another kid', 'key_mismatch', (sealed) => sealed.replace('.2026a.', '.2026b.')],
    ['a kid it does not have', 'unknown_key', (sealed) => sealed.replace('.2026a.', '.2027.')],
    ['another version', 'malformed', (sealed) => sealed.replace('wx1', 'wx2')],
    ['unused bits set', 'malformed', (sealed) => sealed.replace(/w\./, 'x.')],
    ['another salt', 'context_mismatch', (sealed) => sealed.replace('.IiIi', '.JiIi')],
    ['another tag', 'tampered', (sealed) => sealed.replace(/.{4}$/, 'AAAA')],
  ])('refuses a text with %s as %s', (_name, code, change) => {
    expect(read(first(change))).toEqual({ status: 1, lines: [`V1: ${code}`, '0/1'] })
  })

  it('refuses another context', () => {
    const context = { tenant: 'org_2', purpose: 'wa.access_token', id: 'acc_1' }
    expect(read(first((sealed) => sealed, context))).toEqual({
      status: 1,
      lines: ['V1: context_mismatch', '0/1'],
    })
  })

  it('takes a file without envelopes for a failure', () => {
    expect(read({ keys: golden.keys, envelopes: [] })).toEqual({ status: 1, lines: ['0/0'] })
  })
})
