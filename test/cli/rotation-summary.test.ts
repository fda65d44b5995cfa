import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createKeyring } from 'waxseal/keyring'
import { summarise } from '../../src/cli/rotation-summary.js'
import type { Merged } from '../../src/cli/rotation-workers.js'
import { createShell } from '../../src/cli/shell.js'
import { postgresSandbox } from '../support/services.js'
import { documents, NEW, OLD, sealOld, TOKEN } from './support.js'
import { commandsOn } from './tables.js'

const counts = { total: 9, empty: 0, other: 0, stale: 0, byKid: { '2026b': 9 } }
const done: Merged = {
  outcome: 'done',
  stoppedBy: null,
  scanned: 9,
  rotated: 9,
  conflicts: 0,
  dryRun: false,
  failed: [],
  inventory: counts,
  resume: null,
}

function summaryOf(report: Partial<Merged>, mode: 'rewrap' | 'reseal' = 'rewrap'): string {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const shell = createShell({ env: {}, stdin, stdout, stderr }, false)
  const keyring = createKeyring([NEW, `${OLD}:disabled`])
  summarise(shell, { ...done, ...report }, { keyring, mode, before: counts })
  return String(stderr.read())
}

const stale = { ...counts, stale: 3, byKid: { '2026b': 6, '2026a': 1, '2025x': 1, '?': 1 } }
const failure = { id: '7', code: 'unknown_key', message: 'unknown key: key 2025x' } as const

describe('what a rotation says at its end', () => {
  it('of what is done is no advice', () => {
    expect(summaryOf({})).toMatch(/^done\n( +9 {2}.*\n| +0 {2}.*\n)+$/)
  })

  it('names keys that are missing where rows failed, and never says to skip those', () => {
    for (const outcome of ['stopped', 'incomplete'] as const) {
      const text = summaryOf({ outcome, failed: [failure], inventory: stale, resume: '9' })
      expect(text).toMatch(/^row 7: unknown key: key 2025x\n/)
      expect(text).toContain('\nkey 2025x is not in WAXSEAL_KEYS\nkey 2026a is disabled in WAXSEAL_KEYS\n')
      expect(text).toMatch(/failed\. Mend that, and run the same command again\.\n/)
      expect(text).not.toContain('--resume')
    }
  })

  it.each([
    ['3', [], '3 rows are left: locked by another session, written meanwhile under an old primary, or'],
    ['1', [failure, { ...failure, id: '8' }], '1 row is left: locked by another session'],
  ])('says what %s rows that did not fail are left for', (_, failed, expected) => {
    expect(summaryOf({ outcome: 'incomplete', failed, inventory: stale })).toContain(expected)
  })

  it('is quiet about rows that are left where all of them failed', () => {
    const failed = ['7', '8', '9'].map((id) => ({ ...failure, id }))
    expect(summaryOf({ outcome: 'incomplete', failed, inventory: stale })).not.toContain('left:')
  })

  it('of a dry run counts what was not looked at', () => {
    const text = summaryOf({ outcome: 'incomplete', dryRun: true, scanned: 1, inventory: stale })
    expect(text).toContain('2 rows were not looked at: without an id, or before --resume')
  })

  it.each([
    ['an interrupt', { outcome: 'aborted' }],
    ['a provider', { outcome: 'stopped', stoppedBy: 'provider_denied' }],
  ] as const)('after %s says where to go on', (_, report) => {
    expect(summaryOf({ ...report, resume: '41' })).toMatch(/run the same command with\n {2}--resume 41\n$/)
    expect(summaryOf({ ...report, resume: "a'b" })).toMatch(/ {2}--resume 'a'\\''b'\n$/)
    expect(summaryOf({ ...report, resume: 'a\n--where x' })).toMatch(/--resume and the id that --json prints/)
    expect(summaryOf(report)).toMatch(/run the same command again\.\n$/)
  })

  it('of a reseal says which rows kept their data keys', () => {
    expect(summaryOf({}, 'reseal')).toContain(
      '9 rows were under 2026b already and keep their data keys; to renew them too, promote another key',
    )
  })
})

const sandbox = await postgresSandbox()

describe.skipIf(sandbox === undefined)('on PostgreSQL', () => {
  const { pool, env, newTable, rotate } = commandsOn(sandbox)

  it('a row locked by another session is left, and said', async () => {
    const table = await newTable(5, 'integer')
    const other = await pool.connect()
    await other.query(`BEGIN; SELECT 1 FROM ${table.name} WHERE id = 2 FOR UPDATE`)
    const ended = await rotate(table)
    await other.query('ROLLBACK')
    other.release()
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toMatch(/^1 row is left: locked by another session.*; run it again$/m)
    expect((await rotate(table)).exitCode).toBe(0)
  })

  it('ids reach no terminal as they are', async () => {
    const table = await newTable(0, 'text')
    const id = "\u001b[2Jx\n'; rm -rf ~; '"
    await pool.query(`INSERT INTO ${table.name} VALUES ($1, 'org_1', $2)`, [id, sealOld(TOKEN, id)])
    const ended = await rotate(table, ['--json'], { env: { ...env, WAXSEAL_KEYS: NEW } })
    expect(ended.stderr).toContain(String.raw`row "\u001b[2Jx\n'; rm -rf ~; '": unknown key`)
    expect(ended.stderr).not.toContain('\u001b')
    expect(documents(ended).at(-1)).toMatchObject({ failed: [{ id }] })
  })

  it('a reseal leaves what is under the primary', async () => {
    const table = await newTable(4, 'integer')
    await rotate(table, ['--where', 't.id <= 3'])
    const context = ['--tenant-column', 'org', '--purpose', 'wa.access_token', '--context-column', 'id=id']
    const ended = await rotate(table, ['--mode', 'reseal', ...context])
    expect(ended.exitCode).toBe(0)
    expect(ended.stderr).toContain('3 rows were under 2026b already and keep their data keys')
    expect((await rotate(table)).stderr).not.toContain('keep their data keys')
  })
})
