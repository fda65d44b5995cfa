/**
 * The HTTP flows, once, on a neutral request: what every adapter translates to, and what an adapter for any other
 * framework is built on.
 *
 * @module
 */

export { readBody } from './body.js'
export { HttpError, type HttpErrorCode } from './errors.js'
export type { EventsReport } from './events-report.js'
export type { Limiter } from './limiter.js'
export { type Problem, type ProblemOptions, renderProblem } from './problem.js'
export { type Awaitable, type Processing, processEvents } from './process-events.js'
export { createReceiver, type ReceiverBase, type ReceiverOptions, type WebhookReceiver } from './receiver.js'
export type { ReceiverEvent } from './receiver-event.js'
export type { BodySource, HttpRequest, HttpResponse } from './request.js'
export type { Enqueueing } from './settlement.js'
