import { assertObject } from '../internal/assert.js'
import { isText, lp } from '../internal/lp.js'

/** What a sub-key is for. Closed: a new feature adds a word here. */
export type Purpose =
  | 'envelope'
  | 'audit'
  | 'signed-url'
  | 'api-key'
  | 'consent-alias'
  | 'consent-evidence'
  | 'idempotency'
  | 'masking'

/** What is bound into a sub-key beside its purpose. */
export interface DeriveOptions {
  /** Default: the primary's kid. Only primary and enabled keys derive. */
  readonly kid?: string | undefined
  /** 1 to 256 UTF-8 bytes, well-formed. Absent is the only way to say none. */
  readonly tenant?: string | undefined
  /** Further fields bound in, in order; at most 8 of 1 to 512 UTF-8 bytes. Default: none. */
  readonly context?: readonly string[] | undefined
}

/** The one thing that features ask of a keyring. */
export interface KeyDeriver {
  /**
   * A 32-byte sub-key (HKDF-SHA-256, RFC 5869), the caller's own copy.
   *
   * @throws KeyringError `unknown_key`, `key_disabled` or `key_destroyed`; TypeError on a bad option, RangeError on one
   * that is too long.
   */
  derive(purpose: Purpose, options?: DeriveOptions): Uint8Array
}

const PURPOSES: readonly Purpose[] = /* @__PURE__ */ Object.freeze([
  'envelope',
  'audit',
  'signed-url',
  'api-key',
  'consent-alias',
  'consent-evidence',
  'idempotency',
  'masking',
])

/** What `derive` was asked for, read once and checked. */
export interface Derivation {
  readonly kid: string | undefined
  readonly tenant: string
  readonly context: readonly string[]
}

/** TypeError or RangeError naming the parameter, never the value. */
export function readDerivation(purpose: unknown, options: DeriveOptions): Derivation {
  if (!PURPOSES.includes(purpose as Purpose)) {
    throw new TypeError(`purpose: expected one of ${PURPOSES.join(', ')}`)
  }
  assertObject(options, 'options')
  const { kid, tenant, context = [] } = options
  if (kid !== undefined && typeof kid !== 'string') throw new TypeError('kid: expected a string')
  if (tenant !== undefined) assertText(tenant, 'tenant', 256)
  if (!Array.isArray(context)) throw new TypeError('context: expected an array')
  if (context.length > 8) throw new RangeError('context: expected at most 8 fields')
  const fields = Array.from(context, (field: unknown, at) => assertText(field, `context[${at}]`, 512))
  return { kid, tenant: tenant ?? '', context: fields }
}

/** HKDF's `info`. The first four fields have their places, so no list of fields can pass for another. */
export function infoOf(
  purpose: Purpose | 'keyring',
  kid: string,
  tenant: string,
  context: readonly string[],
): Uint8Array {
  return lp('waxseal/v1', purpose, kid, tenant, ...context)
}

function assertText(value: unknown, option: string, maxBytes: number): string {
  if (isText(value, maxBytes)) return value
  const expectation = `${option}: expected well-formed text of 1 to ${maxBytes} bytes`
  const tooLong = typeof value === 'string' && value !== '' && value.isWellFormed()
  throw tooLong ? new RangeError(expectation) : new TypeError(expectation)
}
