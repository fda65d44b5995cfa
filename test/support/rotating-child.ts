/**
 * A process that rotates and kills itself, as `kill -9` would, at one point of its second claim: `select`, `work`,
 * `update` (written, not committed) or `commit` (committed, not heard of). Started by the tests of rotations.
 */

import pg from 'pg'
import { createEnvelope } from 'waxseal/envelope'
import { type RotationStore, rotateRows } from 'waxseal/envelope/rotate'
import { createKeyring } from 'waxseal/keyring'
import { type PgPoolLike, postgresRotationStore } from 'waxseal/stores/postgres'
import { type SqliteLike, sqliteRotationStore } from 'waxseal/stores/sqlite'
import { sqliteDrivers } from './sqlite.js'

export type Fault = 'select' | 'work' | 'update' | 'commit'

/** What the parent passes as the one argument, in JSON. */
export interface Orders {
  readonly fault: Fault
  readonly keys: readonly string[]
  readonly postgres?: { readonly url: string; readonly schema: string }
  readonly sqlite?: string
}

const orders: Orders = JSON.parse(process.argv[2] ?? '{}')
const table = { table: 'accounts', column: 'token', id: 'id' } as const
let claims = 0

/** Never returns. */
function dieAt(point: Fault): void {
  if (claims === 2 && point === orders.fault) process.kill(process.pid, 'SIGKILL')
}

function overPostgres({ url, schema }: NonNullable<Orders['postgres']>): RotationStore {
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${schema}`,
    application_name: schema,
  })
  const dying: PgPoolLike = {
    totalCount: 0,
    query: (text, params) => pool.query(text, params),
    async connect() {
      const connection = await pool.connect()
      return {
        release: (destroy) => connection.release(destroy),
        async query(text, params) {
          if (text === 'COMMIT') dieAt('update')
          const answer = await connection.query(text, params)
          if (text === 'COMMIT') dieAt('commit')
          return answer
        },
      }
    },
  }
  return postgresRotationStore(dying, { ...table, idType: 'integer' })
}

function overSqlite(path: string): RotationStore {
  const db = sqliteDrivers[0]?.open(path) as SqliteLike
  const dying: SqliteLike = {
    prepare: (sql) => db.prepare(sql),
    exec(sql) {
      if (sql === 'COMMIT') dieAt('update')
      db.exec(sql)
      if (sql === 'COMMIT') dieAt('commit')
    },
  }
  return sqliteRotationStore(dying, table)
}

const store = orders.postgres === undefined ? overSqlite(orders.sqlite ?? '') : overPostgres(orders.postgres)

await rotateRows({
  envelope: createEnvelope({ keyring: createKeyring(orders.keys) }),
  batch: 10,
  store: {
    inventory: (primary) => store.inventory(primary),
    claim: (query, work) =>
      store.claim(query, async (rows) => {
        claims++
        dieAt('select')
        const changes = await work(rows)
        dieAt('work')
        return changes
      }),
  },
})
