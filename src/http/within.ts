/** When a sender should come again, where nothing better is known. */
export const RETRY_MS = 5000

/** How long a queue, a limiter or a lookup of secrets may hold a request up. */
export const PATIENCE_MS = 10_000

/** What {@link within} resolves with once the time is up. */
export const LATE: unique symbol = /* @__PURE__ */ Symbol('late')

/** The outcome of the work, or `LATE`; then the work goes on, and what becomes of it does not surface. */
export async function within<T>(work: T | PromiseLike<T>, ms: number): Promise<T | typeof LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeUp = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE)
  })
  try {
    return await Promise.race([work, timeUp])
  } finally {
    clearTimeout(timer)
  }
}
