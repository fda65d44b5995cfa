import {
  APOSTROPHE,
  BACKSLASH,
  backslashesBefore,
  characterSet,
  colourStart,
  isBlank,
  QUOTE,
  runStart,
  skipBlanks,
} from './characters.js'
import type { NamedValue, Span } from './named-value.js'
import { LONGEST_NAME, type Names } from './names.js'
import { apostrophes, doubleQuotes } from './quote-level.js'
import type { NameClass } from './rules.js'
import type { Hit, Pass, Trigger } from './scan.js'

const BARE = /* @__PURE__ */ characterSet('A-Za-z0-9_.-', true)
/** All of it, as an object has it. */
const QUOTED = /* @__PURE__ */ characterSet('^"\r\n')
const IN_APOSTROPHES = /* @__PURE__ */ characterSet('^\'"\r\n')
const ASCII = /* @__PURE__ */ characterSet('^', false)

/** A name in a text, and what it says. */
interface Found extends Span {
  readonly kind: NameClass
}

/**
 * Finds names in text: JSON at any depth, what inspectors and Python print, header blocks, forms, URLs, logfmt. A name
 * stands before a `:`, a `=` or a `=>`, and what follows it is for `value` to judge.
 */
export function nameTriggers(names: Names, value: NamedValue): readonly Trigger[] {
  const mayEnd = (codes: Uint8Array, end: number): boolean =>
    names.mayEndIn(codes[end - 3] ?? 0, codes[end - 2] ?? 0, codes[end - 1] ?? 0)

  /** The bare name that ends before `end`. */
  function nameBefore(text: string, end: number, { codes, floor }: Pass): Found | undefined {
    if (!mayEnd(codes, end)) return undefined
    const start = runStart(text, end, BARE, Math.max(floor, end - LONGEST_NAME - 1))
    for (const from of startsOf(text, start, end)) {
      const kind = names.kindOf(text.slice(from, end))
      if (kind !== undefined) return { kind, start: from, end }
    }
    return undefined
  }

  /** What the name says that ends before these quotes. */
  function kindInQuotes(
    text: string,
    end: number,
    quote: number,
    backslashes: number,
    { codes, floor }: Pass,
  ) {
    if (!mayEnd(codes, end)) return undefined
    const set = quote === QUOTE ? QUOTED : IN_APOSTROPHES
    const start = runStart(text, end, set, Math.max(floor, end - LONGEST_NAME - 1))
    const opening = start - 1 - backslashes
    // A quote behind a bracket closes a marker.
    const isWhole =
      codes[start - 1] === quote &&
      backslashesBefore(text, start - 1, floor) === backslashes &&
      text[opening - 1] !== ']'
    // Of a part of a name only its ending counts, and a character in front leaves nothing else.
    return names.kindOf((isWhole ? '' : '\0') + text.slice(start, end))
  }

  function beforeColon(text: string, at: number, behind: number, pass: Pass): Hit | undefined {
    const { codes, floor } = pass
    // Most are names in JSON, and not ours.
    if (codes[at - 1] === QUOTE && codes[at - 2] !== BACKSLASH && !mayEnd(codes, at - 1)) return undefined
    const end = blanksStart(text, at, floor)
    if (end === floor) return undefined
    const last = text.charCodeAt(end - 1)
    if (last === QUOTE || last === APOSTROPHE) {
      const backslashes = backslashesBefore(text, end - 1, floor)
      const kind = kindInQuotes(text, end - 1 - backslashes, last, backslashes, pass)
      if (kind === undefined) return undefined
      const quoting = last === QUOTE ? doubleQuotes(backslashes) : apostrophes
      return quoting && value.afterQuotedName(text, behind, kind, quoting)
    }
    const found = nameBefore(text, beforeBracket(text, end), pass)
    if (found === undefined) return undefined
    if (behind === at + 1) return value.afterBareName(text, behind, found.kind, found)
    // `token => …` is a function, `:token => "…"` and `[token] => …` are members.
    const isMember = text[end - 1] === ']' || '"\'`'.includes(text[skipBlanks(text, behind)] ?? ' ')
    return isMember ? value.afterEquals(text, behind, found.kind, found) : undefined
  }

  function beforeEquals(text: string, at: number, pass: Pass): Hit | undefined {
    // As inspectors print the entries of a Map.
    if (text[at + 1] === '>') return beforeColon(text, at, at + 2, pass)
    const end = blanksStart(text, at, pass.floor)
    // A comparison in a line of source code.
    if (end < at && text[at + 1] === '=') return undefined
    const found = nameBefore(text, beforeBracket(text, end), pass)
    return found && value.afterEquals(text, at + 1, found.kind, found)
  }

  /** `access_token%3D…`, also encoded twice, and `"token":"…"` in a form. */
  function beforeEncoded(text: string, at: number, pass: Pass, cue: string): Hit | undefined {
    const found = nameBefore(text, at, pass)
    const percent = cue.startsWith('%25') ? '%25' : '%'
    return found && value.afterEncoded(text, at + cue.length, found.kind, percent)
  }

  return [
    { cues: [':'], match: (text, at, pass) => beforeColon(text, at, at + 1, pass) },
    { cues: ['='], match: beforeEquals },
    { cues: ['%22%3A%22', '%3D', '%3d', '%253D', '%253d'], match: beforeEncoded },
  ]
}

/** Where a bare name may begin: in JSON text `\npin` begins with a line end that is written out, and `→pin` with no letter. */
function startsOf(text: string, start: number, end: number): readonly number[] {
  if (text.charCodeAt(start - 1) === BACKSLASH) return [start + 1, start]
  if (text[start - 1] === '%') return [start + 2, start]
  const ascii = runStart(text, end, ASCII, start)
  return ascii === start ? [start] : [start, ascii]
}

function blanksStart(text: string, at: number, floor: number): number {
  let start = at
  for (;;) {
    while (start > floor && isBlank(text.charCodeAt(start - 1))) start--
    const colour = colourStart(text, start)
    if (colour === start || colour < floor) return start
    start = colour
  }
}

const BRACKETED = /(?:\[\d{0,4}\]|\)|["']?\]|%5[Dd])$/

/** `user[password]=…` in a form, also percent-encoded; `token[]=…`, `config['token'] = …`, `Key (token)=(…)`. */
function beforeBracket(text: string, end: number): number {
  const last = text.charAt(end - 1)
  if (last !== ']' && last !== ')' && last !== 'D' && last !== 'd') return end
  return end - (BRACKETED.exec(text.slice(Math.max(0, end - 6), end))?.[0].length ?? 0)
}
