import { aesGcm, digest, fromBase64Url, sha256 } from '#crypto'
import type { Aead } from '../../internal/crypto/types.js'
import { toHex } from '../../internal/encoding.js'
import { TAG_BYTES } from '../format.js'
import type { LegacyFormat } from '../legacy-types.js'
import { createFormat } from './format.js'

interface CloakKey {
  readonly fingerprint: string
  readonly aead: Aead
}

interface CloakMessage {
  readonly fingerprint: string
  readonly iv: Uint8Array
  readonly sealed: Uint8Array
}

const IV_BYTES = 12

/**
 * What `@47ng/cloak` 1.x writes, and with it `prisma-field-encryption`: `v1.aesgcm256.<fingerprint>.<iv>.<ciphertext>`.
 * The format's name is `cloak`.
 *
 * @param keys - `k1.aesgcm256.<key>` as cloak has them, 1 or more. A message names its key by a fingerprint of 32 bits, so
 * all that share it are tried.
 * @throws TypeError, RangeError that name the key's place, never the key.
 */
export function cloak(keys: readonly string[]): LegacyFormat {
  if (!Array.isArray(keys)) throw new TypeError('keys: expected an array')
  if (keys.length === 0) throw new RangeError('keys: expected 1 or more')
  const ring = Array.from(keys, (key: unknown, at) => readKey(key, `keys[${at}]`))

  return createFormat({
    name: 'cloak',
    parse,
    decrypt({ fingerprint, iv, sealed }) {
      for (const key of ring) {
        const bytes =
          key.fingerprint === fingerprint ? key.aead.open(iv, sealed, new Uint8Array()) : undefined
        if (bytes !== undefined) return bytes
      }
      return undefined
    },
  })
}

/** The fingerprint is taken of the text, padding included. */
function readKey(key: unknown, where: string): CloakKey {
  const [, text] = typeof key === 'string' ? (/^k1\.aesgcm256\.([\w-]{43})=?$/.exec(key) ?? []) : []
  const bytes = text === undefined ? undefined : fromBase64Url(text)
  if (bytes === undefined) throw new TypeError(`${where}: expected k1.aesgcm256. and 32 bytes as base64url`)
  const fingerprint = toHex(digest(sha256, [key as string])).slice(0, 8)
  const aead = aesGcm(bytes)
  bytes.fill(0)
  return { fingerprint, aead }
}

function parse(value: string): CloakMessage | undefined {
  const [version, algorithm, fingerprint = '', ivText = '', text = '', ...more] = value.split('.', 6)
  if (version !== 'v1' || algorithm !== 'aesgcm256' || more.length > 0) return undefined
  const iv = fromBase64Url(ivText)
  // Unlike most base64url this is padded.
  const sealed = text.length % 4 === 0 ? fromBase64Url(text.replace(/={1,2}$/, '')) : undefined
  if (!/^[0-9a-f]{8}$/.test(fingerprint) || iv?.length !== IV_BYTES) return undefined
  return sealed === undefined || sealed.length < TAG_BYTES ? undefined : { fingerprint, iv, sealed }
}
