import { exposed } from '../internal/secret-values.js'
import { characterSet, escapeRest, runEnd, runStart } from './characters.js'
import { isInMarker, REDACTED } from './markers.js'
import type { Fired } from './rules.js'

const SHORTEST = 8
const LONGEST = 4096
const MOST = 256
/** Of JSON within JSON. Backslashes double with each, so there are few. */
const LAYERS = 4
/** Values that are hidden as they are, whatever their name and shape. */
export interface Literals {
  /** Adds a value, and returns its removal. */
  add(literal: unknown, option: string): () => void
  hide(text: string, fired: Fired): string
  /** Whether a number of JavaScript may be one of them. */
  readonly hasNumber: () => boolean
}

export function createLiterals(changed: () => void): Literals {
  /** How often each value was added: whoever adds it removes it, and nobody else's. */
  const counts = new Map<string, number>()
  /** Longest first, so that none leaves the rest of another. */
  let spellings: readonly string[] = []
  let hasNumber = false

  function update(): void {
    spellings = [...new Set([...counts.keys()].flatMap(spellingsOf))].sort((a, b) => b.length - a.length)
    hasNumber = spellings.some((spelling) => NUMBER.test(spelling))
    changed()
  }

  return {
    add(literal, option) {
      const value = assertLiteral(exposed(literal), option)
      if (!counts.has(value) && counts.size >= MOST)
        throw new RangeError(`${option}: expected at most ${MOST} values`)
      counts.set(value, (counts.get(value) ?? 0) + 1)
      update()
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        const left = (counts.get(value) ?? 1) - 1
        if (left === 0) counts.delete(value)
        else counts.set(value, left)
        update()
      }
    },
    hasNumber: () => hasNumber,
    hide(text, fired) {
      let hidden = text
      for (const spelling of spellings) {
        if (!hidden.includes(spelling)) continue
        hidden = replaceAll(hidden, spelling)
        fired?.add('literal')
      }
      return hidden
    },
  }
}

function assertLiteral(value: unknown, option: string): string {
  if (typeof value !== 'string' || !value.isWellFormed()) {
    throw new TypeError(`${option}: expected a well-formed string or a Secret of one`)
  }
  if (value.length < SHORTEST || value.length > LONGEST) {
    throw new RangeError(`${option}: expected ${SHORTEST} to ${LONGEST} characters`)
  }
  if (isInMarker(value)) {
    throw new RangeError(`${option}: expected no part of a marker`)
  }
  return value
}

/** Raw; in JSON at any depth that logs have; percent-encoded, as in a URL and as in a form. */
function spellingsOf(literal: string): readonly string[] {
  const json = [literal]
  for (let layer = 0; layer < LAYERS; layer++) json.push(inJson(json.at(-1) ?? ''))
  const percent = encodeURIComponent(literal)
  const form = percent.replace(/[!'()~]/g, percentByte).replaceAll('%20', '+')
  return [...json, percent, form, ...linesOf(literal)]
}

/** In a stream each line is a text of its own. */
function linesOf(literal: string): readonly string[] {
  const lines = literal.split(/\r?\n/)
  return lines.length === 1 ? [] : lines.filter((line) => line.length >= SHORTEST && !isInMarker(line))
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
const percentByte = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`

/** The letter of an escape such as `\n` stays, for JSON would lose its backslash. */
function replaceAll(text: string, spelling: string): string {
  let out = ''
  let end = 0
  for (let at = text.indexOf(spelling); at !== -1; at = text.indexOf(spelling, end)) {
    const number = NUMBER.test(spelling) ? jsonNumberAt(text, at, end) : undefined
    const kept = escapeRest(text, at)
    out +=
      number === undefined ? text.slice(end, at + kept) + REDACTED : text.slice(end, number.from) + number.put
    end = number?.to ?? at + spelling.length
  }
  return out + text.slice(end)
}

const NUMBER = /^[-+.0-9Ee]+$/
/** What is longer is no number that JavaScript printed. */
const LONGEST_NUMBER = 64
const NUMBERS = /* @__PURE__ */ characterSet('-+.0-9Ee')

/**
 * The number of a JSON text that begins or ends with this one, which is no string: a marker takes quotes there. Where those
 * would stand cannot be told in an array, and so it is `null`.
 */
function jsonNumberAt(text: string, at: number, floor: number) {
  const from = runStart(text, at, NUMBERS, Math.max(floor, at - LONGEST_NUMBER))
  const to = runEnd(text, at, NUMBERS, Math.min(text.length, at + LONGEST_NUMBER))
  const before = text.slice(Math.max(floor, from - 80), from).trimEnd()
  if (!/^\s*[,}\]]/.test(text.slice(to, to + 80))) return undefined
  const member = /(\\*)"\s*:$/.exec(before)
  if (member !== null) return { from, to, put: `${member[1]}"${REDACTED}${member[1]}"` }
  return /[[,]$/.test(before) ? { from, to, put: 'null' } : undefined
}
