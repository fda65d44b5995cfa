import type { SealContext } from '../context.js'
import { EnvelopeError, isEnvelopeError } from '../errors.js'
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
      try {
        changes.push(await changeOf(row, settings))
      } catch (error) {
        if (isOfRow(error, settings.signal)) {
          failures.push({ id: row.id, code: error.code, message: error.message })
        } else halt ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(settings.concurrency, rows.length) }, work))

  if (halt !== undefined) throw halt.error
  if (settings.signal?.aborted) throw new EnvelopeError('aborted')
  return { changes, failures }
}

async function changeOf(
  row: RotationRow,
  { reseal, also, signal, ...settings }: Settings,
): Promise<RowChange> {
  const { id, value: from } = row
  // A local envelope answers at once and takes no notice of a signal.
  const envelope = settings.envelope as KmsEnvelope
  if (!reseal && from.startsWith('wx1.')) return { id, from, to: await envelope.rewrap(from, { signal }) }

  // Where the store knows none, this is `invalid_context`.
  const context = row.context as SealContext
  const to = await envelope.reseal(from, context, context, { signal })
  if (also === undefined) return { id, from, to }
  return { id, from, to, also: also(await envelope.open(from, context, { signal }), row) }
}

function isOfRow(error: unknown, signal: AbortSignal | undefined): error is EnvelopeError {
  if (!isEnvelopeError(error) || error.retryable) return false
  if (error.code === 'provider_denied' || error.code === 'provider_unavailable') return false
  return error.code !== 'aborted' || !signal?.aborted
}
