import { describe, expect, it } from 'vitest'
import type { RotationStore, RowChange } from 'waxseal/envelope/rotate'
import { rowStore } from 'waxseal/envelope/rotate'
import { type MemoryRow, memoryRotationStore } from 'waxseal/stores/memory'
import { describeRotation, type RotationHarness } from '../contract/rotation.js'

const id = (n: number) => `acc_${String(n).padStart(3, '0')}`

function harness(create: (rows: Map<string, MemoryRow>) => RotationStore): Omit<RotationHarness, 'locks'> {
  const rows = new Map<string, MemoryRow>()
  const store = create(rows)
  return {
    reset: () => rows.clear(),
    create: () => store,
    id,
    put: (of, { value, mark }) => {
      const context = { tenant: 'acme', purpose: 'token', id: of }
      rows.set(of, { value, context, ...(mark === null ? {} : { also: { mark } }) })
    },
    get: (of) => {
      const row = rows.get(of)
      return row && { value: row.value, mark: row.also?.['mark'] ?? null }
    },
  }
}

describeRotation('memory', { ...harness(memoryRotationStore), locks: true })

/** As an application would write it over its own queries, without locks. */
describeRotation('rowStore', {
  ...harness((rows) => {
    const store = memoryRotationStore(rows)
    return rowStore({
      async fetch({ primary, legacy, after, limit }) {
        const wanted = ([of, { value }]: [string, MemoryRow]) =>
          value?.startsWith(`wx1.${primary}.`) === false &&
          (legacy ? value !== '' : value.startsWith('wx1.')) &&
          (after === null || of > after)
        return [...rows]
          .filter(wanted)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .map(([of, { value, context = null }]) => ({ id: of, value: value ?? '', context }))
      },
      async write({ id: of, from, to, also }: RowChange) {
        const row = rows.get(of)
        if (row?.value !== from) return false
        rows.set(of, { ...row, value: to, ...(also && { also }) })
        return true
      },
      inventory: (primary) => store.inventory(primary),
    })
  }),
  locks: false,
})

describe('memoryRotationStore', () => {
  it('wants a Map', () => {
    expect(() => memoryRotationStore({} as never)).toThrow(TypeError)
  })

  it('has no context for a row that has none', async () => {
    const store = memoryRotationStore(new Map([['a', { value: 'wx1.k.e.b' }]]))
    const query = { primary: 'p', legacy: false, after: null, limit: 1, dryRun: true }
    await store.claim(query, async (rows) => {
      expect(rows).toEqual([{ id: 'a', value: 'wx1.k.e.b', context: null }])
      return []
    })
    expect.assertions(1)
  })
})

describe('rowStore', () => {
  it.each(['fetch', 'write', 'inventory'])('wants the function %s', (name) => {
    const options = { fetch: () => {}, write: () => {}, inventory: () => {}, [name]: undefined }
    expect(() => rowStore(options as never)).toThrow(`${name}: expected a function`)
    expect(() => rowStore(null as never)).toThrow(TypeError)
  })
})
