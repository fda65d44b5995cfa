import { assertObject } from '../internal/assert.js'
import { epochMs } from '../internal/instant.js'
import type { Secret } from '../internal/secret.js'
import { exposed } from '../internal/secret-values.js'

/** One of the secrets that may have signed. */
export interface WebhookSecret {
  /** 1–64 of `A-Z a-z 0-9 . _ -`, unique; it is what results and observers name. */
  readonly id: string
  /** As the vendor gave it, prefix included. */
  readonly secret: string | Secret<string>
  /** Live while the arrival is not later than this instant (a `Date` or epoch milliseconds). Default: for ever. */
  readonly notAfterAt?: number | Date | undefined
}

/** A secret turned into what its scheme needs. */
export interface LiveSecret<K> {
  readonly id: string
  readonly key: K
  readonly notAfterAt: number
}

/** What a configuration mistake turns a missing variable into. */
const STRINGIFIED_MISTAKES = /^(?:undefined|null|\[object Object\])$/
const MAX_SECRETS = 10
/** Below it a key can be guessed offline from one delivery. */
export const MIN_KEY_BYTES = 16

/**
 * Checks and imports a list of secrets; one bad among good ones fails them all, at creation.
 *
 * @throws TypeError | RangeError naming the option, the entry and what it takes, never the secret.
 */
export function importSecrets<K extends { readonly length: number }>(
  secrets: readonly WebhookSecret[],
  option: string,
  importKey: (secret: string, option: string) => K,
  allowWeak: boolean | undefined,
): readonly LiveSecret<K>[] {
  if (allowWeak !== undefined && typeof allowWeak !== 'boolean') {
    throw new TypeError('dangerouslyAllowWeakSecrets: expected a boolean')
  }
  if (!Array.isArray(secrets)) throw new TypeError(`${option}: expected an array of { id, secret }`)
  if (secrets.length < 1 || secrets.length > MAX_SECRETS) {
    throw new RangeError(`${option}: expected 1 to ${MAX_SECRETS} entries`)
  }
  const ids = new Set<string>()
  return secrets.map((entry: WebhookSecret, at) => {
    const where = `${option}[${at}]`
    assertObject(entry, where)
    const { id, secret, notAfterAt } = entry
    if (typeof id !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      throw new TypeError(`${where}.id: expected 1 to 64 of A-Z a-z 0-9 . _ -`)
    }
    if (ids.has(id)) throw new TypeError(`${where}.id: expected ids to be unique`)
    ids.add(id)
    const until = notAfterAt === undefined ? Number.POSITIVE_INFINITY : epochMs(notAfterAt)
    if (Number.isNaN(until)) throw new TypeError(`${where}.notAfterAt: expected epoch milliseconds or a Date`)

    const key = importKey(secretText(secret, `${where}.secret`), `${where}.secret`)
    if (key.length < MIN_KEY_BYTES && !allowWeak) {
      throw new RangeError(`${where}.secret: expected a key of at least ${MIN_KEY_BYTES} bytes`)
    }
    return Object.freeze({ id, key, notAfterAt: until })
  })
}

/** The text of a secret that could be one: not empty, not padded, not a mistake in string form. */
export function secretText(secret: unknown, where: string): string {
  const text = exposed(secret)
  if (typeof text !== 'string') {
    throw new TypeError(
      `${where}: expected a string or a Secret${text === undefined ? ', it is undefined' : ''}`,
    )
  }
  if (text === '') throw new TypeError(`${where}: expected a secret, not empty text`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character is what it looks for
  if (text !== text.trim() || /[\x00-\x1f\x7f]/.test(text) || !text.isWellFormed()) {
    throw new TypeError(`${where}: expected text without surrounding white space or control characters`)
  }
  if (STRINGIFIED_MISTAKES.test(text))
    throw new TypeError(`${where}: expected a secret, not a missing value in text form`)
  return text
}

/** The secrets that are live at an instant; all of them, without a copy, in the usual case. */
export function liveAt<K>(secrets: readonly LiveSecret<K>[], instant: number): readonly LiveSecret<K>[] {
  const isLive = (secret: LiveSecret<K>): boolean => instant <= secret.notAfterAt
  return secrets.every(isLive) ? secrets : secrets.filter(isLive)
}
