import type { Keyring } from '../keyring/types.js'
import { type DatabaseOptions, openDatabase } from './database.js'
import { EXIT, Failure, usage } from './exit.js'
import { refuseForeignKeys } from './foreign-keys.js'
import { countLike, type Place } from './rows-like.js'
import { openForCounting } from './sealed-column.js'
import type { Shell } from './shell.js'

/**
 * Counts in the database, now, that no row of these columns is under a key: a number from an earlier inventory proves
 * nothing.
 *
 * @param columns - as `table.column`.
 * @throws Failure 1 when a row is, or when a column holds nothing sealed and so proves nothing; 2 when the keyring has other
 * keys than the rows.
 */
export async function assertUnused(
  shell: Shell,
  keyring: Keyring,
  kid: string,
  columns: readonly string[],
  options: DatabaseOptions,
): Promise<void> {
  const places = columns.map(placeOf)
  const database = await openDatabase(shell, options)
  try {
    let left = 0
    for (const place of places) {
      const name = `${place.table}.${place.column}`
      // Says what does not exist.
      await openForCounting(database, place)
      // Anywhere in a value: an envelope may stand in an array or in JSON.
      if ((await countLike(database, place, '%wx1.%', '%wxb1.%')) === 0) {
        throw refusal(`${name}: nothing here is sealed; is it the right column?`)
      }
      await refuseForeignKeys(shell, database, keyring, place)
      const under = await countLike(database, place, `%wx1.${kid}.%`, `%wxb1.${kid}.%`)
      shell.say(`${name}: ${under} rows under ${kid}`)
      left += under
    }
    if (left > 0) throw refusal(`key ${kid} is in use: ${left} rows`)
  } finally {
    await database.close()
  }
}

function placeOf(text: string): Place {
  const [, table, column] = /^((?:[^.]+\.)?[^.]+)\.([^.]+)$/.exec(text) ?? []
  if (table === undefined || column === undefined) throw usage('--inventory-zero: expected table.column')
  return { table, column }
}

const refusal = (message: string): Failure => new Failure(EXIT.no, 'key_change_refused', message)
