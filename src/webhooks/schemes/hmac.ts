import { fromBase64Url, sha256, toBase64Url } from '#crypto'
import { assertObject } from '../../internal/assert.js'
import { utf8 } from '../../internal/bytes.js'
import type { Hash } from '../../internal/crypto/types.js'
import { fromBase64, fromHex, toBase64, toHex } from '../../internal/encoding.js'
import { base64, type Codec, hex, ID } from '../grammar.js'
import { hmacKey } from '../keys.js'
import type { WebhookScheme } from '../scheme.js'
import { type ContentPart, singleSignature } from './single-signature.js'

/** A hash function of {@link hmacScheme}, opaque and frozen: `sha256`, `sha512` or `sha1`. */
export interface HmacHash {
  /** As in FIPS 180-4. */
  readonly name: 'sha256' | 'sha512' | 'sha1'
}

/** Options of {@link hmacScheme}. */
export interface HmacSchemeOptions<N extends string> {
  /** 1–64 of `a-z 0-9 _ -`, not a built-in scheme's. It names deliveries and begins their idempotency keys. */
  readonly name: N
  /** Default `sha256`. */
  readonly hash?: HmacHash | undefined
  /** How a secret's text stands for the key. Default `'utf8'`: as it is. */
  readonly key?: 'utf8' | 'base64' | 'hex' | undefined
  /** What every secret begins with and what is no part of the key. Default: nothing. */
  readonly keyPrefix?: string | undefined
  /** The header that carries the signature, and how it is written there. */
  readonly signature: {
    readonly header: string
    readonly prefix?: string | undefined
    readonly encoding: SignatureEncoding
  }
  /** The header of the signed timestamp. */
  readonly timestamp?: { readonly header: string; readonly unit: 's' | 'ms' } | undefined
  /** The header of the signed message id. */
  readonly id?: { readonly header: string } | undefined
  /** Headers that are sent along unsigned, for logs and routing. */
  readonly unsigned?:
    | { readonly deliveryId?: string | undefined; readonly eventType?: string | undefined }
    | undefined
  /** What is signed, in order; the body exactly once. Default `['body']`. */
  readonly content?: readonly ContentPart[] | undefined
}

/** How a signature is written in its header. */
export type SignatureEncoding = 'hex' | 'hex_upper' | 'base64' | 'base64url'

const CODECS: Readonly<Record<SignatureEncoding, Codec>> = /* @__PURE__ */ Object.freeze({
  hex,
  hex_upper: {
    encode: (bytes: Uint8Array) => toHex(bytes).toUpperCase(),
    decode: (text: string, start: number) =>
      /[a-z]/.test(text.slice(start)) ? undefined : fromHex(text.toLowerCase(), start),
  },
  base64,
  base64url: {
    encode: toBase64Url,
    decode: (text: string, start: number) => fromBase64Url(text.slice(start)),
  },
})

const BUILT_IN = 'safravo meta standard_webhooks standard_webhooks_v1a stripe github slack shopify twilio'
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const KEYS = /* @__PURE__ */ Object.freeze({
  utf8: { decode: utf8, encode: toHex },
  base64: { decode: fromBase64, encode: toBase64 },
  hex: { decode: (text: string) => fromHex(text.toLowerCase()), encode: toHex },
})

/**
 * A scheme of your own: one HMAC in one header, under the same strict grammar as the built-in ones.
 *
 * ```ts
 * import { createSigner, hmacScheme } from 'waxseal/webhooks'
 *
 * const acme = hmacScheme({
 *   name: 'acme',
 *   signature: { header: 'x-acme-signature', encoding: 'hex' },
 *   timestamp: { header: 'x-acme-timestamp', unit: 's' },
 *   content: ['timestamp', { text: '.' }, 'body'],
 * })
 * acme.signs // => ['timestamp', 'body']
 * ```
 *
 * @throws TypeError on a bad option, or where the content would be ambiguous: the body not exactly once, a declared id
 * or timestamp that is not signed, or an id next to another part without a character between that no id has.
 */
export function hmacScheme<N extends string>(options: HmacSchemeOptions<N>): WebhookScheme<N> {
  assertObject(options, 'options')
  const { name, hash = sha256, key = 'utf8', keyPrefix = '', signature, timestamp, id, unsigned } = options
  const content = options.content ?? ['body']
  if (typeof name !== 'string' || !/^[a-z0-9_-]{1,64}$/.test(name) || BUILT_IN.split(' ').includes(name)) {
    throw new TypeError('name: expected 1 to 64 of a-z 0-9 _ -, not the name of a built-in scheme')
  }
  if (!Object.hasOwn(KEYS, key)) throw new TypeError("key: expected 'utf8', 'base64' or 'hex'")
  if (typeof keyPrefix !== 'string') throw new TypeError('keyPrefix: expected text')
  if (typeof hash !== 'object' || hash === null || !('outputLength' in hash)) {
    throw new TypeError('hash: expected sha256, sha512 or sha1 of waxseal/webhooks')
  }
  checkSignature(signature)
  checkContent(content, id !== undefined, timestamp !== undefined)
  if (timestamp && timestamp.unit !== 's' && timestamp.unit !== 'ms') {
    throw new TypeError("timestamp.unit: expected 's' or 'ms'")
  }
  const headers = headerNames({
    signature: signature.header ?? '',
    timestamp: timestamp && (timestamp.header ?? ''),
    id: id && (id.header ?? ''),
    deliveryId: unsigned?.deliveryId,
    eventType: unsigned?.eventType,
  })

  const { decode, encode } = KEYS[key]
  return singleSignature({
    name,
    hash: hash as Hash,
    header: headers.signature,
    prefix: signature.prefix,
    codec: CODECS[signature.encoding],
    timestampHeader: headers.timestamp,
    timestampUnit: timestamp?.unit,
    idHeader: headers.id,
    deliveryIdHeader: headers.deliveryId,
    eventTypeHeader: headers.eventType,
    // A copy, so that nobody can take the checked borders away later.
    content: structuredClone(content),
    importKey(secret, option) {
      const material = secret.startsWith(keyPrefix) ? decode(secret.slice(keyPrefix.length)) : undefined
      if (material === undefined || material.length === 0) {
        throw new TypeError(`${option}: expected a key in ${key}${keyPrefix && ` after ${keyPrefix}`}`)
      }
      return hmacKey(hash as Hash, material)
    },
    generate: (random) => keyPrefix + encode(random(32)),
  })
}

function checkSignature(signature: HmacSchemeOptions<string>['signature']): void {
  assertObject(signature, 'signature')
  const { prefix = '', encoding } = signature
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]{0,64}$/.test(prefix)) {
    throw new TypeError('signature.prefix: expected at most 64 visible ASCII characters')
  }
  if (!Object.hasOwn(CODECS, encoding)) {
    throw new TypeError("signature.encoding: expected 'hex', 'hex_upper', 'base64' or 'base64url'")
  }
}

/** The declared names in lower case, no two alike. */
function headerNames<D extends Record<string, string | undefined>>(declared: D): D {
  const seen = new Set<string>()
  const lower = Object.entries(declared).map(([part, name]) => {
    if (name === undefined) return [part, undefined]
    if (typeof name !== 'string' || !HEADER_NAME.test(name))
      throw new TypeError(`${part}: expected the name of a header`)
    if (seen.has(name.toLowerCase())) throw new TypeError(`${part}: expected a header of its own`)
    seen.add(name.toLowerCase())
    return [part, name.toLowerCase()]
  })
  return Object.fromEntries(lower) as D
}

function checkContent(content: readonly ContentPart[], hasId: boolean, hasTimestamp: boolean): void {
  if (!Array.isArray(content)) throw new TypeError('content: expected an array')
  const count = (part: ContentPart): number => content.filter((other) => other === part).length
  if (count('body') !== 1) throw new TypeError("content: expected 'body' exactly once")
  if (count('id') !== Number(hasId))
    throw new TypeError("content: expected 'id' once where id is declared, else not at all")
  if (count('timestamp') !== Number(hasTimestamp)) {
    throw new TypeError("content: expected 'timestamp' once where timestamp is declared, else not at all")
  }
  content.forEach((part, at) => {
    if (typeof part === 'string' ? !/^(?:id|timestamp|body)$/.test(part) : !isText(part)) {
      throw new TypeError("content: expected 'id', 'timestamp', 'body' and { text } only")
    }
    const next = content.slice(at + 1)
    const border = next.findIndex((other) => typeof other === 'string')
    const touchesId = part === 'id' || next[border] === 'id'
    if (typeof part !== 'string' || border < 0 || !touchesId) return
    // Only a character that no id can hold keeps the border between an id and its neighbour where it is.
    const between = next.slice(0, border).map((text) => (text as { readonly text: string }).text)
    if (between.every((text) => text === '' || [...text].every((character) => ID.test(character)))) {
      throw new TypeError(
        'content: expected text between id and its neighbour with a character that no id has',
      )
    }
  })
}

function isText(part: unknown): boolean {
  const text = (part as { readonly text?: unknown } | null)?.text
  return typeof text === 'string' && text.isWellFormed()
}
