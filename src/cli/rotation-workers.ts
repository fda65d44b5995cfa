import {
  type RotateOptions,
  type RotationEvent,
  type RotationReport,
  rotateRows,
} from '../envelope/rotate.js'
import type { Inventory } from '../envelope/rotation-store.js'
import { type StoreReason, storeReason } from '../internal/store-error.js'
import type { IdType } from './database.js'
import { interruptible } from './interruptible.js'
import { createProgress, type Progress } from './progress.js'
import { shareCounts } from './shared-counts.js'
import type { Shell } from './shell.js'

/** What the workers came to together. */
export type Merged = Omit<RotationReport, 'after' | 'passes'> & {
  /** The row behind which to go on; null is the start, also where failed rows would be skipped. */
  readonly resume: string | null
}

/** How the workers run. */
export interface WorkersOptions {
  /** The rows as they were counted before. */
  readonly before: Inventory
  readonly workers: number
  readonly idType: IdType
}

/** May pass by itself; anything else ends the same command in the same way. */
const PASSING: readonly StoreReason[] = /* @__PURE__ */ Object.freeze([
  'timeout',
  'unavailable',
  'busy',
  'serialization',
])

/** Runs the workers over one store, which hands no row to two of them. When one breaks down, all stop. */
export async function rotateTogether(
  shell: Shell,
  options: RotateOptions,
  { before, workers, idType }: WorkersOptions,
): Promise<Merged> {
  const { dryRun = false } = options
  const progress = createProgress(shell, dryRun ? 'dry run' : 'rotate')
  const observe = observer(shell, progress)
  const nextStore = shareCounts(options.store, before, workers)
  const breakdown = new AbortController()
  const work = async (interrupted: AbortSignal): Promise<RotationReport> => {
    const { store, leave } = nextStore()
    const signal = AbortSignal.any([interrupted, breakdown.signal])
    try {
      return await rotateRows({ ...options, store, observe, signal })
    } catch (thrown) {
      leave()
      breakdown.abort()
      throw thrown
    }
  }
  const settled = await interruptible(shell.unread, progress.say, (signal) =>
    Promise.allSettled(Array.from({ length: workers }, () => work(signal))),
  )
  progress.stop()
  const reports = settled.map((result) => {
    if (result.status === 'fulfilled') return result.value
    if (!dryRun && PASSING.includes(storeReason(result.reason))) {
      shell.say('What was written stays written; run the same command again.')
    }
    throw result.reason
  })
  return merge(reports, idType)
}

/** One picture of all workers: the total as it was counted once, and each failing row once. */
function observer(shell: Shell, progress: Progress): (event: RotationEvent) => void {
  const failed = new Set<string>()
  let total: number | undefined
  let done = 0
  let conflicts = 0
  return (event) => {
    if (event.type === 'started') {
      if (total !== undefined) return
      total = event.inventory.stale
    }
    if (event.type === 'row_failed') {
      if (failed.has(event.id)) return
      failed.add(event.id)
    }
    if (event.type === 'batch') {
      done += event.rotated
      conflicts += event.conflicts
    }
    if (event.type === 'retry') {
      progress.say(`the database failed for a while; attempt ${event.attempt + 1} in ${event.delayMs} ms`)
    }
    shell.printJson(event)
    progress.update({ done, total: total ?? 0, conflicts, failed: failed.size })
  }
}

function merge(reports: readonly RotationReport[], idType: IdType): Merged {
  const sum = (count: (report: RotationReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0)
  const early = reports.filter(({ outcome }) => outcome === 'aborted' || outcome === 'stopped')
  const [first] = reports as [RotationReport]
  const { outcome, stoppedBy } = early.find((report) => report.outcome === 'stopped') ?? early[0] ?? first
  const afters = early.map(({ after }) => after)
  return {
    outcome,
    stoppedBy,
    scanned: sum(({ scanned }) => scanned),
    rotated: sum(({ rotated }) => rotated),
    conflicts: sum(({ conflicts }) => conflicts),
    dryRun: first.dryRun,
    failed: [...new Map(reports.flatMap(({ failed }) => failed.map((row) => [row.id, row]))).values()],
    inventory: first.inventory,
    // Rows that failed lie before it: once they can be rotated, nobody may skip them.
    resume: outcome === 'stopped' && stoppedBy === null ? null : earliest(afters, idType),
  }
}

/** The row behind which nobody has done everything; null is the start, and where only the database can compare ids. */
function earliest(ids: readonly (string | null)[], idType: IdType): string | null {
  const [first = null, ...others] = ids
  if (first === null || others.length === 0) return first
  if (others.includes(null) || idType === 'text') return null
  const order = (id: string | null) => (idType === 'uuid' ? String(id) : BigInt(String(id)))
  return ids.reduce((a, b) => (order(b) < order(a) ? b : a))
}
