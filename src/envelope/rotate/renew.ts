import type { SealContext } from '../context.js'
import { EnvelopeError, isEnvelopeError } from '../errors.js'
import type { Sealed } from '../format.js'
import type { RotationRow, RowChange } from '../rotation-store.js'
import type { KmsEnvelope } from '../types.js'
import type { Settings } from './options.js'
import type { RowFailure } from './report.js'

/** What became of the rows of a batch. */
export interface Renewed {
  readonly changes: readonly RowChange[]
  readonly failures: readonly RowFailure[]
}

/**
 * New values for the rows, none of which is written yet. What concerns a row alone is its failure; what concerns the batch
 * is thrown, once the calls under way have ended: a provider that denies or is away, an abort, what `also` throws.
 */
export async function renew(rows: readonly RotationRow[], settings: Settings): Promise<Renewed> {
  const changes: RowChange[] = []
  const failures: RowFailure[] = []
  let halt: { readonly error: unknown } | undefined

  // All workers draw from one iterator.
  const queue = rows.values()
  async function work(): Promise<void> {
    for (const row of queue) {
      if (halt !== undefined) return
      let renewed: NewValue
      try {
        renewed = await newValue(row, settings)
      } catch (error) {
        if (isOfRow(error, settings.signal)) {
          failures.push({ id: row.id, code: error.code, message: error.message })
        } else halt ??= { error }
        continue
      }
      try {
        changes.push(await changeOf(row, renewed, settings))
      } catch (error) {
        halt ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(settings.concurrency, rows.length) }, work))

  if (halt !== undefined) throw halt.error
  if (settings.signal?.aborted) throw new EnvelopeError('aborted')
  return { changes, failures }
}

interface NewValue {
  readonly to: Sealed
  /** For `also`, where there is one. */
  readonly plaintext?: string
}

async function newValue(
  { value: from, context: known }: RotationRow,
  { reseal, also, signal, ...settings }: Settings,
): Promise<NewValue> {
  // A local envelope answers at once and takes no notice of a signal.
  const envelope = settings.envelope as KmsEnvelope
  if (!reseal && from.startsWith('wx1.')) return { to: await envelope.rewrap(from, { signal }) }

  // Where the store knows none, this is `invalid_context`.
  const context = known as SealContext
  const to = await envelope.reseal(from, context, context, { signal })
  return also === undefined ? { to } : { to, plaintext: await envelope.open(from, context, { signal }) }
}

/** What `also` throws is the program's affair, also where it is an EnvelopeError. */
async function changeOf(
  row: RotationRow,
  { to, plaintext }: NewValue,
  { also }: Settings,
): Promise<RowChange> {
  const change = { id: row.id, from: row.value, to }
  if (also === undefined || plaintext === undefined) return change
  const columns: unknown = await also(plaintext, row)
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw new TypeError('also: expected an object of columns')
  }
  return { ...change, also: columns as Readonly<Record<string, string>> }
}

function isOfRow(error: unknown, signal: AbortSignal | undefined): error is EnvelopeError {
  if (!isEnvelopeError(error) || error.retryable) return false
  if (error.code === 'provider_denied' || error.code === 'provider_unavailable') return false
  return error.code !== 'aborted' || !signal?.aborted
}
