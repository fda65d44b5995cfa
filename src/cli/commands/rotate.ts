import { Option } from 'commander'
import { MAX_PLAINTEXT_BYTES } from '../../envelope/format.js'
import { createEnvelope } from '../../envelope/index.js'
import {
  type RotateOptions,
  type RotationEvent,
  type RotationReport,
  rotateRows,
} from '../../envelope/rotate.js'
import { StoreError } from '../../internal/store-error.js'
import type { CommandFile } from '../command.js'
import { type IdType, openDatabase } from '../database.js'
import { EXIT, type ExitCode, usage } from '../exit.js'
import { interruptible } from '../interruptible.js'
import { keyringOf } from '../keyring-of.js'
import { integer } from '../options.js'
import { createProgress, type Progress } from '../progress.js'
import { declareRowContext, type RowContextOptions, rowContextOf } from '../row-context.js'
import { type ColumnOptions, declareColumn, legacyOf, openColumn } from '../sealed-column.js'
import type { Shell } from '../shell.js'
import { table } from '../text-table.js'

interface Options extends Omit<ColumnOptions, 'id' | 'fromLegacy'>, RowContextOptions {
  readonly batch?: number
  readonly workers: number
  readonly dryRun?: boolean
  readonly resume?: string
  readonly maxFailures?: number
}

/** What the workers came to together. */
type Merged = Omit<RotationReport, 'after' | 'passes'> & { readonly resume: string | null }

const SHOWN_FAILURES = 20

/** `waxseal rotate` */
export const command: CommandFile = {
  declare(command) {
    declareColumn(command)
    command
      .description(
        'Brings the values of a column under the primary key of WAXSEAL_KEYS while the application goes on. A row that somebody else writes meanwhile is left to the next pass; what was written stays written, so it may be interrupted and run again at any time.',
      )
      .addOption(
        new Option(
          '--mode <mode>',
          'rewrap renews the key around each value; reseal, after a leak, the value too',
        )
          .choices(['rewrap', 'reseal'])
          .default('rewrap'),
      )
    declareRowContext(command)
    command
      .option('--batch <n>', 'rows per transaction (default: 200)', integer('--batch', 1, 1000))
      .option('--workers <n>', 'runs at once, PostgreSQL only', integer('--workers', 1, 64), 1)
      .option('--dry-run', 'everything but the write')
      .option('--resume <id>', 'start behind this row, as an interrupted run said')
      .option('--max-failures <n>', 'stop beyond (default: 100)', integer('--max-failures', 0, 1_000_000))
  },

  async run(shell, command) {
    const options = command.opts<Options>()
    if (options.id === undefined) throw usage('--id: expected')
    const context = rowContextOf(options)
    const keyring = keyringOf(shell)
    const envelope = createEnvelope({
      keyring,
      legacy: legacyOf(shell, options),
      maxBytes: MAX_PLAINTEXT_BYTES,
    })
    // Without locks or writes all workers would go through the same rows.
    const workers = options.dryRun ? 1 : options.workers
    const database = await openDatabase(shell, options.databaseUrl, workers + 1)
    try {
      if (workers > 1 && database.kind === 'sqlite') throw usage('--workers: expected 1 with SQLite')
      const { store, idType } = await openColumn(database, options, context)
      const { mode, batch, dryRun, maxFailures, resume: after } = options
      const run = { envelope, store, mode, batch, dryRun, maxFailures, after }
      const report = await rotate(shell, run, workers, idType)
      shell.printJson({ type: 'report', ...report })
      tell(shell, report, keyring.stateOf)
      return exitCodeOf(report)
    } finally {
      await database.close()
    }
  },
}

/** Runs the workers over one store, which hands no row to two of them. When one breaks down, all stop. */
async function rotate(
  shell: Shell,
  options: RotateOptions,
  workers: number,
  idType: IdType,
): Promise<Merged> {
  const progress = createProgress(shell, options.dryRun ? 'dry run' : 'rotate')
  const observe = observer(shell, progress)
  const breakdown = new AbortController()
  const work = async (signal: AbortSignal): Promise<RotationReport> => {
    try {
      return await rotateRows({ ...options, observe, signal: AbortSignal.any([signal, breakdown.signal]) })
    } catch (thrown) {
      breakdown.abort()
      throw thrown
    }
  }
  const settled = await interruptible(shell.unread, (signal) =>
    Promise.allSettled(Array.from({ length: workers }, () => work(signal))),
  )
  progress.stop()
  const reports = settled.map((result) => {
    if (result.status === 'fulfilled') return result.value
    if (result.reason instanceof StoreError) {
      shell.say('What was written stays written; run the same command again.')
    }
    throw result.reason
  })
  return merge(reports, idType)
}

/** One picture of all workers: the total as the first one counted it, and each failing row once. */
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
    shell.printJson(event)
    progress.update({ done, total: total ?? 0, conflicts, failed: failed.size })
  }
}

function merge(reports: readonly RotationReport[], idType: IdType): Merged {
  const sum = (count: (report: RotationReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0)
  const early = reports.filter(({ outcome }) => outcome === 'aborted' || outcome === 'stopped')
  // One that ended before the others counted rows that these have rotated since.
  const last = reports.reduce((a, b) => (b.inventory.stale < a.inventory.stale ? b : a))
  const { outcome, stoppedBy } = early.find((report) => report.outcome === 'stopped') ?? early[0] ?? last
  return {
    outcome,
    stoppedBy,
    scanned: sum(({ scanned }) => scanned),
    rotated: sum(({ rotated }) => rotated),
    conflicts: sum(({ conflicts }) => conflicts),
    dryRun: last.dryRun,
    failed: [...new Map(reports.flatMap(({ failed }) => failed.map((row) => [row.id, row]))).values()],
    inventory: last.inventory,
    resume: earliest(
      early.map(({ after }) => after),
      idType,
    ),
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

function tell(shell: Shell, report: Merged, stateOf: (kid: string) => string): void {
  const { outcome, dryRun, rotated, conflicts, failed, inventory, resume } = report
  for (const { id, code } of failed.slice(0, SHOWN_FAILURES))
    shell.say(`row ${id}: ${code.replaceAll('_', ' ')}`)
  if (failed.length > SHOWN_FAILURES) shell.say(`and ${failed.length - SHOWN_FAILURES} more`)

  shell.say(shell.style(outcome === 'done' ? 'green' : 'yellow', outcome))
  const kids = Object.entries(inventory.byKid).sort()
  const counts: (readonly [number, string])[] = [
    [rotated, dryRun ? 'would be rotated' : 'rotated'],
    [conflicts, 'conflicts'],
    [failed.length, 'failed'],
    ...kids.map(([kid, rows]) => [rows, `under ${kid}, ${stateOf(kid)}`] as const),
    [inventory.other, 'not sealed'],
  ]
  for (const line of table(counts)) shell.say(`  ${line}`)
  if (outcome !== 'aborted' && outcome !== 'stopped') return
  shell.say(`To go on, run the same command ${resume === null ? 'again.' : `with\n  --resume ${resume}`}`)
}

function exitCodeOf({ outcome, stoppedBy }: Merged): ExitCode {
  if (outcome === 'done') return EXIT.done
  if (outcome === 'aborted') return EXIT.interrupted
  return stoppedBy === null ? EXIT.no : EXIT.unavailable
}
