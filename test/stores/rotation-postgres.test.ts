import { PGlite } from '@electric-sql/pglite'
import fc from 'fast-check'
import type pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimQuery, RotationRow } from 'waxseal/envelope/rotate'
import {
  type PgTransactionalLike,
  type PostgresRotationOptions,
  postgresRotationStore,
} from 'waxseal/stores/postgres'
import { describeRotation, type RotationHarness, type TestRow } from '../contract/rotation.js'
import { postgresSandbox } from '../support/services.js'

const sandbox = await postgresSandbox()
const onPostgres = describe.skipIf(sandbox === undefined)

const ids = {
  bigint: (n: number) => String(9007199254740000n + BigInt(n)),
  integer: (n: number) => String(n - 7),
  uuid: (n: number) => `0190b3a0-0000-7000-8000-${String(n).padStart(12, '0')}`,
  text: (n: number) => `acc_${String(n).padStart(3, '0')}`,
}
type IdType = keyof typeof ids

const options = {
  column: 'token',
  id: 'id',
  columns: ['tenant'],
  also: ['mark'],
  context: ({ id, tenant }: { id: string; tenant?: string | null }) => ({
    tenant: String(tenant),
    purpose: 'token',
    id,
  }),
}

/** A column that is as hard as columns get: case-insensitive and not deterministic in its comparisons. */
const createTable = (table: string, idType: IdType) => `
  CREATE COLLATION IF NOT EXISTS careless (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
  CREATE TABLE ${table} (id ${idType} PRIMARY KEY, tenant text NOT NULL DEFAULT 'acme',
    token text COLLATE careless CHECK (token <> 'poison'), mark varchar)`

type Run = (text: string, params?: unknown[]) => Promise<readonly unknown[]>

function harness(
  client: PgTransactionalLike,
  run: Run,
  table: string,
  idType: IdType,
): Omit<RotationHarness, 'locks'> {
  const store: PostgresRotationOptions = { ...options, table, idType }
  return {
    reset: async () => {
      await run(`DELETE FROM ${table}`)
    },
    create: () => postgresRotationStore(client, store),
    id: ids[idType],
    put: async (id, { value, mark }) => {
      await run(
        `INSERT INTO ${table} (id, token, mark) VALUES ($1, $2, $3)
          ON CONFLICT (id) DO UPDATE SET token = excluded.token, mark = excluded.mark`,
        [id, value, mark],
      )
    },
    get: async (id) =>
      (await run(`SELECT token AS value, mark FROM ${table} WHERE id = $1`, [id]))[0] as TestRow,
    poison: true,
  }
}

onPostgres('PostgreSQL', () => {
  if (sandbox === undefined) return
  const pool = sandbox.pool()
  const run: Run = async (text, params) => (await pool.query(text, params)).rows
  const sql = postgres(sandbox.url, { fetch_types: false, max: 4, onnotice: () => {} })
  afterAll(() => sql.end())

  for (const idType of Object.keys(ids) as IdType[]) {
    beforeAll(() => run(createTable(`accounts_${idType}`, idType)))
    describeRotation(`pg, ids of ${idType}`, {
      ...harness(pool, run, `accounts_${idType}`, idType),
      locks: true,
    })
  }

  const qualified = `${sandbox.schema}.postgres_js`
  beforeAll(() => run(createTable(qualified, 'uuid')))
  describeRotation('postgres.js, with a schema', { ...harness(sql, run, qualified, 'uuid'), locks: true })
})

describe('PGlite', () => {
  const pglite = new PGlite()
  beforeAll(async () => {
    await pglite.exec(createTable('accounts', 'text').replaceAll(/CREATE COLLATION.*|COLLATE careless/g, ''))
  })
  const run: Run = async (text, params) => (await pglite.query(text, params)).rows
  describeRotation('PGlite', {
    ...harness(pglite, run, 'accounts', 'text'),
    locks: true,
    concurrent: false,
    close: () => pglite.close(),
  })
})

onPostgres('postgresRotationStore', () => {
  if (sandbox === undefined) return
  const pool = sandbox.pool({ max: 3 })
  const query: ClaimQuery = { primary: '2026-05', legacy: false, after: null, limit: 10, dryRun: false }
  const renew = async (rows: readonly RotationRow[]) =>
    rows.map(({ id, value }) => ({ id, from: value, to: value.replace('2026-01', '2026-05') as never }))

  beforeAll(() => pool.query(createTable('accounts', 'integer')))
  beforeEach(() =>
    pool.query(`DELETE FROM accounts; INSERT INTO accounts (id, token)
      VALUES (1, 'wx1.2026-01.a.a'), (2, 'wx1.2026-01.b.b'), (3, 'wx1.2026-05.c.c')`),
  )
  const create = (over: Partial<PostgresRotationOptions> = {}, client: pg.Pool = pool) =>
    postgresRotationStore(client, { ...options, table: 'accounts', idType: 'integer', ...over })

  it('lets readers and inserts of referring rows pass, and makes writers wait', async () => {
    await pool.query('CREATE TABLE IF NOT EXISTS logins (account integer REFERENCES accounts)')
    let waited = false
    await create().claim(query, async (rows) => {
      expect((await pool.query('SELECT * FROM accounts')).rowCount).toBe(3)
      await pool.query('INSERT INTO logins VALUES (1)')
      const client = await pool.connect()
      await client.query("SET lock_timeout = '50ms'")
      await client.query("UPDATE accounts SET token = 'x' WHERE id = 1").catch((error) => {
        waited = error.code === '55P03'
      })
      client.release(true)
      return renew(rows)
    })
    await pool.query('DROP TABLE logins')
    expect(waited).toBe(true)
    expect(await create().inventory('2026-05')).toMatchObject({ stale: 0 })
  })

  it('restricts claims and the inventory to dangerouslyWhere, also with a comment at its end', async () => {
    const store = create({ dangerouslyWhere: 't.token LIKE \'%.b.%\' COLLATE "C" -- only' })
    expect(await store.inventory('2026-05')).toMatchObject({ total: 1, byKid: { '2026-01': 1 } })
    expect((await store.claim(query, renew)).written).toEqual(['2'])
  })

  it('gives the same results where the pool has another isolation level', async () => {
    const strict = sandbox.pool({
      options: `-c search_path=${sandbox.schema} -c default_transaction_isolation=serializable`,
    })
    const store = create({}, strict)
    let level = ''
    await store.claim({ ...query, limit: 1 }, async (rows) => {
      const other = await pool.query(`SELECT 1 FROM accounts WHERE id = 2`)
      level = String(other.rowCount)
      return renew(rows)
    })
    expect(level).toBe('1')
    await pool.query("UPDATE accounts SET token = 'wx1.2026-01.z.z' WHERE id = 1")
    const results = await Promise.all([store.claim(query, renew), store.claim(query, renew)])
    expect(results.flatMap(({ written }) => written).sort()).toEqual(['1', '2'])
  })

  it('writes any text into a further column as it is', async () => {
    const store = create()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const mark = text.replaceAll('\0', '')
        await pool.query("UPDATE accounts SET token = 'wx1.2026-01.z.z' WHERE id = 1")
        await store.claim({ ...query, limit: 1 }, async (rows) =>
          (await renew(rows)).map((of) => ({ ...of, also: { mark } })),
        )
        const { rows } = await pool.query('SELECT mark FROM accounts WHERE id = 1')
        expect(rows).toEqual([{ mark }])
      }),
    )
  })

  it('goes through ids of text in the order of their own collation, which their index has', async () => {
    await pool.query(`CREATE TABLE words (id text COLLATE "en-x-icu" PRIMARY KEY, token text);
      INSERT INTO words SELECT w, 'wx1.2026-01.e.b' FROM unnest('{b,B,a,A,ä,Z,-,_,"a b",é,e}'::text[]) w`)
    const statements: string[] = []
    const store = postgresRotationStore(
      {
        totalCount: 0,
        query: (text, params) => pool.query(text, params),
        async connect() {
          const connection = await pool.connect()
          return {
            release: (destroy) => connection.release(destroy),
            query(text, params) {
              statements.push(text)
              return connection.query(text, params)
            },
          }
        },
      },
      { table: 'words', column: 'token', id: 'id', idType: 'text' },
    )
    const seen: string[] = []
    for (let after: string | null = null; ; ) {
      const claimed = await store.claim({ ...query, after, limit: 3 }, async (rows) => {
        seen.push(...rows.map(({ id }) => id))
        return []
      })
      if (claimed.last === null) break
      after = claimed.last
    }
    const { rows } = await pool.query('SELECT id FROM words ORDER BY id')
    expect(seen).toEqual(rows.map(({ id }) => id))

    const client = await pool.connect()
    const claim = statements.filter((text) => text.includes('SKIP LOCKED')).at(-1) ?? ''
    await client.query('SET enable_seqscan = off; SET enable_sort = off')
    const plan = await client.query(`EXPLAIN ${claim}`, ['wx1.2026-05.%', '3', 'b'])
    client.release(true)
    expect(JSON.stringify(plan.rows)).toContain('Index Scan using words_pkey')
  })

  it.each([
    ['a table that is missing', { table: 'nope' }, { reason: 'schema_missing', driver: '42P01' }],
    ['a column that is missing', { column: 'nope' }, { reason: 'unknown', driver: '42703' }],
    ['another type of id', { idType: 'uuid' as const }, { reason: 'unknown', driver: '42883' }],
    [
      'a condition that ends too early',
      { dangerouslyWhere: 'true) /*' },
      { reason: 'unknown', driver: '42601' },
    ],
  ])('fails with StoreError on %s', async (_, over, expected) => {
    await expect(create(over).claim({ ...query, after: '0' }, renew)).rejects.toMatchObject(expected)
  })

  it('says nothing of what is in the database or in the query', async () => {
    const failure: unknown = await create()
      .claim({ ...query, after: 'canary-0815' }, renew)
      .catch((error) => error)
    expect(failure).toMatchObject({ code: 'store_error', reason: 'unknown', driver: '22P02' })
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('canary')
    expect((failure as Error).cause).toBeUndefined()
  })

  it.each([
    [{ idType: 'serial' }, RangeError, 'idType'],
    [{ idType: undefined }, RangeError, 'idType'],
    [{ timeout: '1ms' }, RangeError, 'timeout'],
    [{ timeout: 5 }, TypeError, 'timeout'],
    [{ table: 'a.b.c' }, RangeError, 'table'],
    [{ column: 'a"b' }, RangeError, 'column'],
  ])('refuses the options %j', (wrong, error, option) => {
    expect(() => create(wrong as never)).toThrow(error)
    expect(() => create(wrong as never)).toThrow(new RegExp(`^${option}: `))
  })
})
