import {
  APOSTROPHE,
  BACKSLASH,
  BACKSLASHES,
  characterSet,
  isLineEnd,
  QUOTE,
  runEnd,
  skipBlanks,
} from './characters.js'
import { asWritten, percentDecoded, unescaped } from './decode.js'
import { headerEnd } from './header-line.js'
import { isMarker, PERSONAL, REDACTED } from './markers.js'
import { fold } from './names.js'
import {
  atomEnd,
  containerAt,
  isMember,
  isPlainMember,
  isPlainWord,
  literalAt,
  numberEnd,
  type Opening,
  openingAt,
  stringEnd,
} from './printed-value.js'
import { apostrophes, type Quoting } from './quote-level.js'
import type { NameClass, Rules } from './rules.js'
import type { Hit } from './scan.js'

/** What ends the value in `name=value`. */
const PARAMETER = /* @__PURE__ */ characterSet('^ \t\r\n&;,"\'\\<>(){}[]')
/** The same, percent-encoded: what ends it is too. */
const ENCODED = /* @__PURE__ */ characterSet('^ \t\r\n&;,"\'\\<>(){}[]%')
const ENDS_ENCODED = ['20', '22', '23', '26', '2C', '3B', '7D', '0A', '0D']
/** Phone numbers and addresses are shorter than this; a string need not be walked through for them. */
const LONGEST: Partial<Record<NameClass, number>> = { tel: 66, mail: 330 }
/** What a value may be that is the first word of credentials. (RFC 9110 §11.4) */
const SCHEME = /^(?:bearer|basic|token|digest|negotiate|bot|key|apikey)$/i
const LONGEST_SCHEME = 16
/** As environment variables are written, each on a line of its own. */
const SETTING = /^[A-Z][A-Z0-9]*_[A-Z0-9_]*$/
/** No word of prose: eight characters at least, and a digit among them. */
const CODE = /(?=[A-Za-z._~+/=-]{0,256}\d)[A-Za-z0-9._~+/=-]{8,}/y

/** A blank that is written out holds no secret. */
const WRITTEN_TAB = /^\\+t$/

/** Where a name stands. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What is hidden behind a name. `from` is the place behind its `:` or `=`. */
export interface NamedValue {
  /** The string, object, array or atom that follows, at the level of the name's own quotes. */
  afterQuotedName(text: string, from: number, kind: NameClass, quoting: Quoting): Hit | undefined
  /** The rest of a header line; or what inspectors print as a member; or a word that is none of prose. */
  afterBareName(text: string, from: number, kind: NameClass, name: Span): Hit | undefined
  /** A quoted string, or the text up to what separates parameters; all of the line that sets an environment variable. */
  afterEquals(text: string, from: number, kind: NameClass, name: Span): Hit | undefined
  /** The same where all of it is percent-encoded, once (`%`) or twice (`%25`). */
  afterEncoded(text: string, from: number, kind: NameClass, percent: string): Hit | undefined
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

  function hideString(text: string, open: Opening, kind: NameClass): Hit | undefined {
    const limit = Math.min(text.length, open.content + (LONGEST[kind] ?? text.length))
    const to = stringEnd(text, open, limit)
    return to === limit && limit < text.length ? undefined : hide(text, open.content, to, kind, unescaped)
  }

  function hideAtom(text: string, from: number, kind: NameClass, quote: string): Hit | undefined {
    const to = atomEnd(text, from)
    // Personal data is a number: no quote follows one.
    if (to === from || (kind !== 'secret' && isQuote(text, to))) return undefined
    return hide(text, from, to, kind, asWritten, quote)
  }

  return {
    afterQuotedName(text, from, kind, quoting) {
      const start = skipSpaces(text, from)
      const { quote } = quoting
      if (text.startsWith(quote, start))
        return hideString(text, { quoting, content: start + quote.length }, kind)
      const first = text.charCodeAt(start)
      const isOther = first === QUOTE || first === BACKSLASH
      // In JSON other quotes are those of a layer around: this one is over, and there is no value.
      const open = isOther && quoting !== apostrophes ? undefined : literalAt(text, start)
      if (open !== undefined) return hideString(text, open, kind)
      if (isOther) return undefined
      const isTuple = first === 40 && quoting === apostrophes
      const container = isTuple ? start : containerAt(text, start, quoting === apostrophes)
      if (container === -1) return hideAtom(text, start, kind, quote)
      if (!isWhole(kind)) return undefined
      return hide(text, start, quoting.containerEnd(text, container), kind, asWritten, quote)
    },

    afterBareName(text, from, kind, name) {
      const start = skipBlanks(text, from)
      const written = text.slice(name.start, name.end)
      const isHeader = isHeaderWord(written) || /[-_]/.test(written)
      const open = literalAt(text, start)
      if (open !== undefined) {
        const { quoting, content } = open
        const isLine =
          isHeader && !quoting.quote.endsWith('"') && !isMember(text, quoting.contentEnd(text, content) + 1)
        if (!isLine) return hideString(text, open, kind)
      }
      const container = containerAt(text, start, !HYPHEN.test(written) && !isHeaderWord(written))
      if (container !== -1) {
        if (!isWhole(kind)) return undefined
        const end = apostrophes.containerEnd(text, container)
        const isAll = !isHeader || isMember(text, end)
        return hide(text, start, isAll ? end : headerEnd(text, end, name.start, text.length), kind)
      }
      const number = numberEnd(text, start)
      if (number > start) return hide(text, start, number, kind)
      if (isPlainMember(text, start)) return undefined
      const limit = Math.min(text.length, start + (LONGEST[kind] ?? text.length))
      const end = isHeader ? headerEnd(text, start, name.start, limit) : codeEnd(text, start, kind)
      return end === start || WRITTEN_TAB.test(text.slice(start, end))
        ? undefined
        : hide(text, start, end, kind)
    },

    afterEquals(text, from, kind, name) {
      // PostgreSQL quotes so: `Key (email)=(…) already exists`.
      if (text[from] === '(' && text[from - 2] === ')') {
        return hide(text, from + 1, runEnd(text, from + 1, IN_PARENTHESES), kind)
      }
      const start = name.end < from - 1 ? skipBlanks(text, from) : from
      const open = openingAt(text, start)
      if (open !== undefined) return hideString(text, open, kind)
      const line = kind === 'secret' ? settingStart(text, name) : -1
      const end = line === -1 ? parameterEnd(text, start) : headerEnd(text, start, line, text.length)
      if (end === start || isPlainWord(text.slice(start, end))) return undefined
      return hide(text, start, end, kind, percentDecoded)
    },

    afterEncoded(text, from, kind, percent) {
      let end = runEnd(text, from, ENCODED)
      while (text[end] === '%' && !endsEncoded(text, end, percent)) end = runEnd(text, end + 1, ENCODED)
      return end === from ? undefined : hide(text, from, end, kind, percentDecoded)
    },
  }
}

/** `authorization=Bearer abc` goes on over the blank. */
function parameterEnd(text: string, from: number): number {
  let start = from
  for (;;) {
    const end = runEnd(text, start, PARAMETER)
    const next = skipBlanks(text, end)
    const goesOn = next > end && end - start < LONGEST_SCHEME && SCHEME.test(text.slice(start, end))
    if (!goesOn || runEnd(text, next, PARAMETER) === next) return end
    start = next
  }
}

const IN_PARENTHESES = /* @__PURE__ */ characterSet('^)\r\n"\\')

function endsEncoded(text: string, at: number, percent: string): boolean {
  return (
    text.startsWith(percent, at) &&
    ENDS_ENCODED.includes(text.slice(at + percent.length, at + percent.length + 2).toUpperCase())
  )
}

function codeEnd(text: string, from: number, kind: NameClass): number {
  CODE.lastIndex = from
  return kind === 'secret' && CODE.test(text) ? CODE.lastIndex : from
}

/** Where a line begins that sets an environment variable of this name, `export` included; -1 for any other place. */
function settingStart(text: string, name: Span): number {
  if (!SETTING.test(text.slice(name.start, name.end))) return -1
  const start = text.startsWith('export ', name.start - 7) ? name.start - 7 : name.start
  const isFirst = start === 0 || isLineEnd(text.charCodeAt(start - 1)) || text.startsWith('\\n', start - 2)
  return isFirst ? start : -1
}

/** Whether quotes stand here, of whatever level. */
function isQuote(text: string, at: number): boolean {
  const code = text.charCodeAt(runEnd(text, at, BACKSLASHES))
  return code === QUOTE || code === APOSTROPHE
}

/** The headers that are one word. */
const isHeaderWord = (name: string): boolean => ['authorization', 'cookie'].includes(fold(name))

/** Inspectors quote a name that has one. */
const HYPHEN = /-/

/** Whether an object or an array goes as a whole; other personal data is looked for within. */
const isWhole = (kind: NameClass): boolean => kind === 'secret' || kind === 'subtree'

function skipSpaces(text: string, from: number): number {
  let at = skipBlanks(text, from)
  while (isLineEnd(text.charCodeAt(at))) at = skipBlanks(text, at + 1)
  return at
}
