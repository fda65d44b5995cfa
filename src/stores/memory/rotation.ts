import type { SealContext } from '../../envelope/context.js'
import type { Claimed, Inventory, RotationRow, RotationStore } from '../../envelope/rotation-store.js'
import { inventoryOf } from '../rotation-table.js'

/** A row in memory. */
export interface MemoryRow {
  /** What the column would hold. */
  readonly value: string | null
  /** What the value is bound to; default: unknown, which is enough to rewrap. */
  readonly context?: SealContext | undefined
  /** Further columns that changes write. */
  readonly also?: Readonly<Record<string, string>> | undefined
}

/**
 * Rows in a Map by id, for the tests of an application's rotation. Ids are in the order of their UTF-16 units. The Map
 * stays the caller's: a row that is written is replaced by a new one.
 *
 * ```ts
 * import { memoryRotationStore } from 'waxseal/stores/memory'
 *
 * const store = memoryRotationStore(new Map([['acc_1', { value: 'EAAG…' }]]))
 * await store.inventory('2026-05') // => { total: 1, empty: 0, other: 1, stale: 0, byKid: {} }
 * ```
 *
 * @throws TypeError when it is no Map.
 */
export function memoryRotationStore(rows: Map<string, MemoryRow>): RotationStore {
  if (!(rows instanceof Map)) throw new TypeError('rows: expected a Map')
  const claimed = new Set<string>()

  return Object.freeze<RotationStore>({
    async claim({ primary, legacy, after, limit, dryRun }, work): Promise<Claimed> {
      const batch: RotationRow[] = []
      for (const id of [...rows.keys()].sort()) {
        const { value = null, context = null } = rows.get(id) ?? {}
        if (batch.length === limit) break
        if (value === null || (after !== null && id <= after) || claimed.has(id)) continue
        if (value.startsWith(`wx1.${primary}.`) || !(legacy ? value !== '' : value.startsWith('wx1.')))
          continue
        batch.push({ id, value, context })
      }
      const last = batch.at(-1)?.id ?? null
      if (last === null) return { written: [], last }
      if (dryRun) {
        await work(batch)
        return { written: [], last }
      }

      for (const { id } of batch) claimed.add(id)
      try {
        const written: string[] = []
        for (const { id, from, to, also } of await work(batch)) {
          const row = rows.get(id)
          if (row?.value !== from) continue
          rows.set(id, { ...row, value: to, ...(also && { also: { ...row.also, ...also } }) })
          written.push(id)
        }
        return { written, last }
      } finally {
        for (const { id } of batch) claimed.delete(id)
      }
    },

    async inventory(primary): Promise<Inventory> {
      return inventoryOf([...rows.values()].map(({ value }) => tallyOf(value, primary)))
    },
  })
}

function tallyOf(value: string | null, primary: string): Readonly<Record<string, unknown>> {
  if (!value) return { kind: 'empty', rows: 1, done: 0 }
  if (!value.startsWith('wx1.')) return { kind: 'other', rows: 1, done: 0 }
  return {
    kind: 'sealed',
    kid: value.split('.', 2)[1],
    rows: 1,
    done: Number(value.startsWith(`wx1.${primary}.`)),
  }
}
