import type { Duration } from '../internal/duration.js'
import type { Result } from '../internal/result.js'
import type { KeyDeriver } from './derive.js'
import type { KeyringError } from './errors.js'

/** What may be done with a key. Primary and enabled keys derive; only the primary makes new artefacts. */
export type KeyState = 'primary' | 'enabled' | 'disabled' | 'destroyed'

/** A key of the list, without its material: safe to print. */
export interface KeyInfo {
  /** Its name, as artefacts carry it. */
  readonly kid: string
  /** What may be done with it. */
  readonly state: KeyState
  /** The 6-character check of the key string; public, compare it across machines. `null` for a tombstone. */
  readonly check: string | null
  /** Epoch milliseconds, from `createdAt` or a dated kid; `null` when neither tells. */
  readonly createdAt: number | null
}

/** Whether the primary has come of age. Instants are epoch milliseconds; it is due from `dueAt` on. */
export type RotationReminder =
  | {
      readonly kid: string
      readonly status: 'ok' | 'due'
      readonly createdAt: number
      readonly dueAt: number
    }
  /** Its age is unknown. */
  | { readonly kid: string; readonly status: 'undated'; readonly createdAt: null; readonly dueAt: null }

/** Versioned root keys, and one derivation for everything. Frozen; holds no material that could be printed. */
export interface Keyring extends KeyDeriver {
  /** Kid of the key that seals and signs. */
  readonly primary: string
  /** All keys in list order, frozen, without material. */
  readonly keys: readonly KeyInfo[]
  /** State of a kid taken from outside; never throws. */
  stateOf(kid: string): KeyState | 'unknown'
  /** Text to store beside the data, which tells at boot whether this keyring wrote it: `verifyCanary`. Not a secret. */
  canary(): string
  /** Throws KeyringError `canary_malformed`, `canary_mismatch`, `unknown_key`, `key_disabled`, `key_destroyed`. */
  verifyCanary(stored: string): void
  /** The same as a value; ok carries the canary's kid. */
  safeVerifyCanary(stored: string): Result<string, KeyringError>
  /** Compares the primary's age with `rotateEvery`, at `now()`; a clock that fails makes it due. */
  dueForRotation(): RotationReminder
}

/** Of `createKeyring`. */
export interface KeyringOptions {
  /** Age from which on the primary is due. Default '90d'. */
  readonly rotateEvery?: Duration | undefined
  /** Epoch milliseconds or Dates for kids that are not dated; wins over a dated kid. RangeError on a kid not in the list. */
  readonly createdAt?: Readonly<Record<string, number | Date>> | undefined
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Told of refused keys and, once at creation, of a due rotation. What it throws changes nothing. */
  readonly observe?: ((event: KeyringEvent) => void) | undefined
}

/** What `observe` is told. */
export type KeyringEvent =
  | {
      /** `derive` or a canary named a key that may not be used. */
      readonly type: 'key_refused'
      /** `null` where what was named has not the form of a kid. */
      readonly kid: string | null
      readonly code: 'unknown_key' | 'key_disabled' | 'key_destroyed'
    }
  | {
      /** The primary is due. */
      readonly type: 'rotation_due'
      readonly kid: string
      /** Epoch milliseconds. */
      readonly createdAt: number
      /** Epoch milliseconds. */
      readonly dueAt: number
    }
