import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createKeyring } from 'waxseal/keyring'
import { postgresSandbox } from '../support/services.js'
import {
  documents,
  NEW,
  OLD,
  processes,
  type Started,
  sealOld,
  secretsIn,
  TOKEN,
  WAXSEAL_KEYS,
} from './support.js'
import { envelope, gateAt, sealedTable, type Table } from './tables.js'

const start = await processes()
const sandbox = await postgresSandbox()

const env = { WAXSEAL_KEYS }
const context = ['--tenant', 'org_1', '--purpose', 'wa.access_token', '--context', 'id=acc_1']
const bound = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }

describe('every command, as a process', () => {
  it.each([
    ['keys generate 2026c', '', /^wxk1\.2026c\.\S+\n$/, /^$/],
    ['keys edit promote 2026a', '', new RegExp(`^${OLD} ${NEW}\n$`), /^$/],
    ['keys check', '', /^kid +state +check +age\n/, /^\ncanary: wxc1\./],
    [
      `keys check --json --canary ${createKeyring([OLD]).canary()}`,
      '',
      /^\{"primary":"2026b",.*"canaryVerified":true\}\n$/,
      /^kid/,
    ],
    [`envelope seal ${context.join(' ')}`, `${TOKEN}\n`, /^wx1\.2026b\.\S+\n$/, /^$/],
    [`envelope inspect --json`, sealOld(TOKEN, 'acc_1'), /^\{"kind":"sealed".*\}\n$/, /^sealed under 2026a/],
  ])('%s', async (line, stdin, stdout, stderr) => {
    const ended = await start(line.split(' '), { env, stdin }).ended
    expect(ended.exitCode).toBe(0)
    expect(ended.stdout).toMatch(stdout)
    expect(ended.stderr).toMatch(stderr)
    expect(secretsIn(ended.stderr)).toEqual([])
  })

  it('envelope open takes what seal wrote through a pipe', async () => {
    const options = context.join(' ')
    const line = `printf '%s\\n' "$TOKEN" | $waxseal envelope seal ${options} | $waxseal envelope open ${options}`
    const ended = await start.sh(line, { env: { ...env, TOKEN } }).ended
    expect(ended).toEqual({ exitCode: 0, stdout: `${TOKEN}\n`, stderr: '' })
  })

  it('a secret as an argument is refused and in neither stream', async () => {
    const ended = await start(['envelope', 'seal', ...context, TOKEN], { env }).ended
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain('looks like a Meta token')
    expect(secretsIn(ended.stderr)).toEqual([])
  })

  it.each([
    ['closed', '<&-', 'standard input is empty'],
    ['empty', '</dev/null', 'standard input is empty'],
    ['a directory', '</', 'standard input'],
  ])('standard input %s is 2', async (_, redirection, message) => {
    const ended = await start.sh(`$waxseal envelope seal ${context.join(' ')} ${redirection}`, { env }).ended
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(message)
  })

  it('a closed pipe ends it quietly', async () => {
    const { child, ended } = start(['keys', 'check', '--json'], { env })
    child.stdout.destroy()
    const { exitCode, stderr } = await ended
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^kid +state/)
    expect(stderr).not.toMatch(/EPIPE|Error/)
  })
})

describe.skipIf(sandbox === undefined)('long work, as a process', () => {
  const { url = '', schema = '' } = sandbox ?? {}
  const pool = sandbox?.pool() as NonNullable<ReturnType<NonNullable<typeof sandbox>['pool']>>
  const given = { env: { ...env, DATABASE_URL: url } }
  const column = ({ name }: Table) => ['--table', `${schema}.${name}`, '--column', 'token', '--id', 'id']

  /** Until a batch is written. */
  async function started({ child }: Started): Promise<void> {
    let text = ''
    while (!text.includes('"batch"')) text += (await once(child.stdout, 'data'))[0]
  }

  /** Until the first interrupt is noticed. */
  async function stopping({ child }: Started): Promise<void> {
    let text = ''
    while (!text.includes('stopping after the batch')) text += (await once(child.stderr, 'data'))[0]
  }

  it('rotate and inventory answer on both streams', async () => {
    const table = await sealedTable(pool, 'two_streams', 50)
    const rotated = await start(['rotate', ...column(table), '--json'], given).ended
    expect([rotated.exitCode, documents(rotated).at(-1)?.['outcome']]).toEqual([0, 'done'])
    expect(rotated.stderr).toMatch(/^done$/m)
    const counted = await start(['inventory', ...column(table), '--json'], given).ended
    expect(documents(counted)).toMatchObject([{ total: 50, byKid: { '2026b': 50 } }])
    expect(await table.rotated()).toHaveLength(50)
    expect(secretsIn([rotated, counted].map(({ stdout, stderr }) => stdout + stderr).join())).toEqual([])
  })

  it.each([
    ['one worker', 'SIGINT', []],
    ['three workers', 'SIGTERM', ['--workers', '3']],
  ] as const)('of %s stops at %s, says how to go on, and goes on there', async (workers, signal, more) => {
    const table = await sealedTable(pool, workers.replace(' ', '_'), 500, 'bigint')
    const gate = await gateAt(pool, table, table.ids[100])
    const args = ['rotate', ...column(table), '--batch', '5', '--json', ...more]
    const work = start(args, given)
    await gate.waiting(workers === 'one worker' ? 1 : 3)
    const noticed = stopping(work)
    work.child.kill(signal)
    await noticed
    await gate.open()
    const stopped = await work.ended
    expect(stopped.exitCode).toBe(130)
    const report = documents(stopped).at(-1)
    expect(report).toMatchObject({
      type: 'report',
      outcome: 'aborted',
      resume: expect.stringMatching(/^\d+$/),
    })
    expect(stopped.stderr).toContain(
      `To go on, run the same command with\n  --resume ${report?.['resume']}\n`,
    )
    const rotated = await table.rotated()
    expect(rotated.length).toBe(report?.['rotated'])
    expect(rotated.length).toBeLessThan(500)
    // Nothing before it is left.
    const behind = table.ids.indexOf(String(report?.['resume']))
    expect(rotated.slice(0, behind + 1)).toEqual(table.ids.slice(0, behind + 1))

    const resumed = await start([...args, '--resume', String(report?.['resume'])], given).ended
    expect(resumed.exitCode).toBe(0)
    expect(await table.rotated()).toHaveLength(500)
  })

  it('ends at once at the second SIGINT, also when the database hangs', async () => {
    const table = await sealedTable(pool, 'second', 20, 'bigint')
    const gate = await gateAt(pool, table)
    const work = start(['rotate', ...column(table), '--batch', '5', '--json'], given)
    await gate.waiting(1)
    const noticed = stopping(work)
    work.child.kill('SIGINT')
    await noticed
    work.child.kill('SIGINT')
    const ended = await work.ended
    await gate.open()
    expect(ended.exitCode).toBe(130)
    expect(ended.stdout).not.toContain('"report"')
  })

  it('stops when nobody reads any longer', async () => {
    const table = await sealedTable(pool, 'unread', 3000, 'bigint')
    const gate = await gateAt(pool, table, table.ids[20])
    const work = start(['rotate', ...column(table), '--batch', '5', '--json'], given)
    await gate.waiting(1)
    work.child.stdout.destroy()
    await gate.open()
    const { exitCode, stderr } = await work.ended
    expect(exitCode).toBe(130)
    expect(stderr).toMatch(/^aborted$/m)
    expect(stderr).not.toMatch(/EPIPE|Error/)
    expect((await table.rotated()).length).toBeLessThan(3000)
  })

  it('survives a connection that the server ends, and says so', async () => {
    const table = await sealedTable(pool, 'cut', 20, 'bigint')
    const gate = await gateAt(pool, table, table.ids[10])
    const work = start(['rotate', ...column(table), '--batch', '5'], given)
    const [pid] = await gate.waiting(1)
    await pool.query('SELECT pg_terminate_backend($1)', [pid])
    await gate.open()
    const { exitCode, stderr } = await work.ended
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^the database failed for a while; attempt 2 in \d+ ms$/m)
    expect(await table.rotated()).toHaveLength(20)
  })

  it('survives writers and another rotation beside it', async () => {
    const table = await sealedTable(pool, 'beside', 600, 'bigint')
    const works = [1, 2].map(() => start(['rotate', ...column(table), '--batch', '10', '--json'], given))
    await Promise.all(works.map(started))
    const written = table.ids.slice(300, 320)
    for (const id of written) await table.write(id, { token: sealOld(TOKEN, id) })
    const ended = await Promise.all(works.map((work) => work.ended))
    const last = await start(['rotate', ...column(table)], given).ended
    expect(last.exitCode).toBe(0)
    expect(await table.rotated()).toHaveLength(600)
    expect(ended.map(({ exitCode }) => [0, 1].includes(exitCode))).toEqual([true, true])
  })
})

it('what the process sealed opens here', async () => {
  const { stdout } = await start(['envelope', 'seal', ...context], { env, stdin: TOKEN }).ended
  expect(envelope.open(stdout.trim(), bound)).toBe(TOKEN)
})
