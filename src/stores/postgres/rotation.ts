import type { Claimed, Inventory, RotationRow, RotationStore } from '../../envelope/rotation-store.js'
import { type Duration, milliseconds } from '../../internal/duration.js'
import { StoreError } from '../../internal/store-error.js'
import { inventoryOf, type RotationTable, readTable } from '../rotation-table.js'
import { type PgTransactionalLike, type Query, type Row, transactional } from './client.js'

/** Of `postgresRotationStore`. */
export interface PostgresRotationOptions extends RotationTable {
  /**
   * The type of the id column. `bigint` and `integer` also do for a numeric column that holds no others; a claim of others
   * fails with `wrong_type`. `text` does for any type, and orders ids as text: where the column is neither text nor
   * varchar, but citext, char(n) or numeric, let it have an index on `(id::text)`.
   */
  readonly idType: 'bigint' | 'integer' | 'uuid' | 'text'
  /**
   * Of each statement, '100ms' to '24h'; default '60s'. The inventory and the last claim of a pass read the whole table:
   * some ten million rows are counted in that time.
   */
  readonly timeout?: Duration | undefined
}

const ID_TYPES: readonly string[] = /* @__PURE__ */ Object.freeze(['bigint', 'integer', 'uuid', 'text'])
const BITS: Readonly<Record<string, number>> = /* @__PURE__ */ Object.freeze({ bigint: 64, integer: 32 })

/**
 * A table of PostgreSQL, for `rotateRows`. Each claim is one transaction, in which the rows are locked while their new
 * values are made: writers of those rows wait for it, readers and inserts that refer to them do not, and another rotation
 * skips them. The server ends a claim whose values take longer than a minute: over a slow KMS, take smaller batches.
 *
 * ```ts
 * import pg from 'pg'
 * import { postgresRotationStore } from 'waxseal/stores/postgres'
 *
 * const store = postgresRotationStore(new pg.Pool(), {
 *   table: 'accounts',
 *   column: 'access_token',
 *   id: 'id',
 *   idType: 'uuid',
 *   columns: ['org_id'],
 *   context: ({ id, org_id }) => ({ tenant: String(org_id), purpose: 'wa.access_token', id }),
 * })
 * ```
 *
 * @param client - A Pool of pg, a PGlite, or postgres.js. It is never closed.
 * @throws TypeError or RangeError that names the option. Its calls fail with StoreError.
 */
export function postgresRotationStore(
  client: PgTransactionalLike,
  options: PostgresRotationOptions,
): RotationStore {
  const { table, column, id, columns, also, where, rowOf, alsoOf } = readTable(options)
  const { idType, timeout = '60s' } = options
  if (!ID_TYPES.includes(idType)) throw new RangeError(`idType: expected one of ${ID_TYPES.join(', ')}`)
  const transaction = transactional(client, milliseconds(timeout, 'timeout', '100ms', '24h'))

  // Sorted and compared as the same type: citext sorts without case, but compares with a text by its letters.
  const key = `t.${id}${idType === 'text' ? '::text' : ''}`
  // As text, and bytewise: a column may ignore case, or compare by the rules of a language.
  const value = `t.${column}::text COLLATE "C"`
  const further = columns.map((name, index) => `, t.${name}::text AS c${index}`).join('')
  const select = (legacy: boolean, after: string | null) =>
    `SELECT t.${id}::text AS id, t.${column}::text AS value${further} FROM ${table} t
    WHERE ${legacy ? `${value} <> ''` : `${value} LIKE 'wx1.%'`} AND ${value} NOT LIKE $1${where}
    AND t.${id} IS NOT NULL ${after === null ? '' : `AND ${key} > $3::${idType} `}ORDER BY ${key} LIMIT $2`
  const arrays = ['old', 'new', ...also.map((_, index) => `a${index}`)]
  const update = `UPDATE ${table} t
    SET ${[`${column} = v.new`, ...also.map((name, index) => `${name} = coalesce(v.a${index}, t.${name})`)].join(', ')}
    FROM unnest($1::text::${idType}[], ${arrays.map((_, index) => `$${index + 2}::text::text[]`).join(', ')})
      AS v(id, ${arrays.join(', ')})
    WHERE ${key} = v.id AND ${value} = v.old COLLATE "C" RETURNING t.${id}::text AS id`
  const count = `SELECT kind, kid, count(*)::text AS rows, (count(*) FILTER (WHERE value LIKE $1))::text AS done
    FROM (SELECT value, CASE WHEN value LIKE 'wx1.%' THEN 'sealed' WHEN value <> '' THEN 'other' ELSE 'empty' END AS kind,
      CASE WHEN value LIKE 'wx1.%' THEN left(split_part(value, '.', 2), 33) END AS kid
      FROM (SELECT ${value} AS value FROM ${table} t WHERE true${where}) AS v) AS v
    GROUP BY kind, kid`

  async function rowsOf(query: Query, text: string, params: string[]): Promise<readonly RotationRow[]> {
    const rows = (await read(query, text, params)).map(rowOf)
    if (!rows.every((row) => isOfType(row.id, idType))) throw new StoreError('wrong_type')
    return rows
  }

  return Object.freeze<RotationStore>({
    async claim({ primary, legacy, after, limit, dryRun }, work): Promise<Claimed> {
      const params = [`wx1.${primary}.%`, String(limit), ...(after === null ? [] : [after])]
      const wanted = select(legacy, after)
      if (dryRun) {
        // Nothing is held while they work.
        const rows = await transaction((query) => rowsOf(query, wanted, params))
        if (rows.length > 0) await work(rows)
        return { written: [], last: rows.at(-1)?.id ?? null }
      }
      return transaction(async (query) => {
        // FOR UPDATE would also block inserts of rows that refer to these.
        const rows = await rowsOf(query, `${wanted} FOR NO KEY UPDATE OF t SKIP LOCKED`, params)
        const last = rows.at(-1)?.id ?? null
        const changes = last === null ? [] : await work(rows)
        if (changes.length === 0) return { written: [], last }
        const alsos = changes.map(alsoOf)
        const written = await query(update, [
          arrayOf(changes.map((change) => change.id)),
          arrayOf(changes.map((change) => change.from)),
          arrayOf(changes.map((change) => change.to)),
          ...also.map((_, index) => arrayOf(alsos.map((values) => values[index] ?? null))),
        ])
        return { written: written.map((row) => row['id'] as string), last }
      })
    },

    async inventory(primary): Promise<Inventory> {
      return inventoryOf(await transaction((query) => read(query, count, [`wx1.${primary}.%`])))
    },
  })
}

/** A read refuses no row: what is wrong then is a parameter, or a condition. */
async function read(query: Query, text: string, params: string[]): Promise<readonly Row[]> {
  try {
    return await query(text, params)
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'constraint')
      throw new StoreError('unknown', error.driver)
    throw error
  }
}

/** Of integers, which also compare with a numeric column, or a wider one: what that holds may be none of the type. */
function isOfType(id: string, idType: string): boolean {
  const bits = BITS[idType]
  return bits === undefined || (/^-?\d+$/.test(id) && BigInt.asIntN(bits, BigInt(id)) === BigInt(id))
}

/** An array as PostgreSQL writes it. Drivers differ in what they make of an array of ours. */
function arrayOf(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replace(/["\\]/g, '\\$&')}"`)).join()}}`
}
