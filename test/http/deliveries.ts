/** What the tests of the HTTP flows send: signed batches of small events, on the neutral request. */

import {
  createReceiver,
  type HttpRequest,
  type Processing,
  type ReceiverBase,
  type ReceiverEvent,
} from 'waxseal/http'
import { createIdempotency, type Idempotency, type IdempotencyStore } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { createSigner, createVerifier, type Delivery, type InboundEvent, meta } from 'waxseal/webhooks'

export const SECRET = 'an-app-secret-of-the-http-tests'
export const secrets = [{ id: 'app', secret: SECRET }]
export const verifier = createVerifier(meta, { secrets })
const signer = createSigner(meta, { secrets })

/** An event as the sender writes it. `note` is there to be big. */
export interface Sent {
  readonly id: string
  readonly kind?: string
  readonly account?: string
  readonly lane?: string
  readonly occurredAt?: number
  readonly note?: string
}
export type TestEvent = InboundEvent<Sent>

/** The body is an array of events. */
export const events = (delivery: Delivery): readonly TestEvent[] => (delivery.json() as Sent[]).map(eventOf)

export function eventOf(sent: Sent): TestEvent {
  const { id, kind = 'message', account = 'acc_1', lane, occurredAt } = sent
  return {
    kind,
    account,
    data: sent,
    keyParts: ['test', id],
    ...(lane !== undefined && { lane }),
    ...(occurredAt !== undefined && { occurredAt }),
  }
}

/** `a b c`: three events. */
export const batch = (ids: string): readonly TestEvent[] => ids.split(' ').map((id) => eventOf({ id }))

export type Headers = readonly (readonly [name: string, value: string])[]

/** The bytes to send and the signature over them. A string is a list of ids: `a b`. */
export function sign(content: string | readonly Sent[] | Uint8Array): {
  headers: Headers
  bytes: Uint8Array
} {
  const sent = typeof content === 'string' ? content.split(' ').map((id) => ({ id })) : content
  const { headers, body } = signer.sign({ body: sent instanceof Uint8Array ? sent : JSON.stringify(sent) })
  return { headers: Object.entries(headers), bytes: body }
}

export function request(parts: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    target: '/hook',
    headers: [],
    body: { kind: 'none' },
    signal: new AbortController().signal,
    ...parts,
  }
}

/** A signed request. */
export function delivery(content: Parameters<typeof sign>[0], parts: Partial<HttpRequest> = {}): HttpRequest {
  const { headers, bytes } = sign(content)
  return request({
    body: { kind: 'bytes', bytes },
    ...parts,
    headers: [...headers, ...(parts.headers ?? [])],
  })
}

export async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export interface World {
  /** Ids of the events whose handler returned, in order. */
  readonly ran: string[]
  /** Ids of the events whose handler was called, with the attempt: `a#1`. */
  readonly started: string[]
  readonly observed: ReceiverEvent[]
  readonly failures: unknown[]
}

export type Options = Partial<ReceiverBase<TestEvent> & Processing<TestEvent, IdempotencyStore>>
type Handler = Processing<TestEvent, IdempotencyStore>['handle']

export function newWorld(): World {
  return { ran: [], started: [], observed: [], failures: [] }
}

export function idempotencyOver(
  store: IdempotencyStore = memoryIdempotencyStore(),
): Idempotency<IdempotencyStore> {
  return createIdempotency({ store })
}

/** Options that work and write down in the world what happens. */
export function working(world: World, overrides: Options = {}) {
  const inner: Handler = overrides.handle ?? (() => {})
  return {
    verifier,
    events,
    idempotency: idempotencyOver(),
    tenant: 'org_1',
    observe: (event: ReceiverEvent) => void world.observed.push(event),
    onFailure: (error: unknown) => void world.failures.push(error),
    ...overrides,
    async handle(event: TestEvent, context: Parameters<Handler>[1]) {
      world.started.push(`${event.data.id}#${context.run.attempt}`)
      await inner(event, context)
      world.ran.push(event.data.id)
    },
  }
}

/** A receiver that takes batches of test events, and what it did. */
export function newReceiver(overrides: Options = {}) {
  const world = newWorld()
  return { ...world, world, receiver: createReceiver<TestEvent>(working(world, overrides)) }
}

/** A store that is away. */
export function storeAway(): IdempotencyStore {
  const away = async (): Promise<never> => {
    throw new Error('connection refused')
  }
  return { begin: away, complete: away, extend: away, release: away, forget: away, purge: away }
}

/** A promise to be settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves once it is so; the test's own timeout ends the wait. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(5)
}

/** The body of an answer of the neutral kind, which is text or nothing. */
export const textOf = (body: BodyInit | undefined): string => String(body ?? '')
