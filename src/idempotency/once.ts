import { assertObject } from '../internal/assert.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import { notify } from '../internal/observe.js'
import { IdempotencyError } from './errors.js'
import { assertOptionalFingerprint, type Fingerprint } from './fingerprint.js'
import { assertKey, type IdempotencyKey } from './key.js'
import { encodeResult, type ResultCodec } from './result.js'
import { type Claim, openRun, type Recorded, type Run } from './run.js'
import type { Settings } from './settings.js'
import type { BeginResult, IdempotencyStore } from './store.js'

/** Of one call of `once`. */
export interface OnceOptions<T> {
  /** Of the request. Another one under the same key is a `mismatch`. Default: not compared. */
  readonly fingerprint?: Fingerprint | undefined
  /** Passed on to the run. Aborted beforehand: `once` rejects with its reason and claims nothing. */
  readonly signal?: AbortSignal | undefined
  /** How the result is stored for replays. Default: it is not, and a replay has no value. */
  readonly result?: ResultCodec<T> | undefined
  /** Memory of this key once it is done, from '1s'. Default: the factory's `retain`. */
  readonly retain?: Duration | undefined
}

/**
 * What `once` came to. `settled`: the sender may be told that it is finished; otherwise it should deliver again.
 *
 * - `ran`: the handler returned. Settled when `recorded` is done, recovered, bypassed or failed; not when it is lost or
 *   rolled_back, nor when it failed and `completion()` was taken, because then nobody knows whether that committed.
 * - `replayed`: it was done before; `value` is the stored result, `undefined` when none was kept.
 * - `busy`: another run holds the lease, for `retryAfterMs` milliseconds at most unless it renews.
 * - `mismatch`: the key was used with another fingerprint. `dead`: `attempts` runs came to nothing.
 */
export type Outcome<T> =
  | {
      readonly outcome: 'ran'
      readonly value: T
      readonly attempt: number
      readonly recorded: Recorded
      readonly settled: boolean
    }
  | { readonly outcome: 'replayed'; readonly value: T | undefined; readonly settled: true }
  | { readonly outcome: 'busy'; readonly retryAfterMs: number; readonly settled: false }
  | { readonly outcome: 'mismatch'; readonly settled: true }
  | { readonly outcome: 'dead'; readonly attempts: number; readonly settled: true }

/** `Idempotency.once`: claim, run under a heartbeat, mark. */
export type Once<S extends IdempotencyStore> = <T>(
  key: IdempotencyKey,
  handler: (run: Run<S>) => T | Promise<T>,
  options?: OnceOptions<T>,
) => Promise<Outcome<T>>

/** @internal */
export function createOnce<S extends IdempotencyStore>(settings: Settings): Once<S> {
  const { observe } = settings

  return async function once<T>(
    key: IdempotencyKey,
    handler: (run: Run<S>) => T | Promise<T>,
    options: OnceOptions<T> = {},
  ): Promise<Outcome<T>> {
    assertKey(key)
    if (typeof handler !== 'function') throw new TypeError('handler: expected a function')
    const { fingerprint, signal, codec, retainMs } = readOptions(options, settings)
    signal?.throwIfAborted()

    const startedAt = performance.now()
    const claimed = await claim(settings, key, fingerprint)
    if (claimed.status !== 'acquired') return notRun(claimed, key, codec, observe)
    if (claimed.bypassed) notify(observe, { type: 'store_bypassed', key })
    else notify(observe, { type: 'acquired', key, attempt: claimed.attempt })

    const { run, returned, threw } = openRun<S>(settings, { ...claimed, key, startedAt }, retainMs, signal)
    let value: T
    try {
      value = await handler(run)
    } catch (error) {
      await threw()
      throw error
    }

    const { recorded, settled } = await returned(() => {
      if (codec === undefined) return undefined
      const text = encodeResult(codec, value, settings.maxResult)
      if (text === undefined) notify(observe, { type: 'result_dropped', key })
      return text
    })
    return { outcome: 'ran', value, attempt: run.attempt, recorded, settled }
  }
}

type Won = { readonly status: 'acquired' } & Pick<Claim, 'token' | 'attempt' | 'bypassed'>
type NotWon = Exclude<BeginResult, { status: 'acquired' }>

async function claim(settings: Settings, key: string, fingerprint: string): Promise<Won | NotWon> {
  const { store, leaseMs, retainMs, maxAttempts, runWhenStoreFails } = settings
  try {
    const answer = await store.begin(key, { leaseMs, retainMs, fingerprint, maxAttempts })
    return answer.status === 'acquired' ? { ...answer, bypassed: false } : answer
  } catch (error) {
    if (!runWhenStoreFails) throw error
    return { status: 'acquired', token: '0', attempt: 1, bypassed: true }
  }
}

function notRun<T>(
  claimed: NotWon,
  key: IdempotencyKey,
  codec: ResultCodec<T> | undefined,
  observe: Settings['observe'],
): Outcome<T> {
  switch (claimed.status) {
    case 'done':
      notify(observe, { type: 'replayed', key })
      return { outcome: 'replayed', value: decodeResult(codec, claimed.result), settled: true }
    case 'busy':
      notify(observe, { type: 'busy', key })
      return { outcome: 'busy', retryAfterMs: claimed.retryAfterMs, settled: false }
    case 'mismatch':
      notify(observe, { type: 'mismatch', key })
      return { outcome: 'mismatch', settled: true }
    case 'dead':
      notify(observe, { type: 'dead', key })
      return { outcome: 'dead', attempts: claimed.attempts, settled: true }
  }
}

function decodeResult<T>(codec: ResultCodec<T> | undefined, text: string | undefined): T | undefined {
  if (codec === undefined || text === undefined) return undefined
  try {
    return codec.decode(text)
  } catch {
    // What a codec throws may quote the result.
    throw new IdempotencyError('result_unreadable')
  }
}

function readOptions<T>(options: OnceOptions<T>, settings: Settings) {
  assertObject(options, 'options')
  const { fingerprint, signal, result, retain } = options
  assertOptionalFingerprint(fingerprint)
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new TypeError('signal: expected an AbortSignal')
  }
  if (result !== undefined && (typeof result?.encode !== 'function' || typeof result.decode !== 'function')) {
    throw new TypeError('result: expected a codec with encode and decode')
  }
  return {
    fingerprint: fingerprint ?? '',
    signal,
    codec: result,
    retainMs: retain === undefined ? settings.retainMs : milliseconds(retain, 'retain', '1s'),
  }
}
