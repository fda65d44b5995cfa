/**
 * The neutral request and answer. Policy in this folder is written on them, once; an adapter turns a framework's
 * request into the one and the other back into its answer, and holds no policy.
 */

/** A request as it came off the wire, before any router or parser. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string
  /** Path and query exactly as received. */
  readonly target: string
  /** Every occurrence in order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The route's template, where the framework knows it. */
  readonly route?: string | undefined
  /** As the framework's own proxy setting found it. */
  readonly ip?: string | undefined
  /** Not read yet. */
  readonly body: BodySource
  /** Aborts when the client goes away. It never reaches an event handler. */
  readonly signal: AbortSignal
  /** Keeps a serverless runtime alive until the work is done. */
  waitUntil?(work: Promise<unknown>): void
}

/**
 * Where the body is. `parsed`: a parser consumed the stream and left no bytes, so what was signed is lost.
 */
export type BodySource =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: 'parsed'; readonly value: unknown }

/** What to answer. Header names are in lower case. */
export interface HttpResponse {
  /** The HTTP status. */
  readonly status: number
  /** At most one value each. */
  readonly headers: Readonly<Record<string, string>>
  /** Absent: empty. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined
}

/** The only value of a header; `undefined` where it is absent, or there more than once and so means nothing. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  const found = request.headers.filter(([other]) => other === name)
  return found.length === 1 ? found[0]?.[1] : undefined
}
