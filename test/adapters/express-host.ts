/** Express 4 and 5, listening. */

import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express5, { type ErrorRequestHandler } from 'express'
import { problems, webhook } from 'waxseal/express'
import type { Listening, Serve } from '../contract/adapter.js'

export type Express = typeof express5

// An alias of the package, which no declaration knows.
const express4 = createRequire(import.meta.url)('express4') as Express

export const VERSIONS: readonly (readonly [name: string, express: Express])[] = [
  ['Express 4', express4],
  ['Express 5', express5],
]

export async function listenWith(app: RequestListener): Promise<Listening> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The application's own answer to what is not ours. */
export const teapot: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) next(error)
  else res.status(418).type('text').send(error.message)
}

export function serveWith(express: Express): Serve {
  return async ({ receiver, error, problems: options }) => {
    const app = express()
    app.all('/hook', webhook(receiver))
    app.get('/throws', () => {
      throw error
    })
    app.use(problems(options))
    app.use(teapot)
    return listenWith(app)
  }
}
