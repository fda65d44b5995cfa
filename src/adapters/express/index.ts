/**
 * Express 4 and 5.
 *
 * @module
 */

export type { ExpressErrorHandler, ExpressHandler, ExpressNext } from './handlers.js'
export { keepRawBody } from './keep-raw-body.js'
export { problems } from './problems.js'
export type { ExpressRequestLike, ExpressResponseLike } from './types.js'
export { webhook } from './webhook.js'
