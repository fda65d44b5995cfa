/** When a sender should come again, where nothing better is known. */
export const RETRY_MS = 5000

/** How long a queue, a limiter or a lookup of secrets may hold a request up. */
export const PATIENCE_MS = 10_000

/** The outcome, or `undefined` once the time is up; the work goes on. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, timeUp])
  } finally {
    clearTimeout(timer)
  }
}
