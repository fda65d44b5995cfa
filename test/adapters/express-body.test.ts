import { gzipSync } from 'node:zlib'
import type { RequestHandler } from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { keepRawBody, webhook } from 'waxseal/express'
import { createReceiver, type HttpRequest, type WebhookReceiver } from 'waxseal/http'
import { metaHandshake } from 'waxseal/webhooks'
import type { Listening } from '../contract/adapter.js'
import {
  bytes,
  newReceiver,
  newWorld,
  type Options,
  pause,
  sign,
  verifier,
  working,
} from '../http/deliveries.js'
import { type Express, listenWith, teapot, VERSIONS } from './express-host.js'
import { type Answer, post, send, type Wire } from './wire.js'

const JSON_TYPE: Wire = { headers: [['content-type', 'application/json']] }
const typed = (type: string): Wire => ({ headers: [['content-type', type]] })

describe.each(VERSIONS)('%s: the body', (_name, express: Express) => {
  const open: Listening[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => listening.close()))
  })

  /** The answer of a receiver that has that in front of it. */
  async function behind(
    front: RequestHandler | readonly RequestHandler[],
    wire: Wire,
    options: Options = {},
    receiver: WebhookReceiver = newReceiver(options).receiver,
  ): Promise<Answer | undefined> {
    const app = express()
    app.use(...[front].flat())
    app.all('/hook', webhook(receiver))
    app.use(teapot)
    const listening = await listenWith(app)
    open.push(listening)
    return send(listening.port, wire)
  }

  it('is lost behind express.json(), and the answer says what to do', async () => {
    const answer = await behind(express.json(), post('a', JSON_TYPE))
    expect(answer).toMatchObject({ status: 500 })
    expect(JSON.parse(answer?.text ?? '')).toMatchObject({
      code: 'body_not_raw',
      title: expect.stringContaining('express.json({ verify: keepRawBody })'),
    })
    expect(await behind(express.json(), post('a', { ...JSON_TYPE, framing: 'chunked' }))).toMatchObject({
      status: 500,
    })
    const form = typed('application/x-www-form-urlencoded')
    expect(await behind(express.urlencoded({ extended: false }), post('a', form))).toMatchObject({
      status: 500,
    })
  })

  it('is there behind a parser of another type, and behind several', async () => {
    const parsers = [express.json(), express.urlencoded({ extended: false }), express.text(), express.raw()]
    expect(await behind(parsers, post('a'))).toMatchObject({ status: 200 })
    expect(await behind(parsers, post('a', typed('application/vnd.other')))).toMatchObject({ status: 200 })
    expect(await behind(express.json(), post('a', typed('text/plain')))).toMatchObject({ status: 200 })
    expect(await behind(express.raw(), post('a', JSON_TYPE))).toMatchObject({ status: 200 })
  })

  it('is kept by keepRawBody, byte for byte', async () => {
    const keeping = express.json({ verify: keepRawBody })
    expect(await behind(keeping, post('a', JSON_TYPE))).toMatchObject({ status: 200 })
    expect(await behind(keeping, post('a', { ...JSON_TYPE, framing: 'chunked', pieces: 3 }))).toMatchObject({
      status: 200,
    })
    const escaped = bytes('[ {"id": "\\u00e9\\/"} ]\n')
    expect(await behind(keeping, post(escaped, JSON_TYPE))).toMatchObject({ status: 200 })
    expect(await behind(keeping, post(bytes('\uFEFF[{"id":"a"}]'), JSON_TYPE))).toMatchObject({ status: 200 })
    const form = typed('application/x-www-form-urlencoded')
    const urlencoded = express.urlencoded({ extended: false, verify: keepRawBody })
    expect(await behind(urlencoded, post('a', form))).toMatchObject({ status: 200 })
  })

  it('is checked as it was kept: the parser changes nothing about a forgery', async () => {
    const forged = { ...post('a', JSON_TYPE), body: sign('b').bytes }
    expect(await behind(express.json({ verify: keepRawBody }), forged)).toMatchObject({ status: 401 })
  })

  it.each([
    ['express.json with keepRawBody', () => express.json({ verify: keepRawBody })],
    ['express.json', () => express.json()],
    ['express.raw', () => express.raw({ type: '*/*' })],
    ['nothing', () => ((_req, _res, next) => next()) as RequestHandler],
  ])('is refused compressed, whatever %s has made of it', async (_what, front) => {
    const { headers = [], body = bytes('') } = post('a', JSON_TYPE)
    const wire = { headers: [...headers, ['content-encoding', 'gzip'] as const], body: gzipSync(body) }
    expect(await behind(front(), wire)).toMatchObject({ status: 415 })
  })

  it.each(['identity', 'Identity'])(
    'is kept by keepRawBody under content-encoding %s, which is none',
    async (coding) => {
      const { headers = [], body = bytes('') } = post('a', JSON_TYPE)
      const wire = { headers: [...headers, ['content-encoding', coding] as const], body }
      expect(await behind(express.json({ verify: keepRawBody }), wire)).toMatchObject({ status: 200 })
    },
  )

  it('is there behind express.raw and express.text', async () => {
    expect(await behind(express.raw({ type: '*/*' }), post('a', JSON_TYPE))).toMatchObject({ status: 200 })
    expect(await behind(express.text({ type: '*/*' }), post('a', JSON_TYPE))).toMatchObject({ status: 200 })
  })

  it('was decoded by express.text: what was not UTF-8 is not what was signed', async () => {
    const wire = post(new Uint8Array([0x22, 0xff, 0x22]), JSON_TYPE)
    expect(await behind(express.text({ type: '*/*' }), wire)).toMatchObject({ status: 401 })
    expect(await behind(express.raw({ type: '*/*' }), wire)).toMatchObject({ status: 422 })
  })

  it.each([
    ['bytes', (wire: Wire) => Buffer.from(wire.body ?? [])],
    ['text', (wire: Wire) => Buffer.from(wire.body ?? []).toString()],
  ])('is req.rawBody where a platform left it there as %s', async (_what, raw) => {
    const wire = post('a', JSON_TYPE)
    const platform: RequestHandler = (req, _res, next) => {
      Object.assign(req, { rawBody: raw(wire) })
      next()
    }
    expect(await behind([express.json(), platform], wire)).toMatchObject({ status: 200 })
  })

  it('that is empty is empty, not lost', async () => {
    const empty = bytes('')
    const options: Options = { events: () => [] }
    const fronts = [
      express.json(),
      express.json({ verify: keepRawBody }),
      express.raw({ type: '*/*' }),
      express.text({ type: '*/*' }),
    ]
    for (const front of fronts) {
      for (const framing of ['length', 'none'] as const) {
        expect(await behind(front, post(empty, { ...JSON_TYPE, framing }), options)).toMatchObject({
          status: 200,
        })
      }
    }
  })

  it('is not needed for a handshake, whatever stands in front', async () => {
    const token = 'a-verify-token-of-ours'
    const handshake = metaHandshake({ verifyTokens: [{ id: 'v', secret: token }] })
    const target = `/hook?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=42`
    const wire: Wire = { method: 'GET', target, framing: 'none' }
    expect(await behind(express.json(), wire, { handshake })).toMatchObject({ status: 200, text: '42' })
  })

  it('waits on the stream while something in front takes its time', async () => {
    const slow: RequestHandler = (_req, _res, next) => void pause(30).then(() => next())
    expect(await behind(slow, post('a', { pieces: 4 }))).toMatchObject({ status: 200 })
  })

  it('is lost where somebody decodes the stream as text', async () => {
    const decoding: RequestHandler = (req, _res, next) => {
      req.setEncoding('utf8')
      next()
    }
    expect(await behind(decoding, post('a'))).toMatchObject({ status: 500 })
  })

  it('is lost where somebody has begun to read it', async () => {
    const nibbling: RequestHandler = (req, _res, next) => {
      req.once('data', () => {
        req.pause()
        next()
      })
    }
    expect(await behind(nibbling, post('a', { pieces: 2 }))).toMatchObject({ status: 500 })
  })

  it('that a parser finds too large or broken never reaches the receiver', async () => {
    const receiver = { handle: vi.fn() }
    const large = bytes(JSON.stringify('x'.repeat(102_400)))
    expect(await behind(express.json(), post(large, JSON_TYPE), {}, receiver)).toMatchObject({ status: 418 })
    expect(await behind(express.json(), post(bytes('{'), JSON_TYPE), {}, receiver)).toMatchObject({
      status: 418,
    })
    expect(receiver.handle).not.toHaveBeenCalled()
  })
})

describe.each(VERSIONS)('%s: the request', (_name, express: Express) => {
  const open: Listening[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => listening.close()))
  })

  /** What a receiver is given. */
  async function seen(wire: Wire, trustProxy = false): Promise<HttpRequest> {
    let given: HttpRequest | undefined
    const receiver = createReceiver({
      ...working(newWorld()),
      verifier: (request) => {
        given = request
        return verifier
      },
    })
    const router = express.Router()
    router.post('/hooks/:account', webhook(receiver))
    const app = express()
    app.set('trust proxy', trustProxy)
    app.use('/api', router)
    const listening = await listenWith(app)
    open.push(listening)
    expect(await send(listening.port, wire)).toMatchObject({ status: 200 })
    return given as HttpRequest
  }

  it('has its target as it was sent, and its route as a template', async () => {
    const target = '/api/hooks/a%2Fb?x=1&x=%32#'
    const { method, target: found, route } = await seen(post('a', { target }))
    expect({ method, found, route }).toEqual({ method: 'POST', found: target, route: '/api/hooks/:account' })
  })

  it('has every header in order, doubled ones doubled, names in lower case', async () => {
    const headers = [
      ['X-Twice', 'one'],
      ['Cookie', 'a=1'],
      ['x-twice', 'Two'],
    ] as const
    const given = await seen(post('a', { target: '/api/hooks/1', headers }))
    expect(given.headers.filter(([name]) => name === 'x-twice' || name === 'cookie')).toEqual([
      ['x-twice', 'one'],
      ['cookie', 'a=1'],
      ['x-twice', 'Two'],
    ])
  })

  it('has the address that the application’s own proxy setting finds', async () => {
    const wire = post('a', { target: '/api/hooks/1', headers: [['x-forwarded-for', '203.0.113.9']] })
    expect((await seen(wire)).ip).toBe('127.0.0.1')
    expect((await seen(wire, true)).ip).toBe('203.0.113.9')
  })

  it('has a signal that a finished answer does not abort', async () => {
    const { signal } = await seen(post('a', { target: '/api/hooks/1' }))
    await pause(20)
    expect(signal.aborted).toBe(false)
  })
})
