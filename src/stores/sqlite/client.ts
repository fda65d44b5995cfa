import { StoreError } from '../../internal/store-error.js'
import { sqliteError } from './errors.js'

/** A database of node:sqlite, better-sqlite3 or bun:sqlite. */
export interface SqliteLike {
  /** Compiles one statement. */
  prepare(sql: string): {
    /** Runs it and returns its rows. */
    all(...params: unknown[]): unknown[]
  }
  /** Runs statements without rows. */
  exec(sql: string): unknown
}

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** The database as a store sees it: failures are StoreErrors. */
export interface Database {
  /** Rows of one statement, also of INSERT, UPDATE or DELETE with RETURNING. */
  query(sql: string, ...params: readonly unknown[]): readonly Row[]
  /** The same statement for each list of parameters, all of them in one transaction or none. */
  all(sql: string, each: readonly (readonly unknown[])[]): readonly Row[]
}

/** @throws TypeError when it is no such database. */
export function sqliteDatabase(db: SqliteLike): Database {
  if (typeof db?.prepare !== 'function' || typeof db.exec !== 'function' || 'batch' in db) {
    throw new TypeError('db: expected a database of node:sqlite, better-sqlite3 or bun:sqlite')
  }
  return {
    query: (sql, ...params) => attempt(() => rowsOf(db.prepare(sql).all(...params))),
    all: (sql, each) =>
      attempt(() => {
        db.exec('BEGIN IMMEDIATE')
        try {
          const statement = db.prepare(sql)
          const rows = each.flatMap((params) => rowsOf(statement.all(...params)))
          db.exec('COMMIT')
          return rows
        } catch (error) {
          rollBack(db)
          throw error
        }
      }),
  }
}

function attempt<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw sqliteError(error)
  }
}

/** What made it necessary may have done it already. */
function rollBack(db: SqliteLike): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // The first error is the one that counts.
  }
}

function rowsOf(rows: unknown): readonly Row[] {
  if (!Array.isArray(rows)) throw new StoreError('corrupt')
  return rows
}
