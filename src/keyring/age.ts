import { assertObject } from '../internal/assert.js'
import { epochMs } from '../internal/instant.js'
import type { KeyringOptions } from './types.js'

/** Epoch milliseconds by kid, read once. TypeError for what is no instant. */
export function readInstants(option: NonNullable<KeyringOptions['createdAt']>): ReadonlyMap<string, number> {
  assertObject(option, 'createdAt')
  const instants = new Map<string, number>()
  for (const [kid, instant] of Object.entries(option)) {
    const ms = epochMs(instant)
    if (Number.isNaN(ms)) throw new TypeError('createdAt: expected epoch milliseconds or Dates')
    instants.set(kid, ms)
  }
  return instants
}

/**
 * Midnight UTC of the day that a kid begins with, of the month's first where it names no day: `2026-05`, `2026-05-17b`,
 * `2026-05-rescue`. `null` for all others, and for days that the calendar does not have.
 */
export function datedAt(kid: string): number | null {
  const match = /^(2[01]\d\d)-(\d\d)(?:-(\d\d))?(?:-?[a-z][a-z0-9-]*)?$/.exec(kid)
  if (match === null) return null
  const [, year, month, day = '01'] = match
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day))
  return new Date(ms).toISOString().startsWith(`${year}-${month}-${day}`) ? ms : null
}
