import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type SqliteLike, sqliteRotationStore } from 'waxseal/stores/sqlite'
import { describeRotation } from '../contract/rotation.js'
import { sqliteDrivers, sqliteFolder } from '../support/sqlite.js'

const folder = sqliteFolder()
afterAll(folder.remove)

const options = {
  table: 'accounts',
  column: 'token',
  id: 'id',
  columns: ['tenant'],
  also: ['mark'],
  context: (row: { id: string; tenant?: string | null }) => ({
    tenant: String(row.tenant),
    purpose: 'token',
    id: row.id,
  }),
}
const query = { primary: '2026-05', legacy: false, after: null, limit: 10, dryRun: false }

for (const driver of sqliteDrivers) {
  const ids = {
    'INTEGER PRIMARY KEY': (n: number) => String(9007199254740000 + n),
    'TEXT PRIMARY KEY': (n: number) => `acc_${String(n).padStart(3, '0')}`,
  }
  for (const [idType, id] of Object.entries(ids)) {
    const db = driver.open(folder.path(`${driver.name} ${idType}`.replaceAll(/\W/g, '_')))
    // A column that ignores case, so that the swap has to mind it.
    db.exec(`CREATE TABLE accounts (id ${idType}, tenant TEXT NOT NULL DEFAULT 'acme',
      token TEXT COLLATE NOCASE CHECK (token <> 'poison'), mark TEXT)`)
    describeRotation(`${driver.name}, ${idType}`, {
      reset: () => {
        db.exec('DELETE FROM accounts')
      },
      create: () => sqliteRotationStore(db, options),
      id,
      put: (of, { value, mark }) => {
        db.prepare('INSERT OR REPLACE INTO accounts (id, token, mark) VALUES (?, ?, ?) RETURNING 1').all(
          of,
          value,
          mark,
        )
      },
      get: (of) =>
        db.prepare('SELECT token AS value, mark FROM accounts WHERE id = ?').all(of)[0] as
          | { value: string; mark: string }
          | undefined,
      locks: false,
      poison: true,
      close: () => db.close(),
    })
  }

  describe(`sqliteRotationStore on ${driver.name}`, () => {
    let db: SqliteLike & { close(): void }
    let path: string
    let files = 0

    beforeEach(() => {
      path = folder.path(`${driver.name.replaceAll(/\W/g, '_')}_${++files}`)
      db = driver.open(path)
      db.exec(`CREATE TABLE accounts (id INTEGER PRIMARY KEY, tenant TEXT DEFAULT 'acme', token TEXT, mark TEXT);
        INSERT INTO accounts (token) VALUES ('wx1.a.e.b'), ('wx1.b.e.b')`)
      return () => db.close()
    })

    const renew = async (rows: readonly { id: string; value: string }[]) =>
      rows.map(({ id, value }) => ({ id, from: value, to: 'wx1.2026-05.e.b' as never }))

    it('fails with in_transaction inside a transaction of the caller, and leaves that alone', async () => {
      const store = sqliteRotationStore(db, options)
      db.exec('BEGIN')
      await expect(store.claim(query, renew)).rejects.toMatchObject({ reason: 'in_transaction' })
      db.exec('COMMIT')
      expect(await store.inventory('2026-05')).toMatchObject({ stale: 2 })
    })

    it('fails with busy while another connection writes, and works afterwards', async () => {
      const other = driver.open(path)
      other.exec('BEGIN IMMEDIATE')
      const store = sqliteRotationStore(db, options)
      await expect(store.claim(query, renew)).rejects.toMatchObject({ reason: 'busy' })
      other.exec('COMMIT')
      other.close()
      expect((await store.claim(query, renew)).written).toHaveLength(2)
    })

    it('does not take a column that is missing for a text', async () => {
      for (const wrong of [{ column: 'nope' }, { id: 'nope' }, { columns: ['nope'] }]) {
        const store = sqliteRotationStore(db, { ...options, ...wrong })
        await expect(store.claim(query, renew)).rejects.toMatchObject({ code: 'store_error' })
      }
      await expect(
        sqliteRotationStore(db, { ...options, column: 'nope' }).inventory('x'),
      ).rejects.toMatchObject({ code: 'store_error' })
    })

    it('says when the table is missing, and when the database is closed', async () => {
      const store = sqliteRotationStore(db, { ...options, table: 'main.nope' })
      await expect(store.inventory('x')).rejects.toMatchObject({ reason: 'schema_missing' })
      const closed = driver.open(path)
      closed.close()
      await expect(sqliteRotationStore(closed, options).inventory('x')).rejects.toMatchObject({
        code: 'store_error',
      })
    })

    it('counts values that are no text, and leaves them alone', async () => {
      db.exec(`INSERT INTO accounts (token) VALUES (CAST('wx1.c.e.b' AS BLOB)), (x'00ff')`)
      const store = sqliteRotationStore(db, options)
      const seen: string[] = []
      await store.claim({ ...query, legacy: true }, async (rows) => {
        seen.push(...rows.map((row) => row.value))
        return []
      })
      expect(seen).toEqual(['wx1.a.e.b', 'wx1.b.e.b'])
      expect((await store.inventory('a')).total).toBe(4)
    })

    it('counts rows whose id is neither an integer nor text, and leaves them alone', async () => {
      db.exec(`CREATE TABLE odd (id ANY UNIQUE, token TEXT);
        INSERT INTO odd VALUES (NULL, 'wx1.a.e.n'), (1.5, 'wx1.a.e.r'), (x'61', 'wx1.a.e.x'), (2, 'wx1.a.e.2'),
          ('three', 'wx1.a.e.3')`)
      const store = sqliteRotationStore(db, { table: 'odd', column: 'token', id: 'id' })
      const { written, last } = await store.claim(query, renew)
      expect([written, last]).toEqual([['2', 'three'], 'three'])
      expect(await store.inventory('2026-05')).toMatchObject({ total: 5, stale: 3 })
    })

    it('restricts claims and the inventory to dangerouslyWhere, also with a comment at its end', async () => {
      const store = sqliteRotationStore(db, { ...options, dangerouslyWhere: "t.token LIKE '%.b.%' -- only" })
      expect(await store.inventory('2026-05')).toMatchObject({ total: 1, byKid: { b: 1 } })
      expect((await store.claim(query, renew)).written).toEqual(['2'])
    })
  })
}

describe('sqliteRotationStore', () => {
  const db = { prepare: () => ({ all: () => [] }), exec: () => {} }

  it.each([undefined, null, {}, 'file.db', { prepare() {} }, { ...db, batch() {} }])(
    'refuses %j for a database',
    (client) => {
      expect(() => sqliteRotationStore(client as never, options)).toThrow(/^db: expected a database/)
    },
  )

  it.each([
    [{ table: undefined }, TypeError, 'table'],
    [{ table: '' }, RangeError, 'table'],
    [{ table: 'a.b.c' }, RangeError, 'table'],
    [{ table: 'a"b' }, RangeError, 'table'],
    [{ table: 'a;b' }, RangeError, 'table'],
    [{ column: '1a' }, RangeError, 'column'],
    [{ column: 7 }, TypeError, 'column'],
    [{ id: 'a'.repeat(64) }, RangeError, 'id'],
    [{ columns: 'tenant' }, TypeError, 'columns'],
    [{ columns: ['a b'] }, RangeError, 'columns'],
    [{ columns: ['id'], id: 'pk' }, TypeError, 'columns'],
    [{ columns: ['tenant', 'tenant'] }, RangeError, 'columns'],
    [{ also: ['token'] }, TypeError, 'also'],
    [{ also: ['id'] }, TypeError, 'also'],
    [{ also: ['a\0'] }, RangeError, 'also'],
    [{ context: {} }, TypeError, 'context'],
    [{ dangerouslyWhere: '' }, TypeError, 'dangerouslyWhere'],
    [{ dangerouslyWhere: 7 }, TypeError, 'dangerouslyWhere'],
  ])('refuses the options %j', (wrong, error, option) => {
    const create = () => sqliteRotationStore(db, { ...options, ...wrong } as never)
    expect(create).toThrow(error)
    expect(create).toThrow(new RegExp(`^${option}: `))
  })

  it.each([
    [{ other: 'x' }],
    [{ mark: 7 }],
    [{ mark: 'a\0b' }],
    [{ mark: '\ud800' }],
    [{ __proto__: null, token: 'x' }],
  ])('refuses a change with also %j', async (also) => {
    const store = sqliteRotationStore(
      { prepare: () => ({ all: () => [{ id: '1', value: 'wx1.a.e.b' }] }), exec: () => {} },
      options,
    )
    const change = { id: '1', from: 'wx1.a.e.b', to: 'wx1.2026-05.e.b', also }
    await expect(store.claim(query, async () => [change as never])).rejects.toThrow(/^also: /)
  })

  it('passes no context for a row whose context throws, or where none is configured', async () => {
    const answers = {
      prepare: () => ({ all: () => [{ id: '1', value: 'wx1.a.e.b', c0: null }] }),
      exec: () => {},
    }
    const contexts: unknown[] = []
    for (const context of [
      () => {
        throw new Error('no tenant')
      },
      undefined,
      (row: object) => ({ ...row, tenant: String(Object.getPrototypeOf(row)), purpose: 'x' }),
    ]) {
      const store = sqliteRotationStore(answers, { ...options, columns: ['__proto__'], context })
      await store.claim(query, async (rows) => {
        contexts.push(...rows.map((row) => row.context))
        return []
      })
    }
    expect(contexts.slice(0, 2)).toEqual([null, null])
    expect(contexts[2]).toMatchObject({ id: '1', tenant: 'null' })
  })
})

describe('what drivers of SQLite throw', () => {
  const store = (thrown: unknown) =>
    sqliteRotationStore(
      {
        prepare() {
          throw thrown
        },
        exec() {},
      },
      options,
    )
  const error = (message: string, of: object = {}) => Object.assign(new Error(message), of)

  it.each([
    ['busy', 'SQLITE_BUSY_SNAPSHOT', error('x', { code: 'SQLITE_BUSY_SNAPSHOT' })],
    ['constraint', 'SQLITE_CONSTRAINT_CHECK', error('x', { code: 'SQLITE_CONSTRAINT_CHECK' })],
    ['read_only', 'SQLITE_READONLY', error('x', { code: 'SQLITE_READONLY' })],
    ['full', 'SQLITE_FULL', error('x', { code: 'SQLITE_FULL' })],
    ['schema_missing', 'SQLITE_ERROR', error('no such table: accounts', { code: 'SQLITE_ERROR' })],
    ['busy', 'SQLITE_BUSY', error('database is locked', { code: 'ERR_SQLITE_ERROR', errcode: 517 })],
    ['corrupt', 'SQLITE_NOTADB', error('x', { code: 'ERR_SQLITE_ERROR', errcode: 26 })],
    ['schema_missing', 'SQLITE_ERROR', error('no such table: accounts', { errcode: 1 })],
    ['unknown', undefined, error('x', { errcode: 99 })],
    ['constraint', undefined, error('CHECK constraint failed: secret-canary')],
    ['unavailable', undefined, error('Database is not open')],
    ['unknown', undefined, error('secret-canary', { code: 'ERR_OTHER' })],
    ['unknown', undefined, null],
    ['unknown', undefined, 'text'],
  ])('is %s (%s)', async (reason, driver, thrown) => {
    const failure: unknown = await store(thrown)
      .inventory('p')
      .catch((caught) => caught)
    expect(failure).toMatchObject({ code: 'store_error', reason })
    expect((failure as { driver?: string }).driver).toBe(driver)
    expect(`${JSON.stringify(failure)} ${(failure as Error).stack}`).not.toContain('canary')
  })

  it('is corrupt where an answer has no rows', async () => {
    const odd = { prepare: () => ({ all: () => 'rows' as never }), exec() {} }
    await expect(sqliteRotationStore(odd, options).inventory('p')).rejects.toMatchObject({
      reason: 'corrupt',
    })
  })
})
