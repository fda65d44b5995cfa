import { WaxsealError } from '../internal/error.js'

/**
 * What is wrong, in words for whoever runs the backend.
 *
 * - With the list, when a keyring is made: `keys_missing`, `too_many_keys`, `key_malformed` (`reason` says how),
 *   `key_checksum_mismatch` (mistyped or cut), `key_weak`, `duplicate_kid`, `duplicate_material`, `primary_not_usable`.
 * - With a kid that an artefact or a caller names: `unknown_key`, `key_disabled`, `key_destroyed`.
 * - With a stored canary: `canary_malformed`, `canary_mismatch`.
 * - With an edit: `key_change_refused` (`reason` says why).
 */
export type KeyringErrorCode =
  | 'keys_missing'
  | 'key_malformed'
  | 'key_checksum_mismatch'
  | 'key_weak'
  | 'duplicate_kid'
  | 'duplicate_material'
  | 'primary_not_usable'
  | 'too_many_keys'
  | 'unknown_key'
  | 'key_disabled'
  | 'key_destroyed'
  | 'canary_malformed'
  | 'canary_mismatch'
  | 'key_change_refused'

/** What `key_malformed` stumbled over, `quoted` to `base64`, or why `key_change_refused` refused: the others. */
export type KeyringReason =
  | 'quoted'
  | 'prefix'
  | 'version'
  | 'segments'
  | 'kid'
  | 'length'
  | 'alphabet'
  | 'trailing_bits'
  | 'state'
  | 'hex'
  | 'base64'
  | 'is_primary'
  | 'in_use'
  | 'not_disabled'
  | 'not_enabled'
  | 'kid_taken'
  | 'no_such_kid'

/** Where and how. */
interface Details {
  /** Of the environment, where its name looks like one: it could be a key that was put in its place. */
  readonly variable?: string
  readonly reason?: KeyringReason
  readonly position?: number
  readonly kid?: string | null
}

/**
 * A keyring that cannot be made, a key that may not be used, a canary of another keyring. The message is the code in
 * words, with reason, place and kid; nothing else of an entry is in it.
 */
export class KeyringError extends WaxsealError {
  declare readonly code: KeyringErrorCode
  /** Always 500: keys are the operator's affair. */
  declare readonly status: 500
  /** `null` but for `key_malformed` and `key_change_refused`. */
  readonly reason: KeyringReason | null
  /** Place in the list, from 1; `null` where it does not apply. */
  readonly position: number | null
  /** Set once the entry's checksum has passed, before that it may be a pasted secret; or the well-formed kid that was asked for. */
  readonly kid: string | null

  /** @internal */
  constructor(code: KeyringErrorCode, { variable, reason, position, kid }: Details = {}) {
    const unset = variable !== undefined && /^[A-Z]+(_[A-Z0-9]+)+$/.test(variable) && `${variable} is not set`
    const place = position !== undefined && `entry ${position}`
    const about = [unset, reason && words(reason), place, kid && `key ${kid}`].filter(Boolean).join(', ')
    const advice = reason === 'hex' || reason === 'base64' ? '; generateKey makes keys' : ''
    super(code, 500, words(code) + (about && `: ${about}`) + advice)
    this.reason = reason ?? null
    this.position = position ?? null
    this.kid = kid ?? null
  }

  override get name(): string {
    return 'KeyringError'
  }

  /** Which key it was is nothing for an outsider. */
  override get publicCode(): string {
    return 'keyring_failed'
  }
}

const words = (code: string): string => code.replaceAll('_', ' ')
