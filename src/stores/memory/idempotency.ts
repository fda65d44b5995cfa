import type {
  BeginOptions,
  BeginResult,
  CompleteOptions,
  CompleteResult,
  IdempotencyStore,
} from '../../idempotency/store.js'
import { assertInteger, assertObject, assertOptionalFunction } from '../../internal/assert.js'
import { StoreError } from '../../internal/store-error.js'

/** Of every memory store. */
export interface MemoryOptions {
  /** Records held at a time, 1 to 10000000; default 10000. */
  readonly maxEntries?: number | undefined
  /** Epoch milliseconds; default `Date.now`. */
  readonly now?: (() => number) | undefined
}

interface Entry {
  readonly token: string
  readonly attempts: number
  readonly fingerprint: string
  state: 'pending' | 'done' | 'dead'
  leaseUntil: number
  expiresAt: number
  result?: string
}

/**
 * Idempotency records in this process: for tests, scripts, and a single process whose state may vanish with it. Cluster
 * workers, two containers or two function instances each have their own, and deduplicate nothing between them.
 *
 * A full store drops the oldest record that is done or has expired: its event may run again. When there is none,
 * `begin` fails with StoreError `full`.
 *
 * ```ts
 * import { memoryIdempotencyStore } from 'waxseal/stores/memory'
 *
 * const store = memoryIdempotencyStore({ maxEntries: 1000 })
 * await store.forget('never seen') // => false
 * ```
 *
 * @throws TypeError or RangeError that names the option.
 */
export function memoryIdempotencyStore(options: MemoryOptions = {}): IdempotencyStore {
  assertObject(options, 'options')
  const { maxEntries = 10_000, now = Date.now } = options
  assertInteger(maxEntries, 'maxEntries', 1, 10_000_000)
  assertOptionalFunction(now, 'now')

  /** In order of first claim. */
  const records = new Map<string, Entry>()
  let lastToken = 0

  /** The record, unless it has expired. */
  function find(key: string): Entry | undefined {
    const record = records.get(key)
    if (record !== undefined && record.expiresAt <= now()) {
      records.delete(key)
      return undefined
    }
    return record
  }

  /** One counter for all keys: a record that was forgotten or dropped would take its key's counter along. */
  function nextToken(): string {
    lastToken = Math.max(lastToken + 1, Math.floor(now() * 1000))
    return String(lastToken)
  }

  function put(key: string, record: Entry): void {
    if (!records.has(key) && records.size >= maxEntries) makeRoom()
    records.set(key, record)
  }

  function makeRoom(): void {
    for (const [key, record] of records) {
      if (record.state === 'done' || record.expiresAt <= now()) {
        records.delete(key)
        return
      }
    }
    throw new StoreError('full')
  }

  /** The record while this claim may still set its lease. */
  function owned(key: string, token: string): Entry | undefined {
    const record = find(key)
    return record?.state === 'pending' && record.token === token ? record : undefined
  }

  function setLease(key: string, token: string, ms: number): boolean {
    const record = owned(key, token)
    // Released at once is free at once, also on a clock that steps back.
    if (record !== undefined) record.leaseUntil = ms === 0 ? 0 : now() + ms
    return record !== undefined
  }

  return Object.freeze({
    async begin(
      key: string,
      { leaseMs, retainMs, fingerprint, maxAttempts }: BeginOptions,
    ): Promise<BeginResult> {
      const record = find(key)
      if (record !== undefined) {
        const { state, attempts, result } = record
        if (fingerprint !== '' && record.fingerprint !== '' && record.fingerprint !== fingerprint) {
          return { status: 'mismatch' }
        }
        if (state === 'done') return result === undefined ? { status: 'done' } : { status: 'done', result }
        if (state === 'dead') return { status: 'dead', attempts }
        const left = record.leaseUntil - now()
        if (left > 0) return { status: 'busy', retryAfterMs: left }
        if (maxAttempts > 0 && attempts >= maxAttempts) {
          record.state = 'dead'
          record.expiresAt = now() + retainMs
          return { status: 'dead', attempts }
        }
      }
      const claimed: Entry = {
        state: 'pending',
        token: nextToken(),
        attempts: (record?.attempts ?? 0) + 1,
        fingerprint: fingerprint || (record?.fingerprint ?? ''),
        leaseUntil: now() + leaseMs,
        expiresAt: now() + retainMs,
      }
      put(key, claimed)
      return { status: 'acquired', token: claimed.token, attempt: claimed.attempts }
    },

    async complete(
      key: string,
      token: string,
      { retainMs, result }: CompleteOptions,
    ): Promise<CompleteResult> {
      const record = find(key)
      // What no store gave out as a token must not become one.
      if (record === undefined ? !/^[1-9]\d{0,18}$/.test(token) : record.token !== token) return 'lost'
      if (record?.state === 'done') return 'done'
      const { attempts, fingerprint } = record ?? { attempts: 1, fingerprint: '' }
      const done: Entry = {
        state: 'done',
        token,
        attempts,
        fingerprint,
        leaseUntil: 0,
        expiresAt: now() + retainMs,
      }
      put(key, result === undefined ? done : { ...done, result })
      return record === undefined ? 'recovered' : 'done'
    },

    async extend(key: string, token: string, leaseMs: number) {
      return setLease(key, token, leaseMs)
    },

    async release(key: string, token: string, delayMs: number) {
      return setLease(key, token, delayMs)
    },

    async forget(key: string) {
      const existed = find(key) !== undefined
      records.delete(key)
      return existed
    },

    async purge(limit: number) {
      let purged = 0
      for (const [key, record] of records) {
        if (purged >= limit) break
        if (record.expiresAt > now()) continue
        records.delete(key)
        purged++
      }
      return purged
    },
  })
}
