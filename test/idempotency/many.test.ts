import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIdempotency, deriveKey, type IdempotencyStore, type ManyPlan } from 'waxseal/idempotency'
import { memoryIdempotencyStore, StoreError } from 'waxseal/stores/memory'

interface Event {
  readonly id: string
  readonly lane: string
}

const keyOf = ({ id }: Event) => deriveKey({ tenant: 'org_1', namespace: 'test', parts: [id] })
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** `a1 b1 a2`: the letter is the lane. */
const eventsOf = (text: string): Event[] => text.split(' ').map((id) => ({ id, lane: id.slice(0, 1) }))

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const starts = (log: string) =>
  log
    .split(' ')
    .filter((entry) => entry.startsWith('>'))
    .join(' ')

/** Runs a batch whose handlers take 10 ms each, and notes when each starts and ends. */
async function run(
  text: string,
  plan: Partial<ManyPlan<IdempotencyStore, Event, unknown>> = {},
  store: IdempotencyStore = memoryIdempotencyStore(),
) {
  const log: string[] = []
  const idempotency = createIdempotency({ store })
  const report = idempotency.many(eventsOf(text), {
    key: keyOf,
    async handle(event) {
      log.push(`>${event.id}`)
      await wait(10)
      log.push(`<${event.id}`)
      return event.id
    },
    ...plan,
  })
  await vi.runAllTimersAsync()
  return { log: log.join(' '), report: await report }
}

describe('many', () => {
  it('runs one after the other when no lane is given', async () => {
    const { log, report } = await run('a1 b1 a2')
    expect(log).toBe('>a1 <a1 >b1 <b1 >a2 <a2')
    expect(report.settled).toBe(true)
    expect(report.results.map((of) => 'result' in of && of.result)).toEqual(
      ['a1', 'b1', 'a2'].map((value) => ({
        outcome: 'ran',
        value,
        attempt: 1,
        recorded: 'done',
        settled: true,
      })),
    )
  })

  it('runs lanes beside each other, each in order, and reports in the order of the events', async () => {
    const { log, report } = await run('a1 b1 a2 b2', { lane: ({ lane }) => lane })
    expect(starts(log)).toBe('>a1 >b1 >a2 >b2')
    expect(log.indexOf('<a1')).toBeLessThan(log.indexOf('>a2'))
    expect(log.indexOf('<b1')).toBeLessThan(log.indexOf('>b2'))
    expect(report.results.map(({ event }) => event.id)).toEqual(['a1', 'b1', 'a2', 'b2'])
  })

  it('starts lanes in order of first appearance, no more than concurrency at a time', async () => {
    const { log } = await run('c1 a1 b1 c2', { lane: ({ lane }) => lane, concurrency: 2 })
    // The third lane waits for a free worker; the lane of c1 goes on with c2.
    expect(starts(log)).toBe('>c1 >a1 >c2 >b1')
    expect(log.indexOf('<a1')).toBeLessThan(log.indexOf('>b1'))
  })

  it('claims each event right before it runs, so that no lease ages in a queue', async () => {
    const store = memoryIdempotencyStore()
    const { log } = await run(
      'a1 a2',
      {
        async handle({ id }) {
          if (id === 'a1') await wait(120_000)
          expect(await store.forget(keyOf({ id: 'a2', lane: 'a' }))).toBe(id === 'a2')
        },
      },
      store,
    )
    expect(log).toBe('')
  })

  it('goes on after an event that fails, also within its lane', async () => {
    const refusal = new Error('no')
    const { report } = await run('a1 a2', {
      handle({ id }) {
        if (id === 'a1') throw refusal
        return id
      },
    })
    expect(report.settled).toBe(false)
    expect(report.results[0]).toEqual({ event: { id: 'a1', lane: 'a' }, error: refusal })
    expect(report.results[1]).toMatchObject({ result: { outcome: 'ran', value: 'a2' } })
  })

  it.each(['key', 'lane', 'retain'] as const)(
    'takes what %s throws for the error of that event',
    async (name) => {
      const refusal = new Error('no')
      const usual = { key: keyOf, lane: ({ lane }: Event) => lane, retain: () => undefined }
      const throws = (event: Event) => {
        if (event.id === 'a1') throw refusal
        return usual[name](event)
      }
      const { log, report } = await run('a1 a2', { ...usual, [name]: throws })
      expect(log).toBe('>a2 <a2')
      expect(report.results[0]).toMatchObject({ error: refusal })
      expect(report.settled).toBe(false)
    },
  )

  it('retains each key as long as its event says', async () => {
    const store = memoryIdempotencyStore()
    const retain = ({ id }: Event) => (id === 'a1' ? ('5s' as const) : undefined)
    await run('a1 a2', { retain }, store)
    await vi.advanceTimersByTimeAsync(5000)
    const { log, report } = await run('a1 a2', { retain }, store)
    expect(log).toBe('>a1 <a1')
    expect(report.results[1]).toMatchObject({ result: { outcome: 'replayed' } })
    const short = await run('a3', { retain: () => '500ms' }, store)
    expect(short.report.results[0]).toMatchObject({ error: expect.any(RangeError) })
  })

  it('starts nothing after the budget, and reports it as skipped', async () => {
    const { log, report } = await run('a1 a2 a3', { budget: '15ms' })
    expect(log).toBe('>a1 <a1 >a2 <a2')
    expect(report.results[2]).toEqual({ event: { id: 'a3', lane: 'a' }, skipped: true })
    expect(report.settled).toBe(false)
  })

  it('replays the second of two events with one key, or finds it busy in another lane', async () => {
    const one = await run('a1 a1')
    expect(one.report.results[1]).toMatchObject({ result: { outcome: 'replayed' } })
    expect(one.report.settled).toBe(true)

    let lane = 0
    const two = await run('a1 a1', { lane: () => String(lane++) })
    expect(two.report.results[1]).toMatchObject({ result: { outcome: 'busy' } })
    expect(two.report.settled).toBe(false)
  })

  it('reports store_unavailable for each event when the store is away, and does not reject', async () => {
    const begin = () => Promise.reject(new StoreError('unavailable'))
    const { log, report } = await run('a1 b1', {}, { ...memoryIdempotencyStore(), begin })
    expect(log).toBe('')
    for (const of of report.results) expect(of).toMatchObject({ error: { code: 'store_unavailable' } })
  })

  it('runs a thousand events once, however often they are delivered', async () => {
    const store = memoryIdempotencyStore()
    const text = Array.from({ length: 1000 }, (_, i) => `${'abcdefghij'[i % 10]}${i}`).join(' ')
    const lane = (event: Event) => event.lane
    const first = await run(text, { lane }, store)
    expect(first.log.match(/>/g)).toHaveLength(1000)
    const second = await run(text, { lane }, store)
    expect(second.log).toBe('')
    expect(second.report.settled).toBe(true)
  })

  it('settles an empty batch', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const plan = { key: keyOf, handle: () => 1 }
    expect(await idempotency.many([], plan)).toEqual({ results: [], settled: true })
    expect(await idempotency.many(new Set<Event>(), plan)).toEqual({ results: [], settled: true })
  })

  it.each<[object | null, ErrorConstructor]>([
    [null, TypeError],
    [{ handle() {} }, TypeError],
    [{ key: keyOf }, TypeError],
    [{ key: keyOf, handle() {}, lane: 'a' }, TypeError],
    [{ key: keyOf, handle() {}, retain: '5s' }, TypeError],
    [{ key: keyOf, handle() {}, concurrency: 0 }, RangeError],
    [{ key: keyOf, handle() {}, concurrency: 65 }, RangeError],
    [{ key: keyOf, handle() {}, concurrency: '8' }, TypeError],
    [{ key: keyOf, handle() {}, budget: 5 }, TypeError],
    [{ key: keyOf, handle() {}, budget: '0s' }, RangeError],
  ])('rejects a bad plan before anything runs: %#', async (plan, error) => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    await expect(idempotency.many(eventsOf('a1'), plan as never)).rejects.toThrow(error)
  })

  it('rejects events that cannot be iterated over', async () => {
    const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
    const plan = { key: keyOf, handle: () => 1 }
    await expect(idempotency.many(undefined as never, plan)).rejects.toThrow(TypeError)
  })
})
