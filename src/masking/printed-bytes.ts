import { backslashesBefore, characterSet, runEnd } from './characters.js'
import { bytesMarker } from './markers.js'
import type { Hit, Pass, Trigger } from './scan.js'

const NUMBERS = /* @__PURE__ */ characterSet('0-9, \t\r\n')
const DIGITS = /* @__PURE__ */ characterSet('0-9')
const SPACES = /* @__PURE__ */ characterSet(' \t\r\n')
/** Fewer numbered members are a small table of something. */
export const FEWEST_BYTES = 3
/** From the brace to the first name, with the spaces of indented JSON. */
const LONGEST_INDENT = 64

/**
 * Bytes that `JSON.stringify` printed, at any level of JSON within JSON: `{"type":"Buffer","data":[…]}` and
 * `{"0":1,"1":2,"2":3}`. Neither a name nor a shape finds a token that is printed so.
 */
export const printedBytesTriggers: readonly Trigger[] = [
  // winston sorts the names.
  { cues: ['Buffer', 'data'], match: nodeBuffer },
  { cues: ['"0'], match: typedArray },
]

function nodeBuffer(text: string, at: number, { floor }: Pass): Hit | undefined {
  const quote = quoteBefore(text, at - 1, floor)
  const [type, buffer, data] = [`${quote}type${quote}`, `${quote}Buffer${quote}`, `${quote}data${quote}`]
  const from = braceBefore(text, at, LONGEST_INDENT + 4 * quote.length)
  if (from < floor) return undefined
  const isFirst = text.startsWith('data', at)
  const start = after(text, from + 1, isFirst ? [data, ':', '['] : [type, ':', buffer, ',', data, ':', '['])
  if (start === undefined) return undefined
  const numbers = runEnd(text, start, NUMBERS)
  const rest = isFirst ? [']', ',', type, ':', buffer, '}'] : [']', '}']
  // A line that was cut ends within the numbers.
  const to = numbers === text.length ? numbers : after(text, numbers, rest)
  if (to === undefined || (isFirst && to === numbers)) return undefined
  const count = text
    .slice(start, numbers)
    .split(',')
    .filter((number) => number.trim() !== '').length
  return { from, to, put: quote + bytesMarker(count) + quote, rule: 'bytes' }
}

function typedArray(text: string, at: number, { floor }: Pass): Hit | undefined {
  const quote = quoteBefore(text, at, floor)
  const from = braceBefore(text, at, LONGEST_INDENT + quote.length)
  if (from < floor) return undefined
  let end = from + 1
  for (let count = 0; ; count++) {
    const number = after(text, end, [`${quote}${count}${quote}`, ':'])
    if (number === undefined) return undefined
    end = runEnd(text, number, DIGITS, Math.min(text.length, number + 4))
    if (end === number || Number(text.slice(number, end)) > 255) return undefined
    const close = after(text, end, ['}'])
    if (close !== undefined) {
      if (count + 1 < FEWEST_BYTES) return undefined
      return { from, to: close, put: quote + bytesMarker(count + 1) + quote, rule: 'bytes' }
    }
    const next = after(text, end, [','])
    if (next === undefined) return undefined
    end = next
  }
}

/** The last opening brace within so many characters; -1 without. */
function braceBefore(text: string, at: number, reach: number): number {
  const start = Math.max(0, at - reach)
  const brace = text.slice(start, at).lastIndexOf('{')
  return brace === -1 ? -1 : start + brace
}

/** A quote as it is written here, with its backslashes. */
const quoteBefore = (text: string, at: number, floor: number): string =>
  `${'\\'.repeat(backslashesBefore(text, at, floor))}"`

/** The place behind these, one after the other with spaces before and after each. */
function after(text: string, from: number, parts: readonly string[]): number | undefined {
  let at = runEnd(text, from, SPACES)
  for (const part of parts) {
    if (!text.startsWith(part, at)) return undefined
    at = runEnd(text, at + part.length, SPACES)
  }
  return at
}
