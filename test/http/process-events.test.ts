import { describe, expect, it, vi } from 'vitest'
import { type EventsReport, processEvents } from 'waxseal/http'
import { createIdempotency, deriveKey, IdempotencyError, type IdempotencyStore } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import {
  batch,
  eventOf,
  newWorld,
  type Options,
  pause,
  storeAway,
  type TestEvent,
  working,
} from './deliveries.js'

const NOTHING: EventsReport = {
  settled: true,
  ran: 0,
  replayed: 0,
  busy: 0,
  dead: 0,
  failed: 0,
  left: 0,
  stale: 0,
  unrouted: 0,
}

async function run(events: readonly TestEvent[], options: Options = {}) {
  const world = newWorld()
  const report = await processEvents(events, working(world, options))
  return { report, ...world }
}

const keyOf = (id: string) => deriveKey({ tenant: 'org_1', namespace: 'webhook', parts: ['test', id] })
const day = 86_400_000

describe('routing', () => {
  it('hands the handler the event, its tenant and its run', async () => {
    const handle = vi.fn()
    const [event] = batch('a') as [TestEvent]
    const { report } = await run([event], { handle, tenant: async () => 'org_9' })
    expect(report).toEqual({ ...NOTHING, ran: 1 })
    expect(handle).toHaveBeenCalledExactlyOnceWith(event, {
      tenant: 'org_9',
      run: expect.objectContaining({
        attempt: 1,
        key: deriveKey({ tenant: 'org_9', namespace: 'webhook', parts: ['test', 'a'] }),
      }),
    })
  })

  it('keeps the same event of two tenants apart', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    expect((await run(batch('a'), { idempotency, tenant: 'org_1' })).report.ran).toBe(1)
    expect((await run(batch('a'), { idempotency, tenant: 'org_2' })).report.ran).toBe(1)
    expect((await run(batch('a'), { idempotency, tenant: 'org_1' })).report).toEqual({
      ...NOTHING,
      replayed: 1,
    })
  })

  it('takes keys that nobody can enumerate where it is given a keyring', async () => {
    const keyring = { derive: () => new Uint8Array(32).fill(7) }
    const keyed = { keyring, kid: 'k1' }
    const keys: string[] = []
    await run(batch('a'), { keyed, handle: (_event, of) => keys.push(of.run.key) })
    expect(keys).toEqual([deriveKey({ tenant: 'org_1', namespace: 'webhook', parts: ['test', 'a'], keyed })])
    expect(keys).not.toEqual([keyOf('a')])
  })

  it.each([
    ['has no tenant', async () => undefined],
    ['has none in the database', async () => null],
    [
      'is unrouted by a rejection',
      async () => Promise.reject(Object.assign(new Error('?'), { code: 'unrouted' })),
    ],
    [
      'is unrouted by a throw',
      () => {
        throw Object.assign(new Error('?'), { code: 'unrouted' })
      },
    ],
  ])('settles an event that %s, without a claim', async (_how, tenant) => {
    const { report, observed, failures, started } = await run(batch('a'), { tenant })
    expect(report).toEqual({ ...NOTHING, unrouted: 1 })
    expect(observed).toEqual([{ type: 'event_unrouted', kind: 'message' }])
    expect([failures, started]).toEqual([[], []])
  })

  it.each([new Error('no database'), undefined, null, 'text', { code: 'other' }])(
    'counts a tenant lookup that throws %o as a failure of that event only',
    async (reason) => {
      const tenant = async ({ data }: TestEvent) => (data.id === 'b' ? Promise.reject(reason) : 'org_1')
      const { report, observed, failures, ran } = await run(batch('a b c'), { tenant })
      expect(report).toEqual({ ...NOTHING, settled: false, ran: 2, failed: 1 })
      expect(observed).toEqual([{ type: 'event_failed', kind: 'message' }])
      expect(failures).toEqual([reason])
      expect(ran).toEqual(['a', 'c'])
    },
  )

  it.each(['', 7])('counts a tenant that is %o as a failure: it must not become a key', async (owner) => {
    const { report, failures } = await run(batch('a'), { tenant: () => owner as string })
    expect(report).toEqual({ ...NOTHING, settled: false, failed: 1 })
    expect(failures).toEqual([expect.any(TypeError)])
  })

  it('passes a ping by, and counts it nowhere', async () => {
    const tenant = vi.fn(() => 'org_1')
    const ping = eventOf({ id: 'p', kind: 'ping' })
    const { report, ran } = await run([ping, ...batch('a'), ping], { tenant })
    expect(report).toEqual({ ...NOTHING, ran: 1 })
    expect(ran).toEqual(['a'])
    expect(tenant).toHaveBeenCalledOnce()
    expect((await run([ping])).report).toEqual(NOTHING)
    expect((await run([])).report).toEqual(NOTHING)
  })

  it('looks up as many tenants at a time as lanes run', async () => {
    let most = 0
    let now = 0
    const tenant = async () => {
      most = Math.max(most, ++now)
      await pause(1)
      now--
      return 'org_1'
    }
    await run(batch('a b c d e f g h i j'), { tenant, concurrency: 3 })
    expect(most).toBe(3)
  })
})

describe('staleness', () => {
  const at = 1_750_000_000_000
  const now = () => at
  const aged = (ms: number, retain?: string) => {
    const event = eventOf({ id: 'a', occurredAt: at - ms })
    return [retain === undefined ? event : { ...event, retain: retain as '1d' }]
  }

  it('runs an event as old as its memory, and none that is older', async () => {
    expect((await run(aged(169 * 3_600_000), { now })).report).toEqual({ ...NOTHING, ran: 1 })
    const { report, observed, started } = await run(aged(169 * 3_600_000 + 1), { now })
    expect(report).toEqual({ ...NOTHING, stale: 1 })
    expect(observed).toEqual([{ type: 'event_stale', kind: 'message' }])
    expect(started).toEqual([])
  })

  it('goes by retain, and by the retain of the event before that', async () => {
    expect((await run(aged(2 * day), { now, retain: '1d' })).report.stale).toBe(1)
    expect((await run(aged(2 * day, '3d'), { now, retain: '1d' })).report.ran).toBe(1)
    expect((await run(aged(2 * day, '1d'), { now, retain: '3d' })).report.stale).toBe(1)
    expect((await run(aged(30 * day, '40d'), { now })).report.ran).toBe(1)
  })

  it('remembers for as long', async () => {
    const retained: number[] = []
    const memory = memoryIdempotencyStore()
    const complete: IdempotencyStore['complete'] = (key, token, options) => {
      retained.push(options.retainMs)
      return memory.complete(key, token, options)
    }
    const idempotency = createIdempotency({ store: { ...memory, complete } })
    await run([{ ...eventOf({ id: 'a' }), retain: '2d' }, eventOf({ id: 'b' })], {
      idempotency,
      retain: '3d',
    })
    await run(batch('c'), { idempotency })
    expect(retained).toEqual([2 * day, 3 * day, 169 * 3_600_000])
  })

  it('runs what carries no instant, and what claims to come from the future', async () => {
    expect((await run(batch('a'), { now })).report.ran).toBe(1)
    expect((await run(aged(-day), { now })).report.ran).toBe(1)
  })
})

describe('a failing event', () => {
  it('does not hold up its neighbours, is released, and runs again', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const reason = new Error('second')
    let down = true
    const handle = ({ data }: TestEvent) => {
      if (data.id === 'b' && down) throw reason
    }
    const first = await run(batch('a b c'), { idempotency, handle })
    expect(first.report).toEqual({ ...NOTHING, settled: false, ran: 2, failed: 1 })
    expect(first.failures).toEqual([reason])
    expect(first.observed).toEqual([{ type: 'event_failed', kind: 'message' }])

    down = false
    const second = await run(batch('a b c'), { idempotency, handle })
    expect(second.report).toEqual({ ...NOTHING, ran: 1, replayed: 2 })
    expect(second.started).toEqual(['b#2'])
  })

  it.each([
    ['key parts are empty', { keyParts: [''] as const }, expect.any(IdempotencyError)],
    [
      'key parts are not text',
      { keyParts: ['test', 7] as unknown as ['test'] },
      expect.any(IdempotencyError),
    ],
    ['retain is no duration', { retain: 3600 as unknown as '1h' }, expect.any(TypeError)],
    ['retain is under a second', { retain: '999ms' as const }, expect.any(RangeError)],
  ])('is one whose %s', async (_what, flaw, error) => {
    const { report, failures, ran } = await run([{ ...eventOf({ id: 'x' }), ...flaw }, ...batch('b')])
    expect(report).toEqual({ ...NOTHING, settled: false, ran: 1, failed: 1 })
    expect(failures).toEqual([error])
    expect(ran).toEqual(['b'])
  })

  it('is told to onFailure with its error, also when its handler throws undefined', async () => {
    const onFailure = vi.fn()
    const [event] = batch('a') as [TestEvent]
    const handle = () => {
      throw undefined
    }
    const { report } = await run([event], { handle, onFailure })
    expect(report).toEqual({ ...NOTHING, settled: false, failed: 1 })
    expect(onFailure).toHaveBeenCalledExactlyOnceWith(undefined, event)
  })

  it('is one whose own code threw, even where it was a store that was away', async () => {
    const idempotency = createIdempotency({ store: storeAway() })
    const handle = async () => void (await idempotency.once(keyOf('inner'), () => {}))
    const { report, failures } = await run(batch('a'), { handle })
    expect(report).toEqual({ ...NOTHING, settled: false, failed: 1 })
    expect(failures).toEqual([expect.objectContaining({ code: 'store_unavailable' })])
  })

  it('changes nothing when onFailure and observe throw or reject', async () => {
    const handle = ({ data }: TestEvent) => {
      if (data.id !== 'c') throw new Error('down')
    }
    const throws = () => {
      throw new Error('observer')
    }
    const rejects = async () => throws()
    for (const watch of [throws, rejects] as (() => void)[]) {
      const { report, ran } = await run(batch('a b c'), { handle, onFailure: watch, observe: watch })
      expect(report).toEqual({ ...NOTHING, settled: false, ran: 1, failed: 2 })
      expect(ran).toEqual(['c'])
    }
  })
})

it('a worker may take its time: how soon a receiver answers is not its business', async () => {
  expect((await run(batch('a'), { budget: '1h' })).report.ran).toBe(1)
})

describe('creation', () => {
  const cases: readonly [Options | Record<string, unknown>, typeof TypeError, string][] = [
    [{ idempotency: undefined }, TypeError, 'idempotency'],
    [{ idempotency: {} }, TypeError, 'idempotency'],
    [{ tenant: undefined }, TypeError, 'tenant'],
    [{ tenant: '' }, TypeError, 'tenant'],
    [{ tenant: 7 }, TypeError, 'tenant'],
    [{ handle: undefined }, TypeError, 'handle'],
    [{ handle: 'later' }, TypeError, 'handle'],
    [{ retain: 3600 }, TypeError, 'retain'],
    [{ retain: '10ms' }, RangeError, 'retain'],
    [{ concurrency: '8' }, TypeError, 'concurrency'],
    [{ concurrency: 0 }, RangeError, 'concurrency'],
    [{ concurrency: 65 }, RangeError, 'concurrency'],
    [{ concurrency: 1.5 }, RangeError, 'concurrency'],
    [{ budget: 15 }, TypeError, 'budget'],
    [{ budget: '-1s' }, RangeError, 'budget'],
    [{ budget: '0s' }, RangeError, 'budget'],
    // Beyond 24.8 days a timer fires at once.
    [{ budget: '25d' }, RangeError, 'budget'],
    [{ onFailure: 'log' }, TypeError, 'onFailure'],
    [{ now: 0 }, TypeError, 'now'],
    [{ observe: {} }, TypeError, 'observe'],
  ]
  it.each(cases)('refuses %o before anything runs', (flaw, kind, option) => {
    const tenant = vi.fn(() => 'org_1')
    const options = { ...working(newWorld(), { tenant }), ...flaw } as unknown as ReturnType<typeof working>
    const start = () => processEvents(batch('a'), options)
    expect(start).toThrow(kind)
    expect(start).toThrow(`${option}: `)
    expect(tenant).not.toHaveBeenCalled()
  })
})
