import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { kidOf } from 'waxseal/envelope'
import type { RotationStore } from 'waxseal/envelope/rotate'
import { memoryRotationStore } from 'waxseal/stores/memory'
import { rotateTogether } from '../../src/cli/rotation-workers.js'
import { shareCounts } from '../../src/cli/shared-counts.js'
import { createShell } from '../../src/cli/shell.js'
import { StoreError, type StoreReason } from '../../src/internal/store-error.js'
import { sealOld, TOKEN } from './support.js'
import { envelope } from './tables.js'

interface Broken {
  /** What its second count fails with, and later ones not. */
  readonly count?: StoreReason
  /** What its second claim fails with. */
  readonly claim?: StoreReason
}

/** Workers over a store that counts its counts. */
async function rotated(workers: number, broken: Broken = {}, dryRun = false) {
  const rows = new Map(
    Array.from({ length: 40 }, (_, at) => [`row-${at}`, { value: sealOld(TOKEN, `row-${at}`) }]),
  )
  const memory = memoryRotationStore(rows)
  const calls = { inventory: 0, claim: 0 }
  const store: RotationStore = {
    async claim(query, work) {
      if (++calls.claim === 2 && broken.claim) throw new StoreError(broken.claim)
      return memory.claim(query, work)
    },
    async inventory(primary) {
      if (++calls.inventory === 2 && broken.count) throw new StoreError(broken.count)
      return memory.inventory(primary)
    },
  }
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const shell = createShell({ env: {}, stdin, stdout, stderr }, false)
  const before = await store.inventory(envelope.primary)
  const options = { envelope, store, batch: 5, dryRun, random: () => 0 }
  const outcome = await rotateTogether(shell, options, { before, workers, idType: 'text' }).catch(
    (error) => error,
  )
  const left = [...rows.values()].filter(({ value }) => kidOf(value) !== envelope.primary).length
  return { outcome, calls, left, said: String(stderr.read()) }
}

const AGAIN = 'What was written stays written; run the same command again.'

describe('several workers', () => {
  it.each([1, 4])('%i of them count the table once before and once behind all', async (workers) => {
    const { outcome, calls } = await rotated(workers)
    expect(outcome).toMatchObject({ outcome: 'done', rotated: 40, inventory: { stale: 0 } })
    expect(calls.inventory).toBe(2)
  })

  it('a count that failed for a while is made anew, once for all, and said', async () => {
    const { outcome, calls, said } = await rotated(3, { count: 'unavailable' })
    expect(outcome).toMatchObject({ outcome: 'done', rotated: 40 })
    expect(calls.inventory).toBe(3)
    expect(said).toContain('the database failed for a while; attempt 2 in 0 ms\n')
  })

  it('one that breaks down ends all of them: nobody waits for it', async () => {
    const { outcome, left, said } = await rotated(3, { claim: 'full' })
    expect(outcome).toMatchObject({ code: 'store_error', reason: 'full' })
    // At most the batch that each of the others had in hand.
    expect(left).toBeGreaterThanOrEqual(30)
    expect(said).not.toContain(AGAIN)
  })

  it('what may pass by itself is said to, unless nothing would have been written', async () => {
    const { outcome, said } = await rotated(2, { count: 'timeout' })
    expect(outcome).toMatchObject({ code: 'store_error', reason: 'timeout' })
    expect(said).toContain(AGAIN)
    expect((await rotated(1, { count: 'timeout' }, true)).said).not.toContain(AGAIN)
  })

  it('the last count waits for all, also where one of them comes to its end twice', async () => {
    const memory = memoryRotationStore(new Map([['row-1', { value: sealOld(TOKEN, 'row-1') }]]))
    const before = await memory.inventory(envelope.primary)
    let counts = 0
    const store: RotationStore = {
      claim: memory.claim,
      inventory(primary) {
        counts++
        return memory.inventory(primary)
      },
    }
    const next = shareCounts(store, before, 2)
    const [first, second] = [next(), next()]
    for (const each of [first, second]) expect(await each.store.inventory(envelope.primary)).toBe(before)
    const early = first.store.inventory(envelope.primary)
    first.leave()
    await new Promise((resolve) => setImmediate(resolve))
    expect(counts).toBe(0)
    expect(await second.store.inventory(envelope.primary)).toBe(await early)
    expect(counts).toBe(1)
  })
})
