import { WaxsealError } from '../internal/error.js'

/** The message of a code is the code in words: every bundle that derives a key carries this table. */
const STATUS: Record<IdempotencyErrorCode, number> = /* @__PURE__ */ Object.freeze({
  key_part_invalid: 400,
  key_header_missing: 400,
  key_header_malformed: 400,
  store_unavailable: 503,
  lease_lost: 500,
  run_timeout: 500,
  result_unreadable: 500,
})

/**
 * What went wrong.
 *
 * - 400 `key_part_invalid`, `key_header_missing`, `key_header_malformed`: with what came from outside.
 * - 503 `store_unavailable`: the store did not answer, or could not; the sender should try again.
 * - 500 `lease_lost`: another run owns the key, or may. `run_timeout`: the run outlasted `timeout`. `result_unreadable`:
 *   the codec refused a stored result.
 */
export type IdempotencyErrorCode =
  | 'key_part_invalid'
  | 'key_header_missing'
  | 'key_header_malformed'
  | 'store_unavailable'
  | 'lease_lost'
  | 'run_timeout'
  | 'result_unreadable'

/** What this entry throws, and what `run.signal` aborts with. Its message is fixed per code. */
export class IdempotencyError extends WaxsealError {
  declare readonly code: IdempotencyErrorCode

  /** @internal */
  constructor(code: IdempotencyErrorCode) {
    super(code, STATUS[code], code.replaceAll('_', ' '))
  }

  override get name(): string {
    return 'IdempotencyError'
  }
}
