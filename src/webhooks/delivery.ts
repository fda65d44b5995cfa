import { digest, sha256 } from '#crypto'
import type { Chunk } from '../internal/crypto/types.js'
import { toHex } from '../internal/encoding.js'
import { WebhookError } from './errors.js'
import type { ParsedRequest, WebhookScheme } from './scheme.js'

/** A delivery that one of the secrets signed. */
export interface Delivery<N extends string = string> {
  /** The scheme's name. */
  readonly scheme: N
  /** The `id` of the secret that matched: in a rotation it tells which one the sender uses. */
  readonly secretId: string
  /** The bytes received, not copied. */
  readonly body: Uint8Array
  /** The message id; only where the scheme signs one. */
  readonly id?: string
  /** Epoch milliseconds; only where the scheme signs a timestamp. */
  readonly signedAt?: number
  /** What anybody could have written there: for logs and routing, never for deduplication. */
  readonly unsigned: {
    /** 1–256 visible ASCII characters. */
    readonly deliveryId?: string
    /** 1–256 visible ASCII characters. */
    readonly eventType?: string
  }
  /** The body as strict UTF-8 without its BOM. WebhookError `body_not_json` where it is not UTF-8. */
  text(): string
  /** The body as JSON, parsed at the first call and then kept. WebhookError `body_not_json`. */
  json(): unknown
  /**
   * Signed material that tells this delivery from others, for an idempotency key: `[scheme, 'id', id]` where an id is
   * signed, else `[scheme, 'sha256', hex]` with the SHA-256 of the body. Where the URL is signed it is that of the whole
   * signed content: a form has many spellings under one signature, and they must not be many keys.
   */
  replayParts(): readonly [string, ...string[]]
}

const NOTHING_UNSIGNED = /* @__PURE__ */ Object.freeze({})
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

/** @internal */
export function createDelivery<N extends string>(
  { name: scheme, signs }: WebhookScheme<N>,
  secretId: string,
  body: Uint8Array,
  { id, signedAt, deliveryId, eventType }: ParsedRequest,
  content: readonly Chunk[],
): Delivery<N> {
  let parsed: { readonly value: unknown } | undefined

  const text = (): string => {
    try {
      return decoder.decode(body)
    } catch {
      throw new WebhookError('body_not_json')
    }
  }
  const json = (): unknown => {
    parsed ??= { value: parseJson(text()) }
    return parsed.value
  }
  const replayParts = (): readonly [string, ...string[]] =>
    id === undefined
      ? [scheme, 'sha256', toHex(digest(sha256, signs.includes('url') ? content : [body]))]
      : [scheme, 'id', id]

  const delivery: { -readonly [K in keyof Delivery<N>]: Delivery<N>[K] } = {
    scheme,
    secretId,
    body,
    unsigned: unsigned(deliveryId, eventType),
    text,
    json,
    replayParts,
  }
  if (id !== undefined) delivery.id = id
  if (signedAt !== undefined) delivery.signedAt = signedAt
  return Object.freeze(delivery)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not as the cause: the parser's message quotes the body.
    throw new WebhookError('body_not_json')
  }
}

function unsigned(deliveryId: string | undefined, eventType: string | undefined): Delivery['unsigned'] {
  if (deliveryId === undefined && eventType === undefined) return NOTHING_UNSIGNED
  const unsigned: { deliveryId?: string; eventType?: string } = {}
  if (isVisibleAscii(deliveryId)) unsigned.deliveryId = deliveryId
  if (isVisibleAscii(eventType)) unsigned.eventType = eventType
  return Object.freeze(unsigned)
}

function isVisibleAscii(value: string | undefined): value is string {
  return value !== undefined && /^[\x21-\x7e]{1,256}$/.test(value)
}
