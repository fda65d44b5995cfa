import type { Claimed, Inventory, RotationStore } from '../../envelope/rotation-store.js'
import { inventoryOf, type RotationTable, readTable } from '../rotation-table.js'
import { type SqliteLike, sqliteDatabase } from './client.js'

/**
 * A table of SQLite, for `rotateRows`. Nothing is locked while new values are made, so two rotations may do the same work:
 * what comes second loses its compare-and-swap and writes nothing. The values of a claim are written in one transaction.
 *
 * Ids are integers or text, of a column that is declared as such. Rows of other ids, NULL among them, and values that are
 * not text are counted and left alone.
 *
 * ```ts
 * import { DatabaseSync } from 'node:sqlite'
 * import { sqliteRotationStore } from 'waxseal/stores/sqlite'
 *
 * const db = new DatabaseSync('app.db')
 * const store = sqliteRotationStore(db, { table: 'accounts', column: 'access_token', id: 'id' })
 * ```
 *
 * @param db - Of node:sqlite, better-sqlite3 or bun:sqlite. It is never closed; set its `busy_timeout`.
 * @throws TypeError or RangeError that names the option. Its calls fail with StoreError: `busy` when another process
 * writes for longer than `busy_timeout`, `in_transaction` when the database is inside one of yours.
 */
export function sqliteRotationStore(db: SqliteLike, options: RotationTable): RotationStore {
  const { table, column, id, columns, also, where, rowOf, alsoOf } = readTable(options)
  const database = sqliteDatabase(db)

  // A name without its table would be taken for a text where there is no such column. GLOB, unlike LIKE, minds case.
  const value = `t.${column}`
  const further = columns.map((name, index) => `, CAST(t.${name} AS TEXT) AS c${index}`).join('')
  const select = (legacy: boolean, after: string | null) =>
    `SELECT CAST(t.${id} AS TEXT) AS id, ${value} AS value${further} FROM ${table} AS t
    WHERE typeof(${value}) = 'text' AND typeof(t.${id}) IN ('integer', 'text')
    AND ${legacy ? `${value} <> ''` : `${value} GLOB 'wx1.*'`} AND ${value} NOT GLOB ?
    ${after === null ? '' : `AND t.${id} > ? `}${where} ORDER BY t.${id} LIMIT CAST(? AS INTEGER)`
  const sets = [`${column} = ?`, ...also.map((name) => `${name} = coalesce(?, t.${name})`)]
  const update = `UPDATE ${table} AS t SET ${sets.join(', ')}
    WHERE t.${id} = ? AND ${value} = ? COLLATE BINARY RETURNING CAST(${id} AS TEXT) AS id`
  const count = `SELECT kind, kid, CAST(count(*) AS TEXT) AS rows, CAST(total(value GLOB ?) AS TEXT) AS done
    FROM (SELECT value, CASE WHEN value GLOB 'wx1.*' THEN 'sealed' WHEN value <> '' THEN 'other' ELSE 'empty' END AS kind,
      CASE WHEN value GLOB 'wx1.*' THEN substr(value, 5, min(33, instr(substr(value, 5) || '.', '.') - 1)) END AS kid
      FROM (SELECT ${value} AS value FROM ${table} AS t WHERE true${where}))
    GROUP BY kind, kid COLLATE BINARY`

  return Object.freeze<RotationStore>({
    async claim({ primary, legacy, after, limit, dryRun }, work): Promise<Claimed> {
      const params = [`wx1.${primary}.*`, ...(after === null ? [] : [after]), String(limit)]
      const rows = database.query(select(legacy, after), ...params).map(rowOf)
      const last = rows.at(-1)?.id ?? null
      const changes = last === null ? [] : await work(rows)
      if (dryRun || changes.length === 0) return { written: [], last }
      const written = database.all(
        update,
        changes.map((change) => [change.to, ...alsoOf(change), change.id, change.from]),
      )
      return { written: written.map((row) => row['id'] as string), last }
    },

    async inventory(primary): Promise<Inventory> {
      return inventoryOf(database.query(count, `wx1.${primary}.*`))
    },
  })
}
