import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimQuery, RotationRow, RotationStore, RowChange } from 'waxseal/envelope/rotate'

/** A row as tests put and read it. `mark` is the column that changes may write besides. */
export interface TestRow {
  readonly value: string | null
  readonly mark: string | null
}

/** What a store's author brings: `src/envelope/rotation-store.ts` made executable runs against it, unchanged. */
export interface RotationHarness {
  /** Empties the table. Called before each test. */
  reset(): void | Promise<void>
  /** A store over the table. A row's context is `{ tenant: 'acme', purpose: 'token', id }`; it may write `mark`. */
  create(): RotationStore
  /** The id of the nth row, n below 1000, in ascending order. */
  id(n: number): string
  /** Inserts the row or replaces it. */
  put(id: string, row: TestRow): void | Promise<void>
  get(id: string): TestRow | undefined | Promise<TestRow | undefined>
  /** Demand (f): rows of one claim are not passed to another. Then other writers of them have to wait. */
  readonly locks: boolean
  /** The second claim of (f) may run before the first one has ended. Default true. */
  readonly concurrent?: boolean
  /** Demand (c): the table refuses the value `poison`. Default: nothing can fail half way. */
  readonly poison?: boolean
  /** Called after the last test. */
  close?(): void | Promise<void>
}

const NEW = '2026-05'
const stale = (n: number) => `wx1.2026-01.edk${n}.body${n}`
const fresh = (n: number) => `wx1.${NEW}.edk${n}.body${n}`

export function describeRotation(name: string, harness: RotationHarness): void {
  let store: RotationStore
  const { id } = harness
  const query: ClaimQuery = { primary: NEW, legacy: false, after: null, limit: 100, dryRun: false }

  beforeEach(async () => {
    await harness.reset()
    store = harness.create()
  })
  afterAll(() => harness.close?.())

  async function put(...values: readonly (string | null)[]): Promise<void> {
    for (const [n, value] of values.entries()) await harness.put(id(n), { value, mark: `mark ${n}` })
  }
  const held = async (n: number) => (await harness.get(id(n)))?.value
  const to = (row: RotationRow, value: string): RowChange =>
    ({ id: row.id, from: row.value, to: value }) as RowChange
  const renew = (row: RotationRow) => to(row, row.value.replace('2026-01', NEW))

  /** The rows of a claim that changes nothing. */
  async function seen(over: Partial<ClaimQuery> = {}): Promise<readonly RotationRow[]> {
    let rows: readonly RotationRow[] = []
    await store.claim({ ...query, ...over }, async (claimed) => {
      rows = claimed
      return []
    })
    return rows
  }
  const idsSeen = async (over: Partial<ClaimQuery> = {}) => (await seen(over)).map((row) => row.id)

  describe(`rotation store: ${name}`, () => {
    it('passes the rows that are sealed under other kids, in ascending order, with their context', async () => {
      await put(stale(0), fresh(1), stale(2), null, '', 'EAAG-plaintext')
      expect(await seen()).toEqual(
        [0, 2].map((n) => ({
          id: id(n),
          value: stale(n),
          context: { tenant: 'acme', purpose: 'token', id: id(n) },
        })),
      )
    })

    it('tells kids apart by all their letters, and envelopes by their exact prefix', async () => {
      const other = [
        'wx1.2026-0.e.b',
        'wx1.2026-051.e.b',
        'wx1.2026-05',
        'wx1.2026_05.e.b',
        'wx1..e.b',
        'wx1.',
      ]
      await put(
        ...other,
        'WX1.2026-01.e.b',
        'wx12026-01.e.b',
        'wx2.2026-01.e.b',
        ' wx1.2026-01.e.b',
        fresh(10),
      )
      expect((await seen()).map((row) => row.value)).toEqual(other)
    })

    it('passes with legacy every value that is not empty and not under the primary', async () => {
      const other = [stale(0), 'EAAG', 'WX1.2026-05.e.b', 'wx2.2026-05.e.b', ' ']
      await put(...other, fresh(5), null, '')
      expect((await seen({ legacy: true })).map((row) => row.value)).toEqual(other)
    })

    it('passes at most the limit, and goes on behind the last one', async () => {
      await put(...Array.from({ length: 12 }, (_, n) => (n === 3 ? fresh(n) : stale(n))))
      const batches: (readonly string[])[] = []
      for (let after: string | null = null; ; ) {
        const rows = await idsSeen({ limit: 5, after })
        if (rows.length === 0) break
        batches.push(rows)
        after = rows.at(-1) ?? null
      }
      expect(batches).toEqual([[0, 1, 2, 4, 5].map(id), [6, 7, 8, 9, 10].map(id), [id(11)]])
    })

    it('does not ask for work when there is none', async () => {
      await put(fresh(0), null)
      const work = () => Promise.reject(new Error('called'))
      expect(await store.claim(query, work)).toEqual({ written: [], last: null })
      await put(stale(0))
      expect(await store.claim({ ...query, after: id(0) }, work)).toEqual({ written: [], last: null })
    })

    it('writes the changes, says which, and names the last row that it passed', async () => {
      await put(stale(0), stale(1), stale(2))
      const claimed = await store.claim(query, async (rows) => rows.slice(0, 2).map(renew))
      expect({ ...claimed, written: [...claimed.written].sort() }).toEqual({
        written: [id(0), id(1)].sort(),
        last: id(2),
      })
      expect([await held(0), await held(1), await held(2)]).toEqual([fresh(0), fresh(1), stale(2)])
      expect(await harness.get(id(0))).toEqual({ value: fresh(0), mark: 'mark 0' })
    })

    it('writes nothing where the value is not from, byte by byte, and nothing where the row is gone', async () => {
      await put(stale(0), stale(1), stale(2), stale(3))
      const claimed = await store.claim(query, async ([a, b, c, d]) => {
        const [upper, blank, last] = [a, b, c, d].map((row) => row as RotationRow)
        return [
          { ...renew(upper as RotationRow), from: stale(0).replace('edk', 'EDK') },
          { ...renew(blank as RotationRow), from: `${stale(1)} ` },
          { ...renew(last as RotationRow), id: id(900) },
          renew(d as RotationRow),
        ]
      })
      expect(claimed).toEqual({ written: [id(3)], last: id(3) })
      expect([await held(0), await held(1), await held(2)]).toEqual([stale(0), stale(1), stale(2)])
    })

    it.skipIf(harness.locks)('loses against a writer that was faster', async () => {
      await put(stale(0), stale(1))
      const claimed = await store.claim(query, async (rows) => {
        await harness.put(id(0), { value: 'wx1.2026-01.renewed.meanwhile', mark: null })
        return rows.map(renew)
      })
      expect(claimed).toEqual({ written: [id(1)], last: id(1) })
      expect(await harness.get(id(0))).toEqual({ value: 'wx1.2026-01.renewed.meanwhile', mark: null })
    })

    it('writes nothing when work rejects, and rejects with the same error', async () => {
      await put(stale(0), stale(1))
      const error = new Error('of the work')
      await expect(store.claim(query, () => Promise.reject(error))).rejects.toBe(error)
      expect(await held(0)).toBe(stale(0))
      expect(await idsSeen()).toEqual([id(0), id(1)])
    })

    it.skipIf(!harness.poison)('writes none of the changes when one of them fails', async () => {
      await put(stale(0), stale(1), stale(2))
      const claim = store.claim(query, async (rows) =>
        rows.map((row, n) => (n === 1 ? to(row, 'poison') : renew(row))),
      )
      await expect(claim).rejects.toMatchObject({ code: 'store_error', reason: 'constraint' })
      expect([await held(0), await held(1), await held(2)]).toEqual([stale(0), stale(1), stale(2)])
    })

    it('neither writes nor locks in a dry run', async () => {
      await put(stale(0), stale(1))
      let inside: readonly string[] = []
      const claimed = await store.claim({ ...query, dryRun: true }, async (rows) => {
        inside = await idsSeen()
        return rows.map(renew)
      })
      expect(claimed).toEqual({ written: [], last: id(1) })
      expect(inside).toEqual([id(0), id(1)])
      expect(await held(0)).toBe(stale(0))
    })

    it.skipIf(!harness.locks || harness.concurrent === false)('passes no row to two claims', async () => {
      await put(...Array.from({ length: 6 }, (_, n) => stale(n)))
      const others: string[] = []
      const claimed = await store.claim({ ...query, limit: 2 }, async (rows) => {
        const second = await store.claim({ ...query, limit: 2 }, async (more) => more.map(renew))
        others.push(...second.written)
        return rows.map(renew)
      })
      expect([...claimed.written].sort()).toEqual([id(0), id(1)].sort())
      expect(others.sort()).toEqual([id(2), id(3)].sort())
      expect(await idsSeen()).toEqual([id(4), id(5)])
    })

    it('frees the rows when a claim has ended', async () => {
      await put(stale(0))
      expect(await idsSeen()).toEqual([id(0)])
      await expect(store.claim(query, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
      expect(await idsSeen()).toEqual([id(0)])
    })

    it('writes further columns with a change, and leaves those of the others alone', async () => {
      await put(stale(0), stale(1))
      const mark = `it's "quoted", {braced}, back\\slashed, NULL, $1 ?1 ☃`
      await store.claim(query, async (rows) =>
        rows.map((row, n) => ({ ...renew(row), ...(n === 0 ? { also: { mark } } : {}) })),
      )
      expect(await harness.get(id(0))).toEqual({ value: fresh(0), mark })
      expect(await harness.get(id(1))).toEqual({ value: fresh(1), mark: 'mark 1' })
    })

    it('compares and swaps values of any text', async () => {
      const values = [
        `it's "quoted"`,
        'back\\slash',
        '{NULL}',
        'NULL',
        'a,b',
        'ünï¢ode \u{1f5dd}',
        'line\nbreak',
      ]
      await put(...values)
      const claimed = await store.claim({ ...query, legacy: true }, async (rows) =>
        rows.map((row, n) => to(row, fresh(n))),
      )
      expect([...claimed.written].sort()).toEqual(values.map((_, n) => id(n)).sort())
      expect(await held(5)).toBe(fresh(5))
    })

    it('counts what is empty, sealed by kid, stale, and other', async () => {
      await put(null, '', 'EAAG', 'WX1.2026-05.e.b', 'wx2.x.y.z', stale(5), stale(6), fresh(7), 'wx1.b.c.d')
      expect(await store.inventory(NEW)).toEqual({
        total: 9,
        empty: 2,
        other: 3,
        stale: 3,
        byKid: { '2026-01': 2, '2026-05': 1, b: 1 },
      })
    })

    it('counts under ? what stands where a kid should and is none', async () => {
      await put(
        'wx1.EAAG-a-token',
        `wx1.${'k'.repeat(33)}.e.b`,
        'wx1.',
        'wx1..e.b',
        `wx1.${'k'.repeat(32)}.e.b`,
      )
      await put('wx1.__proto__.e.b')
      expect(await store.inventory(NEW)).toMatchObject({
        stale: 5,
        byKid: { '?': 4, ['k'.repeat(32)]: 1 },
      })
    })

    it('counts an empty table', async () => {
      expect(await store.inventory(NEW)).toEqual({ total: 0, empty: 0, other: 0, stale: 0, byKid: {} })
    })

    it('rotates every row once, whoever else rotates', async () => {
      const rows = 300
      await put(...Array.from({ length: rows }, (_, n) => stale(n)))
      const written: string[] = []
      async function rotate(worker: RotationStore): Promise<void> {
        for (let after: string | null = null; ; ) {
          const claimed = await worker.claim({ ...query, limit: 7, after }, async (batch) => batch.map(renew))
          written.push(...claimed.written)
          if (claimed.last === null) return
          after = claimed.last
        }
      }
      await Promise.all([rotate(store), rotate(harness.create()), rotate(harness.create())])
      expect(new Set(written).size).toBe(written.length)
      expect(await store.inventory(NEW)).toMatchObject({ stale: rows - written.length })
      await rotate(store)
      expect(await store.inventory(NEW)).toMatchObject({ stale: 0, byKid: { [NEW]: rows } })
    })
  })
}
