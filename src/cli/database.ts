import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import type { RotationStore } from '../envelope/rotation-store.js'
import type { Duration } from '../internal/duration.js'
import type { RotationTable } from '../stores/rotation-table.js'
import { usage } from './exit.js'
import { duration } from './options.js'
import type { Shell } from './shell.js'

/** What PostgreSQL compares ids as; SQLite needs none. */
export const ID_TYPES = /* @__PURE__ */ Object.freeze(['bigint', 'integer', 'uuid', 'text'] as const)

/** One of `ID_TYPES`. */
export type IdType = (typeof ID_TYPES)[number]

/** A database that was opened for one command. */
export interface Database {
  readonly kind: 'postgres' | 'sqlite'
  /** The rows of a table. RangeError or TypeError on a name that is none. */
  rotationStore(table: RotationTable, idType: IdType): RotationStore
  close(): Promise<void>
}

/** How a command is told where its database is. */
export interface DatabaseOptions {
  readonly databaseUrl?: string
  /** Of each statement of PostgreSQL; default 60s. */
  readonly timeout?: Duration
}

/** Declares `--timeout`. */
export function declareTimeout(command: Command, belongsTo = ''): void {
  command.option(
    '--timeout <duration>',
    `${belongsTo}limit of each statement, PostgreSQL only (default: ${TIMEOUT})`,
    duration('--timeout', '100ms', '24h'),
  )
}

const TIMEOUT = '60s'

/**
 * Opens the database of `--database-url`, else of DATABASE_URL. PostgreSQL connects with the first statement.
 *
 * @param connections - at once, at most.
 * @throws Failure 2 on a URL that is none, a file that is not there, a driver that is not installed.
 */
export async function openDatabase(
  shell: Shell,
  { databaseUrl, timeout = TIMEOUT }: DatabaseOptions,
  connections = 1,
): Promise<Database> {
  const url = databaseUrl ?? shell.variable('DATABASE_URL')
  const where = databaseUrl === undefined ? 'DATABASE_URL' : '--database-url'
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, where, timeout, connections)
  if (/^(sqlite|file):./.test(url)) return openSqlite(url, where)
  throw usage(`${where}: expected postgres://…, sqlite:<file> or file:<file>`)
}

async function openPostgres(
  url: string,
  where: string,
  timeout: Duration,
  connections: number,
): Promise<Database> {
  const { Pool } = await installed('pg', () => import('pg').then((module) => module.default))
  // The base is the driver's own, for sockets: postgres:///db?host=/run/postgresql
  if (!URL.canParse(url, 'postgres://base')) throw usage(`${where}: expected a URL`)
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    application_name: 'waxseal',
  })
  // Of idle connections; the statement that needs one says so itself.
  pool.on('error', () => {})
  const { postgresRotationStore } = await import('../stores/postgres/index.js')
  return {
    kind: 'postgres',
    rotationStore: (table, idType) => postgresRotationStore(pool, { ...table, idType, timeout }),
    close: () => pool.end(),
  }
}

interface SqliteDatabase {
  prepare(sql: string): { all(...values: unknown[]): unknown[]; run(...values: unknown[]): unknown }
  exec(sql: string): unknown
  close(): unknown
}
type OpenSqlite = new (file: string) => SqliteDatabase

async function openSqlite(url: string, where: string): Promise<Database> {
  const file = fileOf(url)
  // SQLite would make an empty database of a mistyped name.
  if (file === undefined || !existsSync(file)) throw usage(`${where}: there is no such file`)
  const Sqlite = await sqliteDriver()
  const db = new Sqlite(file)
  // The constructor of node:sqlite has an option for it only in later versions.
  db.exec('PRAGMA busy_timeout = 5000')
  const { sqliteRotationStore } = await import('../stores/sqlite/index.js')
  return {
    kind: 'sqlite',
    rotationStore: (table) => sqliteRotationStore(db, table),
    close: async () => void db.close(),
  }
}

/** Of `sqlite:./app.db`, `file:./app.db` and `file:///app.db`. */
function fileOf(url: string): string | undefined {
  try {
    return url.startsWith('file://') ? fileURLToPath(url) : url.replace(/^(sqlite|file):(\/\/)?/, '')
  } catch {
    return undefined
  }
}

/** Node's own from 22.13 on, else better-sqlite3. */
async function sqliteDriver(): Promise<OpenSqlite> {
  const builtin = process.getBuiltinModule('node:sqlite') as { DatabaseSync: OpenSqlite } | undefined
  if (builtin !== undefined) return builtin.DatabaseSync
  const require = createRequire(import.meta.url)
  return installed('better-sqlite3', async () => require('better-sqlite3'), ', or Node 22.13 or newer')
}

async function installed<T>(name: string, load: () => Promise<T>, orElse = ''): Promise<T> {
  try {
    return await load()
  } catch {
    throw usage(`this needs the package ${name}: npm install ${name}${orElse}`)
  }
}
