import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createIdempotency,
  deriveKey,
  type IdempotencyStore,
  type Outcome,
  type Run,
} from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'

/** What section 5.1 of the port says, of one key, on a clock that everybody can see. */
interface Model {
  now: number
  record?: {
    state: 'pending' | 'done' | 'dead'
    token: string
    attempts: number
    fingerprint: string
    lease: number
    expires: number
    result?: string
  }
  /** Every token that was ever given out. */
  tokens: string[]
}

interface Real {
  now: number
  store: IdempotencyStore
}

type Command = fc.AsyncCommand<Model, Real>

const LEASE = 100
const RETAIN = 1000
const MAX_ATTEMPTS = 3

const live = ({ now, record }: Model) => (record !== undefined && record.expires > now ? record : undefined)
const tokenAt = ({ tokens }: Model, pick: number) =>
  (tokens.length > 0 ? tokens[pick % tokens.length] : undefined) ?? '7'

function expectedBegin(model: Model, fingerprint: string) {
  const record = live(model)
  if (record === undefined) return { status: 'acquired', attempt: 1 }
  if (fingerprint !== '' && record.fingerprint !== '' && record.fingerprint !== fingerprint)
    return { status: 'mismatch' }
  if (record.state === 'done') return { status: 'done', ...(record.result && { result: record.result }) }
  if (record.state === 'dead') return { status: 'dead', attempts: record.attempts }
  if (record.lease > model.now) return { status: 'busy', retryAfterMs: record.lease - model.now }
  if (record.attempts >= MAX_ATTEMPTS) return { status: 'dead', attempts: record.attempts }
  return { status: 'acquired', attempt: record.attempts + 1 }
}

class Begin implements Command {
  readonly fingerprint: string
  constructor(fingerprint: string) {
    this.fingerprint = fingerprint
  }
  check = () => true
  toString = () => `begin(${this.fingerprint})`
  async run(model: Model, { store }: Real) {
    const { fingerprint } = this
    const expected = expectedBegin(model, fingerprint)
    const options = { leaseMs: LEASE, retainMs: RETAIN, fingerprint, maxAttempts: MAX_ATTEMPTS }
    const begun = await store.begin('key', options)
    expect(begun).toMatchObject(expected)

    const previous = live(model)
    if (begun.status === 'acquired') {
      for (const token of model.tokens) expect(BigInt(begun.token)).toBeGreaterThan(BigInt(token))
      model.tokens.push(begun.token)
      model.record = {
        state: 'pending',
        token: begun.token,
        attempts: begun.attempt,
        fingerprint: fingerprint || (previous?.fingerprint ?? ''),
        lease: model.now + LEASE,
        expires: model.now + RETAIN,
      }
    } else if (begun.status === 'dead' && previous?.state === 'pending') {
      previous.state = 'dead'
      previous.expires = model.now + RETAIN
    }
  }
}

class Complete implements Command {
  readonly pick: number
  readonly result: string
  constructor(pick: number, result: string) {
    this.pick = pick
    this.result = result
  }
  check = () => true
  toString = () => `complete(${this.pick}, ${this.result})`
  async run(model: Model, { store }: Real) {
    const token = tokenAt(model, this.pick)
    const record = live(model)
    const answer = await store.complete('key', token, { retainMs: RETAIN, result: this.result })
    expect(answer).toBe(record === undefined ? 'recovered' : record.token === token ? 'done' : 'lost')
    if (answer === 'lost' || record?.state === 'done') return
    const { attempts, fingerprint } = record ?? { attempts: 1, fingerprint: '' }
    const expires = model.now + RETAIN
    model.record = { state: 'done', token, attempts, fingerprint, lease: 0, expires, result: this.result }
    if (record === undefined) model.tokens.push(token)
  }
}

class SetLease implements Command {
  readonly operation: 'extend' | 'release'
  readonly pick: number
  readonly ms: number
  constructor(operation: 'extend' | 'release', pick: number, ms: number) {
    this.operation = operation
    this.pick = pick
    this.ms = ms
  }
  check = () => true
  toString = () => `${this.operation}(${this.pick}, ${this.ms})`
  async run(model: Model, { store }: Real) {
    const token = tokenAt(model, this.pick)
    const record = live(model)
    const held = record?.state === 'pending' && record.token === token
    expect(await store[this.operation]('key', token, this.ms)).toBe(held)
    if (held) record.lease = model.now + this.ms
  }
}

class Forget implements Command {
  check = () => true
  toString = () => 'forget()'
  async run(model: Model, { store }: Real) {
    expect(await store.forget('key')).toBe(live(model) !== undefined)
    delete model.record
  }
}

class Advance implements Command {
  readonly ms: number
  constructor(ms: number) {
    this.ms = ms
  }
  check = () => true
  toString = () => `advance(${this.ms})`
  async run(model: Model, real: Real) {
    model.now += this.ms
    real.now += this.ms
  }
}

class Purge implements Command {
  check = () => true
  toString = () => 'purge()'
  async run(model: Model, { store }: Real) {
    expect(await store.purge(10)).toBeLessThanOrEqual(1)
    if (live(model) === undefined) delete model.record
  }
}

it('the memory store does what the model of the port does, whatever is asked and however time passes', async () => {
  const pick = fc.nat({ max: 5 })
  const commands = fc.commands(
    [
      fc.constantFrom('', '', 'f1_a', 'f1_b').map((fingerprint) => new Begin(fingerprint)),
      fc.tuple(pick, fc.constantFrom('x', 'y')).map(([token, result]) => new Complete(token, result)),
      fc.tuple(pick, fc.constantFrom(0, 50, LEASE)).map(([token, ms]) => new SetLease('release', token, ms)),
      fc.tuple(pick, fc.constant(LEASE)).map(([token, ms]) => new SetLease('extend', token, ms)),
      fc.constant(new Forget()),
      fc.constant(new Purge()),
      fc.constantFrom(0, 1, 49, 50, LEASE, RETAIN).map((ms) => new Advance(ms)),
    ],
    { maxCommands: 60 },
  )
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const real: Real = { now: 1_000, store: memoryIdempotencyStore({ now: () => real.now }) }
      await fc.asyncModelRun(() => ({ model: { now: 1_000, tokens: [] }, real }), list)
    }),
    { numRuns: 300 },
  )
})

it('of many deliveries, in any order of answers, one run at a time happens, and at last exactly one is recorded', async () => {
  const key = deriveKey({ tenant: 't', namespace: 'n', parts: ['e'] })
  const handlers = fc.array(fc.constantFrom('return', 'throw', 'renew and throw'), {
    minLength: 1,
    maxLength: 5,
  })

  await fc.assert(
    fc.asyncProperty(fc.scheduler(), handlers, async (scheduler, behaviours) => {
      const memory = memoryIdempotencyStore()
      // Requests reach the store, and answers come back, when the scheduler says so.
      const slow =
        <A extends unknown[], R>(label: string, call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          await scheduler.schedule(Promise.resolve(), `${label} asked`)
          const answer = await call(...args)
          await scheduler.schedule(Promise.resolve(), `${label} answered`)
          return answer
        }
      const store: IdempotencyStore = {
        ...memory,
        begin: slow('begin', memory.begin),
        complete: slow('complete', memory.complete),
        extend: slow('extend', memory.extend),
        release: slow('release', memory.release),
      }
      const idempotency = createIdempotency({ store })
      let running = 0
      let last = 0n
      const handler = (behaviour: string) => async (run: Run<IdempotencyStore>) => {
        expect(++running).toBe(1)
        expect(BigInt(run.token)).toBeGreaterThan(last)
        last = BigInt(run.token)
        try {
          // Nobody waits for this renewal: it may be under way when the handler has failed and the key is released.
          if (behaviour === 'renew and throw') run.assertOwned().catch(() => {})
          await scheduler.schedule(Promise.resolve(), 'work')
          if (behaviour !== 'return') throw new Error(behaviour)
        } finally {
          running--
        }
      }

      const deliveries = behaviours.map((behaviour) =>
        idempotency.once(key, handler(behaviour)).catch(() => undefined),
      )
      const outcomes: (Outcome<void> | undefined)[] = await scheduler.waitFor(Promise.all(deliveries))
      const ran = outcomes.filter((outcome) => outcome?.outcome === 'ran')
      expect(ran.length).toBeLessThanOrEqual(1)
      for (const outcome of ran) expect(outcome).toMatchObject({ recorded: 'done' })

      // No lease is left behind, not even by a renewal that came late: the redelivery runs, or is replayed, at once.
      const again = await scheduler.waitFor(idempotency.once(key, handler('return')))
      expect(again.outcome).toBe(ran.length === 1 ? 'replayed' : 'ran')
    }),
    { numRuns: 200 },
  )
})
