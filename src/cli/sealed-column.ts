import { type Command, Option } from 'commander'
import type { LegacyReader } from '../envelope/legacy-types.js'
import type { RotationStore } from '../envelope/rotation-store.js'
import { StoreError } from '../internal/store-error.js'
import type { RotationTable } from '../stores/rotation-table.js'
import { type Database, type DatabaseOptions, declareTimeout, ID_TYPES, type IdType } from './database.js'
import { usage } from './exit.js'
import { readDeclaration } from './legacy-declaration.js'
import { NO_KID, type Place } from './rows-like.js'
import type { Shell } from './shell.js'

/** Where a column of sealed values is, as `rotate` and `inventory` are told. */
export interface ColumnOptions extends DatabaseOptions, Place {
  readonly id?: string
  readonly idType?: IdType
  readonly fromLegacy?: string
}

/** Declares these options. */
export function declareColumn(command: Command): void {
  command
    .option('--database-url <url>', 'postgres://…, sqlite:<file>; without a password (default: DATABASE_URL)')
    .requiredOption('--table <name>', 'the table, or schema.table')
    .requiredOption('--column <name>', 'the column of sealed values')
    .option('--id <name>', 'the column that identifies a row: the primary key')
    .addOption(
      new Option('--id-type <type>', 'its type in PostgreSQL (default: found out)').choices(ID_TYPES),
    )
    .option('--where <sql>', 'only rows that meet this condition; their columns are t.<name>')
    .option('--from-legacy <file>', 'declares what the column held before, as below')
    .addHelpText('after', DECLARATION)
  declareTimeout(command)
}

const DECLARATION = `
A file for --from-legacy:
  {
    "formats": [{
      "type": "aesGcm", "name": "accounts-2023", "key": { "env": "OLD_KEY", "encoding": "hex" },
      "layout": ["iv", "tag", "ct"], "separator": ":", "encoding": "hex", "ivBytes": 12
    }],
    "plaintext": { "until": "2027-01-31", "accept": "^EAA[A-Za-z0-9]+$" }
  }
Types are aesGcm, aesCbc (with "validate" in the place of "ivBytes") and cloak (with "keys").`

/** The reader of `--from-legacy`, where it is given. */
export function legacyOf(shell: Shell, { fromLegacy }: ColumnOptions): LegacyReader | undefined {
  return fromLegacy === undefined ? undefined : readDeclaration(shell, fromLegacy)
}

/** What a row's value is bound to, as the options say it. */
export type ContextOptions = Pick<RotationTable, 'columns' | 'context'>

/** A column that is there. */
export interface OpenColumn {
  readonly store: RotationStore
  readonly idType: IdType
}

/**
 * The column's store. Its names, and the type of the id, are tried on the database first.
 *
 * @throws Failure 2 naming what does not exist.
 */
export async function openColumn(
  database: Database,
  { table, column, id, idType, where }: ColumnOptions & { readonly id: string },
  { columns, context }: ContextOptions = {},
): Promise<OpenColumn> {
  const place: RotationTable = { table, column, id, columns, context, dangerouslyWhere: where }
  const types =
    database.kind === 'sqlite' ? (['text'] as const) : idType === undefined ? PROBED : ([idType] as const)
  for (const type of types) {
    const problem = await probe(database, place, type)
    if (problem === undefined) return { store: database.rotationStore(place, type), idType: type }
    if (problem === 'table') throw usage(`${table}: no such table`)
    if (problem === 'column') throw await missing(database, place)
  }
  throw usage(
    `--id: ${table}.${id} is of another type than ${types.join(', ')}, or --where compares what cannot be compared`,
  )
}

/** The same for counting, which asks for no id: the column stands in for one. */
export async function openForCounting(database: Database, options: Place): Promise<RotationStore> {
  return (await openColumn(database, { ...options, id: options.column, idType: 'text' })).store
}

/** Of integers the widest is enough: PostgreSQL compares it with the narrower ones, by their index. */
const PROBED: readonly IdType[] = /* @__PURE__ */ Object.freeze(['bigint', 'uuid', 'text'] as const)

/** An id of each type, to compare with. */
const SOME_ID: Readonly<Record<IdType, string>> = /* @__PURE__ */ Object.freeze({
  bigint: '0',
  integer: '0',
  uuid: '00000000-0000-0000-0000-000000000000',
  text: '',
})

/** No such operator, as between uuid and bigint. */
const OTHER_TYPE = '42883'
/** No such column; bad syntax, or no truth value, which only `--where` can bring. */
const NO_COLUMN: readonly string[] = /* @__PURE__ */ Object.freeze([
  '42703',
  '42601',
  '42804',
  'SQLITE_ERROR',
])

/** What a claim stumbles over that neither locks nor writes and, as no row can meet its condition, reads nothing. */
async function probe(
  database: Database,
  { dangerouslyWhere: where = '1 = 1', ...place }: RotationTable,
  type: IdType,
): Promise<'table' | 'column' | 'type' | undefined> {
  const store = database.rotationStore({ ...place, dangerouslyWhere: `(\n${where}\n) AND 1 = 0` }, type)
  try {
    const query = { primary: NO_KID, legacy: true, after: SOME_ID[type], limit: 1, dryRun: true }
    await store.claim(query, async () => [])
    return undefined
  } catch (thrown) {
    const { reason, driver = '' } = thrown instanceof StoreError ? thrown : {}
    if (reason === 'schema_missing') return 'table'
    if (NO_COLUMN.includes(driver)) return 'column'
    if (driver === OTHER_TYPE) return 'type'
    throw thrown
  }
}

/** The error that names the columns that do not exist: each by itself, in a claim where it stands for all. */
async function missing(database: Database, { table, column, id, columns = [] }: RotationTable) {
  const names = [...new Set([column, id, ...columns])]
  const problems = await Promise.all(
    names.map((name) => probe(database, { table, column: name, id: name }, 'text')),
  )
  const absent = names.filter((_, at) => problems[at] === 'column').map((name) => `${table}.${name}`)
  if (absent.length > 0) return usage(`${absent.join(', ')}: no such column`)
  return usage('--where: is no condition, or names what does not exist')
}
