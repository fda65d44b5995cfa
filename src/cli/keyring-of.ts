import { keyringFromEnv } from '../keyring/env.js'
import type { Keyring, KeyringOptions } from '../keyring/types.js'
import type { Shell } from './shell.js'

/** The keyring of WAXSEAL_KEYS. Failure 2 naming the variable when it is not set. */
export function keyringOf(shell: Shell, options: KeyringOptions = {}): Keyring {
  shell.variable('WAXSEAL_KEYS')
  return keyringFromEnv({ ...options, env: shell.env })
}
