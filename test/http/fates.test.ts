import { describe, expect, it } from 'vitest'
import { processEvents } from 'waxseal/http'
import { createIdempotency, type IdempotencyStore } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import {
  batch,
  eventOf,
  gate,
  newWorld,
  type Options,
  pause,
  storeAway,
  type TestEvent,
  until,
  working,
} from './deliveries.js'

async function run(events: readonly TestEvent[], options: Options = {}) {
  const world = newWorld()
  const report = await processEvents(events, working(world, options))
  return { report, ...world }
}

const over = (store: Partial<IdempotencyStore>) =>
  createIdempotency({ store: { ...memoryIdempotencyStore(), ...store } })

describe('the fate of an event', () => {
  it('is replayed when it was done, also twice in one batch', async () => {
    const { report, started } = await run(batch('a a b a'))
    expect(report).toMatchObject({ settled: true, ran: 2, replayed: 2 })
    expect(started).toEqual(['a#1', 'b#1'])
  })

  it('is busy while another run holds it, until its lease ends at the latest', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore(), lease: '40s' })
    const held = gate()
    const first = run(batch('a'), { idempotency, handle: () => held.opened })
    const before = Date.now()
    const { report, started, observed, failures } = await run(batch('a b'), { idempotency })
    expect(report).toMatchObject({ settled: false, ran: 1, busy: 1, failed: 0 })
    expect(report.retryAt).toBeGreaterThan(before + 30_000)
    expect(report.retryAt).toBeLessThanOrEqual(Date.now() + 40_000)
    expect(started).toEqual(['b#1'])
    expect([observed, failures]).toEqual([[], []])
    held.open()
    expect((await first).report).toMatchObject({ settled: true, ran: 1 })
  })

  it('is dead after its attempts, which is settled and told by the report', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore(), maxAttempts: 2 })
    const handle = () => {
      throw new Error('poison')
    }
    for (const attempt of [1, 2]) {
      const { report, started } = await run(batch('a'), { idempotency, handle })
      expect(report).toMatchObject({ settled: false, failed: 1, dead: 0 })
      expect(started).toEqual([`a#${attempt}`])
    }
    const { report, started } = await run(batch('a b'), { idempotency })
    expect(report).toMatchObject({ settled: true, dead: 1, ran: 1, failed: 0 })
    expect(started).toEqual(['b#1'])
    expect(report).not.toHaveProperty('retryAt')
  })

  it('is failed when another run took over, because that one may fail', async () => {
    const { report, observed, failures } = await run(batch('a'), {
      idempotency: over({ complete: async () => 'lost' }),
    })
    expect(report).toMatchObject({ settled: false, failed: 1, ran: 0 })
    expect(observed).toEqual([{ type: 'event_failed', kind: 'message' }])
    expect(failures).toEqual([undefined])
  })

  it('is failed when the transaction that should mark it did not commit', async () => {
    const store = { ...memoryIdempotencyStore(), completion: () => ({ sql: 'select 1', params: [] }) }
    const world = newWorld()
    const report = await processEvents(batch('a'), {
      tenant: 'org_1',
      idempotency: createIdempotency({ store }),
      handle: (_event, { run: { completion } }) => void completion(),
      onFailure: (error) => void world.failures.push(error),
    })
    expect(report).toMatchObject({ settled: false, failed: 1, ran: 0 })
    expect(world.failures).toEqual([undefined])
  })

  it('is ran when the mark could not be written: the work is done, and repeating it is not better', async () => {
    const complete = async () => Promise.reject(new Error('gone'))
    const { report } = await run(batch('a'), { idempotency: over({ complete }) })
    expect(report).toMatchObject({ settled: true, ran: 1 })
  })

  it('is ran when the record had vanished and was written anew', async () => {
    const { report } = await run(batch('a'), { idempotency: over({ complete: async () => 'recovered' }) })
    expect(report).toMatchObject({ settled: true, ran: 1 })
  })

  it('is ran past a store that is away where that was asked for', async () => {
    const idempotency = createIdempotency({ store: storeAway(), dangerouslyRunWhenStoreFails: true })
    const { report, ran } = await run(batch('a b'), { idempotency })
    expect(report).toMatchObject({ settled: true, ran: 2 })
    expect(ran).toEqual(['a', 'b'])
  })

  it('is left when the store is away, and nothing is called', async () => {
    const before = Date.now()
    const { report, started, observed, failures } = await run(batch('a b'), {
      idempotency: createIdempotency({ store: storeAway() }),
    })
    expect(report).toMatchObject({ settled: false, left: 2, ran: 0, failed: 0 })
    expect(report.retryAt).toBeGreaterThanOrEqual(before + 5000)
    expect(report.retryAt).toBeLessThanOrEqual(Date.now() + 5000)
    expect([started, observed, failures]).toEqual([[], [], []])
  })

  it('is one of them for every event of a mixed batch, and the report adds up', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const held = gate()
    await run(batch('done'), { idempotency })
    const holding = run(batch('held'), { idempotency, handle: () => held.opened })
    const old = eventOf({ id: 'old', occurredAt: 0 })
    const nobodys = eventOf({ id: 'nobody' })
    const ping = eventOf({ id: 'ping', kind: 'ping' })
    const events = [...batch('done held new bad'), old, nobodys, ping]
    const { report } = await run(events, {
      idempotency,
      tenant: ({ data }) => (data.id === 'nobody' ? undefined : 'org_1'),
      handle: ({ data }) => {
        if (data.id === 'bad') throw new Error('bad')
      },
    })
    expect(report).toEqual({
      settled: false,
      ran: 1,
      replayed: 1,
      busy: 1,
      dead: 0,
      failed: 1,
      left: 0,
      stale: 1,
      unrouted: 1,
      retryAt: expect.any(Number),
    })
    held.open()
    await holding
  })
})

describe('lanes', () => {
  const noted = () => {
    const log: string[] = []
    let now = 0
    let most = 0
    const handle = async ({ data }: TestEvent) => {
      log.push(`>${data.id}`)
      most = Math.max(most, ++now)
      await pause(2)
      now--
      log.push(`<${data.id}`)
    }
    return { log, handle, most: () => most }
  }

  it('are the accounts unless the event says otherwise, and keep their order', async () => {
    const { log, handle } = noted()
    await run(
      [
        eventOf({ id: 'a1', account: 'a' }),
        eventOf({ id: 'b1', account: 'b' }),
        eventOf({ id: 'a2', account: 'a' }),
        eventOf({ id: 'x1', account: 'a', lane: 'x' }),
        eventOf({ id: 'x2', account: 'b', lane: 'x' }),
      ],
      { handle },
    )
    expect(log.indexOf('<a1')).toBeLessThan(log.indexOf('>a2'))
    expect(log.indexOf('<x1')).toBeLessThan(log.indexOf('>x2'))
    // Beside each other.
    expect(log.slice(0, 3)).toEqual(['>a1', '>b1', '>x1'])
  })

  it('go on behind an event that failed', async () => {
    const handle = ({ data }: TestEvent) => {
      if (data.id === 'a') throw new Error('a')
    }
    expect((await run(batch('a b c'), { handle })).ran).toEqual(['b', 'c'])
  })

  it.each([
    [{}, 8],
    [{ concurrency: 1 }, 1],
    [{ concurrency: 3 }, 3],
  ])('run at a time with %o: %i', async (options, expected) => {
    const { handle, most } = noted()
    const events = Array.from({ length: 20 }, (_, at) => eventOf({ id: `e${at}`, account: `acc_${at}` }))
    const { report } = await run(events, { ...options, handle })
    expect(report.ran).toBe(20)
    expect(most()).toBe(expected)
  })
})

describe('the budget', () => {
  it('lets no event start later, and leaves the rest for the redelivery', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const options: Options = { idempotency, handle: () => pause(40), budget: '200ms' }
    const events = batch('a b c d e f g h i j k l m n o p')
    const before = Date.now()
    const { report, ran } = await run(events, options)
    expect(report.ran).toBeGreaterThan(0)
    expect(report.left).toBeGreaterThan(0)
    expect(report.ran + report.left).toBe(16)
    expect(report.settled).toBe(false)
    expect(report.retryAt).toBeGreaterThanOrEqual(before + 5000)
    // In order: what is left is what came last.
    expect(ran).toEqual(events.slice(0, ran.length).map(({ data }) => data.id))

    const again = await run(events, { ...options, budget: '20s' })
    expect(again.report).toMatchObject({ settled: true, ran: report.left, replayed: report.ran })
  })

  it('lets an event that has started finish', async () => {
    const { report } = await run(batch('a'), { budget: '20ms', handle: () => pause(80) })
    expect(report).toMatchObject({ settled: true, ran: 1, left: 0 })
  })

  it('counts from the beginning: lookups that took all of it leave every event', async () => {
    const tenant = async () => {
      await pause(60)
      return 'org_1'
    }
    const { report, started, failures } = await run(batch('a b'), { tenant, budget: '30ms' })
    expect(report).toMatchObject({ settled: false, left: 2, ran: 0, failed: 0 })
    expect([started, failures]).toEqual([[], []])
  })

  it('does not matter to an event that is waited for elsewhere', async () => {
    const held = gate()
    const world = newWorld()
    const work = processEvents(batch('a'), working(world, { budget: '10ms', handle: () => held.opened }))
    await until(() => world.started.length === 1)
    held.open()
    expect((await work).ran).toBe(1)
  })
})
