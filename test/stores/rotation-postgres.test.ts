import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { citext } from '@electric-sql/pglite/contrib/citext'
import fc from 'fast-check'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimQuery, RotationRow, RotationStore } from 'waxseal/envelope/rotate'
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

const query: ClaimQuery = { primary: '2026-05', legacy: false, after: null, limit: 10, dryRun: false }

const renew = async (rows: readonly RotationRow[]) =>
  rows.map(({ id, value }) => ({ id, from: value, to: value.replace('2026-01', '2026-05') as never }))

/** The ids of one pass, in its order, each of which was written. */
async function passThrough(store: RotationStore, limit: number): Promise<readonly string[]> {
  const seen: string[] = []
  for (let after: string | null = null; ; ) {
    const claimed = await store.claim({ ...query, after, limit }, async (rows) => {
      seen.push(...rows.map(({ id }) => id))
      return renew(rows)
    })
    if (claimed.last === null) return seen
    expect(claimed.written).toContain(claimed.last)
    after = claimed.last
  }
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
  const pglite = new PGlite({ extensions: { citext } })
  beforeAll(async () => {
    await pglite.exec(createTable('accounts', 'text').replaceAll(/CREATE COLLATION.*|COLLATE careless/g, ''))
  })

  it('misses no row whose id ignores case', async () => {
    const words = 'ab aC ad aE Bf Bg BH bi BJ cK Cl cM Cn'.split(' ')
    await pglite.exec(`CREATE EXTENSION citext; CREATE TABLE words (id citext PRIMARY KEY, token text);
      INSERT INTO words SELECT w, 'wx1.2026-01.e.b' FROM unnest('{${words}}'::citext[]) w`)
    const store = postgresRotationStore(pglite, { table: 'words', column: 'token', id: 'id', idType: 'text' })
    expect([...(await passThrough(store, 1))].sort()).toEqual(words.sort())
    expect(await store.inventory('2026-05')).toMatchObject({ total: 13, stale: 0 })
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

  it.each(['text COLLATE "en-x-icu"', 'varchar(9)', 'varchar COLLATE "en-x-icu"'])(
    'goes through ids of %s in the order of their own collation, which their index has',
    async (type) => {
      await pool.query(`DROP TABLE IF EXISTS words; CREATE TABLE words (id ${type} PRIMARY KEY, token text);
      INSERT INTO words SELECT w, 'wx1.2026-01.e.b' FROM unnest('{b,B,a,A,ä,Z,-,_,"a b",é,e}'::text[]) w`)
      const { rows } = await pool.query('SELECT id FROM words ORDER BY id')
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
      expect(await passThrough(store, 3)).toEqual(rows.map(({ id }) => id))

      const client = await pool.connect()
      await client.query('SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off')
      const plans = [
        ['SKIP LOCKED', ['wx1.2026-05.%', '3', 'b']],
        ['UPDATE words', ['{a}', '{x}', '{y}']],
      ] as const
      for (const [part, params] of plans) {
        const statement = statements.filter((text) => text.replaceAll('"', '').includes(part)).at(-1)
        const plan = await client.query(`EXPLAIN ${statement}`, [...params])
        expect(JSON.stringify(plan.rows)).toMatch(/Index Scan using words_pkey.*Index Cond: .*id/)
        expect(JSON.stringify(plan.rows)).not.toContain('Sort')
      }
      client.release(true)
    },
  )

  it.each(['numeric', 'char(9)', 'uuid', 'inet'])('takes ids of %s for text', async (type) => {
    const values: Readonly<Record<string, string>> = {
      numeric: "'1.5', '10', '2', '-3', '1e30', '1.50001'",
      'char(9)': "'b', 'B', 'a c', 'a'",
      uuid: 'gen_random_uuid(), gen_random_uuid(), gen_random_uuid()',
      inet: "'10.0.0.1', '9.0.0.1', '::1'",
    }
    await pool.query(`DROP TABLE IF EXISTS odd; CREATE TABLE odd (id ${type} PRIMARY KEY, token text);
      INSERT INTO odd SELECT v, 'wx1.2026-01.e.b' FROM unnest(ARRAY[${values[type]}]::${type}[]) v`)
    const store = create({ table: 'odd', columns: [], also: [], idType: 'text' })
    const { rows } = await pool.query('SELECT id::text FROM odd')
    expect([...(await passThrough(store, 1))].sort()).toEqual(rows.map(({ id }) => id).sort())
    expect(await store.inventory('2026-05')).toMatchObject({ stale: 0 })
  })

  it.each([
    ['bigint', 'numeric', '1, -7, 9223372036854775807', '9223372036854775808'],
    ['bigint', 'numeric', '1, 2', '1.5'],
    ['bigint', 'numeric', '1, 2', "'NaN'"],
    ['integer', 'bigint', '1, -2147483648, 2147483647', '2147483648'],
  ] as const)('takes ids of %s from a column of %s, and says when there are others', async (...args) => {
    const [idType, type, good, bad] = args
    await pool.query(`DROP TABLE IF EXISTS odd; CREATE TABLE odd (id ${type} PRIMARY KEY, token text);
      INSERT INTO odd SELECT v, 'wx1.2026-01.e.b' FROM unnest(ARRAY[${good}]::${type}[]) v`)
    const store = create({ table: 'odd', columns: [], also: [], idType })
    expect(await passThrough(store, 1)).toHaveLength(good.split(',').length)
    await pool.query(`INSERT INTO odd VALUES (${bad}, 'wx1.2026-01.e.b')`)
    for (const dryRun of [true, false]) {
      const claim = store.claim({ ...query, dryRun }, () => Promise.reject(new Error('called')))
      await expect(claim).rejects.toMatchObject({ code: 'store_error', reason: 'wrong_type' })
    }
  })

  it('counts a row without an id, and leaves it alone', async () => {
    await pool.query(`DROP TABLE IF EXISTS odd; CREATE TABLE odd (id integer UNIQUE, token text);
      INSERT INTO odd VALUES (1, 'wx1.2026-01.e.b'), (NULL, 'wx1.2026-01.e.b'), (2, 'wx1.2026-01.e.b')`)
    for (const idType of ['integer', 'text'] as const) {
      await pool.query("UPDATE odd SET token = 'wx1.2026-01.e.b'")
      const store = create({ table: 'odd', columns: [], also: [], idType })
      expect(await passThrough(store, 3)).toEqual(['1', '2'])
      expect(await store.inventory('2026-05')).toMatchObject({ total: 3, stale: 1 })
    }
  })

  it.each([
    ['a CHECK', '23514', "ALTER TABLE odd ADD CHECK (token NOT LIKE '%05%')"],
    ['a length', '22001', 'ALTER TABLE odd ALTER token TYPE varchar(15)'],
    [
      'a unique index',
      '23505',
      "INSERT INTO odd VALUES (2, 'wx1.2026-05.e.b'); CREATE UNIQUE INDEX ON odd (token)",
    ],
    [
      'a trigger',
      'P0001',
      `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE TRIGGER refusing BEFORE UPDATE ON odd FOR EACH ROW EXECUTE FUNCTION refuse()`,
    ],
    [
      'a trigger at the commit',
      'P0001',
      `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE CONSTRAINT TRIGGER refusing AFTER UPDATE ON odd DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION refuse()`,
    ],
    ['the size of an index entry', '54000', 'CREATE INDEX ON odd (token)'],
  ])('says constraint where %s refuses a row', async (_, driver, change) => {
    await pool.query(`DROP TABLE IF EXISTS odd; CREATE TABLE odd (id integer PRIMARY KEY, token text);
      INSERT INTO odd VALUES (1, 'wx1.2026-01.e.b'); ${change}`)
    const store = create({ table: 'odd', columns: [], also: [] })
    const large = driver === '54000' ? randomBytes(8000).toString('hex') : ''
    const claim = store.claim(query, async (rows) =>
      (await renew(rows)).map((of) => ({
        ...of,
        to: `${of.to}${'x'.repeat(Number(driver === '22001'))}${large}` as never,
      })),
    )
    await expect(claim).rejects.toMatchObject({ reason: 'constraint', driver })
    expect(await store.inventory('2026-05')).toMatchObject({ stale: 1 })
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

  it('takes the rows that a policy shows for an error, and not for all there are', async () => {
    const { schema = '', url = '' } = sandbox ?? {}
    await pool.query(`CREATE TABLE guarded (id integer PRIMARY KEY, token text, tenant text);
      INSERT INTO guarded VALUES (1, 'wx1.2026-01.a.b', 'org_1'), (2, 'wx1.2026-01.a.b', 'org_2');
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON guarded USING (tenant = 'org_1')`)
    const reader = new pg.Pool({ connectionString: url, max: 1, options: '-c role=pg_read_all_data' })
    try {
      expect((await reader.query(`SELECT id FROM ${schema}.guarded`)).rows).toEqual([{ id: 1 }])
      const store = postgresRotationStore(reader, {
        table: `${schema}.guarded`,
        column: 'token',
        id: 'id',
        idType: 'integer',
      })
      await expect(store.inventory('2026-05')).rejects.toMatchObject({ reason: 'denied', driver: '42501' })
    } finally {
      await reader.end()
    }
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
