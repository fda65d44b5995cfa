import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EnvelopeError, type KeyProvider } from 'waxseal/envelope'

/** What a provider's author brings. */
export interface ProviderSetup {
  /** Whether what was wrapped for one kid is refused for another. */
  readonly bindsKid: boolean
  /** From which other key of the same service it can rewrap without unwrapping. */
  readonly rewrapsFrom: 'every key' | 'the same key' | 'none'
  start(): Promise<Running>
}
export interface Running {
  /** A provider over one of two keys that are held by the same service and reached by the same client. */
  provider(key: 0 | 1): KeyProvider
  close?(): Promise<void>
}

/** For providers that call a service. */
export interface ServiceSetup extends ProviderSetup {
  start(): Promise<RunningService>
}
export interface RunningService extends Running {
  readonly service: FakeService<unknown>
  /** The same, at an address where nobody listens. */
  unreachable(): KeyProvider
  /** Over a client whose answers are well-formed but for that value in place of bytes. */
  answering(bytes: unknown): KeyProvider
  /** Over a client that rejects with that. */
  rejecting(thrown: unknown): KeyProvider
  /** Over a client that never answers and knows no signal. */
  silent(): KeyProvider
}

/** What the next call meets: an error of the service, a connection that breaks, or no answer for ever. */
export type ServiceFailure = 'denied' | 'throttled' | 'server_error' | 'unmapped' | 'drop' | 'hang'
export interface ServiceCallLog {
  readonly operation: string
  readonly request: unknown
  /** Whether it carried a plaintext. */
  readonly plaintext: boolean
}

/** A stand-in at the real protocol. It puts what it was told into its error messages. */
export interface FakeService<E> {
  readonly calls: readonly ServiceCallLog[]
  failNext(failure: ServiceFailure | E): void
  /** The next success carries these bytes in place of its own, or as many characters of text; null for none. */
  answerNext(bytes: Uint8Array | null): void
  close(): Promise<void>
}

const never = new AbortController().signal
const input = (kid = 'kid-1', signal = never) => ({ kid, signal })
const newDek = () => new Uint8Array(randomBytes(32))

/** The EnvelopeError that it rejects with; anything else fails the test. */
export async function errorOf(outcome: Promise<unknown> | undefined): Promise<EnvelopeError> {
  const thrown = await Promise.resolve(outcome).then(
    () => expect.fail('expected a rejection'),
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(EnvelopeError)
  return thrown as EnvelopeError
}

/** Everything that a log could make of an error: printed in all ways, and every member there is, inherited ones too. */
function prints(error: Error): string {
  const texts: string[] = [String(error), JSON.stringify(error), `${error.stack}`]
  for (const options of [
    { showHidden: true, getters: true },
    { customInspect: false, showHidden: true },
  ]) {
    texts.push(inspect(error, { ...options, depth: Number.POSITIVE_INFINITY }))
  }
  for (let at: object | null = error; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) texts.push(inspect(Reflect.get(at, name, error), { depth: 9 }))
  }
  return texts.join('\n')
}

/** Neither the service's words nor eight characters of the key, in any spelling. */
export function expectNoLeak(error: Error, ...secrets: readonly Uint8Array[]): void {
  const text = prints(error)
  expect(text).not.toContain('CANARY')
  expect(error.cause).toBeUndefined()
  for (const secret of secrets.map((bytes) => Buffer.from(bytes))) {
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      const spelled = secret.toString(encoding)
      for (let at = 0; at + 8 <= spelled.length; at++) expect(text).not.toContain(spelled.slice(at, at + 8))
    }
    expect(text).not.toContain(secret.subarray(0, 4).join(','))
    expect(text).not.toContain(secret.subarray(0, 4).join(', '))
  }
}

/** What every provider promises, wherever its key is. */
export function providerContract(name: string, setup: ProviderSetup): void {
  describe(`provider: ${name}`, () => {
    let running: Running
    let provider: KeyProvider
    beforeAll(async () => {
      running = await setup.start()
      provider = running.provider(0)
    })
    afterAll(() => running.close?.())

    it('unwraps what it wrapped, into bytes of its own', async () => {
      const dek = newDek()
      const edk = await provider.wrap(dek, input())
      expect(edk.length).toBeGreaterThanOrEqual(1)
      expect(edk.length).toBeLessThanOrEqual(1024)
      expect(Object.getPrototypeOf(edk) === Uint8Array.prototype).toBe(true)
      expect(edk.buffer.byteLength).toBe(edk.length)

      const unwrapped = await provider.unwrap(edk, input())
      expect(unwrapped).toEqual(dek)
      expect(Object.getPrototypeOf(unwrapped) === Uint8Array.prototype).toBe(true)
      // A buffer of a pool would be wiped together with what others keep there.
      expect(unwrapped.buffer.byteLength).toBe(32)
      expect(unwrapped.buffer).not.toBe(dek.buffer)
    })

    it('is a frozen object that shows nothing of its options', () => {
      expect(Object.isFrozen(provider)).toBe(true)
      expect(provider.kind).toMatch(/^[a-z][a-z-]*$/)
      for (const value of Object.values(provider)) expect(typeof value).toMatch(/^(?:string|function)$/)
    })

    it('leaves the caller its buffers, and keeps no part of them', async () => {
      const dek = newDek()
      const same = dek.slice()
      const edk = await provider.wrap(dek, input())
      expect(dek).toEqual(same)
      dek.fill(0)

      const stored = edk.slice()
      const first = await provider.unwrap(edk, input())
      expect(edk).toEqual(stored)
      first.fill(0)
      expect(await provider.unwrap(stored, input())).toEqual(same)
    })

    it('opens under a kid what was wrapped under another only where the service cannot bind it', async () => {
      const dek = newDek()
      const edk = await provider.wrap(dek, input('kid-1'))
      const opened = provider.unwrap(edk, input('kid-2'))
      if (!setup.bindsKid) return expect(await opened).toEqual(dek)
      const error = await errorOf(opened)
      expect(error).toMatchObject({ code: 'key_mismatch', kid: 'kid-2', retryable: false, status: 500 })
      expectNoLeak(error, dek, edk)
    })

    it('refuses what another key wrapped', async () => {
      const dek = newDek()
      const edk = await running.provider(1).wrap(dek, input())
      const error = await errorOf(provider.unwrap(edk, input()))
      expect(error).toMatchObject({ code: 'key_mismatch', kid: 'kid-1', retryable: false })
      expectNoLeak(error, dek, edk)
    })

    it('refuses a wrapped key with a bit changed in any byte', async () => {
      const dek = newDek()
      const edk = await provider.wrap(dek, input())
      for (let at = 0; at < edk.length; at++) {
        const changed = edk.slice()
        changed[at] = Number(changed[at]) ^ (1 << (at & 7))
        const error = await errorOf(provider.unwrap(changed, input()))
        expect(error.code, `byte ${at}`).toBe('key_mismatch')
        expectNoLeak(error, dek)
      }
    })

    it('refuses a wrapped key that was cut, lengthened or never was one', async () => {
      const edk = await provider.wrap(newDek(), input())
      const text = (characters: string) => new TextEncoder().encode(characters)
      const damaged = [
        ...[1, 2, edk.length >> 1, edk.length - 1].map((length) => edk.slice(0, length)),
        edk.slice(1),
        Uint8Array.of(...edk, 10),
        Uint8Array.of(...edk, 0),
        Uint8Array.of(0xef, 0xbb, 0xbf, ...edk),
        Uint8Array.of(32, ...edk),
        new Uint8Array(1),
        new Uint8Array(edk.length),
        new Uint8Array(randomBytes(edk.length)),
        new Uint8Array(randomBytes(1024)),
        text('vault:v1:AAAA'),
        text('../../sys/raw'),
      ]
      for (const each of damaged) {
        expect((await errorOf(provider.unwrap(each, input()))).code).toBe('key_mismatch')
      }
    })

    it('rewraps from the keys that it can, to a new kid', async () => {
      const dek = newDek()
      const sources = { 'every key': [true, true], 'the same key': [true, false], none: [false, false] }
      for (const key of [0, 1] as const) {
        const source = running.provider(key)
        const edk = await source.wrap(dek, input('kid-1'))
        const same = edk.slice()
        const rewrapped = provider.rewrapFrom?.(source, edk, { ...input('kid-2'), fromKid: 'kid-1' })
        expect(rewrapped !== undefined).toBe(sources[setup.rewrapsFrom][key])
        if (rewrapped === undefined) continue
        expect(await rewrapped).not.toEqual(edk)
        expect(await provider.unwrap(await rewrapped, input('kid-2'))).toEqual(dek)
        expect(edk).toEqual(same)
      }
    })

    it('does not rewrap from a provider that it does not know', () => {
      const stranger = { ...provider }
      const edk = new Uint8Array(40)
      expect(provider.rewrapFrom?.(stranger, edk, { ...input('kid-2'), fromKid: 'kid-1' })).toBeUndefined()
    })
  })
}

const UNAVAILABLE = { code: 'provider_unavailable', status: 503, kid: 'kid-1' }
const INVALID = { code: 'provider_invalid_response', status: 500, retryable: false, kid: 'kid-1' }
const FAILURES = {
  denied: { code: 'provider_denied', status: 500, retryable: false, kid: 'kid-1' },
  throttled: { ...UNAVAILABLE, retryable: true },
  server_error: { ...UNAVAILABLE, retryable: true },
  drop: { ...UNAVAILABLE, retryable: true },
  unmapped: { ...UNAVAILABLE, retryable: false },
} as const

/** `providerContract`, and what holds where a service answers, fails or is not there. */
export function serviceContract(name: string, setup: ServiceSetup): void {
  providerContract(name, setup)

  describe(`service behind the provider: ${name}`, () => {
    let running: RunningService
    let provider: KeyProvider
    beforeAll(async () => {
      running = await setup.start()
      provider = running.provider(0)
    })
    afterAll(() => running.close?.())

    /** Each of the provider's operations on a key that is known to the test. */
    async function operations(over = provider) {
      const dek = newDek()
      const edk = await provider.wrap(dek, input())
      const rewrapInput = (signal = never) => ({ ...input('kid-1', signal), fromKid: 'kid-1' })
      const rewrap = provider.rewrapFrom
        ? [(signal?: AbortSignal) => provider.rewrapFrom?.(provider, edk, rewrapInput(signal))]
        : []
      return {
        dek,
        edk,
        all: [
          (signal?: AbortSignal) => over.wrap(dek, input('kid-1', signal)),
          (signal?: AbortSignal) => over.unwrap(edk, input('kid-1', signal)),
          ...(over === provider ? rewrap : []),
        ],
      }
    }

    it('gives two wraps of one key different bytes', async () => {
      const dek = newDek()
      expect(await provider.wrap(dek, input())).not.toEqual(await provider.wrap(dek, input()))
    })

    it.each(Object.entries(FAILURES))(
      'passes on %s as what it is, without its words',
      async (failure, expected) => {
        const { dek, edk, all } = await operations()
        for (const operation of all) {
          running.service.failNext(failure as ServiceFailure)
          const error = await errorOf(operation())
          expect(error).toMatchObject(expected)
          expectNoLeak(error, dek, edk)
        }
        expect(await provider.unwrap(edk, input())).toEqual(dek)
      },
    )

    it('says that a service which is not there is unavailable, and to be tried again', async () => {
      const { dek, edk, all } = await operations(running.unreachable())
      for (const operation of all) {
        const error = await errorOf(operation())
        expect(error).toMatchObject({ ...UNAVAILABLE, retryable: true })
        expectNoLeak(error, dek, edk)
      }
    })

    it('gives up at once when the caller does, whatever the service is at', async () => {
      const { dek, edk, all } = await operations()
      for (const operation of all) {
        running.service.failNext('hang')
        const controller = new AbortController()
        const before = running.service.calls.length
        const pending = operation(controller.signal)
        pending?.catch(() => {})
        await vi.waitFor(() => expect(running.service.calls.length).toBe(before + 1))
        controller.abort(new Error('REASON-CANARY'))
        const error = await errorOf(pending)
        expect(error).toMatchObject({ code: 'aborted', status: 503, kid: 'kid-1' })
        expectNoLeak(error, dek, edk)
      }
    })

    it('does not call the service for a caller that has given up', async () => {
      const { all } = await operations()
      const before = running.service.calls.length
      for (const operation of all) {
        expect((await errorOf(operation(AbortSignal.abort()))).code).toBe('aborted')
      }
      expect(running.service.calls.length).toBe(before)
    })

    it('gives up also when the client takes no signal and never answers', async () => {
      for (const operation of (await operations(running.silent())).all) {
        const controller = new AbortController()
        setTimeout(() => controller.abort(), 20)
        expect((await errorOf(operation(controller.signal))).code).toBe('aborted')
      }
    })

    it('keeps no listener on a signal that lives longer than the call', async () => {
      const { signal } = new AbortController()
      let listening = 0
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        if (args[0] === 'abort') listening++
        return addEventListener.apply(signal, args)
      }
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        if (args[0] === 'abort') listening--
        return removeEventListener.apply(signal, args)
      }
      const over = running.answering(new Uint8Array(32))
      await over.wrap(newDek(), input('kid-1', signal))
      await errorOf(running.rejecting(new Error()).wrap(newDek(), input('kid-1', signal)))
      expect(listening).toBe(0)
    })

    it.each([
      ['unwraps', 0, 'dek'],
      ['unwraps', 16, 'dek'],
      ['unwraps', 31, 'dek'],
      ['unwraps', 33, 'dek'],
      ['unwraps', 1024, 'dek'],
      ['unwraps', null, 'dek'],
      ['wraps', 0, 'edk'],
      ['wraps', 1025, 'edk'],
      ['wraps', 40_000, 'edk'],
      ['wraps', null, 'edk'],
    ] as const)('%s nothing from an answer of %s bytes', async (_verb, length, what) => {
      const { dek, edk, all } = await operations()
      const operation = what === 'edk' ? all[0] : all[1]
      running.service.answerNext(length === null ? null : new Uint8Array(randomBytes(length)))
      const error = await errorOf(operation?.())
      expect(error).toMatchObject(INVALID)
      expectNoLeak(error, dek, edk)
    })

    it('takes nothing but bytes for bytes', async () => {
      const array = [...newDek()]
      const boom = () => {
        throw new Error('GETTER-CANARY')
      }
      const wrong = [
        ...[undefined, null, 0, 32, true, '', 'x'.repeat(32), array, { ...array, length: 32 }],
        ...[new Uint8Array(10_000_000), new Set(array), Symbol('x'), () => array],
        Object.defineProperty({}, 'length', { get: boom }),
        new Proxy(new Uint8Array(32), { get: boom, getPrototypeOf: boom }),
        Object.create(Uint8Array.prototype),
      ]
      for (const each of wrong) {
        for (const operation of (await operations(running.answering(each))).all) {
          const error = await errorOf(operation())
          expect(error).toMatchObject(INVALID)
          expectNoLeak(error)
        }
      }
    })

    it('takes a copy of what the client answers', async () => {
      const held = newDek()
      const same = held.slice()
      const over = running.answering(held)
      const [edk, dek] = [await over.wrap(newDek(), input()), await over.unwrap(newEdk, input())]
      held.fill(0)
      if (provider.kind !== 'vault') expect(edk).toEqual(same)
      expect(dek).toEqual(same)
      dek.fill(1)
      expect(held).toEqual(new Uint8Array(32))
    })

    it('makes an EnvelopeError of whatever a client throws', async () => {
      const boom = () => {
        throw new Error('GETTER-CANARY')
      }
      const dek = newDek()
      const thrown = [
        ...[undefined, null, 0, 'MESSAGE-CANARY', Symbol('x'), [], () => {}],
        new Error('MESSAGE-CANARY', { cause: dek }),
        Object.assign(new Error('MESSAGE-CANARY'), {
          name: ['Abc'],
          code: ['Abc'],
          status: {},
          request: dek,
        }),
        Object.assign(new Error('x'), { name: 'MESSAGE CANARY' }),
        ...['constructor', '__proto__', 'toString'].flatMap((name) => [{ name }, { code: name }]),
        Object.defineProperty(new Error('x'), 'name', { get: boom }),
        new Proxy(new Error('x'), { get: boom, getPrototypeOf: boom }),
        { code: 'key_mismatch', retryable: true },
      ]
      for (const each of thrown) {
        for (const operation of (await operations(running.rejecting(each))).all) {
          const error = await errorOf(operation())
          expect(error).toMatchObject(UNAVAILABLE)
          expect(typeof (error.providerCode ?? '')).toBe('string')
          expectNoLeak(error, dek)
        }
      }
    })

    it('shows the service no data key when it rewraps', async () => {
      const { edk, dek, all } = await operations()
      const before = running.service.calls.length
      await all[2]?.()
      const calls = running.service.calls.slice(before)
      expect(calls).toHaveLength(setup.rewrapsFrom === 'none' ? 0 : 1)
      for (const { plaintext, request } of calls) {
        expect(plaintext).toBe(false)
        expect(JSON.stringify(request)).not.toContain(Buffer.from(dek).toString('base64'))
      }
      expect(await provider.unwrap(edk, input())).toEqual(dek)
    })

    it('names the source when it is the source that a rewrap cannot open', async () => {
      const { edk } = await operations()
      const cut = edk.slice(0, -1)
      const rewrapped = provider.rewrapFrom?.(provider, cut, { ...input('kid-2'), fromKid: 'kid-1' })
      expect(rewrapped === undefined).toBe(setup.rewrapsFrom === 'none')
      if (rewrapped !== undefined) {
        expect(await errorOf(rewrapped)).toMatchObject({ code: 'key_mismatch', kid: 'kid-1' })
      }
    })
  })
}

/** Well-formed for every service; only clients that answer anything are given it. */
const newEdk = new TextEncoder().encode('vault:v1:AAAA')
