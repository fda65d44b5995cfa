import { assertObject } from '../../internal/assert.js'
import type { ClaimQuery, Inventory, RotationRow, RotationStore, RowChange } from '../rotation-store.js'

/** Of `rowStore`. */
export interface RowStoreOptions {
  /** The next rows, as demand (a) of `RotationStore` says. */
  readonly fetch: (query: ClaimQuery) => Promise<readonly RotationRow[]>
  /**
   * Writes the row if it still holds `from`, compared bytewise, and returns whether it did:
   * `UPDATE … SET token = to WHERE id = id AND token = from`.
   */
  readonly write: (change: RowChange) => Promise<boolean>
  /** Counts, as `Inventory` says. */
  readonly inventory: (primary: string) => Promise<Inventory>
}

/**
 * A rotation store over the application's own queries, such as an ORM's. Each row is written by itself: a claim that is
 * interrupted leaves some of its rows rotated, which is no harm. What the functions throw is passed on.
 *
 * @throws TypeError that names the option.
 */
export function rowStore(options: RowStoreOptions): RotationStore {
  assertObject(options, 'options')
  const { fetch, write, inventory } = options
  if (typeof fetch !== 'function') throw new TypeError('fetch: expected a function')
  if (typeof write !== 'function') throw new TypeError('write: expected a function')
  if (typeof inventory !== 'function') throw new TypeError('inventory: expected a function')

  return Object.freeze<RotationStore>({
    async claim(query, work) {
      const rows = await fetch(query)
      const last = rows.at(-1)?.id ?? null
      const written: string[] = []
      const changes = last === null ? [] : await work(rows)
      if (query.dryRun) return { written, last }
      for (const change of changes) {
        if (await write(change)) written.push(change.id)
      }
      return { written, last }
    },
    inventory: async (primary) => inventory(primary),
  })
}
