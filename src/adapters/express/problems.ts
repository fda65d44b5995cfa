import { type ProblemOptions, renderProblem } from '../../http/index.js'
import type { ExpressErrorHandler } from './handlers.js'
import { send, toRequest } from './translate.js'

/**
 * Answers the errors of waxseal as problem documents (RFC 9457), or in your own envelope; any other error goes on to the
 * application's handlers untouched. Mount it last: `app.use(problems())`.
 */
export function problems(options: ProblemOptions = {}): ExpressErrorHandler {
  return (error, req, res, next) => {
    const response = res.headersSent ? undefined : renderProblem(error, toRequest(req, res), options)
    if (response === undefined) next(error)
    else send(res, response).catch(next)
  }
}
