/** Waits. A process stays alive for it: there is work behind it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/**
 * Calls back after `ms` (at most 2147483647, above that timers fire at once) and returns the cancellation. Watching is
 * no reason to stay alive: where timers can be unreferenced, as on Node and Bun, the process may end before it fires.
 */
export function backgroundTimer(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms)
  // Elsewhere a timer is a number.
  ;(timer as { unref?: () => void }).unref?.()
  return () => clearTimeout(timer)
}
