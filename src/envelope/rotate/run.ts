import { readClock } from '../../internal/instant.js'
import { notify } from '../../internal/observe.js'
import { StoreError, type StoreReason, storeReason } from '../../internal/store-error.js'
import { EnvelopeError, type EnvelopeErrorCode, isEnvelopeError } from '../errors.js'
import type { Inventory, RotationRow } from '../rotation-store.js'
import type { Settings } from './options.js'
import { type Renewed, renew } from './renew.js'
import type { RotationReport, RowFailure } from './report.js'
import { wait } from './wait.js'

/** A batch that was written. */
interface Batch extends Renewed {
  readonly written: readonly string[]
  /** Id of its last row; null behind the end. */
  readonly last: string | null
}

/** So many rows that the store did not take together. */
interface Refused {
  readonly refused: number
}

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 30_000
const REPORTED_FAILURES = 1000
/** A claim that is repeated may succeed, and does no harm: rows that were written after all are not claimed again. */
const OF_CLAIMS: readonly StoreReason[] = /* @__PURE__ */ Object.freeze([
  'timeout',
  'unavailable',
  'busy',
  'serialization',
])
/** A count that took too long has read the whole table, and would again. */
const OF_COUNTS: readonly StoreReason[] = /* @__PURE__ */ Object.freeze([
  'unavailable',
  'busy',
  'serialization',
])

/** Goes through the table until there is nothing to do, or no use in going on. */
export async function run(settings: Settings): Promise<RotationReport> {
  const { passes, pauseMs, maxFailures, dryRun, signal, observe, now } = settings
  const failed = new Map<string, RowFailure>()
  /** In this pass. */
  const seenFailing = new Set<string>()
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
    for (const failure of failures) {
      seenFailing.add(failure.id)
      if (!failed.has(failure.id)) notify(observe, { type: 'row_failed', ...failure })
      failed.set(failure.id, failure)
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
      seenFailing.clear()
      const isWhole = after === null
      // What lies before the row to start behind has not been seen.
      moved = after !== null
      for (let singly = 0; ; ) {
        const limit = singly > 0 ? 1 : settings.batch
        const batch = await persist(settings, () => claim(settings, after, limit), OF_CLAIMS)
        if ('refused' in batch) {
          singly = batch.refused
          continue
        }
        const { last } = batch
        if (last === null) break
        // It would go on for ever.
        if (last === after) throw new StoreError('corrupt')
        after = last
        moved = tally({ ...batch, last }) || moved
        if (failed.size > maxFailures) return 'stopped'
        if (singly > 0) singly--
        await wait(singly > 0 ? 0 : pauseMs, signal)
      }
      // What a whole pass did not come upon again has been mended, or is gone.
      for (const id of failed.keys()) if (isWhole && !seenFailing.has(id)) failed.delete(id)
      if (dryRun) break
    }
    after = null
    return undefined
  }

  const before = await count(settings)
  notify(observe, { type: 'started', inventory: before })
  let ended: RotationReport['outcome'] | undefined
  let stoppedBy: EnvelopeErrorCode | null = null
  try {
    ended = await goThrough()
  } catch (error) {
    if (!isEnvelopeError(error)) throw error
    if (error.code === 'aborted') ended = 'aborted'
    else if (error.code.startsWith('provider_')) [ended, stoppedBy] = ['stopped', error.code]
    else throw error
  }

  const inventory = await count(settings)
  const nothingLeft = inventory.stale === 0
  const seenAll = settings.after === null && scanned >= Math.max(before.stale, inventory.stale)
  const rehearsed = dryRun && failed.size === 0 && seenAll
  return {
    outcome: ended ?? (nothingLeft || rehearsed ? 'done' : 'incomplete'),
    stoppedBy,
    scanned,
    rotated,
    conflicts,
    passes: pass,
    dryRun,
    after,
    failed: nothingLeft ? [] : [...failed.values()].slice(0, REPORTED_FAILURES),
    inventory,
  }
}

async function count(settings: Settings): Promise<Inventory> {
  const { envelope, store } = settings
  const inventory = await persist(settings, () => store.inventory(envelope.primary), OF_COUNTS)
  return envelope.legacy ? { ...inventory, stale: inventory.stale + inventory.other } : inventory
}

async function claim(settings: Settings, after: string | null, limit: number): Promise<Batch | Refused> {
  const { envelope, store, dryRun, signal } = settings
  const { primary, legacy } = envelope
  if (signal?.aborted) throw new EnvelopeError('aborted')

  let rows: readonly RotationRow[] = []
  let renewed: Renewed = { changes: [], failures: [] }
  let halt: { readonly error: unknown } | undefined
  try {
    const { written, last } = await store.claim(
      { primary, legacy, after, limit, dryRun },
      async (claimed) => {
        rows = claimed
        try {
          renewed = await renew(rows, settings)
          return renewed.changes
        } catch (error) {
          halt = { error }
          throw error
        }
      },
    )
    return { ...renewed, written, last }
  } catch (error) {
    if (halt !== undefined) throw halt.error
    const [row] = rows
    if (row === undefined || storeReason(error) !== 'constraint') throw error
    if (rows.length === 1) return refusal(row)
    // A store that passes more rows than it was asked for cannot be told to pass one.
    if (limit === 1) throw error
    return { refused: rows.length }
  }
}

/** The batch of a row that cannot be written. */
function refusal({ id }: RotationRow): Batch {
  const { code, message } = new StoreError('constraint')
  return { changes: [], failures: [{ id, code, message }], written: [], last: id }
}

/** Repeats what fails for a while, with full jitter. */
async function persist<T>(
  { retries, random, signal, observe }: Settings,
  call: () => Promise<T>,
  transient: readonly StoreReason[],
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      const code = transientCode(error, transient)
      if (code === undefined || attempt > retries) throw error
      const delayMs = Math.floor(random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)))
      notify(observe, { type: 'retry', attempt, code, delayMs })
      await wait(delayMs, signal)
    }
  }
}

function transientCode(
  error: unknown,
  transient: readonly StoreReason[],
): EnvelopeErrorCode | 'store_error' | undefined {
  if (isEnvelopeError(error)) return error.retryable ? error.code : undefined
  return transient.includes(storeReason(error)) ? 'store_error' : undefined
}
