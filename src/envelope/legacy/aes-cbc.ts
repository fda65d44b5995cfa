import { aesCbcDecrypter } from '#crypto'
import { assertObject } from '../../internal/assert.js'
import type { LegacyFormat } from '../legacy-types.js'
import { attempt, createFormat } from './format.js'
import { withKey } from './key.js'
import { type LegacyLayout, layoutParser } from './layout.js'

/** Options of {@link aesCbc}. */
export interface AesCbcOptions extends LegacyLayout<'iv' | 'ct'> {
  /**
   * Whether a text can be the plaintext; the only thing that tells it from what a wrong key or a damaged value gives:
   * `(text) => /^EAA[A-Za-z0-9]+$/.test(text)`. Must answer `true`; one that throws refuses.
   */
  readonly validate: (text: string) => boolean
}

const BLOCK_BYTES = 16
/** A symbol, because a spread copies it: a renamed copy authenticates as little. */
const UNAUTHENTICATED: unique symbol = /* @__PURE__ */ Symbol('waxseal.unauthenticated')

/**
 * AES-CBC with PKCS#7 padding, an IV of 16 bytes and a key of 16, 24 or 32. It authenticates nothing: under a wrong key
 * the padding is right once in 256 times, and whoever can write the column can change the plaintext. So it must be the
 * last format of a reader, and `validate` decides.
 *
 * @throws TypeError, RangeError that name the option.
 */
export function aesCbc(options: AesCbcOptions): LegacyFormat {
  assertObject(options, 'options')
  const { name, key, validate } = options
  if (typeof validate !== 'function') throw new TypeError('validate: expected a function')
  const parse = layoutParser(options, { iv: BLOCK_BYTES })
  const decrypt = withKey(key, [16, 24, 32], aesCbcDecrypter)

  const format = createFormat({
    name,
    parse(value) {
      const parts = parse(value)
      return parts !== undefined && isBlocks(parts.ct) ? parts : undefined
    },
    decrypt: ({ iv, ct }) => decrypt(iv, ct),
    accepts: (text) => attempt(() => validate(text)) === true,
  })
  return Object.freeze({ ...format, [UNAUTHENTICATED]: true })
}

/** Whether it is a format that `aesCbc` made. */
export const isUnauthenticated = (format: LegacyFormat): boolean => UNAUTHENTICATED in format

/** Padding makes at least one. */
const isBlocks = (ct: Uint8Array): boolean => ct.length > 0 && ct.length % BLOCK_BYTES === 0
