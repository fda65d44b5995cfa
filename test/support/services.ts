/**
 * The servers that tests run against: `DATABASE_URL` and `REDIS_URL`, else the usual addresses on this machine. Where there
 * is none, one loud line says so and its suites are skipped; with `CI=true` that is a failure.
 *
 * ```ts
 * const sandbox = await postgresSandbox()
 * describe.skipIf(sandbox === undefined)('on PostgreSQL', () => { … })
 * ```
 */

import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import pg from 'pg'
import { afterAll } from 'vitest'

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
export const POSTGRES_URL =
  process.env['DATABASE_URL'] ?? 'postgres://postgres:postgres@127.0.0.1:5432/postgres'
const PATIENCE_MS = 3_000

/** A schema of its own, dropped after the last test of the file. */
export interface PostgresSandbox {
  readonly url: string
  readonly schema: string
  /** A pool whose search path is the schema; ended with the sandbox. */
  pool(config?: pg.PoolConfig): pg.Pool
}

/** A name that no other test run uses. */
export function randomName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`
}

/** At the top level of a test file. */
export async function postgresSandbox(): Promise<PostgresSandbox | undefined> {
  const admin = new pg.Pool({
    connectionString: POSTGRES_URL,
    connectionTimeoutMillis: PATIENCE_MS,
    max: 1,
  })
  const schema = randomName('wx_test')
  if (!(await reachable('PostgreSQL', POSTGRES_URL, () => admin.query(`CREATE SCHEMA ${schema}`)))) {
    await admin.end()
    return undefined
  }
  const pools: pg.Pool[] = []
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.ended || pool.end()))
    await admin.query(`DROP SCHEMA ${schema} CASCADE`)
    await admin.end()
  })
  return {
    url: POSTGRES_URL,
    schema,
    pool(config) {
      const options = `-c search_path=${schema}`
      const pool = new pg.Pool({ connectionString: POSTGRES_URL, options, ...config })
      // Tests cut connections; an idle one that is cut must not end the process.
      pool.on('error', () => {})
      pools.push(pool)
      return pool
    },
  }
}

/** The address of Redis, for a client of the caller's. Use a prefix with a `randomName`, and delete what you wrote. */
export async function redisUrl(): Promise<string | undefined> {
  return (await reachable('Redis', REDIS_URL, () => ping(REDIS_URL))) ? REDIS_URL : undefined
}

async function reachable(name: string, url: string, probe: () => Promise<unknown>): Promise<boolean> {
  try {
    await probe()
    return true
  } catch (error) {
    const { host } = new URL(url)
    const line = `${name} is not reachable at ${host}: its tests are SKIPPED`
    if (process.env['CI'] === 'true')
      throw new Error(line.replace('its tests are SKIPPED', 'CI needs it'), { cause: error })
    process.stderr.write(`\n!!! ${line}\n`)
    return false
  }
}

function ping(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 6379) })
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('no answer')))
    socket.once('connect', () => socket.write('PING\r\n'))
    // With a password it answers -NOAUTH, and is there all the same.
    socket.once('data', (answer) => {
      socket.destroy()
      if (/^[+-]/.test(answer.toString())) resolve()
      else reject(new Error('not Redis'))
    })
  })
}
