import { hmac, sha256, toBase64Url } from '#crypto'
import { assertObject } from '../internal/assert.js'
import { isText, lp } from '../internal/lp.js'
import type { Keyring } from '../keyring/types.js'
import { assertKeyring } from './local-keys.js'

/** Of `createBlindIndex`. */
export interface BlindIndexOptions {
  /** Its primary makes an index, all its enabled keys make candidates. */
  readonly keyring: Keyring
  /** What is indexed: `contact.phone`. 1 to 512 bytes; another purpose gives other texts. */
  readonly purpose: string
}

/** Equality search over sealed values. Whoever reads the column learns which rows hold the same value, and no more. */
export interface BlindIndex {
  /**
   * The text to store beside the sealed value, `wxb1.<kid>.<22>`. Normalise the value first: another spelling is another
   * text.
   *
   * @param value - 1 to 65 536 bytes in UTF-8.
   * @param tenant - 1 to 256 bytes, or null for one index over all tenants.
   */
  of(value: string, tenant: string | null): string
  /** The texts to look for, one per enabled key, primary first: `WHERE phone_index = ANY($1)`. */
  candidates(value: string, tenant: string | null): string[]
}

/**
 * Makes a column searchable whose values are sealed.
 *
 * ```ts
 * import { createBlindIndex } from 'waxseal/envelope'
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 *
 * const phones = createBlindIndex({ keyring: createKeyring([generateKey('2026a')]), purpose: 'contact.phone' })
 * phones.of('+15550001111', 'org_1') === phones.of('+15550001111', 'org_1') // => true
 * phones.of('+15550001111', 'org_1') === phones.of('+15550001111', 'org_2') // => false
 * ```
 *
 * @throws TypeError on a bad option or argument.
 */
export function createBlindIndex(options: BlindIndexOptions): BlindIndex {
  assertObject(options, 'options')
  const { keyring, purpose } = options
  assertKeyring(keyring, 'keyring')
  if (!isText(purpose, 512)) throw new TypeError('purpose: expected text of 1 to 512 bytes')
  const kids = keyring.keys
    .filter(({ state }) => state === 'primary' || state === 'enabled')
    .map(({ kid }) => kid)

  function index(kid: string, value: string, tenant: string | null): string {
    const context = ['wx1/bidx', purpose]
    const key = keyring.derive('envelope', tenant === null ? { kid, context } : { kid, context, tenant })
    const mac = hmac(sha256, key)([lp('wxb1', value)])
    key.fill(0)
    return `wxb1.${kid}.${toBase64Url(mac.subarray(0, 16))}`
  }

  function assertArguments(value: unknown, tenant: unknown): void {
    if (!isText(value, 65_536)) throw new TypeError('value: expected text of 1 to 65536 bytes')
    // A tenant that somebody forgot must not turn into the index over all tenants.
    if (tenant !== null && !isText(tenant, 256)) {
      throw new TypeError('tenant: expected text of 1 to 256 bytes, or null')
    }
  }

  return Object.freeze({
    of(value: string, tenant: string | null) {
      assertArguments(value, tenant)
      return index(keyring.primary, value, tenant)
    },
    candidates(value: string, tenant: string | null) {
      assertArguments(value, tenant)
      return kids.map((kid) => index(kid, value, tenant))
    },
  })
}
