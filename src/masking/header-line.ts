import {
  BACKSLASH,
  BACKSLASHES,
  backslashesBefore,
  characterSet,
  isLineEnd,
  QUOTE,
  runEnd,
} from './characters.js'
import { closesString, doubleQuotes } from './quote-level.js'

const LINE = /* @__PURE__ */ characterSet('^\r\n')

/**
 * Where the value of a header ends: with its line. What stands before the name tells how a line end is written there, and
 * which quote ends the JSON string around it, if there is one.
 *
 * @param from - Where the value begins.
 * @param name - Where the name begins.
 */
export function headerEnd(text: string, from: number, name: number, limit: number): number {
  const line = runEnd(text, from, LINE, limit)
  const before = text.charCodeAt(name - 1)
  if (name === 0 || isLineEnd(before)) return line
  if (before === QUOTE) {
    const backslashes = backslashesBefore(text, name - 1, 0)
    // Behind a marker it is that one's closing quote.
    const isOpening = text[name - backslashes - 2] !== ']'
    return isOpening ? lineOfLevel(text, from, line, backslashes) : lineOfUnknown(text, from, line)
  }
  const backslashes = 'nr'.includes(text.charAt(name - 1)) ? backslashesBefore(text, name - 1, 0) : 0
  return backslashes > 0 ? lineOfLevel(text, from, line, backslashes - 1) : lineOfUnknown(text, from, line)
}

/** In a JSON string of this level: to its end, or to a line end that is written out. */
function lineOfLevel(text: string, from: number, limit: number, level: number): number {
  const quoting = doubleQuotes(level)
  if (quoting === undefined) return lineOfUnknown(text, from, limit)
  const end = quoting.contentEnd(text, from, limit)
  const written = level + 1
  for (let at = text.indexOf('\\', from); at !== -1 && at < end; at = text.indexOf('\\', at + 1)) {
    const next = runEnd(text, at, BACKSLASHES)
    if (isWrittenLineEnd(text, next)) {
      const backslashes = next - at
      // With fewer it is one of a layer around, and this one is over.
      if (backslashes < written) return at
      if (backslashes % (2 * written) === written) return next - written
    }
    at = next
  }
  return end
}

/** In the middle of a line: to anything that may end a JSON string, or a line in one. */
function lineOfUnknown(text: string, from: number, limit: number): number {
  for (let at = from; at < limit; at++) {
    const code = text.charCodeAt(at)
    if (code !== QUOTE && code !== BACKSLASH) continue
    const next = runEnd(text, at, BACKSLASHES)
    const isEnd = text.charCodeAt(next) === QUOTE ? closesString(text, next) : isWrittenLineEnd(text, next)
    if (isEnd) return at
    at = next
  }
  return limit
}

const isWrittenLineEnd = (text: string, at: number): boolean => text[at] === 'n' || text[at] === 'r'
