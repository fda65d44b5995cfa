import { Option } from 'commander'
import { MAX_PLAINTEXT_BYTES } from '../../envelope/format.js'
import { createEnvelope } from '../../envelope/index.js'
import type { Inventory } from '../../envelope/rotation-store.js'
import { countBlindIndexes } from '../blind-indexes.js'
import type { CommandFile } from '../command.js'
import { type Database, openDatabase } from '../database.js'
import { EXIT, type ExitCode, Failure, usage } from '../exit.js'
import { refuseForeignKeys } from '../foreign-keys.js'
import { keyringOf } from '../keyring-of.js'
import { integer } from '../options.js'
import { summarise } from '../rotation-summary.js'
import { type Merged, rotateTogether } from '../rotation-workers.js'
import { declareRowContext, type RowContextOptions, rowContextOf } from '../row-context.js'
import type { Place } from '../rows-like.js'
import { type ColumnOptions, declareColumn, legacyOf, openColumn } from '../sealed-column.js'
import type { Shell } from '../shell.js'

interface Options extends Omit<ColumnOptions, 'id' | 'fromLegacy'>, RowContextOptions {
  readonly batch?: number
  readonly workers: number
  readonly dryRun?: boolean
  readonly resume?: string
  readonly maxFailures?: number
}

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
    const legacy = legacyOf(shell, options)
    const envelope = createEnvelope({ keyring, legacy, maxBytes: MAX_PLAINTEXT_BYTES })
    // Without locks or writes all workers would go through the same rows.
    const workers = options.dryRun ? 1 : options.workers
    const database = await openDatabase(shell, options, workers + 1)
    try {
      if (workers > 1 && database.kind === 'sqlite') throw usage('--workers: expected 1 with SQLite')
      const { store, idType } = await openColumn(database, options, context)
      const before = await store.inventory(keyring.primary)
      await refuseForeignKeys(shell, database, keyring, options, Object.keys(before.byKid))
      if (legacy === undefined) await refuseUnsealed(shell, database, options, before)

      const { mode, batch, dryRun, maxFailures, resume: after } = options
      const run = { envelope, store, mode, batch, dryRun, maxFailures, after }
      const report = await rotateTogether(shell, run, { before, workers, idType })
      shell.printJson({ type: 'report', ...report })
      summarise(shell, report, { keyring, mode, before })
      return exitCodeOf(report)
    } finally {
      await database.close()
    }
  },
}

/** Failure 1 when there are values and none of them is sealed: the wrong column, or one whose declaration is missing. */
async function refuseUnsealed(
  shell: Shell,
  database: Database,
  place: Place,
  { byKid, other }: Inventory,
): Promise<void> {
  if (Object.keys(byKid).length > 0) return
  if (other === 0) {
    shell.say('no row has a value')
    return
  }
  const indexes = await countBlindIndexes(database, place)
  const among = indexes === 0 ? '' : `; blind indexes, which are written anew and not rotated: ${indexes}`
  throw new Failure(
    EXIT.no,
    'nothing_sealed',
    `${place.table}.${place.column}: nothing here is sealed (rows with a value: ${other}${among}); is it the right column? What it held before is declared with --from-legacy`,
  )
}

function exitCodeOf({ outcome, stoppedBy }: Merged): ExitCode {
  if (outcome === 'done') return EXIT.done
  if (outcome === 'aborted') return EXIT.interrupted
  return stoppedBy === null ? EXIT.no : EXIT.unavailable
}
