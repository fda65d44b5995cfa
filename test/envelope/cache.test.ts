import { describe, expect, it } from 'vitest'
import {
  type CacheOptions,
  createKmsEnvelope,
  EnvelopeError,
  type EnvelopeEvent,
  type KeyProvider,
  type Sealed,
} from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { A, CONTEXT, deferred, fakeKms, partsOf, rejectionOf, TOKEN } from './support.js'

const kid = 'aws-2026'
const keyring = createKeyring([A])

/** An envelope with a cache over a KMS that counts its calls, and a clock in the hand. */
function setUp(cache: CacheOptions, changed: (provider: KeyProvider) => Partial<KeyProvider> = () => ({})) {
  const { provider, calls } = fakeKms()
  const keys = { [kid]: { ...provider, ...changed(provider) }, '2026a': keyring }
  const events: EnvelopeEvent[] = []
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const observe = (event: EnvelopeEvent) => events.push(event)
  const envelope = createKmsEnvelope({ primary: kid, keys, now, observe, cache })
  const results = () => events.flatMap((event) => (event.type === 'cache' ? [event.result] : []))
  const count = (operation: string) => calls.filter((call) => call === operation).length
  /** Sealed without any cache, so that opening is the first that this one hears of the key. */
  const plain = createKmsEnvelope({ primary: kid, keys: { [kid]: provider } })
  return { envelope, events, clock, results, calls, count, provider, plain }
}
const contextOf = (id: number) => ({ ...CONTEXT, id: `acc_${id}` })
const records = (plain: { seal(text: string, context: typeof CONTEXT): Promise<Sealed> }, count: number) =>
  Promise.all(Array.from({ length: count }, (_, id) => plain.seal(TOKEN, contextOf(id))))

describe('opening with a cache', () => {
  it('asks the KMS once for each data key, within ttl', async () => {
    const { envelope, plain, clock, results, count } = setUp({ ttl: '1m' })
    const sealed = await plain.seal(TOKEN, CONTEXT)
    for (const passed of [0, 1, 59_999]) {
      clock.now = 1_000_000 + passed
      expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    }
    expect([count('unwrap'), results()]).toEqual([1, ['miss', 'hit', 'hit']])
    clock.now = 1_000_000 + 60_000
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect([count('unwrap'), results().slice(3)]).toEqual([2, ['expired', 'miss']])
  })

  it('is off by default', async () => {
    const { plain, calls } = setUp({ ttl: '1m' })
    const sealed = await plain.seal(TOKEN, CONTEXT)
    await plain.open(sealed, CONTEXT)
    await plain.open(sealed, CONTEXT)
    expect(calls).toEqual(['wrap', 'unwrap', 'unwrap'])
  })

  it('measures age from when the KMS was asked, not from when it answered', async () => {
    const gate = deferred()
    const { envelope, plain, clock, count } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        await gate.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const opening = envelope.open(sealed, CONTEXT)
    await new Promise((resolve) => setImmediate(resolve))
    clock.now += 60_000
    gate.resolve()
    expect(await opening).toBe(TOKEN)
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(count('unwrap')).toBe(2)
  })

  it('trusts nothing on a clock that stepped back, or that tells no time', async () => {
    for (const time of [999_999, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const { envelope, plain, clock, results, count } = setUp({ ttl: '1m' })
      const sealed = await plain.seal(TOKEN, CONTEXT)
      await envelope.open(sealed, CONTEXT)
      clock.now = time
      expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
      expect([count('unwrap'), results()]).toEqual([2, ['miss', 'expired', 'miss']])
    }
  })

  it('lets the least recently used key go first', async () => {
    const { envelope, plain, results, count } = setUp({ ttl: '1m', entries: 2 })
    const sealed = await records(plain, 3)
    const open = (id: number) => envelope.open(sealed[id] as string, contextOf(id))
    await open(0)
    await open(1)
    await open(0)
    await open(2)
    expect(results()).toEqual(['miss', 'miss', 'hit', 'miss', 'evicted'])
    await open(0)
    await open(2)
    expect(count('unwrap')).toBe(3)
    await open(1)
    expect([count('unwrap'), results().slice(5)]).toEqual([4, ['hit', 'hit', 'miss', 'evicted']])
  })

  it('holds as many as it may, 1000 where nothing is said', async () => {
    const { envelope, plain, count } = setUp({ ttl: '1m' })
    const sealed = await records(plain, 1_001)
    for (const [id, text] of sealed.entries()) await envelope.open(text, contextOf(id))
    await envelope.open(sealed[1] as string, contextOf(1))
    expect(count('unwrap')).toBe(1_001)
    await envelope.open(sealed[0] as string, contextOf(0))
    expect(count('unwrap')).toBe(1_002)
  })

  it('makes one call for a hundred that ask at once', async () => {
    const gate = deferred()
    const { envelope, plain, results, count } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        await gate.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const opening = Array.from({ length: 100 }, () => envelope.open(sealed, CONTEXT))
    gate.resolve()
    expect(new Set(await Promise.all(opening))).toEqual(new Set([TOKEN]))
    expect(count('unwrap')).toBe(1)
    expect(results()).toEqual(['miss', ...Array.from({ length: 99 }, () => 'hit')])
  })

  it('does not keep a failure, and gives it to all who waited', async () => {
    let failures = 1
    const { envelope, plain, results } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        if (failures-- > 0) throw new EnvelopeError('provider_unavailable', { retryable: true })
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const opening = Array.from({ length: 3 }, () => envelope.safeOpen(sealed, CONTEXT))
    for (const result of await Promise.all(opening)) {
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'provider_unavailable', kid, retryable: true },
      })
    }
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(results()).toEqual(['miss', 'hit', 'hit', 'miss'])
  })

  it('lets one caller give up without the others, and keeps what they waited for', async () => {
    const gate = deferred()
    let signal: AbortSignal | undefined
    const { envelope, plain, count } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        signal = input.signal
        await gate.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    // The first one, whose miss made the call, is the one that gives up.
    const controller = new AbortController()
    const first = rejectionOf(envelope.open(sealed, CONTEXT, { signal: controller.signal }))
    const others = [envelope.open(sealed, CONTEXT), envelope.open(sealed, CONTEXT)]
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await first).toMatchObject({ code: 'aborted' })
    expect(signal?.aborted).toBe(false)
    gate.resolve()
    expect(await Promise.all(others)).toEqual([TOKEN, TOKEN])
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(count('unwrap')).toBe(1)
  })

  it('forgets all at flush, also what is on its way', async () => {
    const gates = [deferred(), deferred()]
    let asked = 0
    const { envelope, plain, count } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        await gates[asked++]?.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const before = envelope.open(sealed, CONTEXT)
    await new Promise((resolve) => setImmediate(resolve))
    envelope.flush()
    const after = envelope.open(sealed, CONTEXT)
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBe(2)
    // The later one lands first; what the earlier one brings must not take its place or wipe it.
    gates[1]?.resolve()
    expect(await after).toBe(TOKEN)
    gates[0]?.resolve()
    expect(await before).toBe(TOKEN)
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(count('unwrap')).toBe(2)

    envelope.flush()
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(count('unwrap')).toBe(3)
  })

  it('serves nothing from before a flush to who asks after it, whichever call comes back first', async () => {
    const gates = [deferred(), deferred()]
    let asked = 0
    const { envelope, plain } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        await gates[asked++]?.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const before = envelope.open(sealed, CONTEXT)
    await new Promise((resolve) => setImmediate(resolve))
    envelope.flush()
    const after = envelope.open(sealed, CONTEXT)
    gates[0]?.resolve()
    expect(await before).toBe(TOKEN)
    let answered = false
    const later = envelope.open(sealed, CONTEXT).finally(() => {
      answered = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect([answered, asked]).toEqual([false, 2])
    gates[1]?.resolve()
    expect(await Promise.all([after, later])).toEqual([TOKEN, TOKEN])
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(asked).toBe(2)
  })

  it('keeps no key that came from before a flush', async () => {
    const gate = deferred()
    const { envelope, plain, count } = setUp({ ttl: '1m' }, (provider) => ({
      async unwrap(edk, input) {
        await gate.promise
        return provider.unwrap(edk, input)
      },
    }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const waiting = [envelope.open(sealed, CONTEXT), envelope.open(sealed, CONTEXT)]
    await new Promise((resolve) => setImmediate(resolve))
    envelope.flush()
    gate.resolve()
    expect(await Promise.all(waiting)).toEqual([TOKEN, TOKEN])
    expect(count('unwrap')).toBe(1)
    await envelope.open(sealed, CONTEXT)
    expect(count('unwrap')).toBe(2)
  })

  it('holds nothing of a keyring, and flushes without a cache', async () => {
    const { envelope, plain, results } = setUp({ ttl: '1m' })
    const local = createKmsEnvelope({ primary: '2026a', keys: { '2026a': keyring } })
    const sealed = await local.seal(TOKEN, CONTEXT)
    expect(await envelope.open(sealed, CONTEXT)).toBe(TOKEN)
    expect(results()).toEqual([])
    expect(plain.flush()).toBeUndefined()
  })

  it('serves a key whatever the context says, and the context still counts', async () => {
    const { envelope, plain } = setUp({ ttl: '1m' })
    const sealed = await plain.seal(TOKEN, CONTEXT)
    await envelope.open(sealed, CONTEXT)
    const other = { ...CONTEXT, tenant: 'org_2' }
    expect(await envelope.safeOpen(sealed, other)).toMatchObject({ error: { code: 'context_mismatch' } })
  })
})

describe('sealing with a cache', () => {
  const edksOf = (texts: readonly string[]) => texts.map((text) => partsOf(text).edk)

  it('has a fresh data key each time, unless reuse is asked for', async () => {
    const { envelope, count } = setUp({ ttl: '1m' })
    const sealed = [await envelope.seal(TOKEN, CONTEXT), await envelope.seal(TOKEN, CONTEXT)]
    expect(new Set(edksOf(sealed)).size).toBe(2)
    expect(count('wrap')).toBe(2)
  })

  it('with reuse has one for a tenant and purpose, and never for another', async () => {
    const { envelope, count } = setUp({ ttl: '1m', reuse: {} })
    const contexts = [
      CONTEXT,
      { ...CONTEXT, id: 'acc_2' },
      { ...CONTEXT, tenant: 'org_2' },
      { ...CONTEXT, purpose: 'wa.app_secret' },
      // What plain concatenation would take for the same.
      { tenant: 'a', purpose: 'b c' },
      { tenant: 'a b', purpose: 'c' },
      { tenant: 'a","b', purpose: 'c' },
      { tenant: 'a', purpose: 'b","c' },
    ]
    const sealed: string[] = []
    for (const context of contexts) sealed.push(await envelope.seal(TOKEN, context))
    const [first, second, ...others] = edksOf(sealed)
    expect(second).toBe(first)
    expect(new Set([first, ...others]).size).toBe(7)
    expect(count('wrap')).toBe(7)
    for (const [at, context] of contexts.entries()) {
      expect(await envelope.open(sealed[at] as string, context)).toBe(TOKEN)
    }
    // Salts differ, so no two messages share a key, and neither opens for the other.
    expect(new Set(sealed.map((text) => partsOf(text).body.slice(0, 32))).size).toBe(8)
    expect(await envelope.safeOpen(sealed[1] as string, CONTEXT)).toMatchObject({
      error: { code: 'context_mismatch' },
    })
  })

  it('with reuse ends a data key after its messages', async () => {
    const { envelope, results } = setUp({ ttl: '1m', reuse: { messages: 3 } })
    const sealed: string[] = []
    for (let i = 0; i < 7; i++) sealed.push(await envelope.seal(TOKEN, CONTEXT))
    const edks = edksOf(sealed)
    expect(edks.map((edk) => edks.indexOf(edk))).toEqual([0, 0, 0, 3, 3, 3, 6])
    expect(results()).toEqual(['miss', 'hit', 'hit', 'expired', 'miss', 'hit', 'hit', 'expired', 'miss'])
  })

  it('with reuse ends a data key before its bytes are exceeded', async () => {
    const { envelope, results } = setUp({ ttl: '1m', reuse: { bytes: 10 } })
    const sealed: string[] = []
    for (const length of [4, 6, 1, 9, 10, 0, 1]) sealed.push(await envelope.seal('x'.repeat(length), CONTEXT))
    const edks = edksOf(sealed)
    expect(edks.map((edk) => edks.indexOf(edk))).toEqual([0, 0, 2, 2, 4, 4, 6])
    expect(results().filter((result) => result === 'expired')).toHaveLength(3)
  })

  it('with reuse gives a message that is larger than a data key may seal one of its own', async () => {
    const { envelope, results } = setUp({ ttl: '1m', reuse: { bytes: 10 } })
    const sealed = [
      await envelope.seal('x', CONTEXT),
      await envelope.seal('x'.repeat(11), CONTEXT),
      await envelope.seal('x', CONTEXT),
    ]
    const edks = edksOf(sealed)
    expect(edks.map((edk) => edks.indexOf(edk))).toEqual([0, 1, 0])
    expect(results()).toEqual(['miss', 'hit'])
  })

  it('with reuse reseals under a data key that was never used before', async () => {
    const { envelope } = setUp({ ttl: '1m', reuse: {} })
    const [first, second] = [await envelope.seal(TOKEN, CONTEXT), await envelope.seal(TOKEN, CONTEXT)]
    const resealed = await envelope.reseal(second, CONTEXT)
    const edks = [first, second, resealed].map((sealed) => partsOf(sealed).edk)
    expect(edks[1]).toEqual(edks[0])
    expect(edks[2]).not.toEqual(edks[0])
    expect(await envelope.open(resealed, CONTEXT)).toBe(TOKEN)
  })

  it('tells whose key an aborted caller was waiting for', async () => {
    const { envelope, plain } = setUp({ ttl: '1m' }, () => ({ unwrap: () => new Promise(() => {}) }))
    const sealed = await plain.seal(TOKEN, CONTEXT)
    const stop = new AbortController()
    const waiting = rejectionOf(envelope.open(sealed, CONTEXT, { signal: stop.signal }))
    stop.abort()
    expect(await waiting).toMatchObject({ code: 'aborted', kid })
  })

  it('with reuse ends a data key at ttl and at flush', async () => {
    const { envelope, clock, count } = setUp({ ttl: '1m', reuse: {} })
    const first = await envelope.seal(TOKEN, CONTEXT)
    clock.now += 59_999
    expect(partsOf(await envelope.seal(TOKEN, CONTEXT)).edk).toBe(partsOf(first).edk)
    clock.now += 1
    const second = await envelope.seal(TOKEN, CONTEXT)
    envelope.flush()
    const third = await envelope.seal(TOKEN, CONTEXT)
    expect(new Set(edksOf([first, second, third])).size).toBe(3)
    expect(count('wrap')).toBe(3)
  })

  it('with reuse keeps its limits when all ask at once', async () => {
    const { envelope, count } = setUp({ ttl: '1m', reuse: { messages: 8 } })
    const contexts = Array.from({ length: 100 }, (_, id) => contextOf(id))
    const sealed = await Promise.all(contexts.map((context) => envelope.seal(TOKEN, context)))
    const uses = new Map<string, number>()
    for (const edk of edksOf(sealed)) uses.set(edk, (uses.get(edk) ?? 0) + 1)
    expect(Math.max(...uses.values())).toBe(8)
    expect([uses.size, count('wrap')]).toEqual([13, 13])
    for (const [at, context] of contexts.entries()) {
      expect(await envelope.open(sealed[at] as string, context)).toBe(TOKEN)
    }
  })

  it('with reuse does not keep a failure', async () => {
    let failures = 1
    const { envelope, results } = setUp({ ttl: '1m', reuse: {} }, (provider) => ({
      async wrap(dek, input) {
        if (failures-- > 0) throw new EnvelopeError('provider_denied')
        return provider.wrap(dek, input)
      },
    }))
    expect(await rejectionOf(envelope.seal(TOKEN, CONTEXT))).toMatchObject({ code: 'provider_denied', kid })
    expect(await envelope.open(await envelope.seal(TOKEN, CONTEXT), CONTEXT)).toBe(TOKEN)
    expect(results().slice(0, 2)).toEqual(['miss', 'miss'])
  })

  it('has no use for reuse under a keyring', async () => {
    const cache = { ttl: '1m', reuse: {} } as const
    const local = createKmsEnvelope({ primary: '2026a', keys: { '2026a': keyring }, cache })
    const sealed = [await local.seal(TOKEN, CONTEXT), await local.seal(TOKEN, CONTEXT)]
    expect(new Set(edksOf(sealed)).size).toBe(2)
  })
})
