import { assertObject } from '../internal/assert.js'
import { isKid } from '../keyring/key-string.js'
import type { Keyring, KeyState } from '../keyring/types.js'
import { assertKeyring, localKeys } from './local-keys.js'
import type { KeyProvider } from './provider.js'

/** The outer keys of an envelope, by kid. */
export interface OuterKeys {
  stateOf(kid: string): KeyState | 'unknown'
  /** Only for a kid that `stateOf` knows as usable. */
  providerOf(kid: string): KeyProvider
}

/** Which keys there are, and what may be done with them. */
export interface OuterKeysOptions {
  readonly primary: string
  readonly keys: Readonly<Record<string, KeyProvider | Keyring>>
  readonly disabled?: readonly string[] | undefined
  readonly destroyed?: readonly string[] | undefined
}

/** What a keyring is called among providers. */
const KEYRING = 'keyring'

/** Whether a provider works in this process, without a call to anywhere. */
export const isLocal = (provider: KeyProvider): boolean => provider.kind === KEYRING

/** @throws TypeError or RangeError that names the option. */
export function readOuterKeys(options: OuterKeysOptions): OuterKeys {
  const { primary } = options
  assertObject(options.keys, 'keys')
  const disabled = readKids(options.disabled, 'disabled')
  const destroyed = readKids(options.destroyed, 'destroyed')
  const states = new Map<string, (kid: string) => KeyState | 'unknown'>()
  const providers = new Map<string, KeyProvider>()
  for (const [kid, key] of Object.entries(options.keys)) {
    if (!isKid(kid)) throw new RangeError('keys: expected kids of 1 to 32 characters of a-z, 0-9 and -')
    assertObject(key, 'keys')
    if ('derive' in key) {
      assertKeyring(key, 'keys')
      if (key.stateOf(kid) === 'unknown') throw new RangeError(`keys: expected a keyring that holds ${kid}`)
      states.set(kid, key.stateOf)
      providers.set(kid, keyringProvider(key))
    } else {
      assertProvider(key)
      states.set(kid, () => 'enabled')
      providers.set(kid, key)
    }
  }

  function stateOf(kid: string): KeyState | 'unknown' {
    if (destroyed.has(kid)) return 'destroyed'
    if (disabled.has(kid)) return 'disabled'
    const state = states.get(kid)?.(kid) ?? 'unknown'
    // A keyring's own primary is one of several keys here.
    if (state === 'primary' || state === 'enabled') return kid === primary ? 'primary' : 'enabled'
    return state
  }

  if (stateOf(primary) !== 'primary') {
    throw new RangeError('primary: expected a kid of keys, neither disabled nor destroyed')
  }
  return { stateOf, providerOf: (kid) => providers.get(kid) as KeyProvider }
}

/** A keyring among providers, so that moving into a KMS, or out of one, is an ordinary rotation. */
function keyringProvider(keyring: Keyring): KeyProvider {
  const keys = localKeys(keyring)
  return {
    kind: KEYRING,
    wrap: async (dek, { kid }) => keys.wrap(kid, dek),
    unwrap: async (edk, { kid }) => keys.unwrap(kid, edk),
  }
}

function assertProvider(key: object): asserts key is KeyProvider {
  const { kind, wrap, unwrap, rewrapFrom } = key as Partial<KeyProvider>
  const whole =
    typeof kind === 'string' &&
    kind !== KEYRING &&
    typeof wrap === 'function' &&
    typeof unwrap === 'function' &&
    (rewrapFrom === undefined || typeof rewrapFrom === 'function')
  if (!whole) throw new TypeError('keys: expected keyrings and providers')
}

function readKids(kids: unknown, option: string): ReadonlySet<string> {
  if (kids === undefined) return new Set()
  if (!Array.isArray(kids) || !kids.every(isKid)) throw new TypeError(`${option}: expected an array of kids`)
  return new Set(kids)
}
