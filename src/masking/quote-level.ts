import { APOSTROPHE, BACKTICK, backslashesBefore, isLineEnd, QUOTE } from './characters.js'

/**
 * JSON within JSON. Inside of `d` layers a quote that is structure carries exactly L = 2^d − 1 backslashes: 0, 1, 3, 7. For
 * a quote with b of them, read at level L:
 *
 * - b mod (L + 1) ≠ L: it closes a layer around, and with it the text of this one is over;
 * - b mod 2(L + 1) = L: structure of this layer; what is left of the b belongs to the string before it;
 * - otherwise: escaped, a part of the string.
 */
type Level = number

/** Deeper layers are text like any other. */
const LEVELS: readonly Level[] = [0, 1, 3, 7, 15, 31, 63]

/** How strings are written in one place of a text: where they end, and where objects and arrays do. */
export interface Quoting {
  readonly quote: string
  /** Where the content ends that begins at `from`: before its closing quote, or where the text is cut or over, or at `limit`. */
  contentEnd(text: string, from: number, limit?: number): number
  /** The end of the object or array that begins at `from`; or where its text is cut, or over. */
  containerEnd(text: string, from: number): number
}

/** Double quotes, as in JSON, that are structure with so many backslashes; `undefined` when none are. */
export function doubleQuotes(backslashes: number): Quoting | undefined {
  const at = LEVELS.indexOf(backslashes)
  return at === -1 ? undefined : byLevel[at]
}

const byLevel: readonly Quoting[] = /* @__PURE__ */ LEVELS.map(quotesOf)

/** Where the text before a quote with so many backslashes ends; how to judge the next quote where this one is content. */
export type Ends = (text: string, quote: number, backslashes: number) => number | Ends

const levelEnds: readonly Ends[] = /* @__PURE__ */ LEVELS.map((level) => {
  const ends: Ends = (_text, quote, backslashes) => {
    const own = backslashes % (level + 1)
    if (own !== level) return quote - own
    return backslashes % (2 * (level + 1)) === level ? quote - level : ends
  }
  return ends
})

/** In a JSON string of this level; `undefined` when quotes with so many backslashes are structure nowhere. */
export const endsOf = (level: Level): Ends | undefined => levelEnds[LEVELS.indexOf(level)]

/** No JSON is around. */
const neverEnds: Ends = () => neverEnds

/**
 * In a text of which is not known how deep it lies. What stands behind the first quote tells whether it ends a JSON string.
 * If it does not it is content, and its backslashes tell the level from then on.
 */
export const firstEnds: Ends = (text, quote, backslashes) => {
  if (closesString(text, quote)) return quote - backslashes
  return backslashes === 0 ? neverEnds : (endsOf((backslashes - 1) / 2) ?? firstEnds)
}

function quotesOf(level: Level): Quoting {
  const quote = `${'\\'.repeat(level)}"`

  function contentEnd(text: string, from: number, limit: number = text.length): number {
    for (let at = text.indexOf('"', from); at !== -1 && at < limit; at = text.indexOf('"', at + 1)) {
      const backslashes = backslashesBefore(text, at, from)
      const own = backslashes % (level + 1)
      if (own !== level) return at - own
      if (backslashes % (2 * (level + 1)) === level) return at - level
    }
    return limit
  }

  return {
    quote,
    contentEnd,
    containerEnd: (text, from) =>
      closingBracket(text, from, (at) => {
        if (text.charCodeAt(at) !== QUOTE) return { at, cut: false }
        const own = backslashesBefore(text, at, from) % (level + 1)
        if (own !== level) return { at: at - own, cut: true }
        const end = contentEnd(text, at + 1)
        return text.startsWith(quote, end) ? { at: end + level, cut: false } : { at: end, cut: true }
      }),
  }
}

/** As inspectors and Python print strings. */
export const apostrophes: Quoting = /* @__PURE__ */ singleQuotes(APOSTROPHE)
/** As inspectors print strings that hold the other two. */
export const backticks: Quoting = /* @__PURE__ */ singleQuotes(BACKTICK)

/**
 * Quotes that JSON does not know. A `"` that may be the end of a JSON string around them cuts the text, for JSON has to
 * stay valid. So does the end of the line.
 */
function singleQuotes(mark: number): Quoting {
  function contentEnd(text: string, from: number, limit: number = text.length): number {
    let ends: Ends = firstEnds
    for (let at = from; at < limit; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        const end = ends(text, at, backslashesBefore(text, at, from))
        if (typeof end === 'number') return end
        ends = end
      }
      if (isLineEnd(code) || (code === mark && backslashesBefore(text, at, from) % 2 === 0)) return at
    }
    return limit
  }

  return Object.freeze({
    quote: String.fromCharCode(mark),
    contentEnd,
    containerEnd: (text: string, from: number) =>
      closingBracket(text, from, (at) => {
        if (text.charCodeAt(at) === QUOTE) return otherString(text, at, backslashesBefore(text, at, from))
        const end = contentEnd(text, at + 1)
        return { at: end, cut: text.charCodeAt(end) !== mark }
      }),
  })
}

/** A string in double quotes among others; it cuts where it may be the end of a JSON string around them. */
function otherString(text: string, quote: number, backslashes: number) {
  const quoting = closesString(text, quote) ? undefined : doubleQuotes(backslashes)
  if (quoting === undefined) return { at: quote - backslashes, cut: true }
  const end = quoting.contentEnd(text, quote + 1)
  return text.startsWith(quoting.quote, end) ? { at: end + backslashes, cut: false } : { at: end, cut: true }
}

/** Whether a double quote is one that ends a JSON string, by what stands behind it. One that opens a string is none. */
export function closesString(text: string, quote: number): boolean {
  return quote + 1 >= text.length || /[\s,}\]:"\\]/.test(text.charAt(quote + 1))
}

/** The last character of the string that begins at a quote; or the place where it, and all text around it, is cut. */
type StringEnd = (at: number) => { readonly at: number; readonly cut: boolean }

function closingBracket(text: string, from: number, stringEnd: StringEnd): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE || code === APOSTROPHE || code === BACKTICK) {
      const end = stringEnd(at)
      if (end.cut) return end.at
      at = end.at
    } else if (code === 123 || code === 91 || code === 40) {
      depth++
    } else if ((code === 125 || code === 93 || code === 41) && --depth === 0) {
      return at + 1
    }
  }
  return text.length
}
