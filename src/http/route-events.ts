import { deriveKey, type IdempotencyKey, type IdempotencyStore } from '../idempotency/index.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import type { InboundEvent } from '../webhooks/index.js'
import type { Processing } from './process-events.js'

/** Of the keys, where the options name none. */
export const NAMESPACE = 'webhook'

/** An event with all that is needed to run it. */
export interface Routed<E> {
  readonly event: E
  readonly tenant: string
  readonly key: IdempotencyKey
  readonly lane: string
  readonly retain: Duration
}

/** Where an event goes, or why it is not run. */
export type Route<E> =
  | Routed<E>
  | { readonly event: E; readonly settled: 'unrouted' | 'stale' }
  | { readonly event: E; readonly error: unknown }

type RouteOptions<E extends InboundEvent> = Pick<
  Processing<E, IdempotencyStore>,
  'tenant' | 'namespace' | 'retain' | 'keyed' | 'now'
>

/** In the order of the events, as many lookups at a time as lanes run. */
export async function routeEvents<E extends InboundEvent>(
  events: readonly E[],
  options: RouteOptions<E>,
  concurrency: number,
): Promise<readonly Route<E>[]> {
  const routes = new Array<Route<E>>(events.length)
  // All workers draw from one iterator.
  const queue = events.entries()
  const work = async (): Promise<void> => {
    for (const [at, event] of queue) routes[at] = await routeOf(event, options)
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return routes
}

async function routeOf<E extends InboundEvent>(event: E, options: RouteOptions<E>): Promise<Route<E>> {
  const { namespace = NAMESPACE, keyed, now = Date.now } = options
  try {
    const tenant = typeof options.tenant === 'string' ? options.tenant : await options.tenant(event)
    if (tenant === undefined || tenant === null) return { event, settled: 'unrouted' }
    // One value for both, the memory of what ran and the age that may still run: what is older than the memory could
    // have run before, and nobody would know.
    const retain = event.retain ?? options.retain ?? '169h'
    const age = event.occurredAt === undefined ? 0 : now() - event.occurredAt
    if (age > milliseconds(retain, 'retain')) return { event, settled: 'stale' }
    const key = deriveKey({ tenant, namespace, parts: event.keyParts, keyed })
    return { event, tenant, key, lane: event.lane ?? event.account, retain }
  } catch (error) {
    const isUnrouted = (error as { readonly code?: unknown } | null | undefined)?.code === 'unrouted'
    return isUnrouted ? { event, settled: 'unrouted' } : { event, error }
  }
}
