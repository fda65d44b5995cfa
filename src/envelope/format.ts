import { fromBase64Url, toBase64Url } from '#crypto'
import { assertInteger } from '../internal/assert.js'
import { isKid } from '../keyring/key-string.js'
import { EnvelopeError } from './errors.js'
import { hintOf } from './hint.js'
import { MAX_EDK_BYTES } from './key-bytes.js'

declare const sealedBrand: unique symbol

/**
 * A sealed value: `wx1.<kid>.<encrypted data key>.<body>`, printable, for any TEXT column. Still a string; give database
 * columns this type, and a plaintext in one does not compile.
 */
export type Sealed = string & {
  /** Exists for the compiler only. */
  readonly [sealedBrand]: true
}

/** Bytes of a local encrypted data key: AES-256-KW adds 8. */
export const LOCAL_EDK_BYTES = 40
export const SALT_BYTES = 24
export const COMMIT_BYTES = 32
export const TAG_BYTES = 16
/** Bytes of a body around the ciphertext. */
export const OVERHEAD_BYTES = SALT_BYTES + COMMIT_BYTES + TAG_BYTES
/** The longest plaintext that `maxBytes` can allow. */
export const MAX_PLAINTEXT_BYTES = 1_048_576

const VERSION = /^wx\d+\./
const LONGEST_KID = 32

/** The parts of an envelope's text, decoded. */
export interface Parsed {
  readonly kid: string
  readonly edk: Uint8Array
  readonly body: Uint8Array
  /** `<kid>.<edk>`: names the data key. */
  readonly head: string
  /** The body's own text: a rewrap keeps it. */
  readonly bodyText: string
}

/** The text that was taken apart. */
export const textOf = ({ head, bodyText }: Parsed): string => `wx1.${head}.${bodyText}`

/** What an envelope's text is held to. */
export interface Limits {
  /** Of the plaintext. */
  readonly maxBytes: number
  /** Characters of the text. */
  readonly longest: number
}

/** The limits that follow from the longest plaintext. */
export const limitsOf = (maxBytes: number): Limits => ({
  maxBytes,
  longest: sealedLength(maxBytes, { kidLength: LONGEST_KID, edkBytes: MAX_EDK_BYTES }),
})

/** Whether a text claims to be an envelope, of whichever version. */
export const claimsToBeSealed = (value: string): boolean => VERSION.test(value)

/** Grammar only: whether it is a well-formed envelope of version 1. Whether it opens, only `open` can tell. */
export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'string' && kidOf(value) !== null
}

/** The kid that an envelope names; null when it is not well-formed. */
export function kidOf(value: string): string | null {
  try {
    return parse(value, limitsOf(MAX_PLAINTEXT_BYTES)).kid
  } catch {
    return null
  }
}

/**
 * Characters of an envelope's text.
 *
 * @param bytes - of the plaintext.
 * @param options - `kidLength`, default 10; `edkBytes`, default 40, which is what a local keyring makes.
 * @throws RangeError, TypeError that name the option.
 */
export function sealedLength(
  bytes: number,
  options: { readonly kidLength?: number | undefined; readonly edkBytes?: number | undefined } = {},
): number {
  const { kidLength = 10, edkBytes = LOCAL_EDK_BYTES } = options
  assertInteger(bytes, 'bytes', 0, MAX_PLAINTEXT_BYTES)
  assertInteger(kidLength, 'kidLength', 1, LONGEST_KID)
  assertInteger(edkBytes, 'edkBytes', 1, MAX_EDK_BYTES)
  return 6 + kidLength + base64Length(edkBytes) + base64Length(OVERHEAD_BYTES + bytes)
}

/** The text of an envelope. */
export function format(kid: string, edk: Uint8Array, bodyText: string): Sealed {
  return `wx1.${kid}.${toBase64Url(edk)}.${bodyText}` as Sealed
}

/**
 * Takes an envelope's text apart. Every byte string has one text, so nobody can make a second spelling of a value.
 *
 * @throws EnvelopeError `not_sealed`, `unsupported_version`, `malformed`.
 */
export function parse(value: string, { maxBytes, longest }: Limits): Parsed {
  if (!value.startsWith('wx1.')) {
    throw new EnvelopeError(claimsToBeSealed(value) ? 'unsupported_version' : 'not_sealed', {
      hint: hintOf(value),
    })
  }
  if (value.length > longest) throw new EnvelopeError('malformed', { hint: 'too_long' })

  const [, kid = '', edkText = '', bodyText = '', ...more] = value.split('.', 5)
  const edk = fromBase64Url(edkText)
  const body = fromBase64Url(bodyText)
  if (
    more.length > 0 ||
    !isKid(kid) ||
    edk === undefined ||
    edk.length < 1 ||
    edk.length > MAX_EDK_BYTES ||
    body === undefined ||
    body.length < OVERHEAD_BYTES ||
    body.length > OVERHEAD_BYTES + maxBytes
  ) {
    throw new EnvelopeError('malformed', { hint: hintOf(value) })
  }
  return { kid, edk, body, head: `${kid}.${edkText}`, bodyText }
}

/** Characters of base64url without padding. */
const base64Length = (bytes: number): number => Math.ceil((4 * bytes) / 3)
