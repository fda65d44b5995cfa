/** Tables of sealed values for the commands that read and write them. */

import { randomInt, randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect, vi } from 'vitest'
import { createEnvelope } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import type { PostgresSandbox } from '../support/services.js'
import { type Ended, type Given, NEW, OLD, sealOld, TOKEN, WAXSEAL_KEYS, waxseal } from './support.js'

export const envelope = createEnvelope({ keyring: createKeyring([NEW, OLD]) })

export interface Row {
  readonly id: string
  readonly org: string | null
  readonly token: string | null
}

/** An id as each type has them, for the row at this place. */
export const idOf: Readonly<Record<string, (at: number) => string>> = {
  bigint: (at) => String(2n ** 40n + BigInt(at)),
  integer: (at) => String(at + 1),
  uuid: () => randomUUID(),
  text: (at) => `acc-${at}`,
}

export interface Table {
  readonly name: string
  readonly ids: readonly string[]
  rows(): Promise<Row[]>
  /** Ids of the rows that open under the primary, with their own context. */
  rotated(): Promise<string[]>
  write(id: string, change: Partial<Omit<Row, 'id'>>): Promise<void>
}

/** A table with `count` values under the old key; `token` holds them, `org` the tenant. */
export async function sealedTable(pool: Pool, name: string, count: number, type = 'uuid'): Promise<Table> {
  const id = idOf[type] ?? String
  const ids = Array.from({ length: count }, (_, at) => id(at))
  await pool.query(`CREATE TABLE ${name} (id ${type} PRIMARY KEY, org text, token text)`)
  await pool.query(`INSERT INTO ${name} SELECT unnest($1::text[])::${type}, 'org_1', unnest($2::text[])`, [
    ids,
    ids.map((each) => sealOld(TOKEN, each)),
  ])
  const rows = async (): Promise<Row[]> =>
    (await pool.query(`SELECT id::text AS id, org, token FROM ${name} ORDER BY ${name}.id`)).rows
  return {
    name,
    ids,
    rows,
    rotated: async () =>
      (await rows())
        .filter(({ id, org, token }) => {
          if (!token?.startsWith('wx1.2026b.')) return false
          const context = { tenant: org ?? '', purpose: 'wa.access_token', id }
          return envelope.open(token, context) === TOKEN
        })
        .map((row) => row.id),
    async write(id, { org, token }) {
      if (org !== undefined) await pool.query(`UPDATE ${name} SET org = $2 WHERE id = $1`, [id, org])
      if (token !== undefined) await pool.query(`UPDATE ${name} SET token = $2 WHERE id = $1`, [id, token])
    },
  }
}

/** The commands over tables of a sandbox. Without one nothing of it works, and its suite is skipped. */
export function commandsOn(sandbox: PostgresSandbox | undefined) {
  const { url = '', schema = '' } = sandbox ?? {}
  const pool = sandbox?.pool() as Pool
  const env = { WAXSEAL_KEYS, DATABASE_URL: url }
  let tables = 0

  const where = ({ name }: Pick<Table, 'name'>): string[] => [
    '--table',
    `${schema}.${name}`,
    '--column',
    'token',
    '--id',
    'id',
  ]
  const command =
    (verb: string) =>
    (table: Pick<Table, 'name'>, args: readonly string[] = [], given: Given = {}): Promise<Ended> =>
      waxseal([verb, ...where(table), ...args], { env, ...given })
  return {
    url,
    schema,
    pool,
    env,
    where,
    newTable: (count: number, type?: string): Promise<Table> =>
      sealedTable(pool, `t${++tables}`, count, type),
    rotate: command('rotate'),
    inventory: command('inventory'),
    /** Destroys the old key, which is disabled, if it is in none of these columns. */
    destroy: (columns: readonly string[], args: readonly string[] = []): Promise<Ended> => {
      const zero = columns.flatMap((each) => ['--inventory-zero', each])
      const keys = { ...env, WAXSEAL_KEYS: `${NEW} ${OLD}:disabled` }
      return waxseal(['keys', 'edit', 'destroy', '2026a', ...zero, ...args], { env: keys })
    },
  }
}

/** Holds writes of rows from an id on, so that a test can do something while a rotation is in the middle. */
export interface Gate {
  /** Ids of the server's processes that wait at it, once there are so many. */
  waiting(workers: number): Promise<readonly number[]>
  open(): Promise<void>
}

/** A gate, closed. Rotations wait at it for 5 s at a time, and then try again. */
export async function gateAt(pool: Pool, { name }: Table, id = '0'): Promise<Gate> {
  const key = randomInt(2 ** 31 - 1)
  await pool.query(`
    CREATE FUNCTION ${name}_gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${key}); RETURN NEW; END $$;
    CREATE TRIGGER gate BEFORE UPDATE ON ${name} FOR EACH ROW WHEN (OLD.id >= ${id}) EXECUTE FUNCTION ${name}_gate()`)
  const holder = await pool.connect()
  await holder.query('SELECT pg_advisory_lock($1)', [key])
  return {
    waiting: (workers) =>
      vi.waitFor(
        async () => {
          const { rows } = await pool.query(
            `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
            [key],
          )
          expect(rows.length).toBeGreaterThanOrEqual(workers)
          return rows.map(({ pid }) => pid)
        },
        { timeout: 20_000 },
      ),
    async open() {
      await holder.query('SELECT pg_advisory_unlock($1)', [key])
      holder.release()
    },
  }
}

/** The value with a damaged data key: it does not open. */
export const damaged = (sealed: string): string =>
  sealed.replace(/^(wx1\.[^.]+\.)(.)/, (_, head, first) => head + (first === 'A' ? 'B' : 'A'))
