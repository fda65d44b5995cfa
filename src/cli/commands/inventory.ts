import type { LegacyReader } from '../../envelope/legacy-types.js'
import type { Inventory, RotationStore } from '../../envelope/rotation-store.js'
import { countBlindIndexesByKid, isBlindIndex } from '../blind-indexes.js'
import type { CommandFile } from '../command.js'
import { openDatabase } from '../database.js'
import { EXIT, Failure, usage } from '../exit.js'
import { refuseForeignKeys } from '../foreign-keys.js'
import { interruptible } from '../interruptible.js'
import { keyringOf } from '../keyring-of.js'
import { createProgress } from '../progress.js'
import { type ColumnOptions, declareColumn, legacyOf, openColumn, openForCounting } from '../sealed-column.js'
import type { Shell } from '../shell.js'
import { table } from '../text-table.js'

interface Options extends ColumnOptions {
  readonly failIfStale?: boolean
}

/** Rows by what is counted. */
type Counts = Readonly<Record<string, number>>

const PAGE = 1000

/** `waxseal inventory` */
export const command: CommandFile = {
  declare(command) {
    declareColumn(command)
    command
      .description(
        'Counts the rows of a column: per key, empty, plaintext and legacy. With --from-legacy, which needs --id, the rows that are not sealed are read and told apart.',
      )
      .option('--fail-if-stale', 'exit code 1 when there are rows that are not under the primary key')
  },

  async run(shell, command) {
    const options = command.opts<Options>()
    const { column, id } = options
    const keyring = keyringOf(shell)
    const { primary, stateOf } = keyring
    const legacy = legacyOf(shell, options)
    if (legacy !== undefined && id === undefined) throw usage('--id: expected with --from-legacy')
    const database = await openDatabase(shell, options)
    try {
      const store =
        id === undefined
          ? await openForCounting(database, options)
          : (await openColumn(database, { ...options, id })).store
      const inventory = await store.inventory(primary)
      await refuseForeignKeys(shell, database, keyring, options, Object.keys(inventory.byKid))
      const { total, empty, other, byKid } = inventory
      const blindIndexes: Counts = other === 0 ? {} : await countBlindIndexesByKid(database, options, keyring)
      const formats = legacy && (await byFormat(shell, store, inventory, primary, legacy))
      // What is not sealed waits for a rotation only where it is declared.
      const stale = inventory.stale + (legacy ? other : 0)
      const left = inventory.stale + other - (blindIndexes[primary] ?? 0)

      const document = { table: options.table, column, primary, total, empty, other, stale, left, byKid }
      shell.printJson({ ...document, blindIndexes, ...(formats && { formats }) })
      const unknown = other - Object.values(blindIndexes).reduce((a, b) => a + b, 0)
      const rows = [
        ...entries(byKid).map(([kid, count]) => [kid, count, stateOf(kid)] as const),
        ...entries(blindIndexes).map(([kid, count]) => [kid, count, `blind index, ${stateOf(kid)}`] as const),
        ...Object.entries(formats ?? {}).map(([name, count]) => [name, count, 'not sealed'] as const),
        ...(formats ? [] : [['other', unknown, 'plaintext or a legacy layout'] as const]),
        ['empty', empty, ''] as const,
        ['total', total, ''] as const,
      ]
      for (const line of table(rows)) shell.answer(line)
      return options.failIfStale && left > 0 ? EXIT.no : EXIT.done
    } finally {
      await database.close()
    }
  },
}

const entries = (counts: Counts) => Object.entries(counts).sort()

/** Goes through all rows that are not under the primary, as a rotation would, and writes nothing. */
async function byFormat(
  shell: Shell,
  store: RotationStore,
  { stale, other }: Inventory,
  primary: string,
  legacy: LegacyReader,
): Promise<Counts> {
  const counts: Record<string, number> = Object.create(null)
  const progress = createProgress(shell, 'inventory')
  let done = 0
  try {
    await interruptible(shell.unread, progress.say, async (signal) => {
      let after: string | null = null
      do {
        if (signal.aborted) throw new Failure(EXIT.interrupted, 'aborted', 'interrupted; nothing was changed')
        const query = { primary, legacy: true, after, limit: PAGE, dryRun: true }
        const { last } = await store.claim(query, async (rows) => {
          for (const { value } of rows) {
            if (value.startsWith('wx1.') || isBlindIndex(value)) continue
            const name = legacy.identify(value) ?? 'unknown'
            counts[name] = (counts[name] ?? 0) + 1
          }
          done += rows.length
          progress.update({ done, total: stale + other, conflicts: 0, failed: 0 })
          return []
        })
        after = last
      } while (after !== null)
    })
  } finally {
    progress.stop()
  }
  return counts
}
