import { StoreError, storeReason } from '../../internal/store-error.js'
import { pause } from '../../internal/timer.js'
import { withTimeout } from '../../internal/with-timeout.js'
import { postgresError } from './errors.js'

/** One connection, as pg and PGlite have it. */
export interface PgConnectionLike {
  /** Runs one statement. */
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>
}

/** A connection of a pool, as long as it is lent. */
export interface PgLentConnection extends PgConnectionLike {
  /** Gives it back, or with `true` has it closed. */
  release(destroy?: boolean): void
  /** Listens to `error`. */
  on?(event: 'error', listener: (error: Error) => void): unknown
  /** Stops listening. */
  removeListener?(event: 'error', listener: (error: Error) => void): unknown
}

/** A `Pool` of pg or of Neon's driver. */
export interface PgPoolLike {
  /** Connections of the pool; tells a pool from a `Client`. */
  readonly totalCount: number
  /** Runs one statement on some connection. */
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>
  /** Lends a connection. */
  connect(): Promise<PgLentConnection>
}

/** A `PGlite`. */
export interface PgliteLike extends PgConnectionLike {
  /** Runs a function in a transaction. */
  transaction<T>(body: (transaction: PgConnectionLike) => Promise<T>): Promise<T>
}

/** What postgres.js runs statements with. */
export interface PgUnsafeLike {
  /** Runs one statement. */
  unsafe(text: string, params?: unknown[]): PromiseLike<readonly unknown[]>
}

/** The function that `postgres()` of postgres.js returns. */
export interface PostgresJsLike extends PgUnsafeLike {
  /** Runs a function in a transaction. */
  begin(body: (sql: PgUnsafeLike) => Promise<unknown>): Promise<unknown>
}

/** A client with which a store can have transactions of its own. */
export type PgTransactionalLike = PgPoolLike | PgliteLike | PostgresJsLike

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** Runs one statement and returns its rows. Fails with a StoreError, within the time limit. */
export type Query = (text: string, params?: unknown[]) => Promise<readonly Row[]>

/** Runs `body` in a transaction of its own: READ COMMITTED, committed when it resolves, rolled back when it rejects. */
export type Transaction = <T>(body: (query: Query) => Promise<T>) => Promise<T>

type RawQuery = (text: string, params?: unknown[]) => PromiseLike<unknown>
type Begin = (body: (run: RawQuery) => Promise<unknown>) => PromiseLike<unknown>

/** A lock is waited for that long at most, and an idle transaction is ended by the server. */
const LOCK_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 60_000

/**
 * The client as a store with transactions of its own sees it. Every step but the body's own work ends within `ms`: to get
 * a connection and begin, each statement, to end. The server holds statements to the same limit, waits 5 s for a lock,
 * and ends the transaction when the body leaves it alone for 60 s.
 *
 * A policy of row-level security that applies is an error (`denied`), not a filter: a store must not take the rows that a
 * role may see for all there are.
 *
 * @throws TypeError when the client has no transactions.
 */
export function transactional(client: PgTransactionalLike, ms: number): Transaction {
  const begin = beginOf(client, ms)
  const settings = [ms, Math.min(ms, LOCK_TIMEOUT_MS), IDLE_TIMEOUT_MS].map(String)

  return <T>(body: (query: Query) => Promise<T>) =>
    timed(begin, ms, async (run): Promise<T> => {
      const query: Query = async (text, params = []) => {
        try {
          return rowsOf(await withTimeout(() => run(text, params), ms))
        } catch (error) {
          throw postgresError(error)
        }
      }
      // A pool may have another default.
      await query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await query(
        `SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
          set_config('idle_in_transaction_session_timeout', $3, true), set_config('row_security', 'off', true)`,
        settings,
      )
      return body(query)
    })
}

/**
 * Settles when the transaction has ended, or when it takes longer than `ms` to begin or to end; a late one is rolled back.
 * What the body throws is passed on as it is.
 */
function timed<T>(begin: Begin, ms: number, body: (run: RawQuery) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let failure: { readonly error: unknown } | undefined
    let over = false
    const fail = (error: unknown) => {
      over = true
      reject(failure === undefined ? postgresError(error) : failure.error)
    }
    const limit = () => setTimeout(() => fail(new StoreError('timeout')), ms)

    let timer = limit()
    const transaction = async () =>
      begin(async (run) => {
        if (over) throw new StoreError('timeout')
        clearTimeout(timer)
        try {
          return await body(run)
        } catch (error) {
          failure = { error }
          throw error
        } finally {
          if (!over) timer = limit()
        }
      })
    transaction()
      .then((value) => resolve(value as T), fail)
      .finally(() => clearTimeout(timer))
  })
}

/** Told apart by what they can do: names do not survive bundling. */
function beginOf(client: PgTransactionalLike, ms: number): Begin {
  const can = (...methods: readonly string[]) =>
    methods.every((method) => typeof (client as unknown as Row | undefined)?.[method] === 'function')

  if (typeof client === 'function' && can('unsafe', 'begin')) {
    return (body) => beginOnPostgresJs(client, body)
  }
  if (typeof client === 'object' && can('query', 'transaction')) {
    const pglite = client as PgliteLike
    return (body) =>
      pglite.transaction((transaction) => body((text, params) => transaction.query(text, params)))
  }
  if (can('query', 'connect') && typeof (client as PgPoolLike).totalCount === 'number') {
    const pool = client as PgPoolLike
    return (body) => beginOnPool(pool, ms, body)
  }
  throw new TypeError(
    'client: expected a Pool of pg, a PGlite or postgres.js; a single connection is not enough',
  )
}

async function beginOnPool(
  pool: PgPoolLike,
  ms: number,
  body: (run: RawQuery) => Promise<unknown>,
): Promise<unknown> {
  const connection = await pool.connect()
  const run: RawQuery = (text, params) => connection.query(text, params)
  const step = (text: string) => withTimeout(() => run(text), ms)
  // The server may close a connection between two statements: without a listener that ends the process.
  connection.on?.('error', ignore)
  let usable = false
  try {
    await step('BEGIN')
    let value: unknown
    try {
      value = await body(run)
    } catch (error) {
      // Behind a statement that hangs, a rollback would hang too.
      usable = storeReason(error) !== 'timeout' && (await succeeds(() => step('ROLLBACK')))
      throw error
    }
    await step('COMMIT')
    usable = true
    return value
  } finally {
    connection.removeListener?.('error', ignore)
    connection.release(!usable)
  }
}

/**
 * When its connection closes, postgres.js ends the transaction while the function still runs. What is asked of that
 * connection later, also the ROLLBACK or COMMIT that follows the function, would end the process (3.4.9: a write to a
 * socket that is null). So from then on nothing is asked, and the function never ends.
 */
function beginOnPostgresJs(sql: PostgresJsLike, body: (run: RawQuery) => Promise<unknown>): Promise<unknown> {
  let closed = false
  const begun = sql.begin(async (transaction) => {
    try {
      return await body(async (text, params) => {
        if (closed) throw new StoreError('unavailable')
        return transaction.unsafe(text, params)
      })
    } finally {
      // A query that failed because the connection closed may be heard of first.
      await pause(0)
      if (closed) await new Promise(() => {})
    }
  })
  return begun.catch((error) => {
    closed = true
    throw error
  })
}

async function succeeds(call: () => Promise<unknown>): Promise<boolean> {
  return call().then(
    () => true,
    () => false,
  )
}

function ignore(): void {}

function rowsOf(answer: unknown): readonly Row[] {
  const rows = Array.isArray(answer) ? answer : (answer as { readonly rows?: unknown } | null)?.rows
  if (!Array.isArray(rows)) throw new StoreError('corrupt')
  return rows
}
