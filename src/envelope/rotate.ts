/**
 * `waxseal/envelope/rotate`: brings the rows of a table under the primary key, while the application goes on.
 *
 * @module
 */

import { type RotateOptions, readOptions } from './rotate/options.js'
import type { RotationReport } from './rotate/report.js'
import { run } from './rotate/run.js'

export { StoreError, type StoreReason } from '../internal/store-error.js'
export type { RotateOptions } from './rotate/options.js'
export type { RotationEvent, RotationReport, RowFailure } from './rotate/report.js'
export { type RowStoreOptions, rowStore } from './rotate/row-store.js'
export type {
  Claimed,
  ClaimQuery,
  Inventory,
  RotationRow,
  RotationStore,
  RowChange,
} from './rotation-store.js'

/**
 * Rotates all rows whose value is not under the envelope's primary, batch by batch in the order of their ids. Any number of
 * processes may do so at once, and the application may write meanwhile: a row that changed is not overwritten. A crash
 * leaves each row as it was or rotated; both open while both keys are enabled.
 *
 * The rows are gone through again as long as that moves some and `passes` allow: others may have been held by another
 * process, or written by an instance that still has the old primary. When the report says `done`, and no such instance
 * is left, the old key may be disabled.
 *
 * A row that fails is reported and left alone, also one whose new value the store refuses: then the rows of its batch are
 * written one by one. A provider or a store that fails for a while has the batch repeated, after 0 to 200 ms, then 400,
 * 800, …; when `retries` are used up, or at once when the provider denies or cannot answer, the run stops. A count that
 * the store did not finish in time is not repeated.
 *
 * ```ts
 * import { createEnvelope } from 'waxseal/envelope'
 * import { rotateRows } from 'waxseal/envelope/rotate'
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 * import { memoryRotationStore } from 'waxseal/stores/memory'
 *
 * const [older, newer] = [generateKey('2026a'), generateKey('2026b')]
 * const context = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
 * const value = createEnvelope({ keyring: createKeyring([older]) }).seal('EAAG-test-token', context)
 *
 * const envelope = createEnvelope({ keyring: createKeyring([newer, older]) })
 * const store = memoryRotationStore(new Map([['acc_1', { value }]]))
 * const { outcome, inventory } = await rotateRows({ envelope, store })
 * outcome // => 'done'
 * inventory.byKid // => { '2026b': 1 }
 * ```
 *
 * @throws TypeError or RangeError that names the option. StoreError where the store keeps failing or fails for good;
 * whatever `also` and the functions of a `rowStore` throw. Batches that were written stay written.
 */
export async function rotateRows(options: RotateOptions): Promise<RotationReport> {
  return run(readOptions(options))
}
