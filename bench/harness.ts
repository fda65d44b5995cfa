/**
 * How we measure: candidates take turns in one process, in random order, and the median of their rounds counts. No
 * forced full gc between them: it flushes optimised code and makes pure JavaScript look 2–3× slower than it is.
 */

import { arch, cpus } from 'node:os'
import { do_not_optimize, measure } from 'mitata'

export type Candidates = Readonly<Record<string, () => unknown>>

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 11)
const lines: string[] = []

/** Prints a line of the report, and keeps it for `--save`. */
export function print(line = ''): void {
  lines.push(line)
  console.log(line)
}

/** The report so far, as Markdown. */
export function report(): string {
  return `${lines.join('\n')}\n`
}

/** What it ran on. */
export function machine(): string {
  return `Node ${process.version}, OpenSSL ${process.versions.openssl}, ${arch()}, ${cpus()[0]?.model}`
}

/** A candidate that is wrong is not measured. */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the candidate is wrong: ${what}`)
}

/** Median nanoseconds of each candidate. The first round warms up and does not count. */
export async function medians(candidates: Candidates): Promise<ReadonlyMap<string, number>> {
  const names = Object.keys(candidates)
  const samples = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of [...names].sort(() => Math.random() - 0.5)) {
      const run = candidates[name] as () => unknown
      const isAsync = run() instanceof Promise
      const once = isAsync ? async () => do_not_optimize(await run()) : () => do_not_optimize(run())
      const { p50 } = await measure(once, { min_cpu_time: 5e6, min_samples: 8, batch_samples: 256 })
      if (round > 0) samples.get(name)?.push(p50)
    }
  }
  return new Map(names.map((name) => [name, medianOf(samples.get(name) ?? [])]))
}

export function medianOf(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? Number.NaN
}

/** A heading, and the head of the table below it. */
export function section(title: string, ...columns: readonly string[]): void {
  print(`\n**${title}**\n`)
  print(`| ${columns.join(' | ')} |`)
  print(`|---${'|---:'.repeat(columns.length - 1)}|`)
}

export function row(...cells: readonly (string | number)[]): void {
  print(`| ${cells.join(' | ')} |`)
}

/** One row: each candidate's nanoseconds, and their ratio to the first one's. */
export async function compare(title: string, candidates: Candidates): Promise<void> {
  const times = await medians(candidates)
  const [base = Number.NaN] = times.values()
  const cells = [...times].map(([name, ns]) => `${name} ${Math.round(ns)} ns (${(ns / base).toFixed(2)})`)
  row(title, ...cells)
}
