/**
 * Rotating rows of PostgreSQL, one process: rows per second, and what memory it takes at the start and at the end.
 * Beside it, what is written by hand: a query, and an update for each row. `npm run bench rotation`; `DATABASE_URL`
 * names the server.
 */

import pg from 'pg'
import { createEnvelope } from 'waxseal/envelope'
import { type RotationStore, rotateRows } from 'waxseal/envelope/rotate'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { postgresRotationStore } from 'waxseal/stores/postgres'
import { check, print, row, section } from './harness.js'

const URL = process.env['DATABASE_URL'] ?? 'postgres://postgres:postgres@127.0.0.1:5432/postgres'
const ROWS = Number(process.env['BENCH_ROWS'] ?? 100_000)
const BY_HAND = ROWS / 10
const TABLE = 'wx_bench_rotation'

const [oldKey, newKey] = [generateKey('2026-01'), generateKey('2026-05')]
const before = createEnvelope({ keyring: createKeyring([oldKey]) })
const envelope = createEnvelope({ keyring: createKeyring([newKey, oldKey]) })
const token = 'EAAG'.padEnd(200, 'x')
const contextOf = (id: string) => ({ tenant: 'org_1', purpose: 'wa.access_token', id })
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`

async function fill(pool: pg.Pool, rows: number): Promise<void> {
  await pool.query(`DROP TABLE IF EXISTS ${TABLE}; CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, token text)`)
  for (let first = 0; first < rows; first += 1000) {
    const ids = Array.from({ length: Math.min(1000, rows - first) }, (_, n) => String(first + n))
    const values = ids.map((id) => before.seal(token, contextOf(id)))
    await pool.query(`INSERT INTO ${TABLE} SELECT * FROM unnest($1::bigint[], $2::text[])`, [ids, values])
  }
  await pool.query(`ANALYZE ${TABLE}`)
}

async function rotated(pool: pg.Pool, mode: 'rewrap' | 'reseal', batch: number): Promise<void> {
  await fill(pool, ROWS)
  const store: RotationStore = postgresRotationStore(pool, {
    table: TABLE,
    column: 'token',
    id: 'id',
    idType: 'bigint',
    context: ({ id }) => contextOf(id),
  })
  let scanned = 0
  let early = 0
  const startedAt = performance.now()
  const report = await rotateRows({
    envelope,
    store,
    mode,
    batch,
    observe(event) {
      if (event.type === 'batch') scanned += event.scanned
      if (early === 0 && scanned >= ROWS / 10) early = process.memoryUsage().rss
    },
  })
  const seconds = (performance.now() - startedAt) / 1000
  const late = process.memoryUsage().rss
  check(report.outcome === 'done' && report.rotated === ROWS, `${mode}, ${batch}`)
  row(`rotateRows, ${mode}, batch ${batch}`, Math.round(ROWS / seconds), megabytes(early), megabytes(late))
}

/** Without a transaction around it and without a look at what changed meanwhile: less safe, and still slower. */
async function byHand(pool: pg.Pool): Promise<void> {
  await fill(pool, BY_HAND)
  const startedAt = performance.now()
  const { rows } = await pool.query<{ id: string; token: string }>(`SELECT id::text, token FROM ${TABLE}`)
  for (const { id, token: sealed } of rows) {
    await pool.query(`UPDATE ${TABLE} SET token = $2 WHERE id = $1`, [id, envelope.rewrap(sealed)])
  }
  const seconds = (performance.now() - startedAt) / 1000
  row(`by hand, an UPDATE for each of ${BY_HAND}`, Math.round(BY_HAND / seconds), '', '')
}

export async function rotationBench(): Promise<void> {
  const pool = new pg.Pool({ connectionString: URL, max: 2, connectionTimeoutMillis: 2_000 })
  try {
    await pool.query('SELECT 1')
  } catch {
    print('\nSKIPPED: no PostgreSQL answers at DATABASE_URL, nor at its default address.')
    await pool.end()
    return
  }
  try {
    section(`${ROWS} rows of PostgreSQL, one process`, '', 'rows/s', 'RSS at 10 %', 'RSS at 100 %')
    for (const batch of [50, 200, 1000]) await rotated(pool, 'rewrap', batch)
    await rotated(pool, 'reseal', 200)
    await byHand(pool)
  } finally {
    await pool.query(`DROP TABLE IF EXISTS ${TABLE}`)
    await pool.end()
  }
}
