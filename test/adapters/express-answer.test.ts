import type { RequestHandler } from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { problems, webhook } from 'waxseal/express'
import { HttpError, type HttpRequest, type HttpResponse } from 'waxseal/http'
import type { Listening } from '../contract/adapter.js'
import { newReceiver, pause, until } from '../http/deliveries.js'
import { type Express, listenWith, teapot, VERSIONS } from './express-host.js'
import { type Answer, post, send } from './wire.js'

describe.each(VERSIONS)('%s: the answer', (_name, express: Express) => {
  const open: Listening[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => listening.close()))
  })

  async function serve(...handlers: readonly RequestHandler[]): Promise<number> {
    const app = express()
    app.all('/hook', ...handlers)
    app.use(problems(), teapot)
    const listening = await listenWith(app)
    open.push(listening)
    return listening.port
  }

  const controlled = async (response: HttpResponse): Promise<Answer | undefined> =>
    send(await serve(webhook(newReceiver({ control: () => response }).receiver)), post('a'))

  it('of a control message is sent as it is', async () => {
    const headers = { 'content-type': 'application/json', 'x-more': '1' }
    expect(await controlled({ status: 202, headers, body: '{"challenge":"é"}' })).toMatchObject({
      status: 202,
      headers,
      text: '{"challenge":"é"}',
    })
    expect(await controlled({ status: 200, headers: {}, body: new Uint8Array([104, 105]) })).toMatchObject({
      text: 'hi',
    })
  })

  it('of bytes or of a stream is sent as it is', async () => {
    for (const body of [new Uint8Array([97, 61, 49]), new Blob(['a=1']).stream()]) {
      const answer = await controlled({ status: 200, headers: {}, body })
      expect(answer).toMatchObject({ status: 200, text: 'a=1' })
    }
  })

  it.each([
    ['a promise', Promise.resolve({ status: 200, headers: {} })],
    ['text', 'challenge'],
    ['an answer without headers', { status: 200 }],
    ['an answer without a status', { headers: {} }],
    ['an object as the body', { status: 200, headers: {}, body: { challenge: 'x' } }],
    ['null', null],
  ])('of control that is none is a mistake of ours, and is not sent: %s', async (_what, reply) => {
    expect(await controlled(reply as never)).toMatchObject({ status: 422 })
  })

  it('with a header that cannot be sent is an error of the application, not the end of the process', async () => {
    const answer = await controlled({ status: 200, headers: { 'x-a': 'line\nbreak' } })
    expect(answer).toMatchObject({ status: 418 })
  })

  it('with a body that fails is an error of the application', async () => {
    const body = new ReadableStream({
      pull() {
        throw new Error('disk')
      },
    })
    expect(await controlled({ status: 200, headers: {}, body })).toMatchObject({ status: 418, text: 'disk' })
  })

  it('of a receiver that rejects goes to the error handlers', async () => {
    const port = await serve(webhook({ handle: () => Promise.reject(new Error('mine')) }))
    expect(await send(port, post('a'))).toMatchObject({ status: 418, text: 'mine' })
    const ours = await serve(webhook({ handle: () => Promise.reject(new HttpError('not_found')) }))
    expect(await send(ours, post('a'))).toMatchObject({ status: 404 })
  })

  it('is not written where the client is gone', async () => {
    const { receiver, observed } = newReceiver()
    const end = vi.fn()
    const watch: RequestHandler = (_req, res, next) => {
      res.end = end
      next()
    }
    await send(await serve(watch, webhook(receiver)), post('a', { stopAfter: 3, hangUp: true }))
    await until(() => observed.length === 1)
    await pause(10)
    expect(end).not.toHaveBeenCalled()
  })

  it('is not written where somebody else has begun', async () => {
    const { receiver } = newReceiver()
    const next = vi.fn()
    const begun: RequestHandler = (req, res) => {
      res.setHeader('content-length', '5')
      res.write('be')
      webhook(receiver)(req, res, next)
      setTimeout(() => res.end('gun'), 30)
    }
    expect(await send(await serve(begun), post('a'))).toMatchObject({ status: 200, text: 'begun' })
    expect(next).not.toHaveBeenCalled()
  })

  it('of problems goes on to the application where somebody else has begun', async () => {
    const late: RequestHandler = (_req, res, next) => {
      res.setHeader('content-length', '10')
      res.write('begun')
      next(new HttpError('not_found'))
    }
    expect(await send(await serve(late), post('a'))).toBeUndefined()
  })

  it('about too large a body arrives however long it takes: the stream is let go, not torn down', async () => {
    const { receiver } = newReceiver({ limit: 10 })
    const late = {
      async handle(request: HttpRequest) {
        const response = await receiver.handle(request)
        await pause(30)
        return response
      },
    }
    const wire = post('a b c', { framing: 'chunked', stopAfter: 20 })
    expect(await send(await serve(webhook(late)), wire)).toMatchObject({ status: 413 })
  })

  it('is not waited for by a client that is gone, and the request says so', async () => {
    let given: HttpRequest | undefined
    const forever = {
      handle(request: HttpRequest) {
        given = request
        return new Promise<never>(() => {})
      },
    }
    const wire = post('a')
    const hangingUp = { ...wire, stopAfter: wire.body?.length ?? 0, hangUp: true }
    await send(await serve(webhook(forever)), hangingUp)
    await until(() => given?.signal.aborted === true)
  })
})
