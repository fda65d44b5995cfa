import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createBlindIndex,
  createEnvelope,
  createKmsEnvelope,
  EnvelopeError,
  type KeyProvider,
} from 'waxseal/envelope'
import { aesGcm, legacyReader } from 'waxseal/envelope/legacy'
import {
  type ClaimQuery,
  type RotateOptions,
  type RotationEvent,
  type RotationStore,
  rotateRows,
  rowStore,
  StoreError,
} from 'waxseal/envelope/rotate'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { type MemoryRow, memoryRotationStore } from 'waxseal/stores/memory'

const [oldKey, newKey] = [generateKey('2026-01'), generateKey('2026-05')]
const before = createEnvelope({ keyring: createKeyring([oldKey]) })
const keyring = createKeyring([newKey, oldKey])
const envelope = createEnvelope({ keyring })

const id = (n: number) => `acc_${String(n).padStart(4, '0')}`
const contextOf = (n: number) => ({ tenant: `org_${n % 3}`, purpose: 'wa.access_token', id: id(n) })
const token = (n: number) => `EAAG-token-${n}`

/** Rows 0 to n−1, sealed under the old key. */
function sealedRows(n: number): Map<string, MemoryRow> {
  return new Map(
    Array.from({ length: n }, (_, i) => {
      const context = contextOf(i)
      return [id(i), { value: before.seal(token(i), context), context }]
    }),
  )
}

function held(rows: Map<string, MemoryRow>, n: number): string {
  return rows.get(id(n))?.value ?? ''
}

/** Runs with all events recorded. */
async function rotate(rows: Map<string, MemoryRow>, over: Partial<RotateOptions> = {}) {
  const events: RotationEvent[] = []
  const report = await rotateRows({
    envelope,
    store: memoryRotationStore(rows),
    observe: (event) => events.push(event),
    random: () => 0,
    ...over,
  })
  return { report, events }
}

describe('rotateRows', () => {
  it('brings every row under the primary, and each opens to what it was', async () => {
    const rows = sealedRows(25)
    rows.set('empty', { value: '' }).set('none', { value: null })
    const fresh = envelope.seal('new', contextOf(99))
    rows.set('fresh', { value: fresh })
    const bodies = [...rows.values()].map(({ value }) => value?.split('.')[3])
    const { report } = await rotate(rows, { batch: 10 })
    expect(report).toEqual({
      outcome: 'done',
      stoppedBy: null,
      scanned: 25,
      rotated: 25,
      conflicts: 0,
      passes: 2,
      dryRun: false,
      after: null,
      failed: [],
      inventory: { total: 28, empty: 2, other: 0, stale: 0, byKid: { '2026-05': 26 } },
    })
    for (let n = 0; n < 25; n++) expect(envelope.open(held(rows, n), contextOf(n))).toBe(token(n))
    // A rewrap keeps the body; a row that is done is left alone.
    expect([...rows.values()].map(({ value }) => value?.split('.')[3])).toEqual(bodies)
    expect(rows.get('fresh')?.value).toBe(fresh)
  })

  it('tells an observer of the start and of each batch', async () => {
    let now = 1_000
    const { events } = await rotate(sealedRows(5), { batch: 3, now: () => (now += 500) })
    expect(events).toEqual([
      {
        type: 'started',
        inventory: { total: 5, empty: 0, other: 0, stale: 5, byKid: { '2026-01': 5 } },
      },
      { type: 'batch', pass: 1, scanned: 3, rotated: 3, conflicts: 0, failed: 0, after: id(2), perSecond: 6 },
      { type: 'batch', pass: 1, scanned: 2, rotated: 2, conflicts: 0, failed: 0, after: id(4), perSecond: 5 },
    ])
  })

  it.each([() => 5, () => Number.NaN, () => -Date.now()])(
    'has no speed where the clock stands still, is broken or steps back',
    async (now) => {
      const { events } = await rotate(sealedRows(1), { now })
      expect(events[1]).toMatchObject({ type: 'batch', perSecond: expect.any(Number) })
    },
  )

  it('comes to the same whatever an observer does', async () => {
    const rows = sealedRows(3)
    const observe = () => {
      throw new Error('observer')
    }
    expect((await rotate(rows, { observe })).report).toMatchObject({ outcome: 'done', rotated: 3 })
  })

  it('has nothing to do where everything is done', async () => {
    const { report } = await rotate(new Map())
    expect(report).toMatchObject({ outcome: 'done', scanned: 0, passes: 1, inventory: { total: 0 } })
  })

  it('reports a row that does not open, once, and leaves it as it is', async () => {
    const rows = sealedRows(4)
    const [foreign, broken] = [generateKey('2026-01'), 'wx1.2026-01.EAAG-not-an-envelope']
    const value = createEnvelope({ keyring: createKeyring([foreign]) }).seal('x', contextOf(1))
    rows.set(id(1), { value })
    rows.set(id(2), { value: broken })
    rows.set('x', {
      value: createEnvelope({ keyring: createKeyring([generateKey('gone')]) }).seal('x', contextOf(1)),
    })
    const { report, events } = await rotate(rows, { batch: 1 })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 2,
      passes: 2,
      failed: [
        { id: id(1), code: 'key_mismatch', message: expect.stringMatching(/^key mismatch: key 2026-01/) },
        { id: id(2), code: 'malformed' },
        { id: 'x', code: 'unknown_key', message: 'unknown key: key gone' },
      ],
      inventory: { stale: 3, byKid: { '2026-05': 2, '2026-01': 2, gone: 1 } },
    })
    const told = events.filter(({ type }) => type === 'row_failed')
    expect(told).toEqual(report.failed.map((failure) => ({ type: 'row_failed', ...failure })))
    expect(JSON.stringify(told)).not.toContain('EAAG')
    expect([held(rows, 1), held(rows, 2)]).toEqual([value, broken])
  })

  it('does not list a failure that the application has seen to meanwhile', async () => {
    const rows = sealedRows(3)
    rows.set(id(1), { value: 'wx1.2026-01.x.y' })
    const told: string[] = []
    const { report } = await rotate(rows, {
      observe(event) {
        if (event.type !== 'row_failed') return
        told.push(event.id)
        rows.delete(event.id)
      },
    })
    expect(told).toEqual([id(1)])
    expect(report).toMatchObject({ outcome: 'done', rotated: 2, failed: [], inventory: { stale: 0 } })
  })

  it('stops when more rows failed than it may, and says where to go on', async () => {
    const rows = sealedRows(9)
    for (const n of [2, 3, 4]) rows.set(id(n), { value: 'wx1.2026-01.x.y' })
    const stopped = await rotate(rows, { batch: 2, maxFailures: 2 })
    expect(stopped.report).toMatchObject({
      outcome: 'stopped',
      stoppedBy: null,
      rotated: 3,
      after: id(5),
      inventory: { stale: 6 },
    })
    const tolerant = await rotate(rows, { maxFailures: 3, after: id(5) })
    expect(tolerant.report).toMatchObject({
      outcome: 'incomplete',
      rotated: 3,
      failed: { length: 3 },
      passes: 2,
    })
  })

  it('keeps the first 1000 failures', async () => {
    const rows = new Map(Array.from({ length: 1100 }, (_, n) => [id(n), { value: 'wx1.k.x.y' }]))
    const { report } = await rotate(rows, { maxFailures: 5000, batch: 1000 })
    expect(report).toMatchObject({ outcome: 'incomplete', scanned: 1100, failed: { length: 1000 } })
  })

  it('looks before `after` too, when nothing was to do behind it', async () => {
    const { report } = await rotate(sealedRows(6), { after: id(5) })
    expect(report).toMatchObject({ outcome: 'done', rotated: 6, inventory: { stale: 0 } })
  })

  it('starts behind `after`, and goes through the rest in the next pass', async () => {
    const rows = sealedRows(6)
    const { report, events } = await rotate(rows, { after: id(3), batch: 2 })
    expect(report).toMatchObject({ outcome: 'done', rotated: 6, passes: 3 })
    const [first] = events.filter((event) => event.type === 'batch')
    expect(first).toMatchObject({ pass: 1, after: id(5) })
    const once = await rotate(sealedRows(6), { after: id(3), passes: 1 })
    expect(once.report).toMatchObject({ outcome: 'incomplete', rotated: 2, inventory: { stale: 4 } })
  })

  it('tries everything but the write in a dry run', async () => {
    const rows = sealedRows(5)
    const values = [...rows.values()].map(({ value }) => value)
    const good = await rotate(rows, { dryRun: true, batch: 2 })
    expect(good.report).toMatchObject({
      outcome: 'done',
      dryRun: true,
      scanned: 5,
      rotated: 5,
      conflicts: 0,
      passes: 1,
      inventory: { stale: 5 },
    })
    expect([...rows.values()].map(({ value }) => value)).toEqual(values)
    rows.set(id(3), { value: 'wx1.2026-01.x.y' })
    const bad = await rotate(rows, { dryRun: true })
    expect(bad.report).toMatchObject({
      outcome: 'incomplete',
      rotated: 4,
      failed: [{ id: id(3), code: 'malformed' }],
    })
  })

  it('is not done with a dry run that has not seen every row', async () => {
    const rows = sealedRows(5)
    const behind = await rotate(rows, { dryRun: true, after: id(2) })
    expect(behind.report).toMatchObject({ outcome: 'incomplete', scanned: 2, failed: [] })

    const store = memoryRotationStore(rows)
    const query: ClaimQuery = { primary: '2026-05', legacy: false, after: null, limit: 2, dryRun: false }
    await store.claim(query, async () => {
      const { report } = await rotate(rows, { dryRun: true, store })
      expect(report).toMatchObject({ outcome: 'incomplete', scanned: 3, failed: [], inventory: { stale: 5 } })
      return []
    })
    expect.assertions(2)
  })

  it('counts what another writer took as conflicts, and goes through the table again', async () => {
    const rows = sealedRows(6)
    const plain = memoryRotationStore(rows)
    let interfered = false
    const store: RotationStore = {
      ...plain,
      claim: (query, work) =>
        plain.claim(query, async (claimed) => {
          const changes = await work(claimed)
          if (!interfered) {
            interfered = true
            const context = contextOf(0)
            rows.set(id(0), { value: before.seal('refreshed', context), context })
            rows.delete(id(1))
          }
          return changes
        }),
    }
    const { report } = await rotate(rows, { store })
    expect(report).toMatchObject({ outcome: 'done', conflicts: 2, rotated: 5, scanned: 7, passes: 3 })
    expect(envelope.open(held(rows, 0), contextOf(0))).toBe('refreshed')
    expect(rows.has(id(1))).toBe(false)
  })

  it('loses no update, whatever is written while it goes on', async () => {
    const write = fc.record({ claim: fc.nat(6), row: fc.nat(7), stale: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 20 }), async (writes) => {
        const rows = sealedRows(8)
        const latest = new Map(Array.from({ length: 8 }, (_, n) => [n, token(n)]))
        const plain = memoryRotationStore(rows)
        let claims = 0
        const store: RotationStore = {
          ...plain,
          claim: (query, work) =>
            plain.claim(query, async (claimed) => {
              const changes = await work(claimed)
              for (const [i, { claim, row, stale }] of writes.entries()) {
                if (claim !== claims) continue
                const context = contextOf(row)
                latest.set(row, `written ${i}`)
                rows.set(id(row), {
                  value: (stale ? before : envelope).seal(`written ${i}`, context),
                  context,
                })
              }
              claims++
              return changes
            }),
        }
        // 7 claims have writes, and none of them needs more than a pass of its own.
        const { report } = await rotate(rows, { store, batch: 3, passes: 10 })
        expect(report).toMatchObject({ outcome: 'done', failed: [] })
        for (const [n, text] of latest) expect(envelope.open(held(rows, n), contextOf(n))).toBe(text)
      }),
    )
  })

  it('goes through the table no more often than `passes`', async () => {
    const rows = sealedRows(2)
    const plain = memoryRotationStore(rows)
    const store: RotationStore = {
      ...plain,
      claim: (query, work) =>
        plain.claim(query, async (claimed) => {
          const changes = await work(claimed)
          rows.set(id(0), { value: before.seal('again and again', contextOf(0)) })
          return changes
        }),
    }
    const { report } = await rotate(rows, { store, passes: 4 })
    expect(report).toMatchObject({ outcome: 'incomplete', passes: 4, conflicts: 4, inventory: { stale: 1 } })
  })

  it('picks up in a later pass what another worker held', async () => {
    const rows = sealedRows(8)
    const store = memoryRotationStore(rows)
    const query: ClaimQuery = { primary: '2026-05', legacy: false, after: null, limit: 3, dryRun: false }
    let release = () => {}
    const held = store.claim(query, async () => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return []
    })
    const { report } = await rotate(rows, {
      store,
      observe: (event) => {
        if (event.type === 'batch' && event.after === id(7)) release()
      },
    })
    await held
    expect(report).toMatchObject({ outcome: 'done', rotated: 8, passes: 3 })
  })

  it('aborted before it starts, it only counts', async () => {
    const rows = sealedRows(3)
    const { report } = await rotate(rows, { signal: AbortSignal.abort() })
    expect(report).toMatchObject({ outcome: 'aborted', rotated: 0, after: null, inventory: { stale: 3 } })
  })

  it('aborted between batches, it says where to go on', async () => {
    const rows = sealedRows(6)
    const controller = new AbortController()
    const { report } = await rotate(rows, {
      batch: 2,
      pause: '1h',
      signal: controller.signal,
      observe: (event) => {
        if (event.type === 'batch') queueMicrotask(() => controller.abort())
      },
    })
    expect(report).toMatchObject({ outcome: 'aborted', rotated: 2, after: id(1), inventory: { stale: 4 } })
    expect((await rotate(rows, { after: id(1), passes: 1 })).report).toMatchObject({
      outcome: 'done',
      rotated: 4,
    })
  })

  it('aborted within a batch, it writes none of it', async () => {
    const rows = sealedRows(4)
    const controller = new AbortController()
    const plain = memoryRotationStore(rows)
    const store: RotationStore = {
      ...plain,
      claim: (query, work) =>
        plain.claim(query, (claimed) => {
          controller.abort()
          return work(claimed)
        }),
    }
    const { report } = await rotate(rows, { store, signal: controller.signal })
    expect(report).toMatchObject({ outcome: 'aborted', rotated: 0, inventory: { stale: 4 } })
  })
})

describe('rotateRows with reseal', () => {
  it('renews body and key, and writes what `also` says', async () => {
    const rows = sealedRows(5)
    const index = createBlindIndex({ keyring, purpose: 'token' })
    const bodies = new Set([...rows.values()].map(({ value }) => value?.split('.')[3]))
    const { report } = await rotate(rows, {
      mode: 'reseal',
      also: (plaintext, row) => ({ idx: index.of(plaintext, row.context?.tenant ?? null) }),
    })
    expect(report).toMatchObject({ outcome: 'done', rotated: 5 })
    for (let n = 0; n < 5; n++) {
      expect(bodies).not.toContain(held(rows, n).split('.')[3])
      expect(envelope.open(held(rows, n), contextOf(n))).toBe(token(n))
      expect(rows.get(id(n))?.also).toEqual({ idx: index.of(token(n), `org_${n % 3}`) })
    }
  })

  it('fails a row without context, of another one, or that is no text where `also` wants one', async () => {
    const rows = sealedRows(4)
    rows.set(id(0), { value: held(rows, 0) })
    rows.set(id(1), { value: held(rows, 1), context: contextOf(2) })
    rows.set(id(2), { value: before.seal(Uint8Array.of(0xff), contextOf(2)), context: contextOf(2) })
    const { report } = await rotate(rows, { mode: 'reseal', also: () => ({}) })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 1,
      failed: [
        { id: id(0), code: 'invalid_context' },
        { id: id(1), code: 'context_mismatch' },
        { id: id(2), code: 'not_text' },
      ],
    })
  })

  it('passes on an EnvelopeError that `also` throws: it is not the fault of a row', async () => {
    const error = new EnvelopeError('already_sealed')
    const also = () => {
      throw error
    }
    await expect(rotate(sealedRows(3), { mode: 'reseal', also })).rejects.toBe(error)
  })

  it.each([[null], [undefined], ['idx'], [['idx']]])(
    'refuses %j from `also`, which is no columns',
    async (wrong) => {
      const rotation = rotate(sealedRows(3), { mode: 'reseal', also: () => wrong as never })
      await expect(rotation).rejects.toThrow(new TypeError('also: expected an object of columns'))
    },
  )

  it('waits for an `also` that answers later', async () => {
    const rows = sealedRows(2)
    await rotate(rows, { mode: 'reseal', also: (async () => ({ idx: 'x' })) as never })
    expect([...rows.values()].map(({ also }) => also)).toEqual([{ idx: 'x' }, { idx: 'x' }])
  })

  it('forgets the failure of a row that somebody has mended, while another is left', async () => {
    const rows = sealedRows(4)
    const good = rows.get(id(1)) as MemoryRow
    for (const n of [1, 3]) rows.set(id(n), { value: 'wx1.k.x.y' })
    let batches = 0
    const observe = (event: RotationEvent) => {
      if (event.type === 'batch' && ++batches === 1)
        rows.set(id(1), { value: envelope.rewrap(good.value ?? '') })
    }
    const { report } = await rotate(rows, { observe })
    expect(report).toMatchObject({ outcome: 'incomplete', failed: [{ id: id(3) }], inventory: { stale: 1 } })
  })

  it('passes on what `also` throws, and writes nothing of that batch', async () => {
    const rows = sealedRows(3)
    const error = new Error('of the application')
    const also = () => {
      throw error
    }
    await expect(rotate(rows, { mode: 'reseal', also })).rejects.toBe(error)
    expect(held(rows, 0)).toMatch(/^wx1\.2026-01\./)
  })
})

describe('rotateRows over legacy rows', () => {
  const key = new Uint8Array(32).fill(7)
  const legacy = legacyReader({
    formats: [
      aesGcm({ name: 'hex', key, layout: ['iv', 'tag', 'ct'], separator: ':', encoding: 'hex', ivBytes: 12 }),
    ],
    plaintext: { until: Date.now() + 3_600_000, accept: (value) => value.startsWith('EAAG') },
  })
  function encrypted(text: string): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const ct = Buffer.concat([cipher.update(text), cipher.final()])
    return [iv, cipher.getAuthTag(), ct].map((part) => part.toString('hex')).join(':')
  }

  it('seals them under the context of the row', async () => {
    const reading = createEnvelope({ keyring, legacy })
    const rows = sealedRows(2)
    rows.set('hex', { value: encrypted('from the last house'), context: contextOf(1) })
    rows.set('plain', { value: 'EAAG-plaintext', context: contextOf(2) })
    const { report, events } = await rotate(rows, { envelope: reading })
    expect(events[0]).toMatchObject({ type: 'started', inventory: { stale: 4, other: 2 } })
    expect(report).toMatchObject({
      outcome: 'done',
      rotated: 4,
      inventory: { byKid: { '2026-05': 4 }, other: 0 },
    })
    expect(envelope.open(rows.get('hex')?.value ?? '', contextOf(1))).toBe('from the last house')
    expect(envelope.open(rows.get('plain')?.value ?? '', contextOf(2))).toBe('EAAG-plaintext')
  })

  it('fails those without context, of a damaged text, or that nothing reads', async () => {
    const reading = createEnvelope({ keyring, legacy })
    const damaged = encrypted('x').replace(/..$/, (last) => (last === '00' ? '01' : '00'))
    const rows = new Map<string, MemoryRow>([
      ['a', { value: encrypted('x') }],
      ['b', { value: damaged, context: contextOf(1) }],
      ['c', { value: 'somebody', context: contextOf(1) }],
      ['d', { value: 'wx2.a.b.c', context: contextOf(1) }],
    ])
    const { report } = await rotate(rows, { envelope: reading })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 0,
      failed: [
        { id: 'a', code: 'invalid_context' },
        { id: 'b', code: 'legacy_failed' },
        { id: 'c', code: 'not_sealed' },
        { id: 'd', code: 'unsupported_version' },
      ],
      inventory: { stale: 4, other: 4 },
    })
  })

  it('leaves them alone without a reader', async () => {
    const rows = sealedRows(1).set('z', { value: 'EAAG-plaintext' })
    expect((await rotate(rows)).report).toMatchObject({ outcome: 'done', inventory: { stale: 0, other: 1 } })
  })
})

describe('rotateRows over a KMS', () => {
  /** A KMS in this process, whose calls can be made to fail. */
  function kms() {
    const secret = createKeyring([generateKey('inner')])
    const inner = createEnvelope({ keyring: secret })
    const context = { tenant: 'kms', purpose: 'dek' }
    const text = new TextEncoder()
    const state = { calls: 0, atOnce: 0, most: 0, fail: (_call: number): unknown => undefined }
    async function call<T>(answer: () => T): Promise<T> {
      state.most = Math.max(state.most, ++state.atOnce)
      await new Promise((resolve) => setTimeout(resolve, 1))
      state.atOnce--
      const error = state.fail(++state.calls)
      if (error !== undefined) throw error
      return answer()
    }
    const provider: KeyProvider = {
      kind: 'test',
      wrap: (dek) => {
        const copy = dek.slice()
        return call(() => text.encode(inner.seal(copy, context)))
      },
      unwrap: (edk) => call(() => inner.open(new TextDecoder().decode(edk), context, { as: 'bytes' })),
    }
    const envelope = createKmsEnvelope({
      primary: 'kms-1',
      keys: { 'kms-1': provider, '2026-01': createKeyring([oldKey]) },
    })
    return { state, envelope }
  }
  const unavailable = (retryable: boolean) => new EnvelopeError('provider_unavailable', { retryable })

  it('moves rows from the keyring to the KMS, so many at once', async () => {
    const { state, envelope } = kms()
    const rows = sealedRows(60)
    const { report, events } = await rotate(rows, { envelope, concurrency: 5 })
    expect(report).toMatchObject({ outcome: 'done', rotated: 60, inventory: { byKid: { 'kms-1': 60 } } })
    expect(state.most).toBe(5)
    // 50 to a claim.
    expect(events.filter(({ type }) => type === 'batch')).toHaveLength(2)
    expect(await envelope.open(held(rows, 59), contextOf(59))).toBe(token(59))
  })

  it('repeats the batch when the provider may recover, and writes it once', async () => {
    const { state, envelope } = kms()
    state.fail = (call) => (call <= 3 ? unavailable(true) : undefined)
    const rows = sealedRows(4)
    const { report, events } = await rotate(rows, { envelope, concurrency: 1 })
    expect(report).toMatchObject({ outcome: 'done', rotated: 4, scanned: 4 })
    expect(events.filter(({ type }) => type === 'retry')).toEqual(
      [1, 2, 3].map((attempt) => ({ type: 'retry', attempt, code: 'provider_unavailable', delayMs: 0 })),
    )
  })

  it('doubles the delays from 200 ms and stops when the retries are used up', async () => {
    const { state, envelope } = kms()
    state.fail = () => unavailable(true)
    const controller = new AbortController()
    const delays: number[] = []
    const { report } = await rotate(sealedRows(2), {
      envelope,
      retries: 2,
      random: () => 0.01,
      signal: controller.signal,
      observe: (event) => {
        if (event.type === 'retry') delays.push(event.delayMs)
      },
    })
    expect(delays).toEqual([2, 4])
    expect(report).toMatchObject({
      outcome: 'stopped',
      stoppedBy: 'provider_unavailable',
      rotated: 0,
      failed: [],
      inventory: { stale: 2 },
    })
  })

  it('stops at once when the provider denies, and keeps what was written before', async () => {
    const { state, envelope } = kms()
    const rows = sealedRows(6)
    // Two calls for a row: wrap, and unwrap to verify.
    state.fail = (call) => (call > 6 ? new EnvelopeError('provider_denied') : undefined)
    const { report, events } = await rotate(rows, { envelope, batch: 2, concurrency: 1 })
    expect(report).toMatchObject({
      outcome: 'stopped',
      stoppedBy: 'provider_denied',
      rotated: 2,
      after: id(1),
    })
    expect(events.some(({ type }) => type === 'retry')).toBe(false)
  })

  it('stops at once when the provider cannot answer, which no row is to blame for', async () => {
    const { state, envelope } = kms()
    state.fail = (call) => (call > 6 ? unavailable(false) : undefined)
    const { report, events } = await rotate(sealedRows(6), { envelope, batch: 2, concurrency: 1 })
    expect(report).toMatchObject({
      outcome: 'stopped',
      stoppedBy: 'provider_unavailable',
      rotated: 2,
      after: id(1),
      failed: [],
    })
    expect(events.map(({ type }) => type)).toEqual(['started', 'batch'])
  })

  it('counts what the provider answers and nobody understands as the failure of that row', async () => {
    const { state, envelope } = kms()
    state.fail = (call) => (call === 1 ? new EnvelopeError('provider_invalid_response') : undefined)
    const { report } = await rotate(sealedRows(3), { envelope, concurrency: 1, passes: 1 })
    expect(report).toMatchObject({ rotated: 2, failed: [{ id: id(0), code: 'provider_invalid_response' }] })
  })

  it('takes a failure back when a later pass rotates the row', async () => {
    const { state, envelope } = kms()
    state.fail = (call) => (call === 1 ? new EnvelopeError('provider_invalid_response') : undefined)
    const { report } = await rotate(sealedRows(3), { envelope, concurrency: 1 })
    expect(report).toMatchObject({ outcome: 'done', rotated: 3, failed: [] })
  })

  it('aborts the calls under way and writes nothing of the batch', async () => {
    const { state, envelope } = kms()
    const controller = new AbortController()
    state.fail = (call) => {
      if (call === 5) controller.abort()
      return undefined
    }
    const { report } = await rotate(sealedRows(9), { envelope, concurrency: 2, signal: controller.signal })
    expect(report).toMatchObject({ outcome: 'aborted', rotated: 0, inventory: { stale: 9 } })
  })
})

describe('rotateRows with an envelope of another copy of the package', () => {
  /** Its errors are of a class of its own. */
  const foreign = (code: string, fails: (value: string) => boolean) => ({
    ...envelope,
    rewrap(value: string) {
      const error = { name: 'EnvelopeError', code, retryable: false }
      if (fails(value)) throw Object.assign(new Error('of another copy'), error)
      return envelope.rewrap(value)
    },
  })

  it('reports the row that fails', async () => {
    const rows = sealedRows(3)
    const [, second] = [...rows.values()]
    const { report } = await rotate(rows, {
      envelope: foreign('tampered', (value) => value === second?.value),
    })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 2,
      failed: [{ id: id(1), code: 'tampered', message: 'of another copy' }],
    })
  })

  it('stops when its provider denies', async () => {
    const { report } = await rotate(sealedRows(3), { envelope: foreign('provider_denied', () => true) })
    expect(report).toMatchObject({ outcome: 'stopped', stoppedBy: 'provider_denied', failed: [] })
  })
})

describe('rotateRows when the store refuses rows', () => {
  /** Refuses changes of some rows; what was asked of it. */
  function choosy(rows: Map<string, MemoryRow>, refused: readonly number[]) {
    const plain = memoryRotationStore(rows)
    const limits: number[] = []
    const store: RotationStore = {
      ...plain,
      claim(query, work) {
        limits.push(query.limit)
        return plain.claim(query, async (claimed) => {
          const changes = await work(claimed)
          if (!query.dryRun && changes.some((change) => refused.map(id).includes(change.id))) {
            throw new StoreError('constraint', '23514')
          }
          return changes
        })
      },
    }
    return { store, limits }
  }
  const failure = (n: number) => ({ id: id(n), code: 'store_error', message: 'the store refused a row' })

  it('reports them, leaves them as they are, and rotates all others', async () => {
    const rows = sealedRows(12)
    const { store, limits } = choosy(rows, [4, 5, 11])
    const kept = held(rows, 4)
    const { report, events } = await rotate(rows, { store, batch: 3 })
    expect(report).toMatchObject({
      outcome: 'incomplete',
      rotated: 9,
      conflicts: 0,
      failed: [failure(4), failure(5), failure(11)],
      inventory: { stale: 3 },
    })
    expect(held(rows, 4)).toBe(kept)
    expect(events.filter(({ type }) => type === 'row_failed')).toEqual(
      [4, 5, 11].map((n) => ({ type: 'row_failed', ...failure(n) })),
    )
    const passes = { first: [3, 3, 1, 1, 1, 3, 3, 1, 1, 1, 3], second: [3, 1, 1, 1, 3] }
    expect(limits).toEqual([...passes.first, ...passes.second])
  })

  it('pauses after the rows of the batch, not between them', async () => {
    const rows = sealedRows(3)
    const controller = new AbortController()
    const seen: string[] = []
    const { report } = await rotate(rows, {
      store: choosy(rows, [1]).store,
      pause: '1h',
      signal: controller.signal,
      observe(event) {
        if (event.type !== 'batch') return
        seen.push(event.after)
        if (seen.length === 3) queueMicrotask(() => controller.abort())
      },
    })
    expect(seen).toEqual([0, 1, 2].map(id))
    expect(report).toMatchObject({ outcome: 'aborted', rotated: 2, after: id(2), failed: [failure(1)] })
  })

  it('stops when they are more than may fail', async () => {
    const rows = sealedRows(9)
    const { store } = choosy(rows, [1, 2, 3, 4, 5, 6, 7, 8])
    const { report } = await rotate(rows, { store, maxFailures: 3 })
    expect(report).toMatchObject({ outcome: 'stopped', rotated: 1, after: id(4), failed: { length: 4 } })
  })

  it('sees no refusal in a dry run', async () => {
    const rows = sealedRows(2)
    const { report } = await rotate(rows, { store: choosy(rows, [1]).store, dryRun: true })
    expect(report).toMatchObject({ outcome: 'done', rotated: 2 })
  })

  it('rejects where the store passes more rows than it is asked for, and refuses them', async () => {
    const rows = ['a', 'b'].map((of) => ({ id: of, value: held(sealedRows(1), 0), context: null }))
    const error = new StoreError('constraint')
    const inventory = async () => ({ total: 2, empty: 0, other: 0, stale: 2, byKid: {} })
    const store = rowStore({ fetch: async () => rows, write: () => Promise.reject(error), inventory })
    await expect(rotateRows({ envelope, store })).rejects.toBe(error)
  })

  it('passes on a refusal that `also` throws', async () => {
    const error = new StoreError('constraint')
    const also = () => {
      throw error
    }
    await expect(rotate(sealedRows(2), { mode: 'reseal', also })).rejects.toBe(error)
  })
})

describe('rotateRows when the store fails', () => {
  const flaky = (
    rows: Map<string, MemoryRow>,
    reason: ConstructorParameters<typeof StoreError>[0],
    times: number,
  ) => {
    const plain = memoryRotationStore(rows)
    let left = times
    const fail = <T>(go: () => Promise<T>): Promise<T> =>
      left-- > 0 ? Promise.reject(new StoreError(reason)) : go()
    return {
      claim: (...args: Parameters<RotationStore['claim']>) => fail(() => plain.claim(...args)),
      inventory: (primary: string) => plain.inventory(primary),
    }
  }

  it.each(['timeout', 'unavailable', 'busy', 'serialization'] as const)(
    'repeats the batch on %s',
    async (reason) => {
      const rows = sealedRows(2)
      const { report, events } = await rotate(rows, { store: flaky(rows, reason, 5) })
      expect(report).toMatchObject({ outcome: 'done', rotated: 2 })
      expect(events.filter((event) => event.type === 'retry' && event.code === 'store_error')).toHaveLength(5)
    },
  )

  it.each([
    ['timeout', 0],
    ['unavailable', 2],
    ['busy', 2],
    ['serialization', 2],
  ] as const)('a count that fails with %s is repeated %i times of 2', async (reason, times) => {
    let calls = 0
    const store: RotationStore = {
      ...memoryRotationStore(new Map()),
      async inventory() {
        calls++
        throw new StoreError(reason)
      },
    }
    await expect(rotate(new Map(), { store, retries: 2 })).rejects.toMatchObject({ reason })
    expect(calls).toBe(1 + times)
  })

  it('rejects with the StoreError when it keeps failing', async () => {
    const rows = sealedRows(2)
    const run = rotate(rows, { store: flaky(rows, 'busy', 6) })
    await expect(run).rejects.toMatchObject({ code: 'store_error', reason: 'busy' })
  })

  it.each(['denied', 'schema_missing', 'constraint', 'unknown'] as const)(
    'rejects at once on %s',
    async (reason) => {
      const rows = sealedRows(2)
      const run = rotate(rows, { store: flaky(rows, reason, 1) })
      await expect(run).rejects.toMatchObject({ code: 'store_error', reason })
    },
  )

  it('passes on what the functions of a rowStore throw', async () => {
    const error = new Error('of the application')
    const inventory = async () => ({ total: 0, empty: 0, other: 0, stale: 0, byKid: {} })
    const store = rowStore({ fetch: () => Promise.reject(error), write: async () => true, inventory })
    await expect(rotateRows({ envelope, store })).rejects.toBe(error)
  })

  it('does not go on for ever with a store that passes the same rows again and again', async () => {
    const rows = [{ id: 'a', value: 'wx1.2026-01.x.y', context: null }]
    const inventory = async () => ({ total: 1, empty: 0, other: 0, stale: 1, byKid: {} })
    const store = rowStore({ fetch: async () => rows, write: async () => true, inventory })
    await expect(rotateRows({ envelope, store })).rejects.toMatchObject({
      code: 'store_error',
      reason: 'corrupt',
    })
  })
})

describe('the options of rotateRows', () => {
  const store = memoryRotationStore(new Map())
  it.each([
    [{ envelope: undefined }, TypeError, 'envelope'],
    [{ envelope: {} }, TypeError, 'envelope'],
    [{ store: undefined }, TypeError, 'store'],
    [{ store: { claim() {} } }, TypeError, 'store'],
    [{ mode: 'renew' }, RangeError, 'mode'],
    [{ batch: 0 }, RangeError, 'batch'],
    [{ batch: 1001 }, RangeError, 'batch'],
    [{ batch: '5' }, TypeError, 'batch'],
    [{ concurrency: 0 }, RangeError, 'concurrency'],
    [{ passes: 0 }, RangeError, 'passes'],
    [{ pause: 5 }, TypeError, 'pause'],
    [{ pause: '2h' }, RangeError, 'pause'],
    [{ maxFailures: -1 }, RangeError, 'maxFailures'],
    [{ retries: 21 }, RangeError, 'retries'],
    [{ after: 7 }, TypeError, 'after'],
    [{ dryRun: 'yes' }, TypeError, 'dryRun'],
    [{ signal: {} }, TypeError, 'signal'],
    [{ also: 'idx', mode: 'reseal' }, TypeError, 'also'],
    [{ also: () => ({}) }, TypeError, 'also'],
    [{ observe: {} }, TypeError, 'observe'],
    [{ now: 5 }, TypeError, 'now'],
    [{ random: 5 }, TypeError, 'random'],
  ])('refuses %j', async (wrong, error, option) => {
    const run = rotateRows({ envelope, store, ...wrong } as never)
    await expect(run).rejects.toThrow(error)
    await expect(rotateRows({ envelope, store, ...wrong } as never)).rejects.toThrow(
      new RegExp(`^${option}: `),
    )
  })

  it('takes undefined for the default', async () => {
    const names = [
      'mode',
      'batch',
      'concurrency',
      'passes',
      'pause',
      'maxFailures',
      'retries',
      'after',
      'dryRun',
    ]
    const options = Object.fromEntries(
      [...names, 'signal', 'also', 'observe', 'now', 'random'].map((n) => [n, undefined]),
    )
    expect(await rotateRows({ envelope, store, ...options })).toMatchObject({ outcome: 'done' })
    await expect(rotateRows(undefined as never)).rejects.toThrow(TypeError)
  })
})
