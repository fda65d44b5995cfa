import { digest, fromBase64Url, randomBytes, sha256, toBase64Url } from '#crypto'
import { KeyringError, type KeyringReason } from './errors.js'

/** One entry of the list. Which is primary follows from its place. */
export interface Entry {
  readonly kid: string
  readonly state: 'enabled' | 'disabled' | 'destroyed'
  /** The root as base64url; a tombstone has none. */
  readonly material: string | null
  /** The last segment, likewise. */
  readonly check: string | null
}

/** Whether it has the form of a kid. Never throws. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^[a-z0-9][a-z0-9-]{0,31}$/.test(kid)
}

/**
 * A new key string from 32 random bytes.
 *
 * @param kid - 1 to 32 of `a-z 0-9 -`, not `-` first; a date (`2026-05`, `2026-05-17b`) lets `dueForRotation` know its age.
 * @param options - `random`: for tests. Default: the platform's generator.
 * @throws RangeError on a kid of another form, and when `random` returns other than 32 bytes that look random.
 */
export function generateKey(
  kid: string,
  { random = randomBytes }: { readonly random?: ((bytes: number) => Uint8Array) | undefined } = {},
): string {
  if (!isKid(kid)) throw new RangeError('kid: expected 1 to 32 of a-z 0-9 -, not - first')
  const root = random(32)
  if (!ArrayBuffer.isView(root) || root.length !== 32 || isWeak(root)) {
    throw new RangeError('random: expected 32 random bytes')
  }
  const material = toBase64Url(root)
  return formatEntry({ kid, state: 'enabled', material, check: checkOf(kid, material) })
}

/** The text of an entry. */
export function formatEntry({ kid, state, material, check }: Entry): string {
  const key = `wxk1.${kid}${material === null ? '' : `.${material}.${check}`}`
  return state === 'enabled' ? key : `${key}:${state}`
}

/**
 * Reads an entry. No error names the kid before the checksum has passed: a secret may have been pasted in its place.
 *
 * @throws KeyringError `key_malformed`, `key_checksum_mismatch`, `key_weak`.
 */
export function parseEntry(text: string, position: number): Entry {
  const malformed = (reason: KeyringReason) => new KeyringError('key_malformed', { reason, position })
  if (/["'`]/.test(text)) throw malformed('quoted')
  if (/^[0-9a-f]{64}$/i.test(text)) throw malformed('hex')
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) throw malformed('base64')
  const version = /^wxk(\d+)\./.exec(text)?.[1]
  if (version !== '1') throw malformed(version === undefined ? 'prefix' : 'version')

  const [key = ''] = text.split(':', 1)
  const suffix = text.slice(key.length)
  const segments = key.split('.')
  const [, kid, material = '', check] = segments
  const isTombstone = suffix === ':destroyed' && segments.length === 2
  if (!isTombstone && suffix !== '' && suffix !== ':disabled') throw malformed('state')
  if (!isTombstone && segments.length !== 4) throw malformed('segments')
  if (!isKid(kid)) throw malformed('kid')
  if (isTombstone) return { kid, state: 'destroyed', material: null, check: null }

  if (!/^[\w-]*$/.test(material)) throw malformed('alphabet')
  if (material.length !== 43) throw malformed('length')
  if (check !== checkOf(kid, material)) throw new KeyringError('key_checksum_mismatch', { position })
  const root = fromBase64Url(material)
  if (root === undefined) throw new KeyringError('key_malformed', { reason: 'trailing_bits', position, kid })
  const weak = isWeak(root)
  root.fill(0)
  if (weak) throw new KeyringError('key_weak', { position, kid })
  return { kid, state: suffix === '' ? 'enabled' : 'disabled', material, check }
}

/** 36 bits of SHA-256. Public: it is a hash of 256 random bits, and of the kid, so that equal roots do not show. */
function checkOf(kid: string, material: string): string {
  return toBase64Url(digest(sha256, [`wxk1.${kid}.${material}`])).slice(0, 6)
}

/** What random bytes are with a probability below 2^-45: hardly varied, or text that somebody took for a key. */
function isWeak(root: Uint8Array): boolean {
  return new Set(root).size < 8 || root.every((byte) => byte >= 0x20 && byte <= 0x7e)
}
