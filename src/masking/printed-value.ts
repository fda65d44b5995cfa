import {
  APOSTROPHE,
  BACKSLASH,
  BACKSLASHES,
  BACKTICK,
  characterSet,
  QUOTE,
  runEnd,
  skipBlanks,
} from './characters.js'
import { isMarker } from './markers.js'
import { apostrophes, backticks, closesString, doubleQuotes, type Quoting } from './quote-level.js'

/** What ends a number, or a word such as `true`. */
const ATOM = /* @__PURE__ */ characterSet('^, \t\r\n}]"\'\\')
/** These hold no secret, and tell whether a value was there. */
const PLAIN = /^(?:null|undefined|true|false)$/
/** What follows a value that is a member of something, or the end of a JSON string around it. */
const BEHIND_MEMBER = /[,}\])\r\n"\\'`]/
/** What inspectors print in front of a container: `Map(1) {`, `Creds {`, `[Object: null prototype] {`. */
const CONTAINER_PREFIX = /(?:[A-Z_$][\w$.]{0,63}(?:\(\d{1,16}\))?|\[[^\]\r\n]{1,80}\]) (?=[{[])/y
/** How inspectors go on with a string of several lines. */
const JOINT = / \+\r?\n[ \t]*(?=["'`])/y
/** As a PIN has: `Unexpected token: 5` holds none. */
const SHORTEST_NUMBER = 4
/** A number, a bigint or a date. */
const STARTS_NUMBER = /[-\d]/
const NUMBER = /-?\d[-+.\w:]{0,64}/y
/** The letter of a string's kind, as in Python. */
const STRING_KINDS = /^[bBfFrRuU]["']/

/** A string that begins here: how it is quoted, and where its content begins. */
export interface Opening {
  readonly quoting: Quoting
  readonly content: number
}

/** The quotes that open here, behind a letter as Python has it, if any do. */
export function literalAt(text: string, at: number): Opening | undefined {
  return openingAt(text, STRING_KINDS.test(text.slice(at, at + 2)) ? at + 1 : at)
}

/** The quotes that open here, if any do. */
export function openingAt(text: string, from: number): Opening | undefined {
  const first = text.charCodeAt(from)
  if (first === APOSTROPHE) return { quoting: apostrophes, content: from + 1 }
  if (first === BACKTICK) return { quoting: backticks, content: from + 1 }
  if (first !== QUOTE && first !== BACKSLASH) return undefined
  const quote = runEnd(text, from, BACKSLASHES)
  const quoting = text.charCodeAt(quote) === QUOTE ? doubleQuotes(quote - from) : undefined
  // A quote that ends a JSON string around all this opens nothing.
  return quoting === undefined || closesString(text, quote) ? undefined : { quoting, content: quote + 1 }
}

/** Where the next string begins of several that inspectors join, by the place behind a closing quote; that place for none. */
export const joinedEnd = (text: string, at: number): number => matchEnd(JOINT, text, at)

/** Where the content ends of a string, with the strings that inspectors join to it. */
export function stringEnd(text: string, { quoting, content }: Opening, limit: number): number {
  let end = quoting.contentEnd(text, content, limit)
  for (;;) {
    const joint = end + quoting.quote.length
    const next = joinedEnd(text, joint)
    const open = next > joint ? openingAt(text, next) : undefined
    if (open === undefined) return end
    end = open.quoting.contentEnd(text, open.content, limit)
  }
}

/** Where an object or an array begins, behind what inspectors may print in front of one; -1 when none does. */
export function containerAt(text: string, at: number, isInspected: boolean): number {
  const start = isInspected ? matchEnd(CONTAINER_PREFIX, text, at) : at
  return isBracket(text.charCodeAt(start)) && !isPlain(text, start) ? start : -1
}

/** The end of a number, a bigint or a date that is one of several; `at` when there is none. */
export function numberEnd(text: string, at: number): number {
  const end = STARTS_NUMBER.test(text.charAt(at)) ? matchEnd(NUMBER, text, at) : at
  return end - at >= SHORTEST_NUMBER && isMember(text, end) ? end : at
}

/** The end of a number or a word of JSON; `at` when there is none, or one that tells no more than that. */
export function atomEnd(text: string, at: number): number {
  const end = runEnd(text, at, ATOM)
  return PLAIN.test(text.slice(at, end)) ? at : end
}

export const isPlainWord = (word: string): boolean => PLAIN.test(word)

/** Whether a value that ends here is one of several, as inspectors print them. */
export function isMember(text: string, end: number): boolean {
  const at = skipBlanks(text, end)
  return at >= text.length || BEHIND_MEMBER.test(text.charAt(at))
}

/** `null`, a boolean or a marker, and then the next member: there is nothing to hide. */
export function isPlainMember(text: string, at: number): boolean {
  return isPlain(text, at) && isMember(text, plainEnd(text, at))
}

function isPlain(text: string, at: number): boolean {
  const value = text.slice(at, plainEnd(text, at))
  return isMarker(value) || PLAIN.test(value)
}

function plainEnd(text: string, at: number): number {
  const bracket = text[at] === '[' ? text.slice(at, at + 32).indexOf(']') : -1
  // A plain word or a marker is shorter than 32.
  return bracket === -1 ? runEnd(text, at, ATOM, Math.min(text.length, at + 32)) : at + bracket + 1
}

const isBracket = (code: number): boolean => code === 123 || code === 91

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
