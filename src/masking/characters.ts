export const QUOTE = 34
export const APOSTROPHE = 39
export const BACKSLASH = 92
export const BACKTICK = 96

/** Membership by code unit; the last place stands for everything that is not ASCII. */
export type CharacterSet = Uint8Array
const OTHERS = 128

/**
 * The inside of a character class of a regular expression: single characters and ranges, `^` first for all others. No
 * escapes: `\` stands for itself, and `-` too where it makes no range. Whether what is not ASCII belongs to it goes by the
 * `^`, unless it is said.
 */
export function characterSet(inside: string, withOthers: boolean = inside.startsWith('^')): CharacterSet {
  const negated = inside.startsWith('^')
  const set = new Uint8Array(OTHERS + 1).fill(negated ? 1 : 0)
  set[OTHERS] = withOthers ? 1 : 0
  const mark = negated ? 0 : 1
  for (let i = negated ? 1 : 0; i < inside.length; i++) {
    const first = inside.charCodeAt(i)
    const isRange = inside[i + 1] === '-' && i + 2 < inside.length
    if (isRange) i += 2
    for (let code = first; code <= inside.charCodeAt(i); code++) set[code] = mark
  }
  return set
}

export const BACKSLASHES = /* @__PURE__ */ characterSet('\\')

export function isIn(set: CharacterSet, code: number): boolean {
  return set[code < OTHERS ? code : OTHERS] === 1
}

/** Where the run of such characters ends that begins at `from`; `from` itself when there is none. */
export function runEnd(text: string, from: number, set: CharacterSet, limit: number = text.length): number {
  let end = from
  while (end < limit && isIn(set, text.charCodeAt(end))) end++
  return end
}

/** Where the run of such characters begins that ends at `to`, not before `floor`. */
export function runStart(text: string, to: number, set: CharacterSet, floor: number): number {
  let start = to
  while (start > floor && isIn(set, text.charCodeAt(start - 1))) start--
  return start
}

/** A blank within a line. */
export const isBlank = (code: number): boolean => code === 32 || code === 9

export const isLineEnd = (code: number): boolean => code === 10 || code === 13

const ESCAPE = 27
const ESCAPE_IN_JSON = '\\u001b'
const COLOUR = /* @__PURE__ */ characterSet('0-9;')

/** Where the colour of a terminal ends that is set here (ECMA-48, SGR), as it is or in JSON; the place itself when none is. */
function colourEnd(text: string, at: number): number {
  const bracket = text.charCodeAt(at) === ESCAPE ? at + 1 : text.startsWith(ESCAPE_IN_JSON, at) ? at + 6 : at
  if (bracket === at || text[bracket] !== '[') return at
  const end = runEnd(text, bracket + 1, COLOUR, Math.min(text.length, bracket + 24))
  return text[end] === 'm' ? end + 1 : at
}

/** Where such a colour begins that ends here; the place itself when none does. */
export function colourStart(text: string, to: number): number {
  if (text[to - 1] !== 'm') return to
  const bracket = runStart(text, to - 1, COLOUR, Math.max(0, to - 24)) - 1
  if (text[bracket] !== '[') return to
  if (text.charCodeAt(bracket - 1) === ESCAPE) return bracket - 1
  return text.startsWith(ESCAPE_IN_JSON, bracket - 6) ? bracket - 6 : to
}

/** The first place from `from` on that is neither a blank nor a colour. */
export function skipBlanks(text: string, from: number): number {
  let at = from
  for (;;) {
    while (isBlank(text.charCodeAt(at))) at++
    const end = colourEnd(text, at)
    if (end === at) return at
    at = end
  }
}

/** How many backslashes stand right before a place, not counting any before `floor`. */
export function backslashesBefore(text: string, at: number, floor: number): number {
  let count = 0
  while (at - count > floor && text.charCodeAt(at - count - 1) === BACKSLASH) count++
  return count
}

const HEX = /* @__PURE__ */ characterSet('0-9A-Fa-f')

/**
 * The length of the written escape that ends right before `to`, or 0: the `n` of `\n` and the `u000a` of `\u000a` belong to
 * it, though they are letters. The backslash counts.
 */
export function escapeBefore(text: string, to: number): number {
  if (text.charCodeAt(to - 2) === BACKSLASH && 'bfnrt'.includes(text.charAt(to - 1))) return 2
  if (text.charCodeAt(to - 6) !== BACKSLASH || text[to - 5] !== 'u') return 0
  return runEnd(text, to - 4, HEX, to) === to ? 6 : 0
}

/** How many characters from here on belong to a written escape that begins right before: JSON would lose its backslash. */
export function escapeRest(text: string, at: number): number {
  if (text[at - 1] !== '\\') return 0
  return [1, 5].find((length) => escapeBefore(text, at + length) > 0) ?? 0
}

/** Whether a percent-encoded byte ends right before `at`. */
export const percentBefore = (text: string, at: number): boolean =>
  text[at - 3] === '%' && runEnd(text, at - 2, HEX, at) === at
