import { assertObject } from '../internal/assert.js'
import { KeyringError } from './errors.js'
import { createKeyring } from './keyring.js'
import { splitList } from './list.js'
import type { Keyring, KeyringOptions } from './types.js'

/** Variables by name. */
type Environment = Readonly<Record<string, string | undefined>>

/** Of `keyringFromEnv`. */
export interface EnvOptions extends KeyringOptions {
  /** Default: `process.env` where there is one; on Workers pass the bindings. */
  readonly env?: Environment | undefined
  /** Of the variable. Default 'WAXSEAL_KEYS'. */
  readonly name?: string | undefined
}

/**
 * The keyring of an environment variable: key strings, separated by white space or commas, the first one primary. Nothing
 * is made up where it is missing.
 *
 * ```ts
 * import { generateKey, keyringFromEnv } from 'waxseal/keyring'
 *
 * const env = { WAXSEAL_KEYS: `${generateKey('2026-05')} ${generateKey('2026-02')}` }
 * keyringFromEnv({ env }).keys.map((key) => key.state) // => ['primary', 'enabled']
 * ```
 *
 * @throws KeyringError `keys_missing` when it is unset or empty, else as `createKeyring`; TypeError or RangeError that
 * names the option.
 */
export function keyringFromEnv(options: EnvOptions = {}): Keyring {
  assertObject(options, 'options')
  const { env = hostEnvironment(), name = 'WAXSEAL_KEYS' } = options
  assertObject(env, 'env')
  if (typeof name !== 'string') throw new TypeError('name: expected the name of a variable')
  const list = env[name] ?? ''
  if (typeof list !== 'string') throw new TypeError('env: expected the variable to be text')
  const keys = splitList(list)
  if (keys.length === 0) throw new KeyringError('keys_missing', { variable: name })
  return createKeyring(keys, options)
}

/** Read when asked for, never on import; nothing where the runtime has no process. */
function hostEnvironment(): Environment {
  return (globalThis as { readonly process?: { readonly env?: Environment } }).process?.env ?? {}
}
