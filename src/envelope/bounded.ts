import { EnvelopeError } from './errors.js'

/** When to stop waiting, and for which key. */
export interface Bounds {
  readonly kid: string
  /** Milliseconds; absent, as long as it takes. */
  readonly ms?: number | undefined
  /** The caller's. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The outcome, unless time runs out or the caller gives up first; `run` is told of both by its own signal. What comes
 * later is ignored.
 *
 * @throws EnvelopeError `provider_unavailable`, `aborted`; whatever `run` throws.
 */
export async function bounded<T>(
  run: (signal: AbortSignal) => T | PromiseLike<T>,
  { kid, ms, signal }: Bounds,
): Promise<T> {
  if (signal?.aborted) throw new EnvelopeError('aborted', { kid })
  const limit = new AbortController()
  let giveUp = (_error: EnvelopeError): void => {}
  const given = new Promise<never>((_, reject) => {
    giveUp = (error) => {
      reject(error)
      limit.abort()
    }
  })
  // Where nobody waits for it any more.
  given.catch(() => {})
  const late = () =>
    giveUp(new EnvelopeError('provider_unavailable', { kid, retryable: true, providerCode: 'timeout' }))
  const aborted = () => giveUp(new EnvelopeError('aborted', { kid }))
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    signal?.addEventListener('abort', aborted, { once: true })
    if (ms !== undefined) timer = setTimeout(late, ms)
    return await Promise.race([run(limit.signal), given])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
  }
}
