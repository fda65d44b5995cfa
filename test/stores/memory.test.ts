import { describe, expect, it } from 'vitest'
import type { IdempotencyStore } from 'waxseal/idempotency'
import { memoryIdempotencyStore, StoreError } from 'waxseal/stores/memory'
import { describeIdempotency } from '../contract/idempotency.js'

let clock = 1_780_000_000_000
describeIdempotency('memory on a virtual clock', {
  create: () => memoryIdempotencyStore({ now: () => clock }),
  advance: (ms) => {
    clock += ms
  },
})
describeIdempotency('memory on the real clock', { create: () => memoryIdempotencyStore() })

const claim = { leaseMs: 1000, retainMs: 10_000, fingerprint: '', maxAttempts: 0 }

async function done(store: IdempotencyStore, key: string, retainMs = 10_000): Promise<void> {
  const begun = await store.begin(key, claim)
  if (begun.status !== 'acquired') throw new Error(begun.status)
  await store.complete(key, begun.token, { retainMs })
}

describe('memoryIdempotencyStore', () => {
  it('drops the oldest record that is done when it is full', async () => {
    const store = memoryIdempotencyStore({ maxEntries: 3 })
    await store.begin('pending', claim)
    await done(store, 'first')
    await done(store, 'second')
    await store.begin('new', claim)
    expect(await store.begin('second', claim)).toEqual({ status: 'done' })
    expect(await store.begin('pending', claim)).toMatchObject({ status: 'busy' })
    expect(await store.begin('first', claim)).toMatchObject({ status: 'acquired', attempt: 1 })
  })

  it('drops an expired claim when it is full', async () => {
    let now = 0
    const store = memoryIdempotencyStore({ maxEntries: 1, now: () => now })
    await store.begin('old', claim)
    now = 10_000
    expect(await store.begin('new', claim)).toMatchObject({ status: 'acquired' })
  })

  it('fails with StoreError full when all it holds are claims, and still serves those', async () => {
    const store = memoryIdempotencyStore({ maxEntries: 1 })
    const begun = await store.begin('a', claim)
    await expect(store.begin('b', claim)).rejects.toMatchObject({ code: 'store_error', reason: 'full' })
    await expect(store.complete('b', '7', { retainMs: 1 })).rejects.toBeInstanceOf(StoreError)
    expect(await store.begin('a', claim)).toMatchObject({ status: 'busy' })
    expect(begun.status === 'acquired' && (await store.complete('a', begun.token, { retainMs: 1 }))).toBe(
      'done',
    )
  })

  it('never gives out a token twice, even when the clock steps back and the key was forgotten', async () => {
    let now = 5_000
    const store = memoryIdempotencyStore({ now: () => now })
    const tokens: bigint[] = []
    for (const at of [5_000, 5_000, 1_000, 6_000]) {
      now = at
      const begun = await store.begin('a', claim)
      tokens.push(begun.status === 'acquired' ? BigInt(begun.token) : 0n)
      await store.forget('a')
    }
    expect(tokens).toEqual([5_000_000n, 5_000_001n, 5_000_002n, 6_000_000n])
  })

  it('frees a key that was released at once, also when the clock steps back', async () => {
    let now = 5_000
    const store = memoryIdempotencyStore({ now: () => now })
    const begun = await store.begin('a', claim)
    expect(begun.status === 'acquired' && (await store.release('a', begun.token, 0))).toBe(true)
    now = 1_000
    expect(await store.begin('a', claim)).toMatchObject({ status: 'acquired', attempt: 2 })
  })

  it('takes hostile names for what they are', async () => {
    const store = memoryIdempotencyStore()
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(await store.forget(key)).toBe(false)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'acquired', attempt: 1 })
    }
  })

  it.each([
    [null, TypeError],
    [{ maxEntries: '1' }, TypeError],
    [{ maxEntries: 0 }, RangeError],
    [{ maxEntries: 1.5 }, RangeError],
    [{ now: 5 }, TypeError],
  ])('refuses the options %j at creation', (options, error) => {
    expect(() => memoryIdempotencyStore(options as never)).toThrow(error)
  })

  it('takes undefined for the default', async () => {
    const store = memoryIdempotencyStore({ maxEntries: undefined, now: undefined })
    expect(await store.begin('a', claim)).toMatchObject({ status: 'acquired' })
  })
})

describe('StoreError', () => {
  it('has one code, status 503, a reason, and a driver code only where it looks like one', () => {
    expect(new StoreError('timeout')).toMatchObject({
      name: 'StoreError',
      code: 'store_error',
      status: 503,
      reason: 'timeout',
    })
    expect(new StoreError('unknown', '40P01').driver).toBe('40P01')
    expect(new StoreError('unknown', '+4915112345678').driver).toBeUndefined()
    expect(new StoreError('schema_missing').message).toContain('npx waxseal migrate')
  })
})
