import type { SealContext } from './context.js'
import type { Sealed } from './format.js'

/** A row to rotate. */
export interface RotationRow {
  /** Its id as text. */
  readonly id: string
  /** What the column holds. */
  readonly value: string
  /** What the value is bound to; needed by `reseal` and for legacy rows, null where the store was not told. */
  readonly context: SealContext | null
}

/** A value to write, if the row still holds `from`. */
export interface RowChange {
  /** Of the row. */
  readonly id: string
  /** What the column held when it was claimed. */
  readonly from: string
  /** What it shall hold. */
  readonly to: Sealed
  /** Further columns of the row, written with it. */
  readonly also?: Readonly<Record<string, string>> | undefined
}

/** Which rows to claim. */
export interface ClaimQuery {
  /** Rows under this kid are done. */
  readonly primary: string
  /** Whether rows that are no envelopes count too: everything but NULL and ''. */
  readonly legacy: boolean
  /** Only rows behind this id; null from the first. */
  readonly after: string | null
  /** Rows at most. */
  readonly limit: number
  /** Neither lock nor write. */
  readonly dryRun: boolean
}

/** What a claim did. */
export interface Claimed {
  /** Ids of the changes that were written; one that is missing lost against another writer. */
  readonly written: readonly string[]
  /** Id of the last row that was passed to `work`; null when there was none. */
  readonly last: string | null
}

/** How many rows each key still holds. */
export interface Inventory {
  /** All rows. */
  readonly total: number
  /** NULL and ''. */
  readonly empty: number
  /** Neither empty nor an envelope: plaintext and legacy layouts. */
  readonly other: number
  /** Envelopes that are not under the primary. */
  readonly stale: number
  /** Envelopes by the kid that they name; without a prototype. */
  readonly byKid: Readonly<Record<string, number>>
}

/**
 * Where `rotateRows` finds rows and writes them back: the port. What a store must hold, and what the contract suite tests:
 *
 * - (a) `work` gets at most `limit` rows with id > `after`, in ascending order of id, whose value starts with `wx1.` and not
 *   with `wx1.<primary>.`, bytewise; with `legacy`, every non-empty value that does not start with `wx1.<primary>.`. It is
 *   called once, and not at all when there are none. A row without an id is not passed.
 * - (b) Each change is a compare-and-swap on the bytes of `from`. One that lost writes nothing and is not in `written`.
 * - (c) The changes of a claim commit together, or none does when `work` rejects; that rejection is the claim's.
 * - (d) `last` is the id of the last row passed, or null.
 * - (e) `dryRun` neither writes nor locks; `written` is empty.
 * - (f) A store that can lock passes no row to two claims at once. (b) alone makes it correct.
 * - (g) `inventory` counts as `Inventory` says.
 *
 * Failures are StoreErrors: `constraint` where a row cannot take its change, so that `rotateRows` may leave it out.
 */
export interface RotationStore {
  /** Passes the next rows to `work` and writes what it answers. */
  claim(
    query: ClaimQuery,
    work: (rows: readonly RotationRow[]) => Promise<readonly RowChange[]>,
  ): Promise<Claimed>
  /** Counts all rows. */
  inventory(primary: string): Promise<Inventory>
}
