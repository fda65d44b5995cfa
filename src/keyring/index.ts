/**
 * `waxseal/keyring`: versioned root keys, and one derivation for everything.
 *
 * @module
 */

export type { DeriveOptions, KeyDeriver, Purpose } from './derive.js'
export { editKeys, type KeyChange, type KeyUse } from './edit.js'
export { type EnvOptions, keyringFromEnv } from './env.js'
export { KeyringError, type KeyringErrorCode, type KeyringReason } from './errors.js'
export { generateKey } from './key-string.js'
export { createKeyring } from './keyring.js'
export type {
  KeyInfo,
  Keyring,
  KeyringEvent,
  KeyringOptions,
  KeyState,
  RotationReminder,
} from './types.js'
