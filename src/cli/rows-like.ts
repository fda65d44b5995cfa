import type { RotationStore } from '../envelope/rotation-store.js'
import type { Database } from './database.js'

/** A column, or some of its rows. */
export interface Place {
  /** The table, or `schema.table`. */
  readonly table: string
  readonly column: string
  /** A condition in SQL, as it stands. */
  readonly where?: string | undefined
}

/** In quotes a name is what it is. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * The rows whose value is like one of these patterns, whatever the column's type. To be counted, or read: the value stands
 * in for an id. In SQLite LIKE takes upper case for lower, so that it may match more.
 *
 * @param patterns - of LIKE, of our own making: they become part of the statement.
 */
export function rowsLike(
  database: Database,
  { table, column, where = '1 = 1' }: Place,
  ...patterns: readonly string[]
): RotationStore {
  const name = `t.${quoted(column)}`
  // Bytewise: a collation may ignore case, or know no LIKE.
  const text = database.kind === 'postgres' ? `${name}::text COLLATE "C"` : `CAST(${name} AS TEXT)`
  const like = patterns.map((pattern) => `${text} LIKE '${pattern}'`).join(' OR ')
  const dangerouslyWhere = `(\n${where}\n) AND (${like})`
  return database.rotationStore({ table, column, id: column, dangerouslyWhere }, 'text')
}

/** How many these rows are. */
export async function countLike(
  database: Database,
  place: Place,
  ...patterns: readonly string[]
): Promise<number> {
  return (await rowsLike(database, place, ...patterns).inventory(NO_KID)).total
}

/** In the place of a primary that no row is under. */
export const NO_KID = '-'
