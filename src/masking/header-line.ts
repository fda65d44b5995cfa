import {
  BACKSLASH,
  BACKSLASHES,
  backslashesBefore,
  characterSet,
  isLineEnd,
  QUOTE,
  runEnd,
} from './characters.js'
import { type Ends, endsOf, firstEnds } from './quote-level.js'

const LINE = /* @__PURE__ */ characterSet('^\r\n')

/**
 * Where the value of a header ends: with its line. What stands before the name tells how a line end is written there, and
 * which quote ends the JSON string around it, if there is one.
 *
 * @param from - Where the value begins.
 * @param name - Where the name begins.
 */
export function headerEnd(text: string, from: number, name: number, limit: number): number {
  const before = text.charCodeAt(name - 1)
  if (name === 0 || isLineEnd(before)) return runEnd(text, from, LINE, limit)
  return lineEnd(text, from, limit, levelOf(text, name))
}

/** How many backslashes a quote of the JSON string has that begins, or has a line that begins, right before the name; -1 where none does. */
function levelOf(text: string, name: number): number {
  if (text.charCodeAt(name - 1) === QUOTE) {
    const backslashes = backslashesBefore(text, name - 1, 0)
    // Behind a marker it is that one's closing quote.
    return text[name - backslashes - 2] === ']' ? -1 : backslashes
  }
  return 'nr'.includes(text.charAt(name - 1)) ? backslashesBefore(text, name - 1, 0) - 1 : -1
}

/** One pass to whatever comes first: a line end, one that is written out, the end of a JSON string around. */
function lineEnd(text: string, from: number, limit: number, level: number): number {
  const known = level < 0 ? undefined : endsOf(level)
  const written = known === undefined ? 0 : level + 1
  let ends: Ends = known ?? firstEnds
  for (let at = from; at < limit; at++) {
    const code = text.charCodeAt(at)
    if (isLineEnd(code)) return at
    if (code !== QUOTE && code !== BACKSLASH) continue
    const next = runEnd(text, at, BACKSLASHES, limit)
    const backslashes = next - at
    if (text.charCodeAt(next) === QUOTE) {
      const end = ends(text, next, backslashes)
      if (typeof end === 'number') return end
      ends = end
    } else if (text[next] === 'n' || text[next] === 'r') {
      // With fewer than this level writes it is one of a layer around, and this one is over.
      if (backslashes < written || written === 0) return at
      if (backslashes % (2 * written) === written) return next - written
    }
    at = next
  }
  return limit
}
