import { backgroundTimer } from '../internal/timer.js'

/** A claim that is kept alive while its handler runs. */
export interface Lease {
  /** Renews now: false when another run owns the key. Rejects when the store cannot tell. */
  renew(): Promise<boolean>
  /** Ends the heartbeat; resolves once no renewal is under way any more, so that none lands behind a release. */
  end(): Promise<void>
}

/**
 * Renews a lease every third of it. `onLost` is called once: when the store says that another run owns the key, or when
 * no renewal got through for a whole lease, because then another run may.
 *
 * The timers do not keep a process alive: a handler that waits for something does, and one that waits for nothing can
 * never return. What dies with it is taken over when the lease has lapsed.
 *
 * @param extend - One renewal in the store.
 * @param heldFrom - `performance.now()` from before the claim: the store counted from then or later.
 */
export function holdLease(
  extend: () => Promise<boolean>,
  leaseMs: number,
  heldFrom: number,
  onLost: () => void,
): Lease {
  let ended = false
  let heldUntil = heldFrom + leaseMs
  let underWay: Promise<unknown> = Promise.resolve()
  let cancelBeat = backgroundTimer(beat, leaseMs / 3)
  let cancelDeadline = backgroundTimer(lose, heldUntil - performance.now())

  async function renew(): Promise<boolean> {
    const askedAt = performance.now()
    const renewal = extend()
    // The value is dropped: else each renewal would hold on to all before it.
    underWay = Promise.allSettled([underWay, renewal]).then(() => {})
    const held = await renewal
    if (!held) lose()
    else if (!ended) hold(askedAt + leaseMs)
    return held
  }

  function hold(until: number): void {
    heldUntil = Math.max(heldUntil, until)
    cancelDeadline()
    cancelDeadline = backgroundTimer(lose, heldUntil - performance.now())
  }

  async function beat(): Promise<void> {
    // A renewal that failed is no loss yet: the next beat tries again, and the deadline stands.
    await renew().catch(() => {})
    if (!ended) cancelBeat = backgroundTimer(beat, leaseMs / 3)
  }

  function lose(): void {
    if (ended) return
    stop()
    onLost()
  }

  function stop(): void {
    ended = true
    cancelBeat()
    cancelDeadline()
  }

  return {
    renew,
    async end() {
      stop()
      await underWay
    },
  }
}
