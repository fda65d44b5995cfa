/**
 * The shape that most vendors share: one HMAC in one header, over the body or over a few parts joined with it. Their
 * files in this folder say what differs; this one says how it is read, checked and written.
 */

import type { Chunk, Hash } from '../../internal/crypto/types.js'
import { type Codec, ID, parseSignature, parseTimestamp } from '../grammar.js'
import type { SchemeDescriptor } from '../scheme.js'

/** A piece of the signed content: a part of the request, or fixed text. */
export type ContentPart = 'id' | 'timestamp' | 'body' | { readonly text: string }

export interface SingleSignature<N extends string>
  extends Pick<SchemeDescriptor<N>, 'name' | 'importKey' | 'generate' | 'legacyHeaders' | 'timestampUnit'> {
  readonly hash: Hash
  /** The header that carries the signature. */
  readonly header: string
  /** Another header that is read in its place when it is present. */
  readonly preferredHeader?: string
  /** Text before the encoded signature. Default: none. */
  readonly prefix?: string | undefined
  readonly codec: Codec
  readonly timestampHeader?: string | undefined
  readonly idHeader?: string | undefined
  /** Not signed. */
  readonly deliveryIdHeader?: string | undefined
  /** Not signed. */
  readonly eventTypeHeader?: string | undefined
  /** In signing order, the body exactly once. Default `['body']`. */
  readonly content?: readonly ContentPart[]
}

export function singleSignature<N extends string>(spec: SingleSignature<N>): SchemeDescriptor<N> {
  const { name, importKey, generate, legacyHeaders, timestampUnit, hash, header, preferredHeader, codec } =
    spec
  const {
    prefix = '',
    timestampHeader,
    idHeader,
    deliveryIdHeader,
    eventTypeHeader,
    content = ['body'],
  } = spec
  const bodyAt = content.indexOf('body')

  /** The parts around the body are short text, so each side is one chunk. */
  const contentOf = (id: string, timestamp: string, body: Uint8Array): readonly Chunk[] => {
    if (content.length === 1) return [body]
    const texts = content.map((part) =>
      typeof part === 'object' ? part.text : part === 'id' ? id : timestamp,
    )
    return [texts.slice(0, bodyAt).join(''), body, texts.slice(bodyAt + 1).join('')]
  }

  return Object.freeze({
    name,
    signs: Object.freeze((['id', 'timestamp', 'body'] as const).filter((part) => content.includes(part))),
    many: false,
    hmac: { hash, version: '' },
    headers: [preferredHeader, header, timestampHeader, idHeader, deliveryIdHeader, eventTypeHeader].filter(
      (read) => read !== undefined,
    ),
    legacyHeaders,
    timestampUnit,
    importKey,
    generate,

    parse(read, { body }) {
      const signature = read(preferredHeader) ?? read(header)
      const timestamp = timestampHeader ? read(timestampHeader) : ''
      const id = idHeader ? read(idHeader) : ''
      if (signature === undefined || timestamp === undefined || id === undefined) return 'missing_header'

      const bytes = parseSignature(signature, prefix, codec, hash.outputLength)
      if (typeof bytes === 'string') return bytes
      const signedAt = parseTimestamp(timestamp, timestampUnit)
      if (timestampHeader && signedAt === undefined) return 'malformed_timestamp'
      if (idHeader && !ID.test(id)) return 'malformed_id'
      return {
        id: id || undefined,
        signedAt,
        contents: [contentOf(id, timestamp, body)],
        signatures: [{ version: '', bytes }],
        deliveryId: read(deliveryIdHeader),
        eventType: read(eventTypeHeader),
      }
    },

    content: ({ id, timestamp, body }) => contentOf(id, timestamp, body),

    format: ({ id, timestamp }, signatures) => ({
      ...(idHeader && { [idHeader]: id }),
      ...(timestampHeader && { [timestampHeader]: timestamp }),
      [header]: signatures.map(({ bytes }) => prefix + codec.encode(bytes)).join(),
    }),
  } satisfies SchemeDescriptor<N>)
}
