import { bounded } from './bounded.js'
import { EnvelopeError, type EnvelopeErrorCode } from './errors.js'
import type { EnvelopeEvent } from './event.js'
import { copied } from './key-bytes.js'
import { isLocal, type OuterKeys } from './outer-keys.js'
import type { KeyProvider, WrapInput } from './provider.js'

/** The providers, bounded in time and not trusted to answer well. Each call throws EnvelopeError and nothing else. */
export interface GuardedProviders {
  wrap(kid: string, dek: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  unwrap(kid: string, edk: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /** `undefined` when the service cannot do it from that source. */
  rewrap(fromKid: string, kid: string, edk: Uint8Array, signal?: AbortSignal): Promise<Uint8Array | undefined>
}

/** What the calls need. */
export interface GuardOptions {
  readonly keys: OuterKeys
  readonly timeoutMs: number
  readonly now: () => number
  observe(event: EnvelopeEvent): void
}

/** What a provider may say went wrong. A keyring says `malformed` too: its data keys have one length. */
const SAYABLE: readonly EnvelopeErrorCode[] = /* @__PURE__ */ Object.freeze([
  'key_mismatch',
  'malformed',
  'provider_unavailable',
  'provider_denied',
  'provider_invalid_response',
  'aborted',
])

export function guardProviders({ keys, timeoutMs, now, observe }: GuardOptions): GuardedProviders {
  async function call<T extends Uint8Array | undefined>(
    kid: string,
    operation: 'wrap' | 'unwrap' | 'rewrap',
    signal: AbortSignal | undefined,
    run: (provider: KeyProvider, input: WrapInput) => Promise<T>,
    fromKid = kid,
  ): Promise<T> {
    const provider = keys.providerOf(kid)
    const started = now()
    const told = (ok: boolean): void => {
      if (!isLocal(provider)) observe({ type: 'provider_call', kid, operation, ok, ms: now() - started })
    }
    try {
      const bounds = { kid, ms: timeoutMs, signal }
      const answer = await bounded((limit) => run(provider, { kid, signal: limit }), bounds)
      if (answer === undefined && operation === 'rewrap') return answer
      const bytes = copied(answer, operation === 'unwrap' ? 'dek' : 'edk')
      if (bytes === undefined) throw new EnvelopeError('provider_invalid_response', { kid })
      told(true)
      return bytes as T
    } catch (error) {
      told(false)
      throw isLocal(provider) ? error : restated(error, kid, fromKid)
    }
  }

  // Providers get copies too: one that wipes what it was given must not leave us sealing under zeros.
  return {
    wrap: (kid, dek, signal) =>
      call(kid, 'wrap', signal, async (provider, input) => {
        const copy = dek.slice()
        try {
          return await provider.wrap(copy, input)
        } finally {
          copy.fill(0)
        }
      }),
    unwrap: (kid, edk, signal) =>
      call(kid, 'unwrap', signal, (provider, input) => provider.unwrap(edk.slice(), input)),
    rewrap: (fromKid, kid, edk, signal) =>
      call(
        kid,
        'rewrap',
        signal,
        async (provider, input) =>
          provider.rewrapFrom?.(keys.providerOf(fromKid), edk.slice(), { ...input, fromKid }),
        fromKid,
      ),
  }
}

/**
 * What a provider threw, said anew in our words: an SDK's error may hold the data key. Told by code and not by class,
 * because two copies of the package may be loaded.
 */
function restated(thrown: unknown, kid: string, fromKid: string): EnvelopeError {
  try {
    const { name, code, kid: named, retryable, providerCode } = thrown as EnvelopeError
    if (name === 'EnvelopeError' && SAYABLE.includes(code)) {
      return new EnvelopeError(code, {
        // In a rewrap it may be the other key's fault.
        kid: named === fromKid ? fromKid : kid,
        retryable: retryable === true,
        providerCode: providerCode ?? undefined,
      })
    }
  } catch {
    // Not even readable.
  }
  return new EnvelopeError('provider_unavailable', { kid })
}
