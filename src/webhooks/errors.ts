import { WaxsealError, withoutStack } from '../internal/error.js'

/**
 * Why a delivery was refused.
 *
 * - 400 `missing_header`, `duplicate_header`, `malformed_header`, `malformed_signature`, `malformed_timestamp`,
 *   `malformed_id`, `unsupported_version`: the headers do not follow the scheme's grammar; no MAC was computed.
 * - 401 `signature_mismatch`: forged, altered, or signed with a secret that is not here. `timestamp_too_old`,
 *   `timestamp_too_new`: *genuine*, but outside the tolerance; see `skewMs`.
 * - 403 `handshake_refused`. 415 `body_encoded`. 422 `body_not_json`, thrown by `text()` and `json()` alone.
 * - 500 `body_not_raw`, `target_missing`, `no_active_secret`: our mistake, so the sender should repeat.
 */
export type WebhookErrorCode =
  | 'missing_header'
  | 'duplicate_header'
  | 'malformed_header'
  | 'malformed_signature'
  | 'malformed_timestamp'
  | 'malformed_id'
  | 'unsupported_version'
  | 'signature_mismatch'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'handshake_refused'
  | 'body_encoded'
  | 'body_not_json'
  | 'body_not_raw'
  | 'target_missing'
  | 'no_active_secret'

/** Of every code but 400, which most have. */
const STATUS: Partial<Record<WebhookErrorCode, number>> = /* @__PURE__ */ Object.freeze({
  signature_mismatch: 401,
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  handshake_refused: 403,
  body_encoded: 415,
  body_not_json: 422,
  body_not_raw: 500,
  target_missing: 500,
  no_active_secret: 500,
})

/** A refusal. Its message is the code in words; no secret, signature or body is in it. `diagnose` says more. */
export class WebhookError extends WaxsealError {
  declare readonly code: WebhookErrorCode
  /** Arrival minus the signed instant in milliseconds; on `timestamp_too_old` and `timestamp_too_new` only. */
  declare readonly skewMs?: number

  /** @internal */
  constructor(code: WebhookErrorCode, skewMs?: number) {
    super(code, STATUS[code] ?? 400, code.replaceAll('_', ' '))
    if (skewMs !== undefined) this.skewMs = skewMs
  }

  override get name(): string {
    return 'WebhookError'
  }
}

const refusals = /* @__PURE__ */ new Map<WebhookErrorCode, WebhookError>()

/**
 * The refusal for a code: one frozen error without a stack, made at first use and returned ever after, so that refusing
 * a flood of forgeries allocates nothing.
 */
export function refusal(code: WebhookErrorCode): WebhookError {
  let error = refusals.get(code)
  if (error === undefined) {
    error = Object.freeze(withoutStack(() => new WebhookError(code)))
    refusals.set(code, error)
  }
  return error
}

/** The refusal of a genuine delivery that is stale: rare, and never the same skew twice. */
export function staleRefusal(code: 'timestamp_too_old' | 'timestamp_too_new', skewMs: number): WebhookError {
  return withoutStack(() => new WebhookError(code, skewMs))
}
