import { KeyringError, type KeyringErrorCode } from './errors.js'
import { type Entry, parseEntry } from './key-string.js'

const MAX_ENTRIES = 64

/** The entries of a list as text: `\s`, which includes line ends and a byte order mark, and commas separate them. */
export function splitList(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '')
}

/**
 * Reads all entries; the first failure decides.
 *
 * @throws KeyringError what `parseEntry` throws, `keys_missing`, `too_many_keys`, `duplicate_kid`, `duplicate_material`,
 * `primary_not_usable`.
 */
export function parseList(texts: readonly string[]): readonly [Entry, ...Entry[]] {
  if (texts.length > MAX_ENTRIES) throw new KeyringError('too_many_keys')
  const entries = texts.map((text, at) => parseEntry(text.trim(), at + 1))
  const [first] = entries
  if (first === undefined) throw new KeyringError('keys_missing')
  assertUnique(entries, 'kid', 'duplicate_kid')
  assertUnique(entries, 'material', 'duplicate_material')
  if (first.state !== 'enabled') throw refusal('primary_not_usable', first, 1)
  return entries as [Entry, ...Entry[]]
}

function assertUnique(
  entries: readonly Entry[],
  member: 'kid' | 'material',
  code: 'duplicate_kid' | 'duplicate_material',
): void {
  const seen = new Set<string>()
  for (const [at, entry] of entries.entries()) {
    const value = entry[member]
    if (value === null) continue
    if (seen.has(value)) throw refusal(code, entry, at + 1)
    seen.add(value)
  }
}

/** Nothing vouches for the kid of a tombstone. */
function refusal(code: KeyringErrorCode, { kid, check }: Entry, position: number): KeyringError {
  return new KeyringError(code, { position, kid: check && kid })
}
