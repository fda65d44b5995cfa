import type { BodySource, HttpRequest, HttpResponse } from '../../http/index.js'
import { bytesOf } from '../../internal/bytes.js'
import type { ExpressRequestLike, ExpressResponseLike } from './types.js'

/** The neutral request; nothing is read from the stream yet. */
export function toRequest(req: ExpressRequestLike, res: ExpressResponseLike): HttpRequest {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
  })
  const path = req.route?.path
  return {
    method: req.method.toUpperCase(),
    target: req.originalUrl,
    headers: pairs(req.rawHeaders),
    route: typeof path === 'string' ? req.baseUrl + path : undefined,
    ip: req.ip,
    body: bodyOf(req),
    signal: gone.signal,
  }
}

/** Writes the answer, unless the client is gone or somebody else has begun. */
export async function send(res: ExpressResponseLike, { status, headers, body }: HttpResponse): Promise<void> {
  const bytes = bytesOf(body ?? '') ?? new Uint8Array(await new Response(body).arrayBuffer())
  if (res.headersSent || res.destroyed) return
  res.statusCode = status
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.end(bytes)
}

function pairs(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const all: [string, string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    all.push([(rawHeaders[i] as string).toLowerCase(), rawHeaders[i + 1] as string])
  }
  return all
}

/** The bytes where a parser kept them, else the stream if nobody has read it. (http.md 5.6) */
function bodyOf(req: ExpressRequestLike): BodySource {
  const kept = bytesOf(req.rawBody) ?? bytesOf(req.body)
  if (kept !== undefined) return { kind: 'bytes', bytes: kept }
  // Express 4's parser leaves `{}` on a stream that it passed by, so `body` alone says nothing.
  if (!req.readableEnded && !req.readableDidRead) {
    return { kind: 'stream', chunks: req.iterator?.({ destroyOnReturn: false }) ?? req }
  }
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = req.headers
  return length === '0' && encoding === undefined ? { kind: 'none' } : { kind: 'parsed', value: req.body }
}
