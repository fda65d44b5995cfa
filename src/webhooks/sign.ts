import { randomBytes } from '#crypto'
import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import { type Bytes, bytesOf } from '../internal/bytes.js'
import { toHex } from '../internal/encoding.js'
import { epochMs } from '../internal/instant.js'
import { WebhookError } from './errors.js'
import { ID, TIMESTAMP_UNITS } from './grammar.js'
import { descriptorOf, type WebhookScheme } from './scheme.js'
import { importSecrets, liveAt, type WebhookSecret } from './secrets.js'

/** Options of {@link createSigner}. */
export interface SignerOptions {
  /** 1–10 with unique ids; every live one signs. Exactly one where the scheme has room for one signature. */
  readonly secrets: readonly WebhookSecret[]
  /** Takes keys under 16 bytes. For published test vectors. */
  readonly dangerouslyAllowWeakSecrets?: boolean | undefined
  /** Clock in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Source of message ids; for tests. Default: the runtime's secure random generator. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

/** What to sign. Members that the scheme does not sign are checked and otherwise left alone. */
export interface MessageToSign {
  /** Serialise once, and send the bytes that come back. */
  readonly body: Bytes
  /** 1–256 of `A-Z a-z 0-9 _ - : = + /`; the same for every attempt. Default `msg_` and 32 hex digits. */
  readonly id?: string | undefined
  /** Default: now. */
  readonly signedAt?: number | Date | undefined
  /** The https URL that the receiver is called at; needed where the scheme signs it. */
  readonly url?: string | undefined
  /** The body's content type; only `twilio` looks at it. */
  readonly contentType?: string | undefined
}

/** Headers to add to the request, and the very bytes to send. */
export interface SignedMessage {
  /** Names in lower case. */
  readonly headers: Record<string, string>
  /** The bytes that were signed: send these. */
  readonly body: Uint8Array<ArrayBuffer>
  /** Where the scheme signs an id. */
  readonly id?: string
  /** Epoch milliseconds, to the precision that the scheme's header has. */
  readonly signedAt: number
}

/** Signs what you send. */
export interface WebhookSigner<N extends string = string> {
  /** The scheme that it was made for. */
  readonly scheme: WebhookScheme<N>
  /**
   * TypeError for a bad `body`, `id`, `signedAt` or `url`; WebhookError `no_active_secret` when every secret has
   * expired.
   */
  sign(message: MessageToSign): SignedMessage
}

/**
 * Makes a signer. With two secrets of a scheme that carries several signatures, receivers may move from one to the
 * other at their leisure.
 *
 * ```ts
 * import { createSigner, generateSecret, standardWebhooks } from 'waxseal/webhooks'
 *
 * const signer = createSigner(standardWebhooks, {
 *   secrets: [{ id: 'k1', secret: generateSecret(standardWebhooks) }],
 * })
 * const { headers } = signer.sign({ id: 'msg_1', body: JSON.stringify({ hello: 'world' }) })
 * headers['webhook-id'] // => 'msg_1'
 * ```
 *
 * @throws TypeError | RangeError on a bad option, naming it and never its value.
 */
export function createSigner<N extends string>(
  scheme: WebhookScheme<N>,
  options: SignerOptions,
): WebhookSigner<N> {
  const descriptor = descriptorOf(scheme)
  assertObject(options, 'options')
  const { now = Date.now, random = randomBytes } = options
  assertOptionalFunction(now, 'now')
  assertOptionalFunction(random, 'random')
  const secrets = importSecrets(
    options.secrets,
    'secrets',
    descriptor.importKey,
    options.dangerouslyAllowWeakSecrets,
  )
  if (secrets.length > 1 && !descriptor.many) {
    throw new TypeError('secrets: expected one, this scheme carries one signature')
  }
  const keys = secrets.map(({ id, key, notAfterAt }) => {
    if (key.sign === undefined)
      throw new TypeError(`secrets: expected a key that can sign, ${id} can only verify`)
    return { id, key: key.sign, notAfterAt }
  })
  const signsId = scheme.signs.includes('id')
  const unit = TIMESTAMP_UNITS[descriptor.timestampUnit ?? 'ms']

  return Object.freeze({
    scheme,
    sign(message: MessageToSign): SignedMessage {
      const { id = signsId ? `msg_${toHex(random(16))}` : 'unsigned', url, contentType } = message
      const body = bytesOf(message.body)
      if (body === undefined) throw new TypeError('body: expected bytes or text, serialised once')
      if (typeof id !== 'string' || !ID.test(id)) {
        throw new TypeError('id: expected 1 to 256 of A-Z a-z 0-9 _ - : = + /')
      }
      const instant = now()
      const count = Math.floor(epochMs(message.signedAt ?? instant) / unit.ms)
      if (!unit.pattern.test(String(count)))
        throw new TypeError('signedAt: expected epoch milliseconds or a Date')

      const live = liveAt(keys, instant)
      if (live.length === 0) throw new WebhookError('no_active_secret')
      const outgoing = { id, timestamp: String(count), url, contentType, body }
      const content = descriptor.content(outgoing)
      const headers = descriptor.format(
        outgoing,
        live.map(({ key: sign }) => sign(content)),
      )
      return { headers, body, ...(signsId && { id }), signedAt: count * unit.ms }
    },
  })
}

/**
 * A fresh secret in the scheme's form: for your own deliveries, or for tests where the vendor issues the secret.
 *
 * @throws TypeError for anything but a scheme.
 */
export function generateSecret(
  scheme: WebhookScheme,
  options: { readonly random?: (length: number) => Uint8Array } = {},
): string {
  return descriptorOf(scheme).generate(options.random ?? randomBytes)
}
