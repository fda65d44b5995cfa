import type { Inventory } from '../envelope/rotation-store.js'
import type { Keyring } from '../keyring/types.js'
import type { Merged } from './rotation-workers.js'
import { printable, shellWord } from './row-id.js'
import type { Shell } from './shell.js'
import { table } from './text-table.js'

/** What the summary is about. */
export interface SummaryOptions {
  readonly keyring: Keyring
  readonly mode: 'rewrap' | 'reseal'
  /** The rows as they were counted before. */
  readonly before: Inventory
}

const SHOWN_FAILURES = 20
/** A report holds no more of them. */
const REPORTED_FAILURES = 1000

/** Tells people what a rotation came to, and what to do now. */
export function summarise(shell: Shell, report: Merged, { keyring, mode, before }: SummaryOptions): void {
  const { outcome, dryRun, rotated, conflicts, failed, inventory } = report
  for (const { id, message } of failed.slice(0, SHOWN_FAILURES)) {
    shell.say(`row ${printable(id)}: ${message}`)
  }
  if (failed.length > SHOWN_FAILURES) shell.say(`and ${failed.length - SHOWN_FAILURES} more`)

  shell.say(shell.style(outcome === 'done' ? 'green' : 'yellow', outcome))
  const kids = Object.entries(inventory.byKid).sort()
  const counts: (readonly [number, string])[] = [
    [rotated, dryRun ? 'would be rotated' : 'rotated'],
    [conflicts, 'conflicts'],
    [failed.length, 'failed'],
    ...kids.map(([kid, rows]) => [rows, `under ${kid}, ${keyring.stateOf(kid)}`] as const),
    [inventory.other, 'not sealed'],
  ]
  for (const line of table(counts)) shell.say(`  ${line}`)

  const already = before.byKid[keyring.primary] ?? 0
  if (mode === 'reseal' && already > 0) {
    shell.say(
      `${rows(already, 'was', 'were')} under ${keyring.primary} already and keep their data keys; to renew them too, promote another key`,
    )
  }
  for (const line of advice(report, keyring)) shell.say(line)
}

function advice(report: Merged, keyring: Keyring): readonly string[] {
  const { outcome, stoppedBy, dryRun, failed, inventory, resume, scanned } = report
  if (outcome === 'done') return []
  if (outcome === 'aborted' || stoppedBy !== null) return [howToGoOn(resume)]
  const kids = Object.keys(inventory.byKid).sort()
  const mend = kids.flatMap((kid) => missing(kid, keyring))
  if (outcome === 'stopped') {
    return [...mend, 'Too many rows failed. Mend that, and run the same command again.']
  }
  const lines =
    failed.length === 0 ? [] : [...mend, 'Rows failed. Mend that, and run the same command again.']
  const left = inventory.stale - (dryRun ? scanned : failed.length)
  if (left <= 0 || failed.length >= REPORTED_FAILURES) return lines
  return [
    ...lines,
    dryRun
      ? `${rows(left, 'was', 'were')} not looked at: without an id, or before --resume`
      : `${rows(left, 'is', 'are')} left: locked by another session, written meanwhile under an old primary, or without an id; run it again`,
  ]
}

/** What a kid that rows are under lacks in the keyring. */
function missing(kid: string, keyring: Keyring): readonly string[] {
  // Rows whose kid is none are damaged.
  if (kid === '?') return []
  const state = keyring.stateOf(kid)
  if (state === 'unknown') return [`key ${kid} is not in WAXSEAL_KEYS`]
  if (state === 'disabled') return [`key ${kid} is disabled in WAXSEAL_KEYS`]
  return state === 'destroyed' ? [`key ${kid} is destroyed, and so is what is under it`] : []
}

function howToGoOn(resume: string | null): string {
  if (resume === null) return 'To go on, run the same command again.'
  const word = shellWord(resume)
  return word === undefined
    ? 'To go on, run the same command with --resume and the id that --json prints as "resume".'
    : `To go on, run the same command with\n  --resume ${word}`
}

const rows = (count: number, one: string, many: string): string =>
  count === 1 ? `1 row ${one}` : `${count} rows ${many}`
