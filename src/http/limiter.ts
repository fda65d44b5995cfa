import { type HttpError, refused } from './errors.js'
import { LATE, PATIENCE_MS, within } from './within.js'

/**
 * The shape of rate-limiter-flexible: `consume` resolves, or rejects with `{ msBeforeNext }` or a record of such when
 * the limit is reached. Where it rejects with an `Error`, or not at all, the limiter itself is down: the request passes.
 */
export interface Limiter {
  /** Counts one use of the key. */
  consume(key: string): Promise<unknown>
}

/** A limiter may block for ever; `Retry-After` is a number. */
const LONGEST_WAIT_MS = 86_400_000

/**
 * Counts a request; the refusal where the limit is reached, with the longest wait of those that the limiter names.
 *
 * @param onUnavailable called when the limiter is down
 */
export async function consume(
  limiter: Limiter,
  key: string,
  onUnavailable: () => void,
): Promise<HttpError | undefined> {
  try {
    if ((await within(limiter.consume(key), PATIENCE_MS)) === LATE) onUnavailable()
    return undefined
  } catch (reason) {
    const waits = waitsOf(reason)
    if (waits.length > 0) {
      const longest = Math.min(Math.max(...waits), LONGEST_WAIT_MS)
      return refused('rate_limited', { retryAt: Date.now() + longest })
    }
    onUnavailable()
    return undefined
  }
}

function waitsOf(reason: unknown): readonly number[] {
  if (typeof reason !== 'object' || reason === null || reason instanceof Error) return []
  return [reason, ...Object.values(reason)]
    .map((answer) => (answer as { readonly msBeforeNext?: unknown } | null | undefined)?.msBeforeNext)
    .filter((wait): wait is number => typeof wait === 'number' && !Number.isNaN(wait))
}
