import type { ExpressRequestLike, ExpressResponseLike } from './types.js'

/** Goes on with the next handler, or with the error handlers. */
export type ExpressNext = (error?: unknown) => void

/** Fits `RequestHandler` of Express 4 and 5. */
export type ExpressHandler = (req: ExpressRequestLike, res: ExpressResponseLike, next: ExpressNext) => void

/** Fits `ErrorRequestHandler` of Express 4 and 5. */
export type ExpressErrorHandler = (
  error: unknown,
  req: ExpressRequestLike,
  res: ExpressResponseLike,
  next: ExpressNext,
) => void
