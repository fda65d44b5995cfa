import type { Keyring } from '../keyring/types.js'
import type { Database } from './database.js'
import { countLike, type Place } from './rows-like.js'

/** Whether a text has the form of one. */
export const isBlindIndex = (text: string): boolean => /^wxb1\..*\..{22}$/su.test(text)

const like = (kid: string): string => `wxb1.${kid}.${'_'.repeat(22)}`

/** Counts the blind indexes of a column. */
export const countBlindIndexes = (database: Database, place: Place): Promise<number> =>
  countLike(database, place, like('%'))

/** The same by the kid that they name; one that the keyring does not have is `?`. */
export async function countBlindIndexesByKid(
  database: Database,
  place: Place,
  { keys }: Keyring,
): Promise<Readonly<Record<string, number>>> {
  const byKid: Record<string, number> = Object.create(null)
  let others = await countBlindIndexes(database, place)
  for (const { kid } of keys) {
    if (others === 0) break
    const rows = await countLike(database, place, like(kid))
    if (rows > 0) byKid[kid] = rows
    others -= rows
  }
  if (others > 0) byKid['?'] = others
  return byKid
}
