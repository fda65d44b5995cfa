import { backgroundTimer } from '../internal/timer.js'
import { bounded } from './bounded.js'
import type { EnvelopeEvent } from './event.js'

/** A data key and its encrypted form. */
export interface WrappedKey {
  readonly dek: Uint8Array
  readonly edk: Uint8Array
}

/** How much a cached data key has sealed. */
export interface Usage {
  messages: number
  bytes: number
}

/** What a caller needs. */
export interface Wanted {
  readonly kid: string
  /** Gets a key that is not held. Belongs to no caller: others may be waiting for it too. */
  load(): Promise<WrappedKey>
  /** Counts one more use, before it happens; false when the key has done its share. A fresh key must serve. */
  use(usage: Usage): boolean
  /** Of this caller. */
  readonly signal?: AbortSignal | undefined
}

/** Data keys that a KMS unwrapped or wrapped, kept for a while. */
export interface DekCache {
  /** The caller's own copy, to be wiped. Failures are not kept. */
  take(slot: string, wanted: Wanted): Promise<WrappedKey>
  /** Zeroes and forgets all. */
  flush(): void
}

/** Of `createDekCache`. */
export interface DekCacheOptions {
  readonly ttlMs: number
  readonly entries: number
  readonly now: () => number
  observe(event: EnvelopeEvent): void
}

interface Entry extends WrappedKey {
  readonly kid: string
  readonly since: number
  readonly usage: Usage
}

interface Waiter {
  readonly wanted: Wanted
  resolve(key: WrappedKey | Promise<WrappedKey>): void
  reject(error: unknown): void
}

export function createDekCache({ ttlMs, entries, now, observe }: DekCacheOptions): DekCache {
  /** In order of last use. */
  const held = new Map<string, Entry>()
  /** Who waits for a key that is on its way. */
  const flights = new Map<string, Waiter[]>()
  let stopSweep: (() => void) | undefined

  const told = (kid: string, result: 'hit' | 'miss' | 'evicted' | 'expired') =>
    observe({ type: 'cache', kid, result })
  const copyOf = ({ dek, edk }: WrappedKey): WrappedKey => ({ dek: dek.slice(), edk })

  function drop(slot: string, entry: Entry, result: 'evicted' | 'expired'): void {
    held.delete(slot)
    entry.dek.fill(0)
    told(entry.kid, result)
  }

  const isYoung = ({ since }: Entry): boolean => {
    const age = now() - since
    // On a clock that stepped back, or fails, nothing is young.
    return age >= 0 && age < ttlMs
  }

  /** A key that nobody asks for again must not stay in memory either. */
  function sweepAfter(ms: number): void {
    stopSweep ??= backgroundTimer(() => {
      stopSweep = undefined
      let oldest = Number.POSITIVE_INFINITY
      for (const [slot, entry] of held) {
        if (isYoung(entry)) oldest = Math.min(oldest, entry.since)
        else drop(slot, entry, 'expired')
      }
      if (held.size > 0) sweepAfter(Math.max(1, oldest + ttlMs - now()))
    }, ms)
  }

  function keep(slot: string, entry: Entry): void {
    held.set(slot, entry)
    sweepAfter(ttlMs)
    for (const [oldest, its] of held) {
      if (held.size <= entries) return
      drop(oldest, its, 'evicted')
    }
  }

  /** A key that is held, young enough, and may be used once more. */
  function find(slot: string, wanted: Wanted): Entry | undefined {
    const entry = held.get(slot)
    if (entry === undefined) return undefined
    if (isYoung(entry) && wanted.use(entry.usage)) {
      held.delete(slot)
      held.set(slot, entry)
      return entry
    }
    drop(slot, entry, 'expired')
    return undefined
  }

  /** One load for all who wait. Each gets its copy at once, before anything can zero the entry. */
  async function fly(slot: string, waiters: readonly Waiter[], { kid, load }: Wanted): Promise<void> {
    const landed = () => flights.get(slot) === waiters && flights.delete(slot)
    try {
      const since = now()
      const entry: Entry = { ...(await load()), kid, since, usage: { messages: 0, bytes: 0 } }
      const current = landed()
      const unserved = waiters.filter(({ wanted, resolve }) => {
        // Who gave up must not cost another call.
        if (wanted.signal?.aborted) return false
        const served = wanted.use(entry.usage)
        if (served) resolve(copyOf(entry))
        return !served
      })
      if (current) keep(slot, entry)
      else entry.dek.fill(0)
      for (const { wanted, resolve } of unserved) resolve(take(slot, wanted))
    } catch (error) {
      landed()
      for (const { reject } of waiters) reject(error)
    }
  }

  function take(slot: string, wanted: Wanted): Promise<WrappedKey> {
    const entry = find(slot, wanted)
    const flight = flights.get(slot)
    told(wanted.kid, entry === undefined && flight === undefined ? 'miss' : 'hit')
    if (entry !== undefined) return Promise.resolve(copyOf(entry))
    return new Promise((resolve, reject) => {
      const waiter = { wanted, resolve, reject }
      if (flight !== undefined) {
        flight.push(waiter)
        return
      }
      const waiters = [waiter]
      flights.set(slot, waiters)
      void fly(slot, waiters, wanted)
    })
  }

  return {
    take: (slot, wanted) => bounded(() => take(slot, wanted), wanted),
    flush() {
      // Who waits is served; what is on its way is not kept.
      flights.clear()
      stopSweep?.()
      stopSweep = undefined
      for (const { dek } of held.values()) dek.fill(0)
      held.clear()
    },
  }
}
