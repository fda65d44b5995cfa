import { assertObject } from '../internal/assert.js'
import { KeyringError, type KeyringReason } from './errors.js'
import { type Entry, formatEntry, isKid, parseEntry } from './key-string.js'
import { parseList, splitList } from './list.js'
import type { KeyState } from './types.js'

/** Artefacts counted by the kid that they name, as an inventory of `waxseal/envelope/rotate` has them. */
export interface KeyUse {
  /** A kid that is not there counts 0. */
  readonly byKid: Readonly<Record<string, number>>
}

/** One step of a rotation. */
export type KeyChange =
  /** A key string, to go last, as enabled. */
  | { readonly add: string }
  /** An enabled kid, to go first; the old primary goes second. */
  | { readonly promote: string }
  /** From enabled to disabled. */
  | { readonly disable: string }
  /** From disabled to enabled. */
  | { readonly enable: string }
  /** From disabled to a tombstone; refused while the kid is in use. */
  | { readonly destroy: string; readonly inventory: KeyUse }

/** What moves a kid that is in the list. */
type Move = 'promote' | 'disable' | 'enable' | 'destroy'

/** Why a kid in a state is not moved. What is not here is carried out, or changes nothing. */
const REFUSED: Readonly<Record<Move, Partial<Record<KeyState, KeyringReason>>>> =
  /* @__PURE__ */ Object.freeze({
    promote: { disabled: 'not_enabled', destroyed: 'not_enabled' },
    disable: { primary: 'is_primary', destroyed: 'not_enabled' },
    enable: { destroyed: 'not_disabled' },
    destroy: { primary: 'is_primary', enabled: 'not_disabled' },
  })

/**
 * The list with one change, a space between entries, valid as `createKeyring` sees it. The result holds the keys: it
 * belongs into the secret store and nowhere else.
 *
 * ```ts
 * import { editKeys, generateKey, keyringFromEnv } from 'waxseal/keyring'
 *
 * const grown = editKeys(generateKey('2026-02'), { add: generateKey('2026-05') })
 * const list = editKeys(grown, { promote: '2026-05' })
 * keyringFromEnv({ env: { WAXSEAL_KEYS: list } }).primary // => '2026-05'
 * ```
 *
 * @throws KeyringError `key_change_refused`, or what `createKeyring` throws on the content of `list` and `add`; TypeError
 * on a change that is none.
 */
export function editKeys(list: string, change: KeyChange): string {
  if (typeof list !== 'string') throw new TypeError('list: expected text')
  const { verb, subject, inUse } = readChange(change)
  const entries = parseList(splitList(list))
  const edited = verb === 'add' ? added(entries, subject) : moved(entries, verb, subject, inUse)
  const texts = edited.map(formatEntry)
  parseList(texts)
  return texts.join(' ')
}

/** Read once; a count that is not 0 is a use, whatever it is. */
function readChange(change: KeyChange): { verb: 'add' | Move; subject: string; inUse: boolean } {
  assertObject(change, 'change')
  const { inventory, ...rest }: Readonly<Record<string, unknown>> = { ...change }
  const [[verb, subject] = [], ...others] = Object.entries(rest)
  if (!isVerb(verb) || typeof subject !== 'string' || others.length > 0) {
    throw new TypeError('change: expected one of add, promote, disable, enable, destroy, with a string')
  }
  if (verb !== 'destroy') return { verb, subject, inUse: false }
  assertObject(inventory, 'inventory')
  const { byKid } = inventory as Partial<KeyUse>
  assertObject(byKid, 'inventory.byKid')
  return { verb, subject, inUse: Object.hasOwn(byKid, subject) && byKid[subject] !== 0 }
}

function isVerb(verb: string | undefined): verb is 'add' | Move {
  return verb === 'add' || (verb !== undefined && Object.hasOwn(REFUSED, verb))
}

function added(entries: readonly Entry[], text: string): readonly Entry[] {
  const position = entries.length + 1
  const entry = parseEntry(text.trim(), position)
  if (entry.state !== 'enabled') throw new KeyringError('key_malformed', { reason: 'state', position })
  if (entries.some(({ kid }) => kid === entry.kid)) throw refusal('kid_taken', entry.kid)
  return [...entries, entry]
}

function moved(entries: readonly Entry[], verb: Move, kid: string, inUse: boolean): readonly Entry[] {
  const at = entries.findIndex((entry) => entry.kid === kid)
  const entry = entries[at]
  if (entry === undefined) throw refusal('no_such_kid', kid)
  const reason = REFUSED[verb][at === 0 ? 'primary' : entry.state]
  if (reason !== undefined) throw refusal(reason, kid)

  switch (verb) {
    case 'promote':
      return [entry, ...entries.toSpliced(at, 1)]
    case 'disable':
      return entries.with(at, { ...entry, state: 'disabled' })
    case 'enable':
      return entries.with(at, { ...entry, state: 'enabled' })
    case 'destroy':
      if (entry.state === 'disabled' && inUse) throw refusal('in_use', kid)
      return entries.with(at, { kid, state: 'destroyed', material: null, check: null })
  }
}

function refusal(reason: KeyringReason, kid: string): KeyringError {
  return new KeyringError('key_change_refused', { reason, kid: isKid(kid) ? kid : null })
}
