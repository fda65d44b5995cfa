/**
 * The promise of every adapter: the same request, the same answer. Section 7 of the design of the HTTP flows as data,
 * run over real sockets; a framework brings only its way to mount things.
 */

import { afterEach, describe, expect, it } from 'vitest'
import { createReceiver, type ProblemOptions, type WebhookReceiver } from 'waxseal/http'
import { createSigner, createVerifier, metaHandshake, standardWebhooks } from 'waxseal/webhooks'
import { describeProblems, describeStories } from '../adapters/stories.js'
import { type Answer, post, send, type Wire } from '../adapters/wire.js'
import {
  bytes,
  idempotencyOver,
  newWorld,
  type Options,
  SECRET,
  sign,
  storeAway,
  type TestEvent,
  type World,
  working,
} from '../http/deliveries.js'

/** What is mounted, and where. */
export interface Site {
  /** At `/hook`, for every method, with nothing in front. */
  readonly receiver: WebhookReceiver
  /** Thrown by the handler of `GET /throws`. */
  readonly error?: unknown
  /** Of `problems`, which covers `/throws`. What it passes on, the application answers: 418, the error's message. */
  readonly problems?: ProblemOptions
}

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** A framework with its adapter. */
export type Serve = (site: Site) => Promise<Listening>

type Expected = Omit<Partial<Answer>, 'headers'> & {
  readonly headers?: Readonly<Record<string, unknown>>
  /** Of the problem document. */
  readonly code?: string
}

interface Row {
  /** Of the table of section 7. */
  readonly row: number
  readonly when: string
  readonly options?: () => Options
  /** One after the other. A number alone is the status. */
  readonly exchanges: readonly (readonly [Wire, number | Expected])[]
  /** Events whose handler returned, in order. */
  readonly ran?: readonly string[]
}

const having = (name: string, value: string): Wire => ({ headers: [[name, value]] })
const SIGNATURE = 'x-hub-signature-256'
const FORGED = `sha256=${'0'.repeat(64)}`
const body = sign('a').bytes
const refusal = (status: number): Expected => ({
  status,
  code: 'webhook_refused',
  headers: { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' },
})

const TOKEN = 'a-verify-token-of-ours'
const handshake = metaHandshake({ verifyTokens: [{ id: 'v', secret: TOKEN }] })
const subscribe = (token: string, method = 'GET'): Wire => ({
  method,
  target: `/hook?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`,
  framing: 'none',
})

const standard = [{ id: 'k', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }]
const stale = (): Wire => {
  const signer = createSigner(standardWebhooks, { secrets: standard })
  const { headers, body: signed } = signer.sign({ body: '[]', signedAt: Date.now() - 301_000 })
  return { headers: Object.entries(headers), body: signed }
}

/** A body of exactly that many bytes: one event with a long note. */
const sized = (length: number): Uint8Array => {
  const empty = JSON.stringify([{ id: 'a', note: '' }]).length
  return bytes(JSON.stringify([{ id: 'a', note: 'x'.repeat(length - empty) }]))
}
const LIMIT = 70_000
const tooLarge: Expected = { status: 413, code: 'body_too_large', headers: { connection: 'close' } }
const failing = (id: string, reason: unknown): Options => {
  let failed = false
  return {
    handle({ data }) {
      if (data.id !== id || failed) return
      failed = true
      throw reason
    },
  }
}
const day = 86_400_000
const throwing = () => {
  throw new Error('observer')
}

const ROWS: readonly Row[] = [
  { row: 1, when: 'the signature is right', exchanges: [[post('a'), { status: 200, text: '' }]], ran: ['a'] },
  {
    row: 1,
    when: 'the signature is wrong, missing, doubled or no signature',
    exchanges: [
      [{ body, ...having(SIGNATURE, FORGED) }, refusal(401)],
      [{ body }, refusal(400)],
      [post('a', having(SIGNATURE, FORGED)), refusal(400)],
      [{ body, ...having(SIGNATURE, 'none') }, refusal(400)],
    ],
  },
  {
    row: 1,
    when: 'the signature is right, but stale',
    options: () => ({ verifier: createVerifier(standardWebhooks, { secrets: standard }) }),
    exchanges: [[stale(), refusal(401)]],
  },
  {
    row: 2,
    when: 'there is no content type, or another one, or nonsense',
    exchanges: [
      [post('a'), 200],
      [post('b', having('content-type', 'text/plain')), 200],
      [post('c', having('content-type', 'application/x-www-form-urlencoded')), 200],
      [post('d', having('content-type', 'application/json; charset=utf-16')), 200],
      [post('e', having('content-type', 'multipart/form-data')), 200],
    ],
    ran: ['a', 'b', 'c', 'd', 'e'],
  },
  {
    row: 2,
    when: 'JSON begins with a BOM',
    exchanges: [[post(bytes('\uFEFF[{"id":"a"}]'), having('content-type', 'application/json')), 200]],
    ran: ['a'],
  },
  {
    row: 2,
    when: 'what was signed is not UTF-8, is empty or is no JSON',
    exchanges: [
      [post(new Uint8Array([0x5b, 0xff, 0xfe, 0x5d])), { status: 422, code: 'payload_unreadable' }],
      [post(new Uint8Array()), { status: 422, code: 'payload_unreadable' }],
      [post(new Uint8Array(), { framing: 'chunked' }), { status: 422, code: 'payload_unreadable' }],
      [post(new Uint8Array(), { framing: 'none' }), { status: 422, code: 'payload_unreadable' }],
      [
        post(bytes('{"id":'), having('content-type', 'application/json')),
        { status: 422, code: 'payload_unreadable' },
      ],
    ],
  },
  {
    row: 3,
    when: 'a body is as large as the limit, or one byte larger',
    options: () => ({ limit: LIMIT }),
    exchanges: [
      [post(sized(LIMIT)), 200],
      [post(sized(LIMIT), { framing: 'chunked', pieces: 20_000 }), 200],
      [post(sized(LIMIT + 1), { stopAfter: 1000 }), tooLarge],
      // What is sent behind the answer makes the kernel reset the connection, and may take the answer along.
      [post(sized(LIMIT + 9), { framing: 'chunked', pieces: 20_000, stopAfter: LIMIT + 1 }), tooLarge],
    ],
    ran: ['a'],
  },
  {
    row: 3,
    when: 'a length is declared that is beyond the limit: not a byte of it is waited for',
    options: () => ({ limit: LIMIT }),
    exchanges: [[post('a', { framing: LIMIT + 1, stopAfter: 0 }), tooLarge]],
  },
  {
    row: 3,
    when: 'a body does not arrive in time',
    options: () => ({ bodyWithin: '200ms' }),
    exchanges: [
      [post('a', { stopAfter: 3 }), { status: 408, code: 'body_timeout', headers: { connection: 'close' } }],
      [post('a', { stopAfter: 3, framing: 'chunked' }), { status: 408, code: 'body_timeout' }],
    ],
  },
  {
    row: 3,
    when: 'it arrives a byte at a time',
    exchanges: [
      [post('a', { pieces: 1 }), 200],
      [post('b', { pieces: 1, framing: 'chunked' }), 200],
    ],
    ran: ['a', 'b'],
  },
  {
    row: 4,
    when: 'the body is compressed',
    exchanges: [
      [post('a', having('content-encoding', 'gzip')), refusal(415)],
      [post('a', having('content-encoding', 'identity')), 200],
    ],
    ran: ['a'],
  },
  {
    row: 7,
    when: 'a handshake is right, or wrong',
    options: () => ({ handshake }),
    exchanges: [
      [
        subscribe(TOKEN),
        {
          status: 200,
          text: '1158201444',
          headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
        },
      ],
      [subscribe(TOKEN, 'HEAD'), { status: 200, text: '' }],
      [subscribe('a-verify-token-of-others'), refusal(403)],
      [{ method: 'GET', framing: 'none' }, refusal(403)],
      [post('a', { method: 'PUT' }), { status: 405, headers: { allow: 'GET, HEAD, POST' } }],
    ],
  },
  {
    row: 7,
    when: 'no handshake is configured',
    exchanges: [
      [subscribe(TOKEN), { status: 405, code: 'method_not_allowed', headers: { allow: 'POST' } }],
      [subscribe(TOKEN, 'HEAD'), { status: 405, headers: { allow: 'POST' } }],
      [post('a', { method: 'DELETE' }), { status: 405, headers: { allow: 'POST' } }],
    ],
  },
  {
    row: 8,
    when: 'the second of three events throws: the redelivery runs it alone',
    options: () => failing('b', new Error('second')),
    exchanges: [
      [post('a b c'), { status: 500, text: '' }],
      [post('a b c'), 200],
    ],
    ran: ['a', 'c', 'b'],
  },
  { row: 9, when: 'an event is there twice', exchanges: [[post('a b a'), 200]], ran: ['a', 'b'] },
  {
    row: 11,
    when: 'an event is eight days old',
    exchanges: [[post([{ id: 'a', occurredAt: Date.now() - 8 * day }, { id: 'b' }]), 200]],
    ran: ['b'],
  },
  {
    row: 11,
    when: 'an event is nobody’s',
    options: () => ({ tenant: ({ data }: TestEvent) => (data.id === 'a' ? undefined : 'org_1') }),
    exchanges: [[post('a b'), 200]],
    ran: ['b'],
  },
  {
    row: 11,
    when: 'a tenant lookup throws',
    options: () => ({
      tenant: ({ data }: TestEvent) => (data.id === 'a' ? Promise.reject(new Error('db')) : 'org_1'),
    }),
    exchanges: [[post('a b'), { status: 500, text: '' }]],
    ran: ['b'],
  },
  {
    row: 12,
    when: 'the store is away: no handler is called, and a ping is still welcome',
    options: () => ({ idempotency: idempotencyOver(storeAway()) }),
    exchanges: [
      [post('a'), { status: 503, text: '', headers: { 'retry-after': '5' } }],
      [post([{ id: 'p', kind: 'ping' }]), { status: 200, text: '' }],
    ],
  },
  {
    row: 13,
    when: 'events throws',
    options: () => ({ events: throwing }),
    exchanges: [[post('a'), { status: 422, code: 'payload_unreadable' }]],
  },
  {
    row: 13,
    when: 'a handler throws undefined',
    options: () => failing('a', undefined),
    exchanges: [
      [post('a'), 500],
      [post('a'), 200],
    ],
    ran: ['a'],
  },
  {
    row: 13,
    when: 'observe and onFailure throw',
    options: () => ({ ...failing('a', new Error('first')), observe: throwing, onFailure: throwing }),
    exchanges: [
      [post('a b'), 500],
      [post('a b'), 200],
      [{ body }, refusal(400)],
    ],
    ran: ['b', 'a'],
  },
  {
    row: 23,
    when: 'a limiter refuses, names several waits, or is down',
    options: () => ({
      limiter: limiting([{ msBeforeNext: 1500 }, { s: { msBeforeNext: 1 }, m: { msBeforeNext: 8500 } }]),
    }),
    exchanges: [
      [{ body }, { status: 429, code: 'rate_limited', headers: { 'retry-after': '2' } }],
      [{ body }, { status: 429, code: 'rate_limited', headers: { 'retry-after': '9' } }],
      [{ body }, refusal(400)],
      [post('a'), 200],
    ],
    ran: ['a'],
  },
]

/** What of a request proves who sent it. */
const proofsOf = ({ headers = [] }: Wire): readonly string[] =>
  headers.filter(([name]) => name.includes('signature')).map(([, value]) => value.replace(/^sha256=/, ''))

/** Rejects with these, then with an Error. */
function limiting(reasons: readonly unknown[]) {
  const left = [...reasons]
  return { consume: async () => Promise.reject(left.length > 0 ? left.shift() : new Error('redis is away')) }
}

/** Serves a receiver, and sends to it. */
export interface Host extends World {
  exchange(wire: Wire): Promise<Answer | undefined>
}

export function describeAdapter(name: string, serve: Serve): void {
  const open: Listening[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => listening.close()))
  })

  async function listen(site: Partial<Site>): Promise<number> {
    const listening = await serve({ receiver: createReceiver(working(newWorld())), ...site })
    open.push(listening)
    return listening.port
  }

  async function host(options: Options = {}, world: World = newWorld()): Promise<Host> {
    const port = await listen({ receiver: createReceiver<TestEvent>(working(world, options)) })
    const exchange = async (wire: Wire): Promise<Answer | undefined> => {
      const answer = await send(port, wire)
      const told = JSON.stringify([answer, world.observed])
      for (const secret of [SECRET, TOKEN, ...proofsOf(wire)]) expect(told).not.toContain(secret)
      return answer
    }
    return { ...world, exchange }
  }

  describe(`${name}: a webhook`, () => {
    it.each(ROWS.map((row) => [row.row, row.when, row] as const))('%i: %s', async (_row, _when, row) => {
      const { exchange, ran } = await host(row.options?.())
      for (const [wire, expectation] of row.exchanges) {
        const expected: Expected = typeof expectation === 'number' ? { status: expectation } : expectation
        const { code, headers, ...rest } = expected
        const answer = await exchange(wire)
        expect(answer).toMatchObject({ ...rest, ...(headers && { headers }) })
        if (code !== undefined) expect(JSON.parse(answer?.text ?? '')).toMatchObject({ code })
      }
      expect(ran).toEqual(row.ran ?? [])
    })

    describeStories(host, listen)
  })

  describe(`${name}: problems`, () => describeProblems(listen))
}
