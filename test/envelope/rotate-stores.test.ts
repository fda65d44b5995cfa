import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { createEnvelope } from 'waxseal/envelope'
import { type RotationReport, type RotationStore, rotateRows, rowStore } from 'waxseal/envelope/rotate'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { postgresRotationStore } from 'waxseal/stores/postgres'
import { sqliteRotationStore } from 'waxseal/stores/sqlite'
import type { Fault, Orders } from '../support/rotating-child.js'
import { postgresSandbox } from '../support/services.js'
import { sqliteDrivers, sqliteFolder } from '../support/sqlite.js'

const [oldKey, newKey] = [generateKey('2026-01'), generateKey('2026-05')]
const before = createEnvelope({ keyring: createKeyring([oldKey, newKey]) })
const envelope = createEnvelope({ keyring: createKeyring([newKey, oldKey]) })
const contextOf = (n: number) => ({ tenant: 'acme', purpose: 'wa.access_token', id: String(n) })
const table = { table: 'accounts', column: 'token', id: 'id' } as const

const sandbox = await postgresSandbox()
const onPostgres = describe.skipIf(sandbox === undefined)

async function fill(pool: pg.Pool, rows: number): Promise<void> {
  const ids = Array.from({ length: rows }, (_, n) => n)
  await pool.query(
    'DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (id integer PRIMARY KEY, token text)',
  )
  await pool.query('INSERT INTO accounts SELECT * FROM unnest($1::integer[], $2::text[])', [
    ids,
    ids.map((n) => before.seal(`token ${n}`, contextOf(n))),
  ])
}

async function readAll(pool: pg.Pool): Promise<ReadonlyMap<number, string>> {
  const { rows } = await pool.query<{ id: number; token: string }>('SELECT id, token FROM accounts')
  return new Map(rows.map(({ id, token }) => [id, token]))
}

/** Without locks, as an application may have it. */
function plainStore(pool: pg.Pool): RotationStore {
  const counts = postgresRotationStore(pool, { ...table, idType: 'integer' })
  return rowStore({
    async fetch({ primary, after, limit }) {
      const { rows } = await pool.query(
        `SELECT id::text, token AS value FROM accounts
          WHERE id > $1 AND NOT starts_with(token, 'wx1.' || $2 || '.') ORDER BY id LIMIT $3`,
        [after ?? -1, primary, limit],
      )
      return rows.map((row) => ({ ...row, context: null }))
    },
    async write({ id, from, to }) {
      const written = await pool.query('UPDATE accounts SET token = $3 WHERE id = $1 AND token = $2', [
        id,
        from,
        to,
      ])
      return written.rowCount === 1
    },
    inventory: (primary) => counts.inventory(primary),
  })
}

onPostgres('two rotations and an application that writes, on PostgreSQL', () => {
  if (sandbox === undefined) return
  const REFRESHES = 600
  const pool = sandbox.pool({ max: 10 })
  const locking = () => postgresRotationStore(pool, { ...table, idType: 'integer' })
  const stores: readonly (readonly [name: string, rows: number, create: () => RotationStore])[] = [
    ['postgresRotationStore', 10_000, locking],
    ['rowStore, without locks', 2_000, () => plainStore(pool)],
  ]

  it.each(stores)(
    '%s: no update is lost and no row stays stale',
    async (_, count, create) => {
      await fill(pool, count)
      const latest = new Map(Array.from({ length: count }, (_, n) => [n, `token ${n}`]))
      const wrong: string[] = []
      let writers = 4

      /** Renews tokens of rows of its own, half of them as an instance that has not heard of the new key. */
      async function refresh(writer: number): Promise<void> {
        for (let i = 0; i < REFRESHES; i++) {
          const n = Math.floor(Math.random() * (count / 4)) * 4 + writer
          const { rows } = await pool.query('SELECT token FROM accounts WHERE id = $1', [n])
          if (envelope.open(rows[0]?.token, contextOf(n)) !== latest.get(n))
            wrong.push(`row ${n} of refresh ${i}`)
          const token = `refreshed ${writer} ${i}`
          const sealed = (i % 2 === 0 ? before : envelope).seal(token, contextOf(n))
          await pool.query('UPDATE accounts SET token = $2 WHERE id = $1', [n, sealed])
          latest.set(n, token)
        }
        writers--
      }

      const reports: RotationReport[] = []
      async function rotate(): Promise<void> {
        const store = create()
        do reports.push(await rotateRows({ envelope, store, batch: 50 }))
        while (writers > 0)
      }
      await Promise.all([rotate(), rotate(), refresh(0), refresh(1), refresh(2), refresh(3)])
      const last = await rotateRows({ envelope, store: create() })

      expect(wrong).toEqual([])
      expect(last).toMatchObject({
        outcome: 'done',
        inventory: { total: count, stale: 0, byKid: { '2026-05': count } },
      })
      expect(reports.flatMap(({ failed }) => failed)).toEqual([])
      const rows = await readAll(pool)
      const lost = [...latest].filter(
        ([n, token]) => envelope.open(rows.get(n) ?? '', contextOf(n)) !== token,
      )
      expect(lost).toEqual([])
    },
    120_000,
  )
})

onPostgres('rows of PostgreSQL that cannot be rotated', () => {
  if (sandbox === undefined) return
  const pool = sandbox.pool()

  it('are named, whatever refuses them, and hold up no other', async () => {
    await fill(pool, 40)
    await pool.query(`ALTER TABLE accounts ADD CHECK (id <> 5 OR token NOT LIKE 'wx1.2026-05.%');
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
        IF NEW.id = 6 THEN RAISE EXCEPTION ''no''; END IF;
        IF NEW.id = 27 THEN RAISE ''too long'' USING ERRCODE = ''22001''; END IF;
        RETURN NEW;
      END';
      CREATE TRIGGER refusing BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse()`)
    const store = postgresRotationStore(pool, { ...table, idType: 'integer' })
    const report = await rotateRows({ envelope, store, batch: 10 })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 37,
      failed: ['5', '6', '27'].map((id) => ({ id, code: 'store_error', message: 'the store refused a row' })),
      inventory: { total: 40, stale: 3 },
    })
    for (const [n, token] of await readAll(pool))
      expect(envelope.open(token, contextOf(n))).toBe(`token ${n}`)
  })

  it('leave the run incomplete where they have no id', async () => {
    await fill(pool, 10)
    await pool.query(`ALTER TABLE accounts DROP CONSTRAINT accounts_pkey;
      ALTER TABLE accounts ALTER id DROP NOT NULL; UPDATE accounts SET id = NULL WHERE id = 3`)
    const store = postgresRotationStore(pool, { ...table, idType: 'integer' })
    expect(await rotateRows({ envelope, store })).toMatchObject({
      outcome: 'incomplete',
      rotated: 9,
      failed: [],
      inventory: { total: 10, stale: 1 },
    })
    expect(await rotateRows({ envelope, store, dryRun: true })).toMatchObject({ outcome: 'incomplete' })
  })

  it('reject the run where `after` is no id, for no row is to blame', async () => {
    await fill(pool, 2)
    const store = postgresRotationStore(pool, { ...table, idType: 'integer' })
    const run = rotateRows({ envelope, store, after: 'x' })
    await expect(run).rejects.toMatchObject({ reason: 'unknown', driver: '22P02' })
  })
})

describe.each(sqliteDrivers)('rows of SQLite that cannot be rotated, $name', (driver) => {
  it('are named, or counted where they have no id, and hold up no other', async () => {
    const db = driver.open(':memory:')
    db.exec(
      `CREATE TABLE accounts (id INTEGER UNIQUE, token TEXT, CHECK (id <> 5 OR token NOT LIKE 'wx1.2026-05.%'))`,
    )
    for (let n = 0; n < 12; n++) {
      const sealed = before.seal(`token ${n}`, contextOf(n))
      db.prepare('INSERT INTO accounts VALUES (?, ?) RETURNING 1').all(n === 7 ? null : n, sealed)
    }
    const report = await rotateRows({ envelope, store: sqliteRotationStore(db, table), batch: 4 })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 10,
      failed: [{ id: '5', code: 'store_error', message: 'the store refused a row' }],
      inventory: { total: 12, stale: 2 },
    })
    db.close()
  })
})

/** Runs a rotation that kills itself; how the process ended. */
function rotateAndDie(orders: Omit<Orders, 'keys'>): Promise<string> {
  const script = fileURLToPath(new URL('../support/rotating-child.ts', import.meta.url))
  const all: Orders = { ...orders, keys: [newKey, oldKey] }
  const child = spawn(
    process.execPath,
    ['--conditions=waxseal-source', '--import', 'tsx', script, JSON.stringify(all)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? `exit ${code}: ${errors}`))
  })
}

const faults: readonly (readonly [Fault, number])[] = [
  ['select', 10],
  ['work', 10],
  ['update', 10],
  ['commit', 20],
]

onPostgres('a rotation on PostgreSQL that is killed', () => {
  if (sandbox === undefined) return
  const pool = sandbox.pool()

  it.each(faults)(
    'after %s: what was committed stays, and another run does the rest',
    async (fault, rotated) => {
      await fill(pool, 40)
      expect(await rotateAndDie({ fault, postgres: sandbox })).toBe('SIGKILL')
      // Until the server has noticed, the rows are locked.
      await expect
        .poll(async () => {
          const { rows } = await pool.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [
            sandbox.schema,
          ])
          return rows.length
        })
        .toBe(0)

      const store = postgresRotationStore(pool, { ...table, idType: 'integer' })
      expect(await store.inventory('2026-05')).toMatchObject({ total: 40, stale: 40 - rotated })
      for (const [n, token] of await readAll(pool))
        expect(envelope.open(token, contextOf(n))).toBe(`token ${n}`)

      expect(await rotateRows({ envelope, store })).toMatchObject({ outcome: 'done', rotated: 40 - rotated })
      const rows = await readAll(pool)
      expect(rows.size).toBe(40)
      for (const [n, token] of rows) expect(envelope.open(token, contextOf(n))).toBe(`token ${n}`)
    },
  )
})

describe('a rotation on SQLite that is killed', () => {
  const folder = sqliteFolder()
  afterAll(folder.remove)
  const open = (path: string) => {
    const [driver] = sqliteDrivers
    if (driver === undefined) throw new Error('no driver')
    return driver.open(path)
  }

  it.each(faults)(
    'after %s: what was committed stays, and another run does the rest',
    async (fault, rotated) => {
      const path = folder.path(fault)
      const filling = open(path)
      filling.exec('CREATE TABLE accounts (id INTEGER PRIMARY KEY, token TEXT)')
      for (let n = 0; n < 40; n++) {
        const sealed = before.seal(`token ${n}`, contextOf(n))
        filling.prepare('INSERT INTO accounts VALUES (?, ?) RETURNING 1').all(n, sealed)
      }
      filling.close()
      expect(await rotateAndDie({ fault, sqlite: path })).toBe('SIGKILL')
      // A lock of this driver's, which the system does not take back as it does with those of the others.
      rmSync(`${path}.lock`, { recursive: true, force: true })

      const db = open(path)
      const rows = () => db.prepare('SELECT id, token FROM accounts').all() as { id: number; token: string }[]
      const store = sqliteRotationStore(db, table)
      expect(await store.inventory('2026-05')).toMatchObject({ total: 40, stale: 40 - rotated })
      for (const { id, token } of rows()) expect(envelope.open(token, contextOf(id))).toBe(`token ${id}`)
      expect(await rotateRows({ envelope, store })).toMatchObject({ outcome: 'done', rotated: 40 - rotated })
      expect(rows()).toHaveLength(40)
      for (const { id, token } of rows()) expect(envelope.open(token, contextOf(id))).toBe(`token ${id}`)
      db.close()
    },
  )
})
