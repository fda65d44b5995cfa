import { WaxsealError } from '../internal/error.js'

/**
 * What went wrong, in words for whoever runs the backend. To an outsider all of them are the same 500, or 503 where
 * trying again later may help.
 *
 * - Of `seal`: `invalid_plaintext`, `too_large` (413), `already_sealed`.
 * - Of the context: `invalid_context`.
 * - Of the stored value: `not_sealed`, `malformed`, `unsupported_version`, `tampered`, `not_text`, `legacy_failed`.
 * - Of the key: `unknown_key`, `key_disabled`, `key_destroyed`, `key_mismatch`.
 * - Of the two together: `context_mismatch`.
 * - Of a KMS: `provider_unavailable` (503), `provider_denied`, `provider_invalid_response`, `aborted` (503).
 */
export type EnvelopeErrorCode =
  | 'invalid_plaintext'
  | 'too_large'
  | 'already_sealed'
  | 'invalid_context'
  | 'not_sealed'
  | 'malformed'
  | 'unsupported_version'
  | 'unknown_key'
  | 'key_disabled'
  | 'key_destroyed'
  | 'key_mismatch'
  | 'context_mismatch'
  | 'tampered'
  | 'not_text'
  | 'legacy_failed'
  | 'provider_unavailable'
  | 'provider_denied'
  | 'provider_invalid_response'
  | 'aborted'

/** What a value that is no envelope looks like, or what happened to one on its way. */
export type Hint =
  | 'empty'
  | 'truncated'
  | 'too_long'
  | 'padding'
  | 'white_space'
  | 'standard_base64'
  | 'percent_encoded'
  | 'quoted'
  | 'upper_case'
  | 'meta_token'
  | 'jwe'
  | 'fernet'
  | 'cryptojs'
  | 'vault'
  | 'cloak'
  | 'hex_parts'

/** What an `EnvelopeError` says beside its code. */
export interface ErrorDetails {
  /** Of the key concerned. */
  readonly kid?: string | undefined
  /** What the value looks like. */
  readonly hint?: Hint | null | undefined
  /** Of a provider: whether the same call may succeed later. Default false. */
  readonly retryable?: boolean | undefined
  /** Of a provider: the SDK's error name or an HTTP status; dropped unless it is `[A-Za-z0-9_.]{1,64}`. */
  readonly providerCode?: string | undefined
  /** More for the message: words of ours and names that were validated, never input. */
  readonly remark?: string | undefined
}

/** Of every code but 500, which most have. */
const STATUS: Partial<Record<EnvelopeErrorCode, 413 | 503>> = /* @__PURE__ */ Object.freeze({
  too_large: 413,
  provider_unavailable: 503,
  aborted: 503,
})

/**
 * Why a value was not sealed, opened or rewrapped. The message is the code in words, with the kid and names where they
 * help; no token, key or stored value is in it, nor anything that a provider's SDK said.
 *
 * The constructor is public for providers of one's own.
 */
export class EnvelopeError extends WaxsealError {
  declare readonly code: EnvelopeErrorCode
  /** 413 `too_large`; 503 `provider_unavailable` and `aborted`; 500 all others, alike to an outsider. */
  declare readonly status: 413 | 500 | 503
  /** Of the key concerned, where there is one. */
  readonly kid: string | null
  /** What the value looks like, where that helps. */
  readonly hint: Hint | null
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** A provider's own word: the SDK's error name or an HTTP status; `timeout` is ours. */
  readonly providerCode: string | null

  /** A provider's failure: `new EnvelopeError('provider_unavailable', { retryable: true })`. */
  constructor(code: EnvelopeErrorCode, details: ErrorDetails = {}) {
    const { kid, hint, retryable = false, providerCode, remark } = details
    const about = [kid && `key ${kid}`, hint && `looks like ${hint}`, remark].filter(Boolean).join('; ')
    super(code, STATUS[code] ?? 500, code.replaceAll('_', ' ') + (about === '' ? '' : `: ${about}`))
    this.kid = kid ?? null
    this.hint = hint ?? null
    this.retryable = retryable
    this.providerCode =
      typeof providerCode === 'string' && /^[A-Za-z0-9_.]{1,64}$/.test(providerCode) ? providerCode : null
  }

  override get name(): string {
    return 'EnvelopeError'
  }

  /** Which key, context or byte it was is nothing for an outsider. */
  override get publicCode(): string {
    return this.code === 'too_large'
      ? this.code
      : `envelope_${this.status === 503 ? 'unavailable' : 'failed'}`
  }
}

/** Told by name and code and not by class, because two copies of the package may be loaded. Never throws. */
export function isEnvelopeError(error: unknown): error is EnvelopeError {
  try {
    const { name, code } = error as EnvelopeError
    return name === 'EnvelopeError' && typeof code === 'string'
  } catch {
    return false
  }
}
