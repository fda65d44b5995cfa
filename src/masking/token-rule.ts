import {
  type CharacterSet,
  characterSet,
  colourStart,
  escapeBefore,
  isIn,
  percentBefore,
  runEnd,
  runStart,
} from './characters.js'
import { REDACTED } from './markers.js'
import type { Hit, Trigger } from './scan.js'
import type { Before, Part, TokenRule } from './tokens.js'

const WORD = /* @__PURE__ */ characterSet('A-Za-z0-9_')
const DIGIT = /* @__PURE__ */ characterSet('0-9')
const LOWER = /* @__PURE__ */ characterSet('a-z')
const PRODUCT = /* @__PURE__ */ characterSet('a-z0-9')
/** Characters that `among` looks at. */
const SOON = 65
const FAILED = -1

type Step = (text: string, at: number) => number

/** A rule as the scan asks it. */
export function tokenTrigger({
  name,
  cues,
  before = 'boundary',
  shown,
  keep = [],
  hide,
}: TokenRule): Trigger {
  const allowed = beforeTest(before)
  const kept = keep.map(step)
  const hidden = hide.map(step)
  const first = firstRun(hide)

  return {
    cues,
    match(text, at, pass, cue): Hit | undefined {
      if (!allowed(text, at, pass.floor)) return undefined
      const from = walk(text, at + cue.length, kept)
      if (from === FAILED || from < (pass.barren?.get(hide) ?? 0)) return undefined
      const to = walk(text, from, hidden)
      if (to === FAILED) {
        if (first !== undefined) {
          pass.barren ??= new Map()
          pass.barren.set(hide, runEnd(text, from, first))
        }
        return undefined
      }
      return { from: shown === undefined ? from : at + shown, to, put: REDACTED, rule: name }
    },
  }
}

/**
 * An unbounded run that failed fails again for every token that begins within it, for what follows it is the same.
 * Remembering its end keeps a megabyte of `-eyJ-eyJ…` linear.
 */
function firstRun([first]: readonly Part[]): CharacterSet | undefined {
  const isRun = typeof first === 'object' && 'min' in first && first.max === undefined
  return isRun ? characterSet(first.chars) : undefined
}

function walk(text: string, from: number, steps: readonly Step[]): number {
  let at = from
  for (const take of steps) {
    at = take(text, at)
    if (at === FAILED) return FAILED
  }
  return at
}

function step(part: Part): Step {
  if (typeof part === 'string') return (text, at) => (text.startsWith(part, at) ? at + part.length : FAILED)
  if ('next' in part) {
    const set = characterSet(part.next)
    // Behind the end stands nothing, which `^…` allows.
    const atEnd = part.next.startsWith('^')
    return (text, at) => ((at < text.length ? isIn(set, text.charCodeAt(at)) : atEnd) ? at : FAILED)
  }
  if ('among' in part) {
    const set = characterSet(part.among)
    const has = characterSet(part.has)
    return (text, at) => {
      const end = runEnd(text, at, set, Math.min(text.length, at + SOON))
      for (let i = at; i < end; i++) if (isIn(has, text.charCodeAt(i))) return at
      return FAILED
    }
  }
  const set = characterSet(part.chars)
  if ('within' in part) {
    const { upTo, unless, within } = part
    return (text, at) => {
      const window = text.slice(at, at + within)
      if (!window.includes(upTo) || unless.test(window)) return FAILED
      const run = window.slice(0, runEnd(window, 0, set))
      const slash = run.search(/[/?#]/)
      const last = run.lastIndexOf(upTo, slash === -1 ? run.length : slash)
      const end = last === -1 ? run.indexOf(upTo) : last
      return end === -1 ? FAILED : at + end
    }
  }
  const { min, max } = part
  return (text, at) => {
    const end = runEnd(text, at, set, max === undefined ? text.length : Math.min(text.length, at + max + 1))
    const length = end - at
    return length < min || (max !== undefined && length > max) ? FAILED : end
  }
}

type BeforeTest = (text: string, at: number, floor: number) => boolean

function beforeTest(before: Before): BeforeTest {
  if (before === 'boundary') return isBoundary
  if (before === 'anything') return () => true
  if (before === 'beginning') return (text, at) => at === 0 || text[at - 1] === '"'
  if (before === 'product') {
    return (text, at, floor) => {
      const start = runStart(text, at, PRODUCT, Math.max(floor, at - 16))
      const letter = runEnd(text, start, DIGIT, at)
      return at - letter >= 2 && isIn(LOWER, text.charCodeAt(letter))
    }
  }
  if ('digits' in before) {
    const [min, max] = before.digits
    return (text, at, floor) => {
      const digits = at - runStart(text, at, DIGIT, Math.max(floor, at - max - 1))
      return digits >= min && digits <= max
    }
  }
  const set = characterSet(before.oneOf)
  return (text, at, floor) => at > floor && isIn(set, text.charCodeAt(at - 1))
}

/**
 * Whether a word may begin here: not behind a letter, a digit or `_`, unless they belong to an escape that is written out
 * (`\n`, `\u000a`, `%3D`) or to the colour of a terminal. A token that opens a line within JSON text stands behind the
 * letter `n`.
 */
export function isBoundary(text: string, at: number, floor: number): boolean {
  if (at <= floor || !isIn(WORD, text.charCodeAt(at - 1))) return true
  return escapeBefore(text, at) > 0 || percentBefore(text, at) || colourStart(text, at) < at
}
