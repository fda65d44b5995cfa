import { EXIT } from './exit.js'

const SIGNALS = /* @__PURE__ */ Object.freeze(['SIGINT', 'SIGTERM'] as const)

/**
 * Runs long work that stops at the first interrupt by itself, which is said; the second one ends the process at once.
 * Outside of it an interrupt does what it always does.
 */
export async function interruptible<T>(
  unread: AbortSignal,
  say: (line: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    say('stopping after the batch at hand; a second interrupt ends it at once')
    stop.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    return await work(AbortSignal.any([stop.signal, unread]))
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
}
