import type { SealContext } from '../envelope/context.js'
import type { Inventory, RotationRow, RowChange } from '../envelope/rotation-store.js'
import { assertObject, assertOptionalFunction } from '../internal/assert.js'

/** Where the sealed values are. Names are `[A-Za-z_][A-Za-z0-9_$]{0,62}`, case-sensitive: they are quoted. */
export interface RotationTable {
  /** The table: `accounts`, or `app.accounts` with its schema. */
  readonly table: string
  /** The column of sealed values, of a text type. */
  readonly column: string
  /** The column that identifies a row: the primary key, or unique, not null and indexed. */
  readonly id: string
  /** Further columns for `context`; default none. */
  readonly columns?: readonly string[] | undefined
  /**
   * What a row's value is bound to; default: unknown, which is enough to rewrap. Where it throws, the row has no context
   * and fails with `invalid_context` if it needs one.
   */
  readonly context?: ((row: TableRow) => SealContext) | undefined
  /** Columns of text that a change may write besides, such as blind indexes; default none. */
  readonly also?: readonly string[] | undefined
  /**
   * A further condition, in the database's own SQL, on the rows that are counted and claimed; their columns are `t.…`.
   * It becomes part of the statements as it stands: never build it from anybody's input. Default: all rows.
   */
  readonly dangerouslyWhere?: string | undefined
}

/** What `context` gets: `id`, and `columns` by their names, all as text. Without a prototype. */
export type TableRow = { readonly id: string } & { readonly [column: string]: string | null }

/** The options, checked, with names quoted for SQL. Rows are to be selected as `id`, `value`, `c0`, `c1`, … */
export interface SqlTable {
  readonly table: string
  readonly column: string
  readonly id: string
  readonly columns: readonly string[]
  readonly also: readonly string[]
  /** ` AND (…)`, or nothing. */
  readonly where: string
  /** A row as it was selected. */
  rowOf(selected: Readonly<Record<string, unknown>>): RotationRow
  /** What a change writes besides, in the order of `also`; null where it leaves a column alone. */
  alsoOf(change: RowChange): readonly (string | null)[]
}

/** @throws TypeError or RangeError that names the option. */
export function readTable(options: RotationTable): SqlTable {
  assertObject(options, 'options')
  const { table, column, id, columns = [], context, also = [], dangerouslyWhere } = options
  assertOptionalFunction(context, 'context')
  if (dangerouslyWhere !== undefined && (typeof dangerouslyWhere !== 'string' || dangerouslyWhere === '')) {
    throw new TypeError('dangerouslyWhere: expected a condition')
  }
  const quoted = {
    table: quoteTable(table),
    column: quote(column, 'column'),
    id: quote(id, 'id'),
    columns: quoteAll(columns, 'columns'),
    also: quoteAll(also, 'also'),
  }
  const names = [...columns]
  const writable = [...also]
  if (names.includes('id') && id !== 'id') throw new TypeError('columns: id is the name of the row’s id')
  if (writable.includes(column) || writable.includes(id)) throw new TypeError('also: expected other columns')

  return {
    ...quoted,
    // On lines of its own: a comment in it ends before the parenthesis.
    where: dangerouslyWhere === undefined ? '' : ` AND (\n${dangerouslyWhere}\n)`,

    rowOf(selected) {
      const row = { id: selected['id'] as string, value: selected['value'] as string }
      if (context === undefined) return { ...row, context: null }
      const seen: Record<string, unknown> = Object.create(null)
      names.forEach((name, index) => {
        seen[name] = selected[`c${index}`]
      })
      seen['id'] = row.id
      try {
        return { ...row, context: context(seen as TableRow) }
      } catch {
        return { ...row, context: null }
      }
    },

    alsoOf({ also: values = {} }) {
      for (const name of Object.keys(values)) {
        if (!writable.includes(name)) throw new TypeError('also: a change names a column that is not listed')
      }
      return writable.map((name) => (Object.hasOwn(values, name) ? storable(values[name]) : null))
    },
  }
}

const KID = /^[a-z0-9][a-z0-9-]{0,31}$/

/**
 * Adds up rows of counts: `kind` is empty, sealed or other, `kid` the second segment of what is sealed or its beginning,
 * `rows` how many there are, `done` how many of these are under the primary. What stands in the place of a kid and is none
 * may be anything, so it is counted as `?`.
 */
export function inventoryOf(tallies: Iterable<Readonly<Record<string, unknown>>>): Inventory {
  const counts = { empty: 0, sealed: 0, other: 0 }
  const byKid: Record<string, number> = Object.create(null)
  let done = 0
  for (const tally of tallies) {
    const rows = Number(tally['rows'])
    counts[tally['kind'] as keyof typeof counts] += rows
    done += Number(tally['done'])
    if (tally['kind'] !== 'sealed') continue
    const kid = String(tally['kid'])
    const counted = KID.test(kid) ? kid : '?'
    byKid[counted] = (byKid[counted] ?? 0) + rows
  }
  const { empty, sealed, other } = counts
  return { total: empty + sealed + other, empty, other, stale: sealed - done, byKid }
}

function quoteTable(table: unknown): string {
  if (typeof table !== 'string') throw new TypeError('table: expected a name')
  const parts = table.split('.')
  if (parts.length > 2) throw new RangeError('table: expected table or schema.table')
  return parts.map((part) => quote(part, 'table')).join('.')
}

function quoteAll(names: readonly unknown[], option: string): readonly string[] {
  if (!Array.isArray(names)) throw new TypeError(`${option}: expected a list of names`)
  if (new Set(names).size < names.length) throw new RangeError(`${option}: expected each name once`)
  return names.map((name) => quote(name, option))
}

/** In quotes, a name is what it is, also when it is a word of SQL. */
function quote(name: unknown, option: string): string {
  if (typeof name !== 'string') throw new TypeError(`${option}: expected a name`)
  if (!/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(name)) {
    throw new RangeError(`${option}: expected a name of letters, digits, _ and $, 63 at most`)
  }
  return `"${name}"`
}

function storable(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed() || value.includes('\0')) {
    throw new TypeError('also: expected text without NUL')
  }
  return value
}
