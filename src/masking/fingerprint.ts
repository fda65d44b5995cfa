import { hmac, sha256 } from '#crypto'
import { assertObject } from '../internal/assert.js'
import { toHex } from '../internal/encoding.js'
import { lp } from '../internal/lp.js'
import type { Secret } from '../internal/secret.js'
import { exposed } from '../internal/secret-values.js'
import type { Keyring } from '../keyring/types.js'
import { type FingerprintKind, normalForm } from './normal-form.js'

export type { FingerprintKind } from './normal-form.js'

/** Of `createFingerprinter`. */
export interface FingerprinterOptions {
  /** Its sub-key `masking` makes the tags. */
  readonly keyring: Pick<Keyring, 'primary' | 'derive'>
  /** Default: the primary at creation; pin it to keep tags comparable across a key rotation. */
  readonly kid?: string | undefined
  /** Binds tags to one tenant, 1 to 256 bytes. Default: none, tags compare across tenants. */
  readonly tenant?: string | undefined
}

/** Tells whether two hidden values are equal, without showing either. Frozen. */
export interface Fingerprinter {
  /**
   * `<kind>:fp1.<kid>.<16 hex>`, the same for the same value. Only spellings that its kind does not tell apart are one
   * value: a phone number counts by its digits, an address without regard to case and white space around it.
   *
   * @param value - A well-formed text that is not empty; for `'tel'` 7 to 20 digits among `+ ( ) - .` and white space;
   * for `'mail'` exactly one `@` between two texts without white space; for `'wamid'` what goes on after `wamid.`.
   * @param kind - Binds the tag to what the value is. Default `'secret'`.
   * @throws TypeError on any other value or kind, and on a Secret of bytes or one that was disposed of.
   */
  of(value: string | Secret<string>, kind?: FingerprintKind): string
}

const KINDS: readonly FingerprintKind[] = ['secret', 'tel', 'mail', 'wamid']

const EXPECTED: Readonly<Record<FingerprintKind, string>> = {
  secret: 'well-formed text',
  tel: '7 to 20 digits, with + ( ) - . and white space among them',
  mail: 'text with one @, and no white space within',
  wamid: 'text that goes on after wamid.',
}

/**
 * Keyed tags for logs and tables: equal values have equal tags, and nobody without the key can try values out. 64 bits:
 * to tell values apart, not to prove anything. Bytes: docs/formats/fingerprints.md.
 *
 * ```ts
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 * import { createFingerprinter } from 'waxseal/masking'
 *
 * const fingerprints = createFingerprinter({ keyring: createKeyring([generateKey('2026a')]), tenant: 'org_1' })
 * fingerprints.of('+1 650 555 1234', 'tel') === fingerprints.of('16505551234', 'tel') // => true
 * fingerprints.of('16505551234') === fingerprints.of('16505551235') // => false
 * ```
 *
 * @throws KeyringError `unknown_key`, `key_disabled` or `key_destroyed`; TypeError on a bad option, RangeError on a tenant
 * that is too long.
 */
export function createFingerprinter(options: FingerprinterOptions): Fingerprinter {
  assertObject(options, 'options')
  const { keyring, tenant } = options
  assertKeyDeriver(keyring)
  const { kid = keyring.primary } = options
  const key = keyring.derive('masking', { kid, tenant })
  const mac = hmac(sha256, key)
  key.fill(0)

  return Object.freeze({
    of(value: string | Secret<string>, kind: FingerprintKind = 'secret') {
      if (!KINDS.includes(kind)) throw new TypeError(`kind: expected one of ${KINDS.join(', ')}`)
      const text = exposed(value)
      const normal = typeof text === 'string' ? normalForm(kind, text) : undefined
      if (normal === undefined) throw new TypeError(`value: expected ${EXPECTED[kind]}`)
      const tag = mac([lp('fingerprint/v1', kind, normal)])
      return `${kind}:fp1.${kid}.${toHex(tag.subarray(0, 8))}`
    },
  })
}

function assertKeyDeriver(value: unknown): void {
  assertObject(value, 'keyring')
  const { primary, derive } = value as Partial<Keyring>
  if (typeof primary !== 'string' || typeof derive !== 'function') {
    throw new TypeError('keyring: expected what createKeyring returned')
  }
}
