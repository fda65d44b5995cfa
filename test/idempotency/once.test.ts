import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createIdempotency,
  deriveKey,
  fingerprint,
  type Idempotency,
  type IdempotencyEvent,
  type IdempotencyOptions,
  type IdempotencyStore,
  jsonResult,
  type Run,
  type SqlIdempotencyStore,
} from 'waxseal/idempotency'
import { memoryIdempotencyStore, StoreError } from 'waxseal/stores/memory'

const key = deriveKey({ tenant: 'org_1', namespace: 'test', parts: ['evt_1'] })
const never = () => new Promise<never>(() => {})
const failing = () => Promise.reject(new StoreError('unavailable'))
const minutes = (n: number) => n * 60_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** A memory store with calls replaced, what was observed, and what was asked of the store. */
function setUp(
  replaced: Partial<SqlIdempotencyStore> = {},
  options: Partial<IdempotencyOptions<IdempotencyStore>> = {},
) {
  const memory = memoryIdempotencyStore()
  const store = { ...memory, ...replaced }
  const events: IdempotencyEvent[] = []
  const idempotency = createIdempotency<IdempotencyStore>({
    store,
    observe: (event) => events.push(event),
    ...options,
  })
  return { memory, store, idempotency, events, types: () => events.map(({ type }) => type) }
}

/** A handler that runs until it is told to return or to throw. */
function held<T>() {
  let finish!: (value: T) => void
  let fail!: (error: unknown) => void
  const until = new Promise<T>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const runs: Run<IdempotencyStore>[] = []
  const handler = (run: Run<IdempotencyStore>) => {
    runs.push(run)
    return until
  }
  return { handler, finish, fail, runs, reason: () => (runs[0] as Run<IdempotencyStore>).signal.reason }
}

/** Lets promises that are ready go on. */
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('once', () => {
  it('runs the handler once, and replays without it', async () => {
    const { idempotency, events } = setUp()
    const handler = vi.fn(() => 'saved')
    expect(await idempotency.once(key, handler)).toEqual({
      outcome: 'ran',
      value: 'saved',
      attempt: 1,
      recorded: 'done',
      settled: true,
    })
    expect(await idempotency.once(key, handler)).toEqual({
      outcome: 'replayed',
      value: undefined,
      settled: true,
    })
    expect(handler).toHaveBeenCalledTimes(1)
    expect(events).toEqual([
      { type: 'acquired', key, attempt: 1 },
      { type: 'completed', key, attempt: 1, durationMs: expect.any(Number) },
      { type: 'replayed', key },
    ])
  })

  it('hands the run its key, attempt, a growing token and a live signal', async () => {
    const { idempotency } = setUp()
    const runs: Run<IdempotencyStore>[] = []
    const handler = (run: Run<IdempotencyStore>) => {
      runs.push(run)
      if (runs.length < 2) throw new Error('first')
    }
    await expect(idempotency.once(key, handler)).rejects.toThrow('first')
    await idempotency.once(key, handler)
    expect(runs.map((run) => [run.key, run.attempt, run.signal.aborted])).toEqual([
      [key, 1, false],
      [key, 2, false],
    ])
    expect(BigInt(runs[1]?.token ?? 0)).toBeGreaterThan(BigInt(runs[0]?.token ?? 0))
    expect(runs.every(Object.isFrozen)).toBe(true)
  })

  it('is busy while another run goes on, and says for how long', async () => {
    const { idempotency, types } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await settle()
    expect(await idempotency.once(key, () => 'second')).toEqual({
      outcome: 'busy',
      retryAfterMs: 60_000,
      settled: false,
    })
    slow.finish('first')
    expect(await first).toMatchObject({ outcome: 'ran', value: 'first' })
    expect(types()).toEqual(['acquired', 'busy', 'completed'])
  })

  it.each([new Error('mine'), undefined, null, 'text', Object.freeze(new TypeError('frozen'))])(
    'rethrows what the handler threw, unchanged, and releases the key: %s',
    async (thrown) => {
      const { idempotency, types } = setUp()
      const caught = await idempotency
        .once(key, () => {
          throw thrown
        })
        .then(
          () => ['returned'],
          (error) => [error],
        )
      expect(caught[0]).toBe(thrown)
      expect(await idempotency.once(key, () => 'again')).toMatchObject({ outcome: 'ran', attempt: 2 })
      expect(types()).toEqual(['acquired', 'released', 'acquired', 'completed'])
    },
  )

  it('leaves the retry delay behind as a lease', async () => {
    const { idempotency } = setUp({}, { retryDelay: '30s' })
    await expect(idempotency.once(key, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'busy', retryAfterMs: 30_000 })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'ran', attempt: 2 })
  })

  it('is dead and settled after the last attempt, until an operator forgets the key', async () => {
    const { idempotency, types } = setUp({}, { maxAttempts: 2 })
    const poison = vi.fn(() => Promise.reject(new Error('poison')))
    for (let i = 0; i < 2; i++) await expect(idempotency.once(key, poison)).rejects.toThrow('poison')
    expect(await idempotency.once(key, poison)).toEqual({ outcome: 'dead', attempts: 2, settled: true })
    expect(poison).toHaveBeenCalledTimes(2)
    expect(types().at(-1)).toBe('dead')
    expect(await idempotency.forget(key)).toBe(true)
    expect(await idempotency.forget(key)).toBe(false)
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'ran', attempt: 1 })
  })

  it('answers mismatch for a reuse of the key, and compares nothing when a fingerprint is absent', async () => {
    const { idempotency, types } = setUp()
    const handler = vi.fn(() => 1)
    await idempotency.once(key, handler, { fingerprint: fingerprint({ a: 1 }) })
    expect(await idempotency.once(key, handler, { fingerprint: fingerprint({ a: 2 }) })).toEqual({
      outcome: 'mismatch',
      settled: true,
    })
    expect(await idempotency.once(key, handler)).toMatchObject({ outcome: 'replayed' })
    expect(handler).toHaveBeenCalledTimes(1)
    expect(types()).toEqual(['acquired', 'completed', 'mismatch', 'replayed'])
  })

  it('remembers a finished key for its own retention, then runs again', async () => {
    const { idempotency } = setUp()
    await idempotency.once(key, () => 1, { retain: '5s' })
    await vi.advanceTimersByTimeAsync(4999)
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'replayed' })
    await vi.advanceTimersByTimeAsync(1)
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'ran', attempt: 1 })
  })
})

describe('the heartbeat', () => {
  it('keeps a run of many leases the only one', async () => {
    const { idempotency, types } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    for (let i = 0; i < 9; i++) {
      await vi.advanceTimersByTimeAsync(minutes(1))
      expect(await idempotency.once(key, () => 'second')).toMatchObject({ outcome: 'busy' })
    }
    slow.finish('first')
    expect(await first).toMatchObject({ outcome: 'ran', recorded: 'done' })
    expect(types()).toContain('completed')
    expect(types()).not.toContain('lease_lost')
  })

  it('aborts the run with lease_lost at the next beat once another run owns the key', async () => {
    const { idempotency, memory, types } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await settle()
    await memory.release(key, slow.runs[0]?.token ?? '', 0)
    expect(await idempotency.once(key, () => 'successor')).toMatchObject({ outcome: 'ran', attempt: 2 })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(slow.reason()).toMatchObject({ name: 'IdempotencyError', code: 'lease_lost', status: 500 })
    slow.finish('late')
    expect(await first).toMatchObject({ outcome: 'ran', value: 'late', recorded: 'lost', settled: false })
    expect(types().filter((type) => type === 'lease_lost')).toHaveLength(1)
  })

  it('tells of the loss also when the handler of a run that was taken over throws', async () => {
    const { idempotency, memory, types } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await settle()
    await memory.release(key, slow.runs[0]?.token ?? '', 0)
    await idempotency.once(key, () => 'successor')
    slow.fail(new Error('mine'))
    await expect(first).rejects.toThrow('mine')
    expect(types()).toEqual(['acquired', 'acquired', 'completed', 'lease_lost'])
  })

  it.each([
    ['fail', failing],
    ['hang', never],
  ])('aborts the run exactly when the lease ends if all renewals %s', async (_how, extend) => {
    const { idempotency, types } = setUp({ extend })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(59_999)
    expect(slow.runs[0]?.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(slow.reason()).toMatchObject({ code: 'lease_lost' })
    // Nobody took over, so the mark is still ours to set.
    slow.finish('done all the same')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await first).toMatchObject({ recorded: 'done', settled: true })
    expect(types()).toContain('store_error')
  })

  it('survives renewals that fail as long as one per lease gets through', async () => {
    let asked = 0
    const memory = memoryIdempotencyStore()
    const extend: IdempotencyStore['extend'] = (...args) =>
      asked++ % 2 === 0 ? failing() : memory.extend(...args)
    const { idempotency } = setUp({ ...memory, extend })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(minutes(9))
    expect(slow.runs[0]?.signal.aborted).toBe(false)
    slow.finish('x')
    expect(await first).toMatchObject({ recorded: 'done' })
  })

  it('counts a lease from when its renewal was asked for, not from when the answer came', async () => {
    const memory = memoryIdempotencyStore()
    let asked = 0
    const extend: IdempotencyStore['extend'] = async (...args) => {
      if (asked++ > 0) return failing()
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      return memory.extend(...args)
    }
    const { idempotency } = setUp({ ...memory, extend })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(79_999)
    expect(slow.runs[0]?.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(slow.reason()).toMatchObject({ code: 'lease_lost' })
    slow.finish('x')
    await first
  })

  it('ends after the timeout, aborts with run_timeout, and lets the lease lapse', async () => {
    const { idempotency, types } = setUp({}, { timeout: '2m' })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(minutes(2))
    expect(slow.reason()).toMatchObject({ code: 'run_timeout' })
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'busy' })
    await vi.advanceTimersByTimeAsync(minutes(1))
    expect(await idempotency.once(key, () => 'successor')).toMatchObject({ outcome: 'ran', attempt: 2 })
    slow.finish('late')
    expect(await first).toMatchObject({ recorded: 'lost', settled: false })
    expect(types()).toEqual(['acquired', 'run_timeout', 'busy', 'acquired', 'completed', 'lease_lost'])
  })

  it('has stopped when a handler that never settles is left behind', async () => {
    const { idempotency } = setUp({}, { timeout: '2m' })
    void idempotency.once(key, never)
    await vi.advanceTimersByTimeAsync(minutes(2))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not land behind the release of a run that failed', async () => {
    const memory = memoryIdempotencyStore()
    let land!: () => void
    const landed = new Promise<void>((resolve) => {
      land = resolve
    })
    const extend: IdempotencyStore['extend'] = (...args) => landed.then(() => memory.extend(...args))
    const { idempotency } = setUp({ ...memory, extend })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    const rejected = expect(first).rejects.toThrow('no')
    await vi.advanceTimersByTimeAsync(20_000)
    slow.fail(new Error('no'))
    await settle()
    land()
    await rejected
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'ran', attempt: 2 })
  })
})

describe('assertOwned', () => {
  it('renews the lease', async () => {
    const { idempotency, memory } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(10_000)
    await slow.runs[0]?.assertOwned()
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'busy', retryAfterMs: 60_000 })
    await memory.forget(key)
    await expect(slow.runs[0]?.assertOwned()).rejects.toMatchObject({ code: 'lease_lost' })
    expect(slow.reason()).toMatchObject({ code: 'lease_lost' })
    await expect(slow.runs[0]?.assertOwned()).rejects.toBe(slow.reason())
    slow.finish('x')
    expect(await first).toMatchObject({ recorded: 'recovered', settled: true })
  })

  it('rejects with store_unavailable when nobody can tell, and does not abort the run for it', async () => {
    const { idempotency } = setUp({ extend: failing })
    const outcome = await idempotency.once(key, async (run) => {
      await expect(run.assertOwned()).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
      return run.signal.aborted
    })
    expect(outcome).toMatchObject({ value: false, recorded: 'done' })
  })

  it('rejects with run_timeout after the timeout, and with lease_lost once the run is over', async () => {
    const { idempotency } = setUp({}, { timeout: '1m' })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(minutes(1))
    await expect(slow.runs[0]?.assertOwned()).rejects.toMatchObject({ code: 'run_timeout' })
    slow.finish('x')
    await first
    const over = deriveKey({ tenant: 'org_1', namespace: 'test', parts: ['evt_2'] })
    const { runs, handler, finish } = held<string>()
    finish('y')
    await idempotency.once(over, handler)
    await expect(runs[0]?.assertOwned()).rejects.toMatchObject({ code: 'lease_lost' })
  })
})

describe("the caller's signal", () => {
  it('aborts the run with its own reason, and the outcome stays that of the handler', async () => {
    const { idempotency } = setUp()
    const caller = new AbortController()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler, { signal: caller.signal })
    await settle()
    caller.abort(new Error('enough'))
    expect(slow.reason()).toMatchObject({ message: 'enough' })
    slow.finish('finished anyway')
    expect(await first).toMatchObject({ outcome: 'ran', recorded: 'done', settled: true })
  })

  it('claims nothing when it has aborted beforehand', async () => {
    const { idempotency, types } = setUp()
    const reason = new Error('enough')
    await expect(idempotency.once(key, () => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(types()).toEqual([])
  })

  it('reaches the run also when it aborts during the claim, and is let go of afterwards', async () => {
    const memory = memoryIdempotencyStore()
    const caller = new AbortController()
    const begin: IdempotencyStore['begin'] = (...args) => {
      caller.abort('during')
      return memory.begin(...args)
    }
    const { idempotency } = setUp({ ...memory, begin })
    const { signal } = caller
    const removed = vi.spyOn(signal, 'removeEventListener')
    const outcome = await idempotency.once(key, (run) => run.signal.reason, { signal })
    expect(outcome).toMatchObject({ value: 'during' })
    expect(removed).toHaveBeenCalledTimes(1)
  })
})

describe('results', () => {
  const codec = jsonResult<unknown>()

  it.each([{ id: 'm_1' }, null, 0, '', undefined, [1, 'é']])('are replayed as stored: %j', async (value) => {
    const { idempotency, types } = setUp()
    await idempotency.once(key, () => value, { result: codec })
    expect(await idempotency.once(key, () => 'never', { result: codec })).toEqual({
      outcome: 'replayed',
      value,
      settled: true,
    })
    expect(types()).not.toContain('result_dropped')
  })

  it.each<[string, (value: never) => unknown]>([
    ['is larger than maxResult', () => 'x'.repeat(300_000)],
    ['is larger than maxResult in UTF-8 alone', () => 'é'.repeat(150_000)],
    ['holds U+0000', () => 'a\0b'],
    ['holds a lone surrogate', () => '\ud800'],
    ['is no text', () => ({})],
    ['is a promise', async () => 'sealed'],
    [
      'cannot be encoded',
      () => {
        throw new Error('secret')
      },
    ],
  ])('are dropped, and the key still marked done, when one %s', async (_name, encode) => {
    const { idempotency, types } = setUp()
    const result = { ...codec, encode: encode as () => string }
    expect(await idempotency.once(key, () => 1, { result })).toMatchObject({
      recorded: 'done',
      settled: true,
    })
    expect(types()).toEqual(['acquired', 'result_dropped', 'completed'])
    expect(await idempotency.once(key, () => 2, { result })).toMatchObject({
      outcome: 'replayed',
      value: undefined,
    })
  })

  it('are kept up to maxResult bytes', async () => {
    const { idempotency } = setUp({}, { maxResult: 4 })
    await idempotency.once(key, () => 'é', { result: codec })
    expect(await idempotency.once(key, () => 'x', { result: codec })).toMatchObject({ value: 'é' })
  })

  it('that cannot be decoded are result_unreadable, without what the codec said', async () => {
    const { idempotency } = setUp()
    await idempotency.once(key, () => 1, { result: codec })
    const decode = () => {
      throw new Error('secret')
    }
    const failure = await idempotency
      .once(key, () => 1, { result: { ...codec, decode } })
      .catch((error) => error)
    expect(failure).toMatchObject({ code: 'result_unreadable', status: 500 })
    expect(failure.cause).toBeUndefined()
  })
})

describe('completion()', () => {
  const sql = () => {
    const taken: unknown[][] = []
    const completion: SqlIdempotencyStore['completion'] = (...args) => {
      taken.push(args)
      return { sql: 'UPDATE', params: [] }
    }
    return { taken, ...setUp({ completion }) }
  }
  const sqlRun = (run: Run<IdempotencyStore>) => run as unknown as Run<SqlIdempotencyStore>

  it('hands out the statement, and reads from the record that it has committed', async () => {
    const { idempotency, memory, taken, types } = sql()
    const outcome = await idempotency.once(
      key,
      async (run) => {
        expect(sqlRun(run).completion()).toEqual({ sql: 'UPDATE', params: [] })
        expect(taken).toEqual([[key, run.token, { retainMs: 5000 }]])
        await memory.complete(key, run.token, { retainMs: 5000 })
      },
      { retain: '5s' },
    )
    expect(outcome).toMatchObject({ recorded: 'done', settled: true })
    expect(types()).toEqual(['acquired', 'completed'])
  })

  it('reports rolled_back, not settled, when the transaction did not commit, and the next delivery runs', async () => {
    const { idempotency, types } = sql()
    const take = (run: Run<IdempotencyStore>) => void sqlRun(run).completion()
    expect(await idempotency.once(key, take)).toMatchObject({ recorded: 'rolled_back', settled: false })
    expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'ran', attempt: 2 })
    expect(types()).toEqual(['acquired', 'rolled_back', 'acquired', 'completed'])
  })

  it('stays done when the handler throws after the commit', async () => {
    const { idempotency, memory, types } = sql()
    const handler = async (run: Run<IdempotencyStore>) => {
      sqlRun(run).completion()
      await memory.complete(key, run.token, { retainMs: 5000 })
      throw new Error('sending failed')
    }
    await expect(idempotency.once(key, handler)).rejects.toThrow('sending failed')
    expect(await idempotency.once(key, handler)).toMatchObject({ outcome: 'replayed' })
    expect(types()).toEqual(['acquired', 'completed', 'replayed'])
  })

  it('is not settled when the store cannot tell whether it committed', async () => {
    const { idempotency, store, types } = sql()
    store.release = failing
    const first = idempotency.once(key, (run) => void sqlRun(run).completion())
    await vi.advanceTimersByTimeAsync(500)
    expect(await first).toMatchObject({ recorded: 'failed', settled: false })
    expect(types().at(-1)).toBe('unrecorded')
  })

  it('is absent where the store has none', async () => {
    const { idempotency } = setUp()
    await idempotency.once(key, (run) => expect(run.completion).toBeUndefined())
  })
})

describe('a store that is away', () => {
  it.each([
    ['fails', failing, 'unavailable'],
    ['hangs', never, 'timeout'],
    [
      'throws at once',
      () => {
        throw new Error('secret')
      },
      'unknown',
    ],
    ['rejects with something odd', () => Promise.reject(undefined), 'unknown'],
    [
      'rejects with a lookalike',
      () => Promise.reject({ code: 'store_error', reason: '__proto__' }),
      'unknown',
    ],
    [
      'rejects with a StoreError of another copy',
      () => Promise.reject({ code: 'store_error', reason: 'full' }),
      'full',
    ],
  ])('at begin, because it %s, means store_unavailable and no run', async (_how, begin, reason) => {
    const { idempotency, events } = setUp({ begin: begin as never })
    const handler = vi.fn()
    const failure = idempotency.once(key, handler).catch((error) => error)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await failure).toMatchObject({ name: 'IdempotencyError', code: 'store_unavailable', status: 503 })
    expect((await failure).cause).toBeUndefined()
    expect(handler).not.toHaveBeenCalled()
    expect(events).toEqual([{ type: 'store_error', operation: 'begin', reason }])
  })

  it.each([undefined, null, 'acquired', {}, { status: 'maybe' }])(
    'or answers nonsense at begin, means store_unavailable and no run: %j',
    async (answer) => {
      const { idempotency, events } = setUp({ begin: async () => answer as never })
      const handler = vi.fn()
      await expect(idempotency.once(key, handler)).rejects.toMatchObject({ code: 'store_unavailable' })
      expect(handler).not.toHaveBeenCalled()
      expect(events).toEqual([{ type: 'store_error', operation: 'begin', reason: 'corrupt' }])
    },
  )

  it.each([undefined, 'weird', true])(
    'or answers nonsense to the mark, is a mark that failed: %j',
    async (answer) => {
      const { idempotency, types } = setUp({ complete: async () => answer as never })
      const run = idempotency.once(key, () => 'x')
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await run).toMatchObject({ outcome: 'ran', recorded: 'failed' })
      expect(types()).toEqual(['acquired', 'store_error', 'store_error', 'store_error', 'unrecorded'])
    },
  )

  it('that hangs in a renewal does not hold up the mark of finished work', async () => {
    const { idempotency } = setUp({ extend: () => new Promise<never>(() => {}) })
    const slow = held<string>()
    const run = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(25_000)
    slow.finish('x')
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.race([run, 'still waiting'])).toMatchObject({ recorded: 'done' })
    await vi.advanceTimersByTimeAsync(60_000)
  })

  it('at begin is passed by where that was asked for, without heartbeat or mark', async () => {
    const calls = { begin: failing, extend: vi.fn(), complete: vi.fn(), release: vi.fn() }
    const { idempotency, types } = setUp(calls as never, { dangerouslyRunWhenStoreFails: true })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await vi.advanceTimersByTimeAsync(minutes(9))
    await slow.runs[0]?.assertOwned()
    expect(slow.runs[0]).toMatchObject({ attempt: 1, token: '0' })
    slow.finish('x')
    expect(await first).toEqual({
      outcome: 'ran',
      value: 'x',
      attempt: 1,
      recorded: 'bypassed',
      settled: true,
    })
    await expect(idempotency.once(key, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(types()).toEqual(['store_error', 'store_bypassed', 'store_error', 'store_bypassed'])
    for (const call of [calls.extend, calls.complete, calls.release]) expect(call).not.toHaveBeenCalled()
  })

  it('in a bypassed run: completion() throws, and the timeout still holds', async () => {
    const completion = vi.fn()
    const { idempotency } = setUp({ begin: failing, completion }, { dangerouslyRunWhenStoreFails: true })
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await settle()
    const run = slow.runs[0] as unknown as Run<SqlIdempotencyStore>
    expect(() => run.completion()).toThrow(expect.objectContaining({ code: 'store_unavailable' }))
    await vi.advanceTimersByTimeAsync(minutes(10))
    expect(slow.reason()).toMatchObject({ code: 'run_timeout' })
    slow.finish('x')
    expect(await first).toMatchObject({ recorded: 'bypassed' })
    expect(completion).not.toHaveBeenCalled()
  })

  it.each([1, 2])('for %i of three tries to complete still gets the mark', async (failures) => {
    const memory = memoryIdempotencyStore()
    let asked = 0
    const complete: IdempotencyStore['complete'] = (...args) =>
      asked++ < failures ? failing() : memory.complete(...args)
    const { idempotency } = setUp({ ...memory, complete })
    const first = idempotency.once(key, () => 1)
    await vi.advanceTimersByTimeAsync(500)
    expect(await first).toMatchObject({ recorded: 'done' })
  })

  it('for all three tries to complete: failed, settled, because the effect is there', async () => {
    const complete = vi.fn(failing)
    const { idempotency, types } = setUp({ complete })
    const first = idempotency.once(key, () => 1)
    await vi.advanceTimersByTimeAsync(499)
    expect(complete).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(await first).toMatchObject({ recorded: 'failed', settled: true })
    expect(complete).toHaveBeenCalledTimes(3)
    expect(types()).toEqual(['acquired', 'store_error', 'store_error', 'store_error', 'unrecorded'])
  })

  it('at release changes nothing about what the handler threw', async () => {
    const release = vi.fn(failing)
    const { idempotency, types } = setUp({ release })
    await expect(idempotency.once(key, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    expect(release).toHaveBeenCalledTimes(1)
    expect(types()).toEqual(['acquired', 'store_error'])
  })

  it('at forget means store_unavailable', async () => {
    const { idempotency } = setUp({ forget: failing })
    await expect(idempotency.forget(key)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('and answers late, or rejects late, changes nothing any more', async () => {
    let answer!: (value: never) => void
    let reject!: (error: Error) => void
    const late = [
      new Promise((resolve) => {
        answer = resolve
      }),
      new Promise((_, no) => {
        reject = no
      }),
    ]
    const { idempotency } = setUp({ begin: (() => late.shift()) as never })
    const both = [idempotency.once(key, () => 1), idempotency.once(key, () => 1)].map((once) =>
      expect(once).rejects.toMatchObject({ code: 'store_unavailable' }),
    )
    await vi.advanceTimersByTimeAsync(60_000)
    await Promise.all(both)
    answer({ status: 'acquired', token: '1', attempt: 1 } as never)
    reject(new Error('late'))
    await settle()
  })
})

describe('the event loop blocked past the lease', () => {
  it('loses the mark to the successor and says so', async () => {
    const { idempotency, memory } = setUp()
    const slow = held<string>()
    const first = idempotency.once(key, slow.handler)
    await settle()
    vi.setSystemTime(Date.now() + minutes(2))
    const successor = await memory.begin(key, {
      leaseMs: 1000,
      retainMs: 9000,
      fingerprint: '',
      maxAttempts: 0,
    })
    expect(successor).toMatchObject({ status: 'acquired', attempt: 2 })
    slow.finish('late')
    expect(await first).toMatchObject({ recorded: 'lost', settled: false })
  })
})

describe('observe', () => {
  it('changes no outcome, whatever it does', async () => {
    for (const observe of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
    ]) {
      const idempotency = createIdempotency({ store: memoryIdempotencyStore(), observe })
      expect(await idempotency.once(key, () => 1)).toMatchObject({ recorded: 'done' })
      expect(await idempotency.once(key, () => 1)).toMatchObject({ outcome: 'replayed' })
    }
  })

  it('is told nothing of values, errors or parts of keys', async () => {
    const { idempotency, events } = setUp({ extend: () => Promise.reject(new Error('canary')) })
    await idempotency.once(key, async (run) => run.assertOwned().catch(() => 'canary'), {
      result: jsonResult(),
    })
    await idempotency.once(key, () => 'canary', { result: jsonResult() })
    expect(JSON.stringify(events)).not.toContain('canary')
  })
})

describe('bad arguments', () => {
  const store = memoryIdempotencyStore()
  it.each<[object | null, ErrorConstructor]>([
    [null, TypeError],
    [{}, TypeError],
    [{ store: null }, TypeError],
    [{ store: {} }, TypeError],
    [{ store, lease: 60 }, TypeError],
    [{ store, lease: '500ms' }, RangeError],
    [{ store, lease: '2h' }, RangeError],
    [{ store, retain: '60s', timeout: '30s' }, RangeError],
    [{ store, retain: '10m' }, RangeError],
    [{ store, retain: '1h', retryDelay: '1h' }, RangeError],
    [{ store, timeout: '0s' }, RangeError],
    [{ store, timeout: '25d' }, RangeError],
    [{ store, retryDelay: '-1s' }, RangeError],
    [{ store, maxAttempts: 0 }, RangeError],
    [{ store, maxAttempts: 1_000_001 }, RangeError],
    [{ store, maxAttempts: '3' }, TypeError],
    [{ store, maxResult: -1 }, RangeError],
    [{ store, observe: {} }, TypeError],
    [{ store, dangerouslyRunWhenStoreFails: 'false' }, TypeError],
  ])('are refused at creation: %#', (options, error) => {
    expect(() => createIdempotency(options as never)).toThrow(error)
  })

  it.each<[unknown, unknown, unknown, ErrorConstructor]>([
    ['abc', () => 1, undefined, TypeError],
    [undefined, () => 1, undefined, TypeError],
    [key, undefined, undefined, TypeError],
    [key, () => 1, null, TypeError],
    [key, () => 1, { fingerprint: 'abc' }, TypeError],
    [key, () => 1, { fingerprint: '' }, TypeError],
    [key, () => 1, { signal: {} }, TypeError],
    [key, () => 1, { signal: null }, TypeError],
    [key, () => 1, { result: { encode() {} } }, TypeError],
    [key, () => 1, { result: null }, TypeError],
    [key, () => 1, { retain: '500ms' }, RangeError],
    [key, () => 1, { retain: 500 }, TypeError],
  ])('of once reject, and claim nothing: %#', async (badKey, handler, options, error) => {
    const { idempotency, memory } = setUp()
    await expect(idempotency.once(badKey as never, handler as never, options as never)).rejects.toThrow(error)
    expect(await memory.forget(key)).toBe(false)
  })

  it('of forget reject', async () => {
    const { idempotency } = setUp()
    await expect(idempotency.forget('abc' as never)).rejects.toThrow(TypeError)
  })

  it('do not include undefined, which means the default', async () => {
    const defaults = { lease: undefined, retain: undefined, timeout: undefined, maxAttempts: undefined }
    const more = { retryDelay: undefined, maxResult: undefined, observe: undefined }
    const idempotency = createIdempotency({
      store,
      ...defaults,
      ...more,
      dangerouslyRunWhenStoreFails: undefined,
    })
    const options = { fingerprint: undefined, signal: undefined, result: undefined, retain: undefined }
    expect(await idempotency.once(key, () => 1, options)).toMatchObject({ recorded: 'done' })
    expect(Object.isFrozen(idempotency)).toBe(true)
  })
})

describe('the types', () => {
  it('let an Idempotency of a SQL store stand in for one of any store', () => {
    const accept = (_: Idempotency<IdempotencyStore>) => undefined
    const typed = (idempotency: Idempotency<SqlIdempotencyStore>) => {
      accept(idempotency)
      return idempotency.once(key, (run) => run.completion().sql)
    }
    expect(typed).toBeTypeOf('function')
  })
})
