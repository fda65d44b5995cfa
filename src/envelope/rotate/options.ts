import { assertInteger, assertObject, assertOptionalFunction } from '../../internal/assert.js'
import { type Duration, milliseconds } from '../../internal/duration.js'
import type { RotationRow, RotationStore } from '../rotation-store.js'
import type { Envelope, KmsEnvelope } from '../types.js'
import type { RotationEvent } from './report.js'

/** Of `rotateRows`. */
export interface RotateOptions {
  /** Whose primary the rows shall be under. */
  readonly envelope: Envelope | KmsEnvelope
  /** Where the rows are. */
  readonly store: RotationStore
  /**
   * `rewrap` (default) renews the outer key alone and needs no context. `reseal` renews the data key too: after a leak,
   * because who had the old outer key opens old data keys. Legacy rows are always resealed.
   */
  readonly mode?: 'rewrap' | 'reseal' | undefined
  /** Rows per claim, 1 to 1000; default 200, over a KMS 50. */
  readonly batch?: number | undefined
  /** Rows at once over a KMS, 1 to 64; default 8. */
  readonly concurrency?: number | undefined
  /** How often the table is gone through at most, 1 to 100; default 3. */
  readonly passes?: number | undefined
  /** Between batches; default '0ms', which is one turn of the event loop. */
  readonly pause?: Duration | undefined
  /** More rows than these that fail stop the run, 0 to 1000000; default 100. */
  readonly maxFailures?: number | undefined
  /** How often a batch is repeated when the provider or the store fails for a while, 0 to 20; default 5. */
  readonly retries?: number | undefined
  /** Start behind this row: `after` of an earlier report. Only the first pass does. */
  readonly after?: string | undefined
  /** Everything but the write, in one pass. Default false. */
  readonly dryRun?: boolean | undefined
  /** Rolls the batch at hand back, and ends the run with `aborted`. */
  readonly signal?: AbortSignal | undefined
  /** Further columns to write with a row, such as a blind index. With `reseal` only; opens each value once more. */
  readonly also?: ((plaintext: string, row: RotationRow) => Readonly<Record<string, string>>) | undefined
  /** Is told what happens; whatever it does changes nothing. */
  readonly observe?: ((event: RotationEvent) => void) | undefined
  /** Epoch milliseconds, for `perSecond`; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** For tests: at least 0 and below 1, spreads the delays of retries; default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** The options, checked once. */
export interface Settings {
  readonly envelope: Envelope | KmsEnvelope
  readonly store: RotationStore
  readonly reseal: boolean
  readonly batch: number
  readonly concurrency: number
  readonly passes: number
  readonly pauseMs: number
  readonly maxFailures: number
  readonly retries: number
  readonly after: string | null
  readonly dryRun: boolean
  readonly signal: AbortSignal | undefined
  readonly also: RotateOptions['also']
  readonly observe: RotateOptions['observe']
  readonly now: () => number
  readonly random: () => number
}

/** @throws TypeError or RangeError that names the option. */
export function readOptions(options: RotateOptions): Settings {
  assertObject(options, 'options')
  const {
    envelope,
    store,
    mode = 'rewrap',
    passes = 3,
    pause = '0ms',
    maxFailures = 100,
    retries = 5,
  } = options
  const { after, dryRun = false, signal, also, observe, now = Date.now, random = Math.random } = options
  if (typeof envelope?.rewrap !== 'function') throw new TypeError('envelope: expected an envelope')
  if (typeof store?.claim !== 'function' || typeof store.inventory !== 'function') {
    throw new TypeError('store: expected a rotation store')
  }
  const { batch = 'flush' in envelope ? 50 : 200, concurrency = 8 } = options
  assertInteger(batch, 'batch', 1, 1000)
  assertInteger(concurrency, 'concurrency', 1, 64)
  assertInteger(passes, 'passes', 1, 100)
  assertInteger(maxFailures, 'maxFailures', 0, 1_000_000)
  assertInteger(retries, 'retries', 0, 20)
  if (mode !== 'rewrap' && mode !== 'reseal') throw new RangeError('mode: expected rewrap or reseal')
  if (after !== undefined && typeof after !== 'string') throw new TypeError('after: expected an id')
  if (typeof dryRun !== 'boolean') throw new TypeError('dryRun: expected a boolean')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError('signal: expected an AbortSignal')
  }
  assertOptionalFunction(also, 'also')
  if (also !== undefined && mode !== 'reseal') throw new TypeError("also: expected mode 'reseal' with it")
  assertOptionalFunction(observe, 'observe')
  assertOptionalFunction(now, 'now')
  assertOptionalFunction(random, 'random')
  return {
    envelope,
    store,
    reseal: mode === 'reseal',
    batch,
    concurrency,
    passes,
    pauseMs: milliseconds(pause, 'pause', '0ms', '1h'),
    maxFailures,
    retries,
    after: after ?? null,
    dryRun,
    signal,
    also,
    observe,
    now,
    random,
  }
}
