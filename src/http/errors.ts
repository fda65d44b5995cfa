import { WaxsealError, withoutStack } from '../internal/error.js'

/**
 * Why a request was not served. The status is the code's own, save that `webhook_refused` takes the refusal's, so that
 * one answer covers them all and tells a forger nothing.
 */
export type HttpErrorCode =
  | 'body_aborted'
  | 'not_found'
  | 'method_not_allowed'
  | 'body_timeout'
  | 'body_too_large'
  | 'payload_unreadable'
  | 'rate_limited'
  | 'webhook_refused'
  | 'body_not_raw'
  | 'verifier_unavailable'

const CODES: Record<HttpErrorCode, readonly [status: number, message: string]> =
  /* @__PURE__ */ Object.freeze({
    body_aborted: [400, 'The client went away before the body had arrived'],
    not_found: [404, 'Nothing is here'],
    method_not_allowed: [405, 'The method is not allowed here'],
    body_timeout: [408, 'The body did not arrive in time'],
    body_too_large: [413, 'The body is too large'],
    payload_unreadable: [422, 'The signature is right, but the payload could not be read'],
    rate_limited: [429, 'Too many requests'],
    webhook_refused: [400, 'The delivery was refused'],
    body_not_raw: [
      500,
      'A parser ran before: mount webhook() above it, or give express.json({ verify: keepRawBody })',
    ],
    verifier_unavailable: [503, 'The secrets could not be looked up'],
  })

/** A request that a flow turned away. Its message is fixed per code. */
export class HttpError extends WaxsealError {
  declare readonly code: HttpErrorCode
  /** Epoch milliseconds from when a repetition makes sense; becomes `Retry-After`. */
  declare readonly retryAt?: number

  /** @internal */
  constructor(
    code: HttpErrorCode,
    options: { readonly status?: number; readonly retryAt?: number | undefined } = {},
  ) {
    const [status, message] = CODES[code]
    super(code, options.status ?? status, message)
    if (options.retryAt !== undefined) this.retryAt = options.retryAt
  }

  override get name(): string {
    return 'HttpError'
  }
}

/** A refusal as the flows throw it: without a stack, because whoever floods us must not choose what it costs. */
export function refused(
  code: HttpErrorCode,
  options?: ConstructorParameters<typeof HttpError>[1],
): HttpError {
  return withoutStack(() => new HttpError(code, options))
}
