import { notify } from '../internal/observe.js'
import { backgroundTimer, pause } from '../internal/timer.js'
import { IdempotencyError } from './errors.js'
import type { RunEventType } from './event.js'
import type { IdempotencyKey } from './key.js'
import { holdLease, type Lease } from './lease.js'
import type { Settings } from './settings.js'
import type { IdempotencyStore, SqlIdempotencyStore, SqlStatement } from './store.js'

/** What a handler is given. */
export interface Run<S extends IdempotencyStore> {
  /** What is run; for `childKey`. */
  readonly key: IdempotencyKey
  /** 1 = first run. */
  readonly attempt: number
  /** Fencing token: decimal digits that grow with each claim. `UPDATE … WHERE fence < $token` keeps a stale run out. */
  readonly token: string
  /** Aborts with IdempotencyError `lease_lost` or `run_timeout`, or with the reason of the caller's signal. */
  readonly signal: AbortSignal
  /**
   * Renews the lease; for right before what cannot be undone.
   *
   * @throws the signal's reason once that has aborted; IdempotencyError `lease_lost` when another run owns the key,
   * `store_unavailable` when nobody can tell.
   */
  assertOwned(): Promise<void>
  /**
   * SQL stores: the done mark as a statement for the handler's own transaction. It fails, and rolls everything back, when
   * the lease was lost. It stores no result, because there is none yet.
   *
   * @throws IdempotencyError `store_unavailable` in a run that went past the store.
   */
  readonly completion: S extends SqlIdempotencyStore ? () => SqlStatement : never
}

/**
 * What became of the mark: `done`; `recovered` (the record had vanished and was written anew); `failed` (the store was
 * not reached); `bypassed` (there never was a claim); `lost` (another run owns the key); `rolled_back` (the transaction
 * with `completion()` did not commit).
 */
export type Recorded = 'done' | 'recovered' | 'failed' | 'bypassed' | 'lost' | 'rolled_back'

/** A claim that was won, or none where the store was bypassed. */
export interface Claim {
  readonly key: IdempotencyKey
  readonly token: string
  readonly attempt: number
  readonly bypassed: boolean
  /** `performance.now()` from before the claim. */
  readonly startedAt: number
}

/** A run from claim to mark. Exactly one of `returned` and `threw` is called, once the handler has settled. */
export interface OpenRun<S extends IdempotencyStore> {
  readonly run: Run<S>
  /** Marks the key done, with the result that `encode` gives. */
  returned(encode: () => string | undefined): Promise<{ recorded: Recorded; settled: boolean }>
  /** Gives the key back. Never rejects. */
  threw(): Promise<void>
}

const NO_LEASE: Lease = /* @__PURE__ */ Object.freeze({ renew: async () => true, end: async () => {} })

const EVENTS = /* @__PURE__ */ Object.freeze({
  done: 'completed',
  recovered: 'recovered',
  failed: 'unrecorded',
  rolled_back: 'rolled_back',
})

export function openRun<S extends IdempotencyStore>(
  settings: Settings,
  claim: Claim,
  retainMs: number,
  callerSignal: AbortSignal | undefined,
): OpenRun<S> {
  const { rawStore, store, leaseMs, timeoutMs, retryDelayMs, observe } = settings
  const { key, token, attempt, bypassed, startedAt } = claim
  const controller = new AbortController()
  const { signal } = controller
  let completionTaken = false
  let lossTold = false

  const lease = bypassed
    ? NO_LEASE
    : holdLease(() => store.extend(key, token, leaseMs), leaseMs, startedAt, lose)
  const cancelTimeout = backgroundTimer(timeOut, timeoutMs)
  callerSignal?.addEventListener('abort', followCaller)
  // It may have aborted while the claim was under way, and then no event follows.
  if (callerSignal?.aborted) followCaller()

  function tell(type: RunEventType): void {
    notify(observe, { type, key, attempt, durationMs: Math.round(performance.now() - startedAt) })
  }

  function lose(): void {
    if (!lossTold) tell('lease_lost')
    lossTold = true
    controller.abort(new IdempotencyError('lease_lost'))
  }

  function timeOut(): void {
    // Without heartbeat the lease lapses, and another run may take over from a handler that never settles.
    void lease.end()
    tell('run_timeout')
    controller.abort(new IdempotencyError('run_timeout'))
  }

  function followCaller(): void {
    controller.abort(callerSignal?.reason)
  }

  async function end(): Promise<void> {
    cancelTimeout()
    callerSignal?.removeEventListener('abort', followCaller)
    await lease.end()
  }

  async function assertOwned(): Promise<void> {
    signal.throwIfAborted()
    const held = await lease.renew()
    signal.throwIfAborted()
    if (!held) throw new IdempotencyError('lease_lost')
  }

  function completion(): SqlStatement {
    if (bypassed || rawStore.completion === undefined) throw new IdempotencyError('store_unavailable')
    completionTaken = true
    return rawStore.completion(key, token, { retainMs })
  }

  /** Whether the statement of `completion()` has marked the key: if it has not, the claim is still there to release. */
  async function committed(): Promise<Recorded> {
    const released = await persist(() => store.release(key, token, retryDelayMs))
    if (released === undefined) return 'failed'
    return released ? 'rolled_back' : 'done'
  }

  async function mark(result: string | undefined): Promise<Recorded> {
    const options = result === undefined ? { retainMs } : { retainMs, result }
    return (await persist(() => store.complete(key, token, options))) ?? 'failed'
  }

  async function returned(encode: () => string | undefined) {
    const quiet = end()
    if (bypassed) return { recorded: 'bypassed' as const, settled: true }
    // A renewal that lands behind the mark finds the key done; one behind a release would lock it again.
    if (completionTaken) await quiet
    const recorded = completionTaken ? await committed() : await mark(encode())
    if (recorded === 'lost') lose()
    else tell(EVENTS[recorded as keyof typeof EVENTS])
    // Without the store nobody knows whether the transaction committed. Repeating is safe, forgetting is not.
    const unknown = recorded === 'failed' && completionTaken
    return { recorded, settled: !unknown && recorded !== 'lost' && recorded !== 'rolled_back' }
  }

  async function threw(): Promise<void> {
    await end()
    if (bypassed) return
    try {
      if (await store.release(key, token, retryDelayMs)) tell('released')
      else if (completionTaken) tell('completed')
      else lose()
    } catch {
      // Observed by the guarded store. The lease lapses by itself, and the handler's own error matters more.
    }
  }

  return {
    run: Object.freeze({
      key,
      attempt,
      token,
      signal,
      assertOwned,
      completion: (rawStore.completion && completion) as Run<S>['completion'],
    }),
    returned,
    threw,
  }
}

/** Asks up to three times; `undefined` when no answer came. */
async function persist<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (const pauseMs of [0, 100, 400]) {
    if (pauseMs > 0) await pause(pauseMs)
    try {
      return await ask()
    } catch {
      // Observed by the guarded store.
    }
  }
  return undefined
}
