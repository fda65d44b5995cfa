/** Tables of sealed values for the commands that read and write them. */

import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { createEnvelope } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { NEW, OLD, sealOld, TOKEN } from './support.js'

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
