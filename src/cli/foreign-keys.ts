import { EnvelopeError } from '../envelope/errors.js'
import { MAX_PLAINTEXT_BYTES } from '../envelope/format.js'
import { createKmsEnvelope } from '../envelope/kms.js'
import type { Keyring } from '../keyring/types.js'
import type { Database } from './database.js'
import { EXIT, Failure } from './exit.js'
import { NO_KID, type Place, rowsLike } from './rows-like.js'
import type { Shell } from './shell.js'

/** Rows that are looked at for each key. */
const SAMPLE = 50
/** So many that do not open, and none that does, are not damaged by chance. */
const ENOUGH = 5

/**
 * Opens the data keys of a few rows, wherever envelopes name a key that may open. Another key of the same name would pass
 * for the right one: rows under the primary are never touched, and those that are moved below it open nowhere else.
 *
 * A row may also be damaged. Of the primary nothing else would tell the two apart, so it is refused where no row opens;
 * rows under other keys are named by the rotation itself, and only several refuse. The whole column is looked
 * at, also where `--where` takes a part of it.
 *
 * @param kids - of which there are rows to rotate, where this is known: of the other keys but the primary none is looked at.
 * @throws Failure 2 naming the key and its check, when none of the rows is under it.
 */
export async function refuseForeignKeys(
  shell: Shell,
  database: Database,
  keyring: Keyring,
  place: Place,
  kids?: readonly string[],
): Promise<void> {
  for (const { kid, state, check } of keyring.keys) {
    if (state !== 'primary' && state !== 'enabled') continue
    if (state === 'enabled' && kids !== undefined && !kids.includes(kid)) continue
    const values = await sampleOf(database, place, kid)
    const answers = await Promise.all(values.map((value) => opens(keyring, kid, value)))
    const foreign = answers.filter((answer) => !answer).length
    if (foreign === 0) continue
    const least = state === 'primary' ? 1 : ENOUGH
    if (!answers.includes(true) && foreign >= least) {
      throw new Failure(
        EXIT.usage,
        'key_mismatch',
        `WAXSEAL_KEYS: key ${kid} is not the one that these rows are under (its check here is ${check}): none of ${foreign} opens with it`,
      )
    }
    shell.say(
      `key ${kid}, whose check here is ${check}, does not open ${foreign} of ${values.length} rows under it`,
    )
  }
}

/** Characters of what a local key wraps, and of the shortest body: what is shorter was cut. */
const EDK_LENGTH = 54
const BODY_LENGTH = 96

/** Values that hold a whole envelope which names the key, also in an array or in JSON. */
async function sampleOf(
  database: Database,
  { table, column }: Place,
  kid: string,
): Promise<readonly string[]> {
  const values: string[] = []
  // To a store all that does not begin with an envelope is legacy.
  const query = { primary: NO_KID, legacy: true, after: null, limit: SAMPLE, dryRun: true }
  const whole = `%wx1.${kid}.${'_'.repeat(EDK_LENGTH)}.${'_'.repeat(BODY_LENGTH)}%`
  await rowsLike(database, { table, column }, whole).claim(query, async (rows) => {
    values.push(...rows.map(({ value }) => value))
    return []
  })
  return values
}

/** Whether an envelope's data key opens. */
async function opens(keyring: Keyring, kid: string, text: string): Promise<boolean> {
  const [sealed = ''] = new RegExp(`wx1\\.${kid}\\.[\\w-]+\\.[\\w-]+`).exec(text) ?? []
  // Of the two envelopes the one that unwraps also what is under its primary.
  const envelope = createKmsEnvelope({
    primary: kid,
    keys: { [kid]: keyring },
    maxBytes: MAX_PLAINTEXT_BYTES,
  })
  try {
    await envelope.rewrap(sealed, { always: true })
    return true
  } catch (error) {
    if (error instanceof EnvelopeError) return false
    throw error
  }
}
