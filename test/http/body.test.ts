import { describe, expect, it, vi } from 'vitest'
import { type BodySource, HttpError, type HttpRequest, readBody } from 'waxseal/http'
import { bytes, chunksOf, request } from './deliveries.js'

const read = (body: BodySource, parts: Partial<HttpRequest> = {}, limit = 8, within = '10s' as const) =>
  readBody(request({ body, ...parts }), { limit, within })

const stream = (...parts: readonly string[]): BodySource => ({
  kind: 'stream',
  chunks: chunksOf(...parts.map(bytes)),
})

/** A stream under the test's control; without `next` it hangs. */
function source(
  iterator: Partial<AsyncIterator<Uint8Array>>,
): BodySource & { readonly returned: ReturnType<typeof vi.fn> } {
  const returned = vi.fn(async () => ({ done: true as const, value: undefined }))
  const hang = () => new Promise<never>(() => {})
  const chunks = { [Symbol.asyncIterator]: () => ({ next: hang, return: returned, ...iterator }) }
  return { kind: 'stream', chunks, returned }
}

const refused = (code: HttpError['code']) => expect.objectContaining({ name: 'HttpError', code })

describe('readBody', () => {
  it('gives no bytes for a request without a body', async () => {
    expect(await read({ kind: 'none' })).toEqual(new Uint8Array())
  })

  it('gives bytes that were kept as they are, without a copy', async () => {
    const kept = bytes('12345678')
    expect(await read({ kind: 'bytes', bytes: kept })).toBe(kept)
  })

  it('gives the chunks of a stream in order, also empty ones and none at all', async () => {
    expect(await read(stream('12', '', '345', '678'))).toEqual(bytes('12345678'))
    expect(await read(stream('12345678'))).toEqual(bytes('12345678'))
    expect(await read(stream())).toEqual(new Uint8Array())
    expect(await read(stream('', ''))).toEqual(new Uint8Array())
  })

  it('takes exactly the limit and not a byte more, whatever the chunks', async () => {
    const tooLarge = refused('body_too_large')
    await expect(read({ kind: 'bytes', bytes: bytes('123456789') })).rejects.toEqual(tooLarge)
    await expect(read(stream('123456789'))).rejects.toEqual(tooLarge)
    await expect(read(stream('12345678', '9'))).rejects.toEqual(tooLarge)
    await expect(read(stream('1', '2', '3', '4', '5', '6', '7', '8', '9'))).rejects.toEqual(tooLarge)
  })

  it('stops reading at the first chunk beyond the limit and lets the stream go', async () => {
    const next = vi.fn(async () => ({ done: false as const, value: bytes('12345') }))
    const endless = source({ next })
    await expect(read(endless)).rejects.toEqual(refused('body_too_large'))
    expect(next).toHaveBeenCalledTimes(2)
    expect(endless.returned).toHaveBeenCalledOnce()
  })

  it('refuses by a declared length, without touching the stream', async () => {
    const next = vi.fn()
    const headers = [['content-length', '9']] as const
    await expect(read(source({ next }), { headers })).rejects.toEqual(refused('body_too_large'))
    expect(next).not.toHaveBeenCalled()
    await expect(read({ kind: 'none' }, { headers })).rejects.toEqual(refused('body_too_large'))
  })

  it.each(['5', '8', 'many', '', '-1'])(
    'counts for itself under a declared length of "%s"',
    async (length) => {
      const headers = [['content-length', length]] as const
      expect(await read(stream('1234', '5678'), { headers })).toEqual(bytes('12345678'))
      await expect(read(stream('1234', '56789'), { headers })).rejects.toEqual(refused('body_too_large'))
    },
  )

  it('never serialises a parsed value anew', async () => {
    const parsed = { kind: 'parsed', value: { a: 1 } } as const
    await expect(read(parsed)).rejects.toEqual(refused('body_not_raw'))
    await expect(read(parsed)).rejects.toThrow('express.json({ verify: keepRawBody })')
  })

  it('takes no text from a stream: somebody has decoded it', async () => {
    const decoded = source({ next: async () => ({ done: false, value: 'text' as unknown as Uint8Array }) })
    await expect(read(decoded)).rejects.toEqual(refused('body_not_raw'))
    expect(decoded.returned).toHaveBeenCalledOnce()
  })

  it('counts and joins the bytes of any view', async () => {
    const view = async (value: ArrayBufferView) => {
      const values = [value]
      return read(
        source({ next: async () => ({ done: values.length === 0, value: values.pop() as Uint8Array }) }),
      )
    }
    expect(await view(new DataView(bytes('12345678').buffer))).toEqual(bytes('12345678'))
    expect(await view(new Uint16Array(bytes('12345678').buffer))).toEqual(bytes('12345678'))
    await expect(view(new DataView(bytes('123456789').buffer))).rejects.toEqual(refused('body_too_large'))
    await expect(view(new Uint16Array(bytes('1234567890').buffer))).rejects.toEqual(refused('body_too_large'))
  })

  it('gives up on a stream that hangs, also where letting it go hangs', async () => {
    const hanging = source({ return: vi.fn(() => new Promise<never>(() => {})) })
    await expect(read(hanging, {}, 8, '20ms' as '10s')).rejects.toEqual(refused('body_timeout'))
  })

  it('gives up on a stream that trickles: the time is for the whole body', async () => {
    let given = 0
    const trickle = source({
      next: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        given++
        return { done: false, value: new Uint8Array(1) }
      },
    })
    await expect(read(trickle, {}, 1_000_000, '100ms' as '10s')).rejects.toEqual(refused('body_timeout'))
    expect(trickle.returned).toHaveBeenCalledOnce()
    expect(given).toBeLessThan(100)
  })

  it('is aborted when the client went away before', async () => {
    const signal = AbortSignal.abort()
    await expect(read(stream('1234'), { signal })).rejects.toEqual(refused('body_aborted'))
    const hanging = source({})
    await expect(read(hanging, { signal })).rejects.toEqual(refused('body_aborted'))
    expect(hanging.returned).toHaveBeenCalledOnce()
    const ready = source({ next: () => Promise.resolve({ done: true, value: undefined }) })
    await expect(read(ready, { signal })).rejects.toEqual(refused('body_aborted'))
  })

  it('is aborted when the client goes away in the middle', async () => {
    const client = new AbortController()
    let asked = 0
    const half = source({
      next: () => {
        if (asked++ > 0) {
          client.abort()
          return new Promise<never>(() => {})
        }
        return Promise.resolve({ done: false, value: bytes('12') })
      },
    })
    await expect(read(half, { signal: client.signal })).rejects.toEqual(refused('body_aborted'))
    expect(half.returned).toHaveBeenCalledOnce()
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('ECONNRESET with the body in it'))],
    [
      'throws',
      () => {
        throw new Error('ECONNRESET with the body in it')
      },
    ],
  ])('is aborted when the stream %s, and the cause goes no further', async (_how, next) => {
    const error = await read(source({ next })).catch((reason: unknown) => reason)
    expect(error).toEqual(refused('body_aborted'))
    expect(error).not.toHaveProperty('cause')
    expect(String(error)).not.toContain('ECONNRESET')
  })

  it('is aborted when the stream cannot even be opened', async () => {
    const chunks = {
      [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => {
        throw new TypeError('ReadableStream is locked')
      },
    }
    await expect(read({ kind: 'stream', chunks })).rejects.toEqual(refused('body_aborted'))
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('late'))],
    [
      'throws',
      () => {
        throw new Error('at once')
      },
    ],
  ])('says why it stopped even where letting the stream go %s', async (_how, letGo) => {
    const next = async () => ({ done: false as const, value: bytes('123456789') })
    await expect(read(source({ next, return: letGo }))).rejects.toEqual(refused('body_too_large'))
  })

  it('leaves no rejection behind, whichever of client and stream fails first', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const broken = (): never => {
      throw new Error('broken')
    }
    const signal = AbortSignal.abort()
    await read({ kind: 'stream', chunks: { [Symbol.asyncIterator]: broken } }, { signal }).catch(() => {})
    await read(source({ next: broken }), { signal }).catch(() => {})
    let fail = (_error: Error): void => {}
    const next = () =>
      new Promise<never>((_, reject) => {
        fail = reject
      })
    await expect(read(source({ next }), {}, 8, '5ms' as '10s')).rejects.toBeInstanceOf(HttpError)
    fail(new Error('socket closed'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('leaves neither a timer nor a listener behind', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    await read(stream('1234'), { signal })
    await read(stream('123456789'), { signal }).catch(() => {})
    expect(removed.mock.calls).toEqual(added.mock.calls)
    expect(cleared.mock.calls.length).toBeGreaterThanOrEqual(2)
    cleared.mockRestore()
  })

  it.each([
    [{ limit: Number.NaN, within: '1s' }, RangeError, 'limit'],
    [{ limit: '8', within: '1s' }, TypeError, 'limit'],
    [{ limit: 8, within: 1000 }, TypeError, 'within'],
    [{ limit: 8, within: '30d' }, RangeError, 'within'],
  ])('rejects options %o, which would mean no limit at all', async (options, kind, option) => {
    const reading = readBody(request(), options as Parameters<typeof readBody>[1])
    await expect(reading).rejects.toBeInstanceOf(kind)
    await expect(reading).rejects.toThrow(`${option}: `)
  })
})
