import {
  APOSTROPHE,
  BACKSLASH,
  BACKSLASHES,
  BACKTICK,
  characterSet,
  isLineEnd,
  QUOTE,
  runEnd,
  skipBlanks,
} from './characters.js'
import { headerEnd } from './header-line.js'
import { isMarker, PERSONAL, REDACTED } from './markers.js'
import { fold } from './names.js'
import { apostrophes, backticks, closesString, doubleQuotes, type Quoting } from './quote-level.js'
import type { NameClass, Rules } from './rules.js'
import type { Hit } from './scan.js'

/** What ends a number, or a word such as `true`. */
const ATOM = /* @__PURE__ */ characterSet('^, \t\r\n}]"\'\\')
/** What ends the value in `name=value`. */
const PARAMETER = /* @__PURE__ */ characterSet('^ \t\r\n&;,"\'\\<>(){}[]')
/** Phone numbers and addresses are shorter than this; a string need not be walked through for them. */
const LONGEST: Partial<Record<NameClass, number>> = { tel: 66, mail: 330 }
const DIGITS = /* @__PURE__ */ characterSet('0-9')
/** These hold no secret, and tell whether a value was there. */
const PLAIN = /^(?:null|undefined|true|false)$/
/** What a value may be that is the first word of credentials. (RFC 9110 §11.4) */
const SCHEME = /^(?:bearer|basic|token|digest|negotiate|bot|key|apikey)$/i
const LONGEST_SCHEME = 16
/** What follows a string that is a member of something, or the end of a JSON string around it. */
const BEHIND_MEMBER = /[,}\])\r\n"\\]/

/** Where a name stands. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What is hidden behind a name. `from` is the place behind its `:` or `=`. */
export interface NamedValue {
  /** The string, object, array or atom that follows, at the level of the name's own quotes. */
  afterQuotedName(text: string, from: number, kind: NameClass, quoting: Quoting): Hit | undefined
  /** The rest of a header line; or a string in apostrophes, as inspectors print members. */
  afterBareName(text: string, from: number, kind: NameClass, name: Span): Hit | undefined
  /** A quoted string, or the text up to what separates parameters. */
  afterEquals(text: string, from: number, kind: NameClass, isSpaced: boolean): Hit | undefined
}

export function createNamedValue(personal: Rules['personal']): NamedValue {
  /** Replaces a part of the text by what stands for its value; none where that is nothing of the kind. */
  function hide(
    text: string,
    from: number,
    to: number,
    kind: NameClass,
    read: (written: string) => string = asWritten,
    quote = '',
  ): Hit | undefined {
    if (text[from] === '[' && isMarker(text.slice(from, to))) return undefined
    if (kind === 'secret') return { from, to, put: quote + REDACTED + quote, rule: 'name' }
    if (kind === 'subtree') return { from, to, put: quote + PERSONAL + quote, rule: 'text' }
    const value = read(text.slice(from, to))
    const put = personal(kind, value, undefined)
    return put === value ? undefined : { from, to, put: quote + put + quote, rule: kind }
  }

  /** The string whose content begins at `from`. */
  function hideString(text: string, from: number, kind: NameClass, quoting: Quoting): Hit | undefined {
    const limit = Math.min(text.length, from + (LONGEST[kind] ?? text.length))
    const to = quoting.contentEnd(text, from, limit)
    return to === limit && limit < text.length ? undefined : hide(text, from, to, kind, unescaped)
  }

  function hideAtom(text: string, from: number, kind: NameClass, quote: string): Hit | undefined {
    const to = runEnd(text, from, ATOM)
    // Personal data is a number: no quote follows one.
    if (kind !== 'secret' && isQuote(text, to)) return undefined
    return to === from || PLAIN.test(text.slice(from, to))
      ? undefined
      : hide(text, from, to, kind, asWritten, quote)
  }

  return {
    afterQuotedName(text, from, kind, quoting) {
      const start = skipSpaces(text, from)
      const { quote } = quoting
      if (text.startsWith(quote, start)) return hideString(text, start + quote.length, kind, quoting)
      const first = text.charCodeAt(start)
      const isQuote = first === QUOTE || first === BACKSLASH
      // In JSON other quotes are those of a layer around: this one is over, and there is no value.
      const open = isQuote && quote !== apostrophes.quote ? undefined : opening(text, start)
      if (open !== undefined) return hideString(text, open.content, kind, open.quoting)
      if (isQuote) return undefined
      if (first !== 123 && first !== 91) return hideAtom(text, start, kind, quote)
      if (!isWhole(kind)) return undefined
      return hide(text, start, quoting.containerEnd(text, start), kind, asWritten, quote)
    },

    afterBareName(text, from, kind, name) {
      const start = skipBlanks(text, from)
      const isHeader = isHeaderName(text.slice(name.start, name.end))
      const open = opening(text, start)
      if (open !== undefined) {
        const { quoting, content } = open
        const isLine =
          isHeader && !quoting.quote.endsWith('"') && !isMember(text, quoting.contentEnd(text, content) + 1)
        if (!isLine) return hideString(text, content, kind, quoting)
      }
      const first = text.charCodeAt(start)
      if (first === 123 || first === 91) {
        if (!isWhole(kind) || isPlainMember(text, start)) return undefined
        return hide(text, start, apostrophes.containerEnd(text, start), kind)
      }
      const number = runEnd(text, start, DIGITS)
      if (number > start && isMember(text, number)) return hide(text, start, number, kind)
      if (!isHeader || isPlainMember(text, start)) return undefined
      const limit = Math.min(text.length, start + (LONGEST[kind] ?? text.length))
      const line = headerEnd(text, start, name.start, limit)
      return line === start ? undefined : hide(text, start, line, kind)
    },

    afterEquals(text, from, kind, isSpaced) {
      const start = isSpaced ? skipBlanks(text, from) : from
      const open = opening(text, start)
      if (open !== undefined) return hideString(text, open.content, kind, open.quoting)
      const end = parameterEnd(text, start)
      if (end === start || PLAIN.test(text.slice(start, end))) return undefined
      return hide(text, start, end, kind, percentDecoded)
    },
  }
}

/** The quotes that open here, and the place behind them. */
function opening(text: string, from: number): { quoting: Quoting; content: number } | undefined {
  const first = text.charCodeAt(from)
  if (first === APOSTROPHE) return { quoting: apostrophes, content: from + 1 }
  if (first === BACKTICK) return { quoting: backticks, content: from + 1 }
  if (first !== QUOTE && first !== BACKSLASH) return undefined
  const quote = runEnd(text, from, BACKSLASHES)
  const quoting = text.charCodeAt(quote) === QUOTE ? doubleQuotes(quote - from) : undefined
  // A quote that ends a JSON string around all this opens nothing.
  return quoting === undefined || closesString(text, quote) ? undefined : { quoting, content: quote + 1 }
}

/** `authorization=Bearer abc` goes on over the blank. */
function parameterEnd(text: string, from: number): number {
  const end = runEnd(text, from, PARAMETER)
  const next = skipBlanks(text, end)
  const goesOn = next > end && end - from < LONGEST_SCHEME && SCHEME.test(text.slice(from, end))
  return goesOn ? Math.max(end, parameterEnd(text, next)) : end
}

/** Whether quotes stand here, of whatever level. */
function isQuote(text: string, at: number): boolean {
  const code = text.charCodeAt(runEnd(text, at, BACKSLASHES))
  return code === QUOTE || code === APOSTROPHE
}

const isHeaderName = (name: string): boolean =>
  /[-_]/.test(name) || ['authorization', 'cookie'].includes(fold(name))

function skipSpaces(text: string, from: number): number {
  let at = skipBlanks(text, from)
  while (isLineEnd(text.charCodeAt(at))) at = skipBlanks(text, at + 1)
  return at
}

/** Whether a value that ends here is one of several, as inspectors print them. */
function isMember(text: string, end: number): boolean {
  const at = skipBlanks(text, end)
  return at >= text.length || BEHIND_MEMBER.test(text.charAt(at))
}

/** Whether an object or an array goes as a whole; other personal data is looked for within. */
const isWhole = (kind: NameClass): boolean => kind === 'secret' || kind === 'subtree'

/** `null`, a boolean or a marker, and then the next member: there is nothing to hide. */
function isPlainMember(text: string, start: number): boolean {
  const bracket = text[start] === '[' ? text.slice(start, start + 32).indexOf(']') : -1
  const end = bracket === -1 ? runEnd(text, start, ATOM) : start + bracket + 1
  const value = text.slice(start, end)
  return (isMarker(value) || PLAIN.test(value)) && isMember(text, end)
}

const asWritten = (written: string): string => written

const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|(["\\/]))/g
const PERCENT = /%([0-7][0-9A-Fa-f])/g
/** How deep JSON lies within JSON, at most. */
const LAYERS = 7

/** What a JSON string of any level says, as far as phone numbers and addresses need it. */
function unescaped(written: string): string {
  let value = written
  for (let layer = 0; layer < LAYERS && value.includes('\\'); layer++) {
    value = value.replace(ESCAPE, (_, hex: string, itself: string) => itself ?? character(hex))
  }
  return value
}

/** What a parameter says, likewise. */
function percentDecoded(written: string): string {
  return written.replaceAll('+', ' ').replace(PERCENT, (_, hex: string) => character(hex))
}

const character = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))
