import { readClock } from '../../internal/instant.js'
import { notify } from '../../internal/observe.js'
import { StoreError, type StoreReason, storeReason } from '../../internal/store-error.js'
import { EnvelopeError, type EnvelopeErrorCode } from '../errors.js'
import type { Inventory } from '../rotation-store.js'
import type { Settings } from './options.js'
import { type Renewed, renew } from './renew.js'
import type { RotationReport } from './report.js'
import { wait } from './wait.js'

/** A batch that was written. */
interface Batch extends Renewed {
  readonly written: readonly string[]
  /** Id of its last row; null behind the end. */
  readonly last: string | null
}

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 30_000
const REPORTED_FAILURES = 1000
/** A repeat may succeed, and does no harm: rows that were written after all are not claimed again. */
const TRANSIENT: readonly StoreReason[] = /* @__PURE__ */ Object.freeze([
  'timeout',
  'unavailable',
  'busy',
  'serialization',
])

/** Goes through the table until there is nothing to do, or no use in going on. */
export async function run(settings: Settings): Promise<RotationReport> {
  const { passes, pauseMs, maxFailures, dryRun, signal, observe, now } = settings
  const failed = new Map<string, EnvelopeErrorCode>()
  let scanned = 0
  let rotated = 0
  let conflicts = 0
  let pass = 0
  let after: string | null = null
  const startedAt = readClock(now)

  /** Whether it moved a row, or another writer did. */
  function tally({ changes, failures, written, last }: Batch & { readonly last: string }): boolean {
    const writes = dryRun ? changes.map(({ id }) => id) : written
    const lost = changes.length - writes.length
    scanned += changes.length + failures.length
    rotated += writes.length
    conflicts += lost
    for (const id of writes) failed.delete(id)
    for (const { id, code } of failures) {
      if (!failed.has(id)) notify(observe, { type: 'row_failed', id, code })
      failed.set(id, code)
    }
    const seconds = (readClock(now) - startedAt) / 1000
    notify(observe, {
      type: 'batch',
      pass,
      scanned: changes.length + failures.length,
      rotated: writes.length,
      conflicts: lost,
      failed: failures.length,
      after: last,
      perSecond: seconds > 0 ? Math.round(scanned / seconds) : 0,
    })
    return writes.length + lost > 0
  }

  /** Why it ended before the end, if it did. */
  async function goThrough(): Promise<'stopped' | undefined> {
    for (let moved = true; moved && pass < passes; ) {
      pass++
      after = pass === 1 ? settings.after : null
      // What lies before the row to start behind has not been seen.
      moved = after !== null
      for (;;) {
        const batch = await persist(settings, () => claim(settings, after))
        const { last } = batch
        if (last === null) break
        after = last
        moved = tally({ ...batch, last }) || moved
        if (failed.size > maxFailures) return 'stopped'
        await wait(pauseMs, signal)
      }
      if (dryRun) break
    }
    after = null
    return undefined
  }

  notify(observe, { type: 'started', inventory: await count(settings) })
  let ended: RotationReport['outcome'] | undefined
  let stoppedBy: EnvelopeErrorCode | null = null
  try {
    ended = await goThrough()
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    ended = error.code === 'aborted' ? 'aborted' : 'stopped'
    if (ended === 'stopped') stoppedBy = error.code
  }

  const inventory = await count(settings)
  const nothingLeft = dryRun ? failed.size === 0 : inventory.stale === 0
  return {
    outcome: ended ?? (nothingLeft ? 'done' : 'incomplete'),
    stoppedBy,
    scanned,
    rotated,
    conflicts,
    passes: pass,
    dryRun,
    after,
    failed: [...failed].slice(0, REPORTED_FAILURES).map(([id, code]) => ({ id, code })),
    inventory,
  }
}

async function count(settings: Settings): Promise<Inventory> {
  const { envelope, store } = settings
  const inventory = await persist(settings, () => store.inventory(envelope.primary))
  return envelope.legacy ? { ...inventory, stale: inventory.stale + inventory.other } : inventory
}

async function claim(settings: Settings, after: string | null): Promise<Batch> {
  const { envelope, store, batch, dryRun, signal } = settings
  const { primary, legacy } = envelope
  if (signal?.aborted) throw new EnvelopeError('aborted')

  let renewed: Renewed = { changes: [], failures: [] }
  let halt: { readonly error: unknown } | undefined
  try {
    const { written, last } = await store.claim(
      { primary, legacy, after, limit: batch, dryRun },
      async (rows) => {
        try {
          renewed = await renew(rows, settings)
          return renewed.changes
        } catch (error) {
          halt = { error }
          throw error
        }
      },
    )
    // It would go on for ever.
    if (last !== null && last === after) throw new StoreError('corrupt')
    return { ...renewed, written, last }
  } catch (error) {
    throw halt === undefined ? error : halt.error
  }
}

/** Repeats what fails for a while, with full jitter. */
async function persist<T>(
  { retries, random, signal, observe }: Settings,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      const code = transientCode(error)
      if (code === undefined || attempt > retries) throw error
      const delayMs = Math.floor(random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)))
      notify(observe, { type: 'retry', attempt, code, delayMs })
      await wait(delayMs, signal)
    }
  }
}

function transientCode(error: unknown): EnvelopeErrorCode | 'store_error' | undefined {
  if (error instanceof EnvelopeError) return error.retryable ? error.code : undefined
  return TRANSIENT.includes(storeReason(error)) ? 'store_error' : undefined
}
