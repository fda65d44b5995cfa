/**
 * What the adapter needs of Express, structurally: nothing is imported, and the handlers fit `@types/express` 4 and 5
 * alike.
 */

/** The members of `express.Request` that are read. */
export interface ExpressRequestLike extends AsyncIterable<Uint8Array> {
  /** As in `http.IncomingMessage`. */
  readonly method: string
  /** Path and query before any router. */
  readonly originalUrl: string
  /** The path of the router that the route belongs to. */
  readonly baseUrl: string
  /** The matched route. */
  readonly route?: { readonly path?: unknown } | undefined
  /** As the `trust proxy` setting finds it. */
  readonly ip?: string | undefined
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[]
  /** As in `http.IncomingMessage`. */
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
  /** What a parser left: bytes and text are taken, anything else is a parsed body. */
  readonly body?: unknown
  /** What `keepRawBody` or a serverless platform kept. */
  readonly rawBody?: unknown
  /** Whether the stream has been read to its end. */
  readonly readableEnded: boolean
  /** Whether the stream has been read from at all. */
  readonly readableDidRead?: boolean
  /** Reads the stream without destroying the connection. */
  iterator?(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array>
}

/** The members of `express.Response` that are used. */
export interface ExpressResponseLike {
  /** As in `http.ServerResponse`. */
  statusCode: number
  /** Whether somebody has begun to answer. */
  readonly headersSent: boolean
  /** Whether the connection is gone. */
  readonly destroyed?: boolean
  /** Whether the answer has gone out whole. */
  readonly writableFinished: boolean
  /** As in `http.ServerResponse`. */
  setHeader(name: string, value: string): unknown
  /** As in `http.ServerResponse`. */
  end(body?: string | Uint8Array): unknown
  /** As in `EventEmitter`. */
  once(event: 'close', listener: () => void): unknown
}
