/** Compiled: what fits is assigned without a cast, what does not is expected not to. */

import type express5 from 'express'
import type { ErrorRequestHandler as ErrorHandler5, RequestHandler as Handler5 } from 'express'
import type express4 from 'types-express4'
import type { ErrorRequestHandler as ErrorHandler4, RequestHandler as Handler4 } from 'types-express4'
import { expect, expectTypeOf, it } from 'vitest'
import {
  type ExpressErrorHandler,
  type ExpressHandler,
  keepRawBody,
  problems,
  webhook,
} from 'waxseal/express'
import {
  createReceiver,
  type HttpResponse,
  type processEvents,
  type ReceiverBase,
  type ReceiverOptions,
  type WebhookReceiver,
} from 'waxseal/http'
import { createIdempotency, type IdempotencyStore, type SqlIdempotencyStore } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { createVerifier, type InboundEvent, meta } from 'waxseal/webhooks'

const answer: HttpResponse = { status: 200, headers: {} }
const receiver: WebhookReceiver = { handle: async () => answer }

it('webhook(receiver) is a request handler of Express 4 and 5', () => {
  const handler4: Handler4 = webhook(receiver)
  const handler5: Handler5 = webhook(receiver)
  expect([typeof handler4, typeof handler5]).toEqual(['function', 'function'])
  expectTypeOf(webhook).returns.toEqualTypeOf<ExpressHandler>()
})

it('problems() is an error handler of Express 4 and 5, and takes four parameters, by which Express knows it', () => {
  const handler4: ErrorHandler4 = problems()
  const handler5: ErrorHandler5 = problems({ envelope: ({ code }) => ({ code }), requestId: () => undefined })
  expect([handler4.length, handler5.length]).toEqual([4, 4])
  expectTypeOf(problems).returns.toEqualTypeOf<ExpressErrorHandler>()
})

it('both mount on the applications and routers of Express 4 and 5', () => {
  const mount = (
    app4: express4.Express,
    app5: express5.Express,
    router4: express4.Router,
    router5: express5.Router,
  ) => {
    app4.all('/hook', webhook(receiver))
    app5.all('/hook', webhook(receiver))
    router4.post('/hook/:id', webhook(receiver))
    router5.post('/hook/:id', webhook(receiver))
    app4.use(webhook(receiver), problems())
    app5.use(webhook(receiver), problems())
  }
  expect(typeof mount).toBe('function')
})

it('keepRawBody is a verify option of the parsers of Express 4 and 5', () => {
  const json4: Parameters<typeof express4.json>[0] = { verify: keepRawBody }
  const json5: Parameters<typeof express5.json>[0] = { verify: keepRawBody }
  const form4: Parameters<typeof express4.urlencoded>[0] = { extended: false, verify: keepRawBody }
  const form5: Parameters<typeof express5.urlencoded>[0] = { verify: keepRawBody }
  expect([json4, json5, form4, form5].every((options) => options?.verify === keepRawBody)).toBe(true)
})

it('keepRawBody keeps bytes, and nothing of a compressed body', () => {
  const bytes = new Uint8Array([1, 2])
  const plain: { headers: object; rawBody?: Uint8Array } = { headers: {} }
  const zipped: typeof plain = { headers: { 'content-encoding': 'gzip' } }
  keepRawBody(plain, {}, bytes)
  keepRawBody(zipped, {}, bytes)
  expect([plain.rawBody, zipped.rawBody]).toEqual([bytes, undefined])
})

interface Message {
  readonly text: string
}
type MessageEvent = InboundEvent<Message>

it('a receiver knows the type of its events and of its store', () => {
  const verifier = createVerifier(meta, { secrets: [{ id: 'app', secret: 'a'.repeat(32) }] })
  const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
  const made = createReceiver({
    verifier,
    idempotency,
    events: (): readonly MessageEvent[] => [],
    tenant: (event) => {
      expectTypeOf(event).toEqualTypeOf<MessageEvent>()
      return 'org_1'
    },
    handle: ({ data }, { tenant, run }) => {
      expectTypeOf(data).toEqualTypeOf<Message>()
      expectTypeOf(tenant).toEqualTypeOf<string>()
      expectTypeOf(run.completion).toEqualTypeOf<never>()
    },
  })
  expectTypeOf(made).toEqualTypeOf<WebhookReceiver>()

  type InSql = Parameters<ReceiverHandle<SqlIdempotencyStore>>[1]['run']['completion']
  expectTypeOf<InSql>().returns.toHaveProperty('sql')
  expect(Object.keys(made)).toEqual(['handle'])
})

it('an option may be undefined, which is its default', () => {
  const unset: Partial<ReceiverBase<MessageEvent>> = {
    events: undefined,
    handshake: undefined,
    control: undefined,
    limit: undefined,
    bodyWithin: undefined,
    limiter: undefined,
    observe: undefined,
  }
  const enqueue = async () => {}
  const verifier = createVerifier(meta, { secrets: [{ id: 'app', secret: 'a'.repeat(32) }] })
  expect(Object.keys(createReceiver<MessageEvent>({ ...unset, verifier, enqueue }))).toEqual(['handle'])
  expect(typeof problems({ envelope: undefined, requestId: undefined })).toBe('function')
})

type ReceiverHandle<S extends IdempotencyStore> = Parameters<
  typeof processEvents<MessageEvent, S>
>[1]['handle']

it('what would not work does not compile', () => {
  type Options = ReceiverOptions<MessageEvent, IdempotencyStore>
  type Lacking<K extends keyof Options> = Omit<Options, K>
  expectTypeOf<Lacking<'verifier'>>().not.toExtend<Options>()
  // @ts-expect-error a bare number is no duration
  const seconds: Partial<ReceiverBase<MessageEvent>> = { bodyWithin: 10 }
  type Both = Options & { enqueue: () => Promise<void>; handle: () => void }
  expectTypeOf<Both>().toBeNever()
  // @ts-expect-error a receiver is not a handler of Express
  const handler: Handler5 = receiver
  // @ts-expect-error an error handler is not mounted as a route
  const route: Handler4 = problems()
  expect([seconds, handler, route]).toHaveLength(3)
})
