import cliProgress from 'cli-progress'
import type { Shell } from './shell.js'

/** How far long work is. */
export interface Counts {
  readonly done: number
  readonly total: number
  readonly conflicts: number
  readonly failed: number
}

/** Shown while work goes on: a bar on a terminal, a line every 5 s elsewhere, nothing where `--json` prints events. */
export interface Progress {
  update(counts: Counts): void
  /** A line for people, above the bar where there is one. */
  say(line: string): void
  /** Shows the last state, and leaves the line. */
  stop(): void
}

const EVERY_MS = 5_000
/** Kept free, so that the `^C` that a terminal echoes does not begin a new line. */
const MARGIN = 3
/** To its beginning, and empty; the bar draws itself anew below. */
const CLEAR_LINE = '\r\u001b[K'
const BAR = /* @__PURE__ */ Object.freeze({ least: 8, most: 40 })

/** `label` is the verb: `rotate`. */
export function createProgress(shell: Shell, label: string): Progress {
  const { stderr, json } = shell
  const startedAt = performance.now()
  let counts: Counts = { done: 0, total: 0, conflicts: 0, failed: 0 }
  const seconds = (): number => (performance.now() - startedAt) / 1000

  if (!stderr.isTTY) {
    const line = (): void => {
      if (!json) shell.say(`${label}: ${words(counts, seconds()).join(', ')}`)
    }
    const timer = setInterval(line, EVERY_MS)
    return {
      update(next) {
        counts = next
      },
      say: shell.say,
      stop() {
        clearInterval(timer)
        line()
      },
    }
  }

  const bar = new cliProgress.SingleBar({
    stream: stderr,
    format: () => barText(label, counts, seconds(), (stderr.columns ?? 80) - MARGIN),
    // The text fits; a second interrupt would leave the terminal without line wrapping.
    linewrap: true,
    // The rate goes down also while nothing moves.
    forceRedraw: true,
  })
  bar.start(1, 0)
  return {
    update(next) {
      counts = next
    },
    say: (line) => shell.say(`${CLEAR_LINE}${line}`),
    stop: () => bar.stop(),
  }
}

/** One line of at most `width` characters: words and a bar where there is room, else short forms. */
export function barText(label: string, counts: Counts, seconds: number, width: number): string {
  const share = counts.total === 0 ? 1 : Math.min(1, counts.done / counts.total)
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  const long = `${percent}  ${words(counts, seconds).join('  ')}`
  const room = width - label.length - 1 - long.length - 1
  if (room >= BAR.least) {
    const size = Math.min(room, BAR.most)
    const full = Math.round(share * size)
    return `${label} ${'█'.repeat(full)}${'░'.repeat(size - full)} ${long}`
  }
  const { done, left, rate, conflicts, failed } = figures(counts, seconds, short)
  const medium = `${percent.trim()}  ${done} done  ${left} left  ${rate}/s  ${conflicts} confl  ${failed} failed`
  if (medium.length <= width) return medium
  return `${percent.trim()} ${done} done ${left} left ${rate}/s ${conflicts}c ${failed}f`.slice(0, width)
}

function words(counts: Counts, seconds: number): readonly string[] {
  const { done, left, rate, conflicts, failed } = figures(counts, seconds, String)
  return [`${done} done`, `${left} left`, `${rate}/s`, `${conflicts} conflicts`, `${failed} failed`]
}

function figures({ done, total, conflicts, failed }: Counts, seconds: number, write: (n: number) => string) {
  return {
    done: write(done),
    left: write(Math.max(0, total - done)),
    rate: write(Math.round(done / Math.max(seconds, 0.001))),
    conflicts: write(conflicts),
    failed: write(failed),
  }
}

/** Four characters: 9999, 41k, 1.2M. */
function short(n: number): string {
  if (n < 10_000) return String(n)
  if (n < 1_000_000) return `${Math.floor(n / 1000)}k`
  return `${(Math.floor(n / 100_000) / 10).toFixed(1)}M`
}
