import type { Inventory, RotationStore } from '../envelope/rotation-store.js'

/** What one worker gets. */
export interface WorkerStore {
  readonly store: RotationStore
  /** It breaks down: nobody waits for it any longer. */
  leave(): void
}

/**
 * One store for several workers, over which each counts before its work and after it. The whole table is read for that, so
 * all of them have the same two counts: `before`, and one that is made when the last of them has come to its end.
 */
export function shareCounts(store: RotationStore, before: Inventory, workers: number): () => WorkerStore {
  let working = workers
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let after: Promise<Inventory> | undefined

  return () => {
    let counted = false
    let works = true
    const leave = (): void => {
      if (!works) return
      works = false
      working--
      if (working === 0) finish()
    }
    return {
      leave,
      store: {
        claim: store.claim,
        async inventory(primary) {
          if (!counted) {
            counted = true
            return before
          }
          leave()
          await finished
          // One that failed is made anew by whoever repeats it.
          after ??= store.inventory(primary).catch((error) => {
            after = undefined
            throw error
          })
          return after
        },
      },
    }
  }
}
