import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import {
  createDekCache,
  type DekCacheOptions,
  type Wanted,
  type WrappedKey,
} from '../../src/envelope/dek-cache.js'
import { deferred } from './support.js'

/** What happens to the bytes can be seen only from within: here the loaded array is the one that is held. */
function setUp(options: Partial<DekCacheOptions> = {}) {
  const clock = { now: 0 }
  const cache = createDekCache({ ttlMs: 60_000, entries: 2, now: () => clock.now, observe() {}, ...options })
  return { cache, clock }
}
const newKey = (): WrappedKey => ({ dek: new Uint8Array(randomBytes(32)), edk: new Uint8Array(4) })
const wanted = (key: WrappedKey, use: Wanted['use'] = () => true): Wanted => ({
  kid: 'k',
  load: async () => key,
  use,
})
const isZero = ({ dek }: WrappedKey) => dek.every((byte) => byte === 0)

describe('the bytes of a cached data key', () => {
  it('are never handed out themselves: each caller may wipe its own', async () => {
    const { cache } = setUp()
    const key = newKey()
    const dek = key.dek.slice()
    const taken = [await cache.take('a', wanted(key)), await cache.take('a', wanted(newKey()))]
    for (const each of taken) {
      expect(each.dek).toEqual(dek)
      each.dek.fill(0)
    }
    expect((await cache.take('a', wanted(newKey()))).dek).toEqual(dek)
  })

  it('are zeroed at eviction, the oldest first, and no copy that is out there with them', async () => {
    const { cache } = setUp()
    const keys = [newKey(), newKey(), newKey()]
    const taken = await Promise.all(keys.map((key, at) => cache.take(`${at}`, wanted(key))))
    expect(keys.map(isZero)).toEqual([true, false, false])
    expect(taken.map(isZero)).toEqual([false, false, false])
  })

  it.each([
    ['when they are too old', 60_000],
    ['when the clock stepped back', -1],
    ['when the clock tells no time', Number.NaN],
  ])('are zeroed %s', async (_name, time) => {
    const { cache, clock } = setUp()
    const old = newKey()
    await cache.take('a', wanted(old))
    clock.now = time
    const fresh = newKey()
    expect((await cache.take('a', wanted(fresh))).dek).toEqual(fresh.dek)
    expect([old, fresh].map(isZero)).toEqual([true, false])
  })

  it('are zeroed when they are too old although nobody asks for them again', async () => {
    vi.useFakeTimers()
    try {
      const { cache, clock } = setUp()
      const [early, late] = [newKey(), newKey()]
      const pass = (ms: number) => {
        clock.now += ms
        vi.advanceTimersByTime(ms)
      }
      await cache.take('a', wanted(early))
      pass(30_000)
      await cache.take('b', wanted(late))
      pass(29_999)
      expect([early, late].map(isZero)).toEqual([false, false])
      pass(1)
      expect([early, late].map(isZero)).toEqual([true, false])
      pass(30_000)
      expect([early, late].map(isZero)).toEqual([true, true])
      expect(vi.getTimerCount()).toBe(0)

      await cache.take('a', wanted(newKey()))
      cache.flush()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('are not loaded again for somebody who gave up', async () => {
    const { cache } = setUp()
    const load = deferred<WrappedKey>()
    let loads = 0
    const once: Wanted = {
      kid: 'k',
      load() {
        loads++
        return load.promise
      },
      use: (usage) => ++usage.messages <= 1,
    }
    const stop = new AbortController()
    const [first, second] = [cache.take('a', once), cache.take('a', { ...once, signal: stop.signal })]
    stop.abort()
    load.resolve(newKey())
    await first
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    expect(loads).toBe(1)
  })

  it('are zeroed when they have done their share', async () => {
    const { cache } = setUp()
    const twice: Wanted['use'] = (usage) => {
      usage.messages += 1
      return usage.messages <= 2
    }
    const keys = [newKey(), newKey(), newKey()]
    const deks = keys.map(({ dek }) => dek.slice())
    const first = await cache.take('a', wanted(keys[0] as WrappedKey, twice))
    const second = await cache.take('a', wanted(keys[1] as WrappedKey, twice))
    expect([first.dek, second.dek, keys.map(isZero)]).toEqual([deks[0], deks[0], [false, false, false]])
    const third = await cache.take('a', wanted(keys[2] as WrappedKey, twice))
    expect([third.dek, keys.map(isZero)]).toEqual([deks[2], [true, false, false]])
  })

  it('are zeroed at flush, and a load that was under way is zeroed when it lands', async () => {
    const { cache } = setUp()
    const held = newKey()
    const late = newKey()
    await cache.take('held', wanted(held))
    const gate = deferred<WrappedKey>()
    const waiting = cache.take('late', { kid: 'k', load: () => gate.promise, use: () => true })
    cache.flush()
    expect(isZero(held)).toBe(true)
    const expected = late.dek.slice()
    gate.resolve(late)
    expect((await waiting).dek).toEqual(expected)
    await Promise.resolve()
    expect(isZero(late)).toBe(true)
  })
})
