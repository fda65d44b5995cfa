/** Epoch milliseconds of a `number` or a `Date` of any realm; `NaN` for anything else, so that comparisons fail closed. */
export function epochMs(instant: unknown): number {
  if (typeof instant === 'number') return Number.isFinite(instant) ? instant : Number.NaN
  try {
    return Date.prototype.getTime.call(instant)
  } catch {
    return Number.NaN
  }
}

/** What a clock says; `NaN` where it throws. */
export function readClock(now: () => number): number {
  try {
    return epochMs(now())
  } catch {
    return Number.NaN
  }
}
