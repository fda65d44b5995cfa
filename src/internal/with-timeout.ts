import { StoreError } from './store-error.js'

/**
 * The outcome of a store's call, within `ms`: after that it is a StoreError with reason `timeout`, a late answer is
 * ignored and a late rejection does not surface. The call itself goes on, so a timeout means "unknown", not "no".
 */
export async function withTimeout<T>(call: () => T | PromiseLike<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreError('timeout')), ms)
  })
  try {
    return await Promise.race([call(), limit])
  } finally {
    clearTimeout(timer)
  }
}
