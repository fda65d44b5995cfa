import { WaxsealError } from '../internal/error.js'
import type { HttpRequest, HttpResponse } from './request.js'

/** A problem document (RFC 9457), members in this order. */
export interface Problem {
  /** `urn:waxseal:error:<code>` */
  readonly type: string
  /** The error's message; the code in words where the error is only the operator's affair. */
  readonly title: string
  /** The HTTP status. */
  readonly status: number
  /** Stable, in `lower_snake_case`. */
  readonly code: string
  /** Only where the error has something to say that everybody may read. */
  readonly detail?: string
  /** `urn:request:<id>` where there is an id. */
  readonly instance?: string
}

/** How refusals are written. */
export interface ProblemOptions {
  /**
   * Your own error envelope: what it returns is sent as `application/json`. Where it throws, the problem document is
   * sent after all.
   */
  readonly envelope?: ((problem: Problem, requestId: string | undefined) => unknown) | undefined
  /** The id under which you log the request. Default: none. */
  readonly requestId?: ((request: HttpRequest) => string | undefined) | undefined
}

/**
 * The answer to an error of waxseal; `undefined` for any other, which is the application's to handle.
 *
 * Every answer is `cache-control: no-store`; an error with a `retryAt` gets `retry-after`, a 401 its `www-authenticate`
 * (RFC 6750 §3).
 */
export function renderProblem(
  error: unknown,
  request: HttpRequest,
  options: ProblemOptions = {},
): HttpResponse | undefined {
  if (!(error instanceof WaxsealError)) return undefined
  const {
    publicCode: code,
    status,
    detail,
    retryAt,
  } = error as WaxsealError & {
    detail?: string
    retryAt?: number
  }
  const requestId = attempt(() => options.requestId?.(request))
  const problem: Problem = {
    type: `urn:waxseal:error:${code}`,
    title: code === error.code ? error.message : code.replaceAll('_', ' '),
    status,
    code,
    ...(typeof detail === 'string' && { detail }),
    ...(requestId !== undefined && { instance: `urn:request:${requestId}` }),
  }
  const enveloped = attempt(() => options.envelope && JSON.stringify(options.envelope(problem, requestId)))
  return {
    status,
    headers: {
      'content-type': enveloped ? 'application/json' : 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(retryAt !== undefined && { 'retry-after': retryAfter(retryAt) }),
      ...(status === 401 && { 'www-authenticate': challenge(request) }),
    },
    body: enveloped ?? JSON.stringify(problem),
  }
}

/** Whole seconds from now, at least one (RFC 9110 §10.2.3). */
export function retryAfter(retryAt: number): string {
  return String(Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)))
}

function challenge({ headers }: HttpRequest): string {
  const sentKey = headers.some(([name]) => name === 'authorization' || name === 'x-api-key')
  return sentKey ? 'Bearer realm="api", error="invalid_token"' : 'Bearer realm="api"'
}

function attempt<T>(render: () => T): T | undefined {
  try {
    return render()
  } catch {
    return undefined
  }
}
