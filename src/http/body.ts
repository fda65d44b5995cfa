import { assertInteger } from '../internal/assert.js'
import { bytesOf, concatBytes } from '../internal/bytes.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import { HttpError, refused } from './errors.js'
import { type BodySource, type HttpRequest, headerOf } from './request.js'

/**
 * The bytes of a request's body, exactly as received; never a parsed value serialised anew. A stream is counted while it
 * is read and left alone beyond the limit.
 *
 * @param options `limit` in bytes, 1 to 1073741824; `within`: how long the whole body may take, '1ms' to '1h'
 * @throws HttpError `body_too_large` (also by its `content-length`, unread), `body_timeout`, `body_aborted`,
 * `body_not_raw`; TypeError | RangeError on a bad option
 */
export async function readBody(
  request: HttpRequest,
  options: { readonly limit: number; readonly within: Duration },
): Promise<Uint8Array> {
  return readWithin(request, checkLimit(options.limit), checkWithin(options.within, 'within'))
}

/** @internal */
export function checkLimit(limit: number): number {
  assertInteger(limit, 'limit', 1, 1_073_741_824)
  return limit
}

/** @internal */
export function checkWithin(within: Duration, option: string): number {
  return milliseconds(within, option, '1ms', '1h')
}

/** @internal */
export async function readWithin(request: HttpRequest, limit: number, withinMs: number): Promise<Uint8Array> {
  const { body } = request
  if (Number(headerOf(request, 'content-length') ?? 0) > limit) throw refused('body_too_large')
  switch (body.kind) {
    case 'none':
      return new Uint8Array()
    case 'parsed':
      throw refused('body_not_raw')
    case 'bytes':
      if (body.bytes.length > limit) throw refused('body_too_large')
      return body.bytes
    case 'stream':
      return readStream(body, request.signal, limit, withinMs)
  }
}

async function readStream(
  { chunks }: Extract<BodySource, { kind: 'stream' }>,
  signal: AbortSignal,
  limit: number,
  withinMs: number,
): Promise<Uint8Array> {
  let iterator: AsyncIterator<Uint8Array> | undefined
  let stop: (error: HttpError) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  // Nobody waits for it where the stream fails at once.
  stopped.catch(() => {})
  const onAbort = (): void => stop(refused('body_aborted'))
  const timer = setTimeout(() => stop(refused('body_timeout')), withinMs)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()

  const received: Uint8Array[] = []
  let length = 0
  try {
    iterator = chunks[Symbol.asyncIterator]()
    for (;;) {
      // A client that is gone comes first, even where the next chunk is there already.
      const { done, value } = await Promise.race([stopped, iterator.next()])
      if (done) return received.length === 1 ? (received[0] as Uint8Array) : concatBytes(received)
      // Text: somebody set an encoding on the stream, and what was signed is lost.
      const bytes = typeof value === 'string' ? undefined : bytesOf(value)
      if (bytes === undefined) throw refused('body_not_raw')
      length += bytes.length
      if (length > limit) throw refused('body_too_large')
      received.push(bytes)
    }
  } catch (error) {
    void letGo(iterator)
    throw error instanceof HttpError ? error : refused('body_aborted')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Not to be awaited: a stream that hangs would hang here too. Never rejects. */
async function letGo(iterator: AsyncIterator<Uint8Array> | undefined): Promise<void> {
  try {
    await iterator?.return?.()
  } catch {
    // What matters is why it was stopped.
  }
}
