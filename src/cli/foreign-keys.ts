import { EnvelopeError } from '../envelope/errors.js'
import { MAX_PLAINTEXT_BYTES } from '../envelope/format.js'
import { createKmsEnvelope } from '../envelope/kms.js'
import type { Keyring } from '../keyring/types.js'
import type { Database } from './database.js'
import { EXIT, Failure } from './exit.js'
import { NO_KID, type Place, rowsLike } from './rows-like.js'
import type { Shell } from './shell.js'

/** Rows that are looked at for each key. */
const SAMPLE = 5

/**
 * Opens the data keys of a few rows, wherever envelopes name a key that may open. Another key of the same name would pass
 * for the right one: rows under the primary are never touched, and those that are moved below it open nowhere else.
 *
 * A row may also be damaged. Of the primary nothing else would tell the two apart, so a single row refuses; rows under
 * other keys are named by the rotation itself, and only a full sample of them does.
 *
 * @param kids - that are there, where this is known.
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
    if (kids !== undefined && !kids.includes(kid)) continue
    const values = await sampleOf(database, place, kid)
    const answers = await Promise.all(values.map((value) => opens(keyring, kid, value)))
    const foreign = answers.filter((answer) => answer === false).length
    if (foreign === 0) continue
    const least = state === 'primary' ? 1 : SAMPLE
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

/** Values that hold an envelope which names the key, also in an array or in JSON. */
async function sampleOf(database: Database, place: Place, kid: string): Promise<readonly string[]> {
  const values: string[] = []
  // To a store all that does not begin with an envelope is legacy.
  const query = { primary: NO_KID, legacy: true, after: null, limit: SAMPLE, dryRun: true }
  await rowsLike(database, place, `%wx1.${kid}.%`).claim(query, async (rows) => {
    values.push(...rows.map(({ value }) => value))
    return []
  })
  return values
}

/** Whether an envelope's data key opens; `undefined` when it is too damaged to say. */
async function opens(keyring: Keyring, kid: string, text: string): Promise<boolean | undefined> {
  const [sealed] = new RegExp(`wx1\\.${kid}\\.[\\w-]+\\.[\\w-]+`).exec(text) ?? []
  if (sealed === undefined) return undefined
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
    return error instanceof EnvelopeError && error.code === 'key_mismatch' ? false : undefined
  }
}
