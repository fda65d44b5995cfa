import type { BoundContext } from './context.js'
import type { Core } from './core.js'
import { createDekCache, type WrappedKey } from './dek-cache.js'
import type { Parsed } from './format.js'
import type { GuardedProviders } from './guarded-providers.js'
import { assertUsable } from './local-keys.js'
import { isLocal, type OuterKeys } from './outer-keys.js'

/** The data keys of a KMS envelope, kept or fetched. What comes back is the caller's, to be wiped. */
export interface KmsDataKeys {
  /** Past the cache. */
  fresh(signal: AbortSignal | undefined): Promise<WrappedKey>
  forSeal(bytes: number, context: BoundContext, signal: AbortSignal | undefined): Promise<WrappedKey>
  /** @throws EnvelopeError `unknown_key`, `key_disabled`, `key_destroyed`, and what a provider throws. */
  forOpen(parsed: Parsed, signal: AbortSignal | undefined): Promise<Uint8Array>
  flush(): void
}

/** Limits of the cache, read and found good. */
export interface CacheLimits {
  readonly ttlMs: number
  readonly entries: number
  readonly reuse: { readonly messages: number; readonly bytes: number } | undefined
}

/** Of `kmsDataKeys`. */
export interface KmsDataKeysOptions {
  readonly primary: string
  readonly keys: OuterKeys
  readonly providers: GuardedProviders
  readonly cache: CacheLimits | undefined
  readonly core: Core
}

export function kmsDataKeys({
  primary,
  keys,
  providers,
  cache: limits,
  core,
}: KmsDataKeysOptions): KmsDataKeys {
  const { now, observe } = core
  const cache = limits && createDekCache({ ...limits, now, observe })
  const reuse = isLocal(keys.providerOf(primary)) ? undefined : limits?.reuse

  async function fresh(signal?: AbortSignal): Promise<WrappedKey> {
    const dek = core.newDek()
    try {
      return { dek, edk: await providers.wrap(primary, dek, signal) }
    } catch (error) {
      dek.fill(0)
      throw error
    }
  }

  return {
    fresh,

    async forSeal(bytes, { tenant, purpose }, signal) {
      if (cache === undefined || reuse === undefined || bytes > reuse.bytes) return fresh(signal)
      return cache.take(`seal ${JSON.stringify([tenant, purpose])}`, {
        kid: primary,
        load: () => fresh(),
        use(usage) {
          usage.messages += 1
          usage.bytes += bytes
          return usage.messages <= reuse.messages && usage.bytes <= reuse.bytes
        },
        signal,
      })
    },

    async forOpen({ kid, edk, head }, signal) {
      assertUsable(kid, keys.stateOf(kid))
      // A keyring unwraps in microseconds, and its keys are not worth a place.
      if (cache === undefined || isLocal(keys.providerOf(kid))) return providers.unwrap(kid, edk, signal)
      const load = async () => ({ dek: await providers.unwrap(kid, edk), edk })
      const { dek } = await cache.take(`open ${head}`, { kid, load, use: () => true, signal })
      return dek
    },

    flush: () => cache?.flush(),
  }
}
