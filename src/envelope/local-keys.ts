import { aesKw } from '#crypto'
import { assertObject } from '../internal/assert.js'
import type { KeyWrap } from '../internal/crypto/types.js'
import type { Keyring } from '../keyring/types.js'
import { EnvelopeError, type EnvelopeErrorCode } from './errors.js'
import { LOCAL_EDK_BYTES } from './format.js'

/** Data keys wrapped under the root keys of a keyring, in this process. */
export interface LocalKeys {
  wrap(kid: string, dek: Uint8Array): Uint8Array
  /** @throws EnvelopeError `unknown_key`, `key_disabled`, `key_destroyed`, `malformed`, `key_mismatch`. */
  unwrap(kid: string, edk: Uint8Array): Uint8Array
}

const REFUSED: Readonly<Record<string, EnvelopeErrorCode>> = /* @__PURE__ */ Object.freeze({
  unknown: 'unknown_key',
  disabled: 'key_disabled',
  destroyed: 'key_destroyed',
})

/** TypeError unless it is what `createKeyring` returned. */
export function assertKeyring(value: unknown, option: string): asserts value is Keyring {
  assertObject(value, option)
  const { derive, stateOf } = value as Keyring
  if (typeof derive !== 'function' || typeof stateOf !== 'function') {
    throw new TypeError(`${option}: expected what createKeyring returned`)
  }
}

/** @throws EnvelopeError unless a key in this state may open. */
export function assertUsable(kid: string, state: string): void {
  const code = REFUSED[state]
  if (code !== undefined) throw new EnvelopeError(code, { kid })
}

/** The key-encryption keys are derived at first use, and kept: one for each key of the keyring. */
export function localKeys(keyring: Keyring): LocalKeys {
  const prepared = new Map<string, KeyWrap>()

  function keyWrap(kid: string): KeyWrap {
    let wrap = prepared.get(kid)
    if (wrap === undefined) {
      const kek = deriveKek(kid)
      wrap = aesKw(kek)
      kek.fill(0)
      prepared.set(kid, wrap)
    }
    return wrap
  }

  function deriveKek(kid: string): Uint8Array {
    try {
      return keyring.derive('envelope', { kid, context: ['wx1/kek/a256kw'] })
    } catch (error) {
      // Asked second, so that the keyring has told its own observer who still needs the key.
      assertUsable(kid, keyring.stateOf(kid))
      throw error
    }
  }

  return {
    wrap: (kid, dek) => keyWrap(kid).wrap(dek),
    unwrap(kid, edk) {
      const { unwrap } = keyWrap(kid)
      if (edk.length !== LOCAL_EDK_BYTES) throw new EnvelopeError('malformed', { kid })
      const dek = unwrap(edk)
      if (dek === undefined) throw new EnvelopeError('key_mismatch', { kid, remark: checkOf(keyring, kid) })
      return dek
    },
  }
}

/** The check is public; whoever compares it with another machine's knows which of the two has the wrong key. */
const checkOf = (keyring: Keyring, kid: string): string =>
  `its check here is ${keyring.keys.find((key) => key.kid === kid)?.check}`
