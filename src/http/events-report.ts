/** What became of the events of a delivery. A `ping` counts nowhere. */
export interface EventsReport {
  /** Nothing failed, is busy or was left: the sender may be told that it is finished. */
  readonly settled: boolean
  /** Handled now. */
  readonly ran: number
  /** Done before. */
  readonly replayed: number
  /** Running elsewhere. */
  readonly busy: number
  /** Set aside after its attempts. */
  readonly dead: number
  /** The handler or the tenant lookup threw, or the run was lost or rolled back. */
  readonly failed: number
  /** Not started within the budget, or the store was away. */
  readonly left: number
  /** Older than its memory. */
  readonly stale: number
  /** Nobody's. */
  readonly unrouted: number
  /** Epoch milliseconds from when a repetition makes sense; where something is busy or was left. */
  readonly retryAt?: number
}
