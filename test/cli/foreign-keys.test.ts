import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEnvelope } from 'waxseal/envelope'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { postgresSandbox } from '../support/services.js'
import { sqliteDrivers, sqliteFolder } from '../support/sqlite.js'
import { NEW, OLD, sealOld, TOKEN, waxseal } from './support.js'
import { commandsOn, damaged } from './tables.js'

const sandbox = await postgresSandbox()

/** Another key of the same name. */
const OTHER_NEW = generateKey('2026b')
const OTHER_OLD = generateKey('2026a')
const checkOf = (key: string) => createKeyring([key]).keys[0]?.check
const underNew = (id: string) =>
  createEnvelope({ keyring: createKeyring([NEW]) }).seal(TOKEN, {
    tenant: 'org_1',
    purpose: 'wa.access_token',
    id,
  })

describe.skipIf(sandbox === undefined)('a key of the right name that is another', () => {
  const { schema, pool, env, newTable, rotate, inventory } = commandsOn(sandbox)
  const foreignPrimary = { env: { ...env, WAXSEAL_KEYS: `${OTHER_NEW} ${OLD}` } }

  it.each([
    ['rotate', (table: never) => rotate(table, [], foreignPrimary)],
    ['rotate --dry-run', (table: never) => rotate(table, ['--dry-run'], foreignPrimary)],
    ['rotate --workers', (table: never) => rotate(table, ['--workers', '3'], foreignPrimary)],
    ['inventory', (table: never) => inventory(table, [], foreignPrimary)],
  ])('%s refuses it as primary, before anything is written: 2', async (_, run) => {
    const table = await newTable(20, 'integer')
    await table.write('20', { token: underNew('20') })
    const before = await table.rows()
    const ended = await run(table as never)
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(
      `WAXSEAL_KEYS: key 2026b is not the one that these rows are under (its check here is ${checkOf(OTHER_NEW)})`,
    )
    expect(await table.rows()).toEqual(before)
  })

  it('refuses it among the other keys when none of several rows is under it', async () => {
    const table = await newTable(20, 'integer')
    const given = { env: { ...env, WAXSEAL_KEYS: `${NEW} ${OTHER_OLD}` } }
    for (const ended of [await rotate(table, [], given), await inventory(table, [], given)]) {
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).toContain(`key 2026a is not the one that these rows are under`)
    }
  })

  it('takes a few rows that are damaged for that, and says how many', async () => {
    const table = await newTable(2, 'integer')
    for (const id of ['1', '2']) await table.write(id, { token: damaged(sealOld(TOKEN, id)) })
    const ended = await rotate(table)
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toContain(
      `key 2026a, whose check here is ${checkOf(OLD)}, does not open 2 of 2 rows under it`,
    )
    expect(ended.stderr).toMatch(/^row 1: key mismatch: key 2026a/m)
    expect((await inventory(table)).exitCode).toBe(0)
  })

  it('a damaged row among good ones under the primary refuses nothing', async () => {
    const table = await newTable(3, 'integer')
    await table.write('1', { token: damaged(underNew('1')) })
    await table.write('2', { token: underNew('2') })
    expect((await rotate(table)).exitCode).toBe(0)
  })

  it('looks at the whole column, also where --where takes a part of it', async () => {
    const table = await newTable(4, 'integer')
    await table.write('4', { token: underNew('4') })
    expect((await rotate(table, ['--where', 't.id < 4 -- a comment'], foreignPrimary)).exitCode).toBe(2)
  })

  it('is not led astray by rows that were cut, nor by damaged ones that sort before the good', async () => {
    const table = await newTable(30, 'integer')
    for (const id of ['1', '2', '3', '4', '5', '6']) await table.write(id, { token: 'wx1.2026b.' })
    for (const id of ['7', '8', '9', '10', '11', '12']) {
      await table.write(id, { token: underNew(id).replace(/^(wx1\.2026b\.).{6}/, '$1------') })
    }
    for (const id of ['13', '14']) await table.write(id, { token: underNew(id) })
    expect((await rotate(table, [], foreignPrimary)).exitCode).toBe(2)

    const ended = await rotate(table)
    expect(ended.stderr).toContain('does not open 6 of 8 rows under it')
    expect(ended.stderr).toContain('16  rotated')
  })

  it('keys edit destroy refuses it in every column that is named, also where envelopes stand in JSON', async () => {
    const [good, bad] = [await newTable(3), await newTable(3)]
    for (const table of [good, bad]) await rotate(table)
    await pool.query(
      `ALTER TABLE ${bad.name} ALTER COLUMN token TYPE jsonb USING jsonb_build_object('tokens', jsonb_build_array(token))`,
    )
    const columns = [good, bad].map(({ name }) => `${schema}.${name}.token`)
    const destroy = (keys: string) =>
      waxseal(
        ['keys', 'edit', 'destroy', '2026a', ...columns.flatMap((each) => ['--inventory-zero', each])],
        {
          env: { ...env, WAXSEAL_KEYS: keys },
        },
      )
    expect((await destroy(`${NEW} ${OLD}:disabled`)).exitCode).toBe(0)
    columns.shift()
    const ended = await destroy(`${OTHER_NEW} ${OLD}:disabled`)
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain('key 2026b is not the one that these rows are under')
  })
})

describe('on SQLite', () => {
  const folder = sqliteFolder()
  const path = folder.path('app.db')
  const [driver] = sqliteDrivers
  afterAll(() => folder.remove())
  beforeEach(() => {
    function open(file: string) {
      return driver?.open(file)
    }
    const builtin = process.getBuiltinModule
    vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) =>
      name === 'node:sqlite' ? { DatabaseSync: open } : builtin(name),
    )
  })
  afterEach(() => void vi.restoreAllMocks())

  it('a key of the right name that is another is 2, and nothing is written', async () => {
    const db = driver?.open(path)
    db?.exec('CREATE TABLE accounts (id INTEGER PRIMARY KEY, token TEXT)')
    const tokens = [underNew('1'), sealOld(TOKEN, '2')]
    for (const token of tokens) db?.prepare('INSERT INTO accounts (token) VALUES (?)').all(token)
    db?.close()
    const place = ['--table', 'accounts', '--column', 'token', '--id', 'id']
    const env = { WAXSEAL_KEYS: `${OTHER_NEW} ${OLD}`, DATABASE_URL: `sqlite:${path}` }
    for (const verb of ['rotate', 'inventory']) {
      const ended = await waxseal([verb, ...place], { env })
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).toContain('key 2026b is not the one that these rows are under')
    }
    const after = driver?.open(path)
    expect(after?.prepare('SELECT token FROM accounts ORDER BY id').all()).toEqual(
      tokens.map((token) => ({ token })),
    )
    after?.close()
  })
})
