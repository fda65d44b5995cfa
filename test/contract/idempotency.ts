import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { BeginOptions, IdempotencyStore, SqlIdempotencyStore, SqlStatement } from 'waxseal/idempotency'

/** What a store's author brings: `src/idempotency/store.ts` made executable runs against it, unchanged. */
export interface IdempotencyHarness {
  /** A store over the backend. Called before each test. */
  create(): IdempotencyStore | Promise<IdempotencyStore>
  /** Empties the backend. Called before each test, before `create`. */
  reset?(): void | Promise<void>
  /** Lets that much time pass for the store. Default: really waits. */
  advance?(ms: number): void | Promise<void>
  /** SQL stores: runs the statements in one transaction; rejects, with nothing written, when one fails. */
  transaction?(statements: readonly SqlStatement[]): Promise<unknown>
  /** Records expire by themselves, so that `purge` has nothing to do. */
  readonly expiresByItself?: boolean
  /** Called after the last test. */
  close?(): void | Promise<void>
}

const really = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms + 30))

/** Long enough for a round trip to a server, short enough to wait for. */
const SHORT = 250
const LONG = 3_600_000
const claim: BeginOptions = { leaseMs: LONG, retainMs: 2 * LONG, fingerprint: '', maxAttempts: 0 }
const short: BeginOptions = { ...claim, leaseMs: SHORT }

export function describeIdempotency(name: string, harness: IdempotencyHarness): void {
  const advance = harness.advance ?? really
  let store: IdempotencyStore
  let key: string
  let keys = 0

  beforeEach(async () => {
    await harness.reset?.()
    store = await harness.create()
    key = `k1_${String(++keys).padStart(43, '0')}`
  })
  afterAll(() => harness.close?.())

  async function acquire(options: BeginOptions = claim): Promise<{ token: string; attempt: number }> {
    const begun = await store.begin(key, options)
    if (begun.status !== 'acquired') throw new Error(`expected a claim, got ${begun.status}`)
    return begun
  }

  describe(`idempotency store: ${name}`, () => {
    it('acquires a free key with attempt 1 and a token of decimal digits', async () => {
      const { token, attempt } = await acquire()
      expect(attempt).toBe(1)
      expect(token).toMatch(/^[1-9]\d{0,18}$/)
    })

    it('gives a free key to exactly one of 500 concurrent claims', async () => {
      const begun = await Promise.all(Array.from({ length: 500 }, () => store.begin(key, claim)))
      expect(begun.filter(({ status }) => status === 'acquired')).toHaveLength(1)
      expect(begun.filter(({ status }) => status === 'busy')).toHaveLength(499)
    })

    it('gives a lapsed key to exactly one of 100 concurrent claims', async () => {
      await acquire(short)
      await advance(SHORT)
      const begun = await Promise.all(Array.from({ length: 100 }, () => store.begin(key, claim)))
      expect(begun.filter(({ status }) => status === 'acquired')).toEqual([
        { status: 'acquired', attempt: 2, token: expect.any(String) },
      ])
    })

    it('keeps keys apart', async () => {
      await acquire()
      expect(await store.begin(`k1_${'x'.repeat(43)}`, claim)).toMatchObject({
        status: 'acquired',
        attempt: 1,
      })
    })

    it('is busy while the lease holds, and says for how long', async () => {
      await acquire()
      const busy = await store.begin(key, claim)
      expect(busy).toEqual({ status: 'busy', retryAfterMs: expect.any(Number) })
      const { retryAfterMs } = busy as { retryAfterMs: number }
      expect(retryAfterMs).toBeGreaterThan(LONG - 60_000)
      expect(retryAfterMs).toBeLessThanOrEqual(LONG)
    })

    it('lets a lapsed lease be taken over with the next attempt and a greater token', async () => {
      const first = await acquire(short)
      await advance(SHORT)
      const second = await acquire()
      expect(second.attempt).toBe(2)
      expect(BigInt(second.token)).toBeGreaterThan(BigInt(first.token))
    })

    it('grows the token with each claim, also of one key within one tick of the clock', async () => {
      let last = 0n
      for (let i = 1; i <= 20; i++) {
        const { token, attempt } = await acquire()
        expect(attempt).toBe(i)
        expect(BigInt(token)).toBeGreaterThan(last)
        last = BigInt(token)
        await store.release(key, token, 0)
      }
    })

    it('completes a claim, and answers done with the result that was kept', async () => {
      const { token } = await acquire()
      expect(await store.complete(key, token, { retainMs: LONG, result: '{"v":"é😀\\""}' })).toBe('done')
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: '{"v":"é😀\\""}' })
    })

    it('answers done without a result when none was kept, and keeps an empty one', async () => {
      const { token } = await acquire()
      await store.complete(key, token, { retainMs: LONG })
      expect(await store.begin(key, claim)).toEqual({ status: 'done' })
      key += 'b'
      const other = await acquire()
      await store.complete(key, other.token, { retainMs: LONG, result: '' })
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: '' })
    })

    it.each(['12345', '{"a":1}', 'null', '[1]', ' 1 ', 'r', '\n'])(
      'gives back the result %j as it was',
      async (result) => {
        const { token } = await acquire()
        await store.complete(key, token, { retainMs: LONG, result })
        expect(await store.begin(key, claim)).toEqual({ status: 'done', result })
      },
    )

    it('keeps the first result when a claim is completed again', async () => {
      const { token } = await acquire()
      await store.complete(key, token, { retainMs: LONG, result: 'first' })
      expect(await store.complete(key, token, { retainMs: LONG, result: 'second' })).toBe('done')
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: 'first' })
    })

    it('writes nothing for a stale owner', async () => {
      const stale = await acquire(short)
      await advance(SHORT)
      const owner = await acquire()
      expect(await store.complete(key, stale.token, { retainMs: LONG, result: 'stale' })).toBe('lost')
      expect(await store.extend(key, stale.token, LONG)).toBe(false)
      expect(await store.release(key, stale.token, 0)).toBe(false)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
      expect(await store.complete(key, owner.token, { retainMs: LONG, result: 'owner' })).toBe('done')
      expect(await store.complete(key, stale.token, { retainMs: LONG, result: 'stale' })).toBe('lost')
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: 'owner' })
    })

    it('completes, extends and releases for an owner whose lease has lapsed but was not taken', async () => {
      const { token } = await acquire(short)
      await advance(SHORT)
      expect(await store.extend(key, token, LONG)).toBe(true)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
      expect(await store.release(key, token, 0)).toBe(true)
      expect(await store.complete(key, token, { retainMs: LONG })).toBe('done')
    })

    it('neither extends nor releases what is done', async () => {
      const { token } = await acquire()
      await store.complete(key, token, { retainMs: LONG })
      expect(await store.extend(key, token, LONG)).toBe(false)
      expect(await store.release(key, token, 0)).toBe(false)
      expect(await store.begin(key, claim)).toEqual({ status: 'done' })
    })

    it('extends a lease from now on', async () => {
      const { token } = await acquire(short)
      expect(await store.extend(key, token, LONG)).toBe(true)
      await advance(SHORT)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
    })

    it('releases at once, or after a delay', async () => {
      const first = await acquire()
      expect(await store.release(key, first.token, 0)).toBe(true)
      const second = await acquire()
      expect(second.attempt).toBe(2)
      expect(await store.release(key, second.token, SHORT)).toBe(true)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
      await advance(SHORT)
      expect((await acquire()).attempt).toBe(3)
    })

    it('recovers a record that has vanished', async () => {
      const { token } = await acquire()
      await store.forget(key)
      expect(await store.extend(key, token, LONG)).toBe(false)
      expect(await store.release(key, token, 0)).toBe(false)
      expect(await store.complete(key, token, { retainMs: LONG, result: 'r' })).toBe('recovered')
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: 'r' })
      expect(await store.complete(key, token, { retainMs: LONG })).toBe('done')
    })

    it.each(['', 'abc', '0', '-1', '1.5', "1'; --"])('takes the token %j for lost', async (token) => {
      expect(await store.complete(key, token, { retainMs: LONG })).toBe('lost')
      expect(await store.extend(key, token, LONG)).toBe(false)
      await acquire()
      expect(await store.complete(key, token, { retainMs: LONG })).toBe('lost')
      expect(await store.extend(key, token, LONG)).toBe(false)
      expect(await store.release(key, token, 0)).toBe(false)
      expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
    })

    it('answers mismatch for another fingerprint, pending, done or dead', async () => {
      const one = { ...claim, fingerprint: 'f1_one', maxAttempts: 1 }
      const other = { ...claim, fingerprint: 'f1_other' }
      const { token } = await acquire(one)
      expect(await store.begin(key, other)).toEqual({ status: 'mismatch' })
      await store.release(key, token, 0)
      expect(await store.begin(key, other)).toEqual({ status: 'mismatch' })
      expect(await store.begin(key, one)).toEqual({ status: 'dead', attempts: 1 })
      expect(await store.begin(key, other)).toEqual({ status: 'mismatch' })
      await store.complete(key, token, { retainMs: LONG })
      expect(await store.begin(key, other)).toEqual({ status: 'mismatch' })
      expect(await store.begin(key, one)).toEqual({ status: 'done' })
    })

    it('compares no fingerprint that is absent on either side, and keeps the stored one', async () => {
      const one = { ...claim, fingerprint: 'f1_one' }
      const { token } = await acquire(one)
      await store.release(key, token, 0)
      const again = await acquire(claim)
      await store.release(key, again.token, 0)
      expect(await store.begin(key, { ...claim, fingerprint: 'f1_other' })).toEqual({ status: 'mismatch' })

      key += 'b'
      const without = await acquire(claim)
      await store.release(key, without.token, 0)
      await acquire(one)
      expect(await store.begin(key, { ...claim, fingerprint: 'f1_other' })).toEqual({ status: 'mismatch' })
    })

    it('is dead when a claim would exceed the attempts, and stays dead', async () => {
      const limited = { ...claim, maxAttempts: 2 }
      const first = await acquire(limited)
      await store.release(key, first.token, 0)
      const second = await acquire(limited)
      expect(await store.begin(key, limited)).toMatchObject({ status: 'busy' })
      await store.release(key, second.token, 0)
      expect(await store.begin(key, limited)).toEqual({ status: 'dead', attempts: 2 })
      expect(await store.begin(key, claim)).toEqual({ status: 'dead', attempts: 2 })
      expect(await store.extend(key, second.token, LONG)).toBe(false)
      expect(await store.release(key, second.token, 0)).toBe(false)
    })

    it('lets the last owner of a dead key complete it, and nobody before', async () => {
      const first = await acquire()
      await store.release(key, first.token, 0)
      const last = await acquire()
      await store.release(key, last.token, 0)
      expect(await store.begin(key, { ...claim, maxAttempts: 2 })).toEqual({ status: 'dead', attempts: 2 })
      expect(await store.complete(key, first.token, { retainMs: LONG })).toBe('lost')
      expect(await store.complete(key, last.token, { retainMs: LONG, result: 'late' })).toBe('done')
      expect(await store.begin(key, claim)).toEqual({ status: 'done', result: 'late' })
    })

    it('forgets what has expired: pending, done and dead alike', async () => {
      const retained = { ...claim, leaseMs: SHORT / 2, retainMs: SHORT }
      await acquire(retained)
      await advance(SHORT)
      const second = await acquire()
      expect(second.attempt).toBe(1)

      await store.complete(key, second.token, { retainMs: SHORT, result: 'gone' })
      await advance(SHORT)
      const third = await acquire({ ...claim, fingerprint: 'f1_new' })
      expect(third.attempt).toBe(1)
      expect(BigInt(third.token)).toBeGreaterThan(BigInt(second.token))

      await store.release(key, third.token, 0)
      const dead = await store.begin(key, { ...claim, retainMs: SHORT, maxAttempts: 1 })
      expect(dead).toEqual({ status: 'dead', attempts: 1 })
      await advance(SHORT)
      expect((await acquire({ ...claim, fingerprint: 'f1_other' })).attempt).toBe(1)
    })

    it('renews the expiry with each claim', async () => {
      const retained = { ...claim, leaseMs: 0, retainMs: 2 * SHORT }
      await acquire(retained)
      await advance(SHORT)
      expect((await acquire(retained)).attempt).toBe(2)
      await advance(SHORT)
      expect((await acquire(retained)).attempt).toBe(3)
    })

    it('forgets on request, whatever the state', async () => {
      expect(await store.forget(key)).toBe(false)
      const { token } = await acquire()
      expect(await store.forget(key)).toBe(true)
      expect(await store.forget(key)).toBe(false)
      const again = await acquire()
      expect(again.attempt).toBe(1)
      await store.complete(key, again.token, { retainMs: LONG })
      expect(await store.complete(key, token, { retainMs: LONG })).toBe('lost')
      expect(await store.forget(key)).toBe(true)
      expect((await acquire()).attempt).toBe(1)
    })

    it('purges at most as many expired records as asked, and no other', async () => {
      const prefix = key
      for (let i = 0; i < 5; i++) {
        key = `${prefix}${i}`
        await acquire(i < 3 ? { ...claim, leaseMs: 0, retainMs: SHORT } : claim)
      }
      expect(await store.purge(10)).toBe(0)
      await advance(SHORT)
      const purged = [await store.purge(2), await store.purge(2), await store.purge(2)]
      expect(purged).toEqual(harness.expiresByItself ? [0, 0, 0] : [2, 1, 0])
      expect(await store.begin(`${prefix}4`, claim)).toMatchObject({ status: 'busy' })
    })

    it('is frozen', () => {
      expect(Object.isFrozen(store)).toBe(true)
    })

    const { transaction } = harness
    if (transaction !== undefined) {
      const completion = (token: string, result?: string) =>
        (store as SqlIdempotencyStore).completion(
          key,
          token,
          result === undefined ? { retainMs: LONG } : { retainMs: LONG, result },
        )

      it('marks the key done as part of a transaction of the caller', async () => {
        const { token } = await acquire()
        await transaction([completion(token, 'kept')])
        expect(await store.begin(key, claim)).toEqual({ status: 'done', result: 'kept' })
        expect(await store.release(key, token, 0)).toBe(false)
      })

      it('fails the transaction of a stale owner, without a word of the result, and writes nothing of it', async () => {
        const stale = await acquire(short)
        await advance(SHORT)
        const owner = await acquire()
        const failure: unknown = await transaction([completion(stale.token, 'canary')]).catch(
          (error) => error,
        )
        expect(failure).toBeInstanceOf(Error)
        expect(String((failure as Error).message)).not.toContain('canary')
        expect(await store.begin(key, claim)).toMatchObject({ status: 'busy' })
        expect(await store.complete(key, owner.token, { retainMs: LONG })).toBe('done')
      })

      it('recovers a vanished record within the transaction', async () => {
        const { token } = await acquire()
        await store.forget(key)
        await transaction([completion(token)])
        expect(await store.begin(key, claim)).toEqual({ status: 'done' })
      })
    }
  })
}
