import { aesGcm as prepare } from '#crypto'
import { assertObject } from '../../internal/assert.js'
import { concatBytes } from '../../internal/bytes.js'
import { TAG_BYTES } from '../format.js'
import type { LegacyFormat } from '../legacy-types.js'
import { createFormat } from './format.js'
import { withKey } from './key.js'
import { type LegacyLayout, layoutParser } from './layout.js'

/** Options of {@link aesGcm}. */
export interface AesGcmOptions extends LegacyLayout<'iv' | 'tag' | 'ct'> {
  /** Bytes of the IV. */
  readonly ivBytes: 12 | 16
}

/**
 * AES-256-GCM as applications wrote it by hand: a key of 32 bytes, tags of 16, no associated data. Without `tag` in the
 * layout the tag is the end of the ciphertext, where WebCrypto, Go and Java put it.
 *
 * @throws TypeError, RangeError that name the option.
 */
export function aesGcm(options: AesGcmOptions): LegacyFormat {
  assertObject(options, 'options')
  const { name, key, ivBytes } = options
  if (ivBytes !== 12 && ivBytes !== 16) throw new RangeError('ivBytes: expected 12 or 16')
  const parse = layoutParser(options, { iv: ivBytes, tag: TAG_BYTES })
  const aead = withKey(key, [32], prepare)

  return createFormat({
    name,
    parse(value) {
      const parts = parse(value)
      if (parts === undefined) return undefined
      const { iv, ct, tag } = parts
      const sealed = tag === undefined ? ct : concatBytes([ct, tag])
      return sealed.length < TAG_BYTES ? undefined : { iv, sealed }
    },
    decrypt: ({ iv, sealed }) => aead.open(iv, sealed, new Uint8Array()),
  })
}
