import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import { type Bytes, bytesOf } from '../internal/bytes.js'
import { isIdentity } from '../internal/content-encoding.js'
import type { Chunk } from '../internal/crypto/types.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import { epochMs, readClock } from '../internal/instant.js'
import { notify } from '../internal/observe.js'
import type { Result } from '../internal/result.js'
import { createDelivery, type Delivery } from './delivery.js'
import { refusal, staleRefusal, WebhookError, type WebhookErrorCode } from './errors.js'
import { type HeadersLike, headerReader } from './headers.js'
import { descriptorOf, type SchemeKey, type Signature, type WebhookScheme } from './scheme.js'
import { importSecrets, type LiveSecret, liveAt, type WebhookSecret } from './secrets.js'

/** How far the signed timestamp may lie before (`past`) and after (`future`) the arrival. */
export type Tolerance = Duration | { readonly past: Duration; readonly future: Duration }

/** Options of {@link createVerifier}. */
export interface VerifierOptions {
  /** 1–10 with unique ids; any live one may have signed, which is how a rotation goes unnoticed. */
  readonly secrets: readonly WebhookSecret[]
  /** Only for schemes that sign a timestamp. Default `'5m'` both ways, at most `'1d'`; both ends count as fresh. */
  readonly tolerance?: Tolerance | undefined
  /**
   * The https origin that the sender calls, with the path prefix that a proxy strips. Required where the scheme signs
   * the URL (`twilio`), refused elsewhere.
   */
  readonly publicUrl?: string | undefined
  /** Takes keys under 16 bytes. For published test vectors; a weak secret can be guessed offline from one delivery. */
  readonly dangerouslyAllowWeakSecrets?: boolean | undefined
  /** Clock in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Told of every outcome, without anything secret. */
  readonly observe?: ((event: WebhookVerifierEvent) => void) | undefined
}

/** What {@link VerifierOptions.observe} is told. `ageMs` and `skewMs`: arrival minus the signed instant. */
export type WebhookVerifierEvent =
  | {
      readonly type: 'webhook_verified'
      readonly scheme: string
      readonly secretId: string
      readonly ageMs?: number
    }
  | {
      readonly type: 'webhook_rejected'
      readonly scheme: string
      readonly code: WebhookErrorCode
      readonly skewMs?: number
    }

/** A request as it came off the wire. */
export interface WebhookRequest {
  /** All of them or those that the scheme names; no other is looked at. */
  readonly headers: HeadersLike
  /** The bytes received. Never a parsed object, and no text that was decoded from them. */
  readonly body: Bytes
  /** Path and query exactly as received; needed where the scheme signs the URL. */
  readonly target?: string | undefined
  /** When it arrived, for deliveries that waited in a queue. Default: now. */
  readonly receivedAt?: number | Date | undefined
}

/** Answers one question: did a holder of one of these secrets sign exactly these bytes, recently enough? */
export interface WebhookVerifier<N extends string = string> {
  /** The scheme that it was made for. */
  readonly scheme: WebhookScheme<N>
  /** The verified delivery. Throws WebhookError. */
  verify(request: WebhookRequest): Delivery<N>
  /** The same as a value. Never throws, whatever the input; its refusals carry no stack. */
  safeVerify(request: WebhookRequest): Result<Delivery<N>, WebhookError>
}

/**
 * Makes a verifier for one scheme and its live secrets. Synchronous and stateless: safe to share by all requests.
 *
 * Checks go from cheap to dear and freshness comes last, so that a `timestamp_…` code means *genuine but stale* and a
 * forger learns nothing about clocks.
 *
 * ```ts
 * import { createVerifier, meta } from 'waxseal/webhooks'
 *
 * const verifier = createVerifier(meta, { secrets: [{ id: 'app-2026', secret: 'a'.repeat(32) }] })
 * const result = verifier.safeVerify({ headers: {}, body: '{}' })
 * result.ok // => false
 * ```
 *
 * @throws TypeError | RangeError on a bad option, naming it and never its value.
 */
export function createVerifier<N extends string>(
  scheme: WebhookScheme<N>,
  options: VerifierOptions,
): WebhookVerifier<N> {
  const descriptor = descriptorOf(scheme)
  assertObject(options, 'options')
  const { tolerance, now = Date.now, observe } = options
  assertOptionalFunction(now, 'now')
  assertOptionalFunction(observe, 'observe')
  const secrets = importSecrets(
    options.secrets,
    'secrets',
    descriptor.importKey,
    options.dangerouslyAllowWeakSecrets,
  )
  if (tolerance !== undefined && !scheme.signs.includes('timestamp')) {
    throw new TypeError('tolerance: this scheme signs no timestamp')
  }
  const { past, future } = checkTolerance(tolerance)
  if (descriptor.normalizePublicUrl === undefined && options.publicUrl !== undefined) {
    throw new TypeError('publicUrl: this scheme signs no URL')
  }
  const publicUrl = descriptor.normalizePublicUrl?.(options.publicUrl) ?? ''
  const readHeaders = headerReader([...descriptor.headers, 'content-encoding'])

  function check(request: Partial<WebhookRequest>, arrival: number): Delivery<N> | WebhookError {
    const body = bytesOf(request.body)
    if (body === undefined) return refusal('body_not_raw')

    const live = liveAt(secrets, arrival)
    if (live.length === 0) return refusal('no_active_secret')

    const header = readHeaders(request.headers)
    if (typeof header === 'string') return refusal(header)
    if (!isIdentity(header('content-encoding'))) return refusal('body_encoded')

    const parsed = descriptor.parse(header, { body, target: request.target, publicUrl })
    if (typeof parsed === 'string') return refusal(parsed)
    const { contents, signatures, signedAt } = parsed
    if (!canCheck(live, signatures)) return refusal('unsupported_version')

    // No early exit: the time taken tells neither which secret matched nor whether one did.
    let match: { readonly secretId: string; readonly content: readonly Chunk[] } | undefined
    for (const { id, key } of live) {
      for (const content of contents) {
        if (key.matches(content, signatures)) match ??= { secretId: id, content }
      }
    }
    if (match === undefined) return refusal('signature_mismatch')

    const skewMs = signedAt === undefined ? 0 : arrival - signedAt
    if (skewMs > past) return staleRefusal('timestamp_too_old', skewMs)
    if (-skewMs > future) return staleRefusal('timestamp_too_new', skewMs)
    return createDelivery(scheme, match.secretId, body, parsed, match.content)
  }

  function observed(request: WebhookRequest): Delivery<N> | WebhookError {
    const once = readOnce(request)
    const arrival = once.receivedAt === undefined ? readClock(now) : epochMs(once.receivedAt)
    const outcome = check(once, arrival)
    if (observe !== undefined) notify(observe, eventOf(scheme.name, outcome, arrival))
    return outcome
  }

  return Object.freeze({
    scheme,
    verify(request: WebhookRequest): Delivery<N> {
      const outcome = observed(request)
      if (outcome instanceof WebhookError) throw new WebhookError(outcome.code, outcome.skewMs)
      return outcome
    },
    safeVerify(request: WebhookRequest): Result<Delivery<N>, WebhookError> {
      const outcome = observed(request)
      return outcome instanceof WebhookError ? { ok: false, error: outcome } : { ok: true, value: outcome }
    },
  })
}

/** Each member once, so that a getter cannot show the checks one thing and the result another. */
function readOnce(request: WebhookRequest): Partial<WebhookRequest> {
  try {
    const { headers, body, target, receivedAt } = request
    return { headers, body, target, receivedAt } as WebhookRequest
  } catch {
    return {}
  }
}

/** Whether a signature is of a version that a live key can check. */
function canCheck(live: readonly LiveSecret<SchemeKey>[], signatures: readonly Signature[]): boolean {
  for (const { key } of live) {
    for (const { version } of signatures) if (version === key.version) return true
  }
  return false
}

function eventOf(scheme: string, outcome: Delivery | WebhookError, arrival: number): WebhookVerifierEvent {
  if (outcome instanceof WebhookError) {
    const { code, skewMs } = outcome
    return { type: 'webhook_rejected', scheme, code, ...(skewMs !== undefined && { skewMs }) }
  }
  const { secretId, signedAt } = outcome
  return {
    type: 'webhook_verified',
    scheme,
    secretId,
    ...(signedAt !== undefined && { ageMs: arrival - signedAt }),
  }
}

function checkTolerance(tolerance: Tolerance = '5m'): { past: number; future: number } {
  const { past, future } =
    typeof tolerance === 'object' && tolerance !== null ? tolerance : { past: tolerance, future: tolerance }
  return {
    past: milliseconds(past, 'tolerance.past', '0s', '1d'),
    future: milliseconds(future, 'tolerance.future', '0s', '1d'),
  }
}
