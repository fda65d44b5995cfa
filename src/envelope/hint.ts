import { fromBase64Url } from '#crypto'
import type { Hint } from './errors.js'

/** A longer value is judged by its two ends. */
const END = 4096

/** The first that matches is the hint: what happened to a value on its way comes before what it was. */
const LOOKS: readonly (readonly [Hint, RegExp])[] = /* @__PURE__ */ Object.freeze([
  ['quoted', /^\\?["'`]|["'`]$/],
  ['percent_encoded', /%[0-9A-Fa-f]{2}/],
  ['white_space', /^\s|\s$|^wx1\..*\s/s],
  ['upper_case', /^(?:W[Xx]|wX)\d+\.|^wx1\.[^.]*[A-Z]/],
  ['standard_base64', /^wx1\..*[+/]/s],
  ['padding', /^wx1\..*=/s],
  ['cloak', /^v1\.aesgcm256\./],
  ['vault', /^vault:v\d+:/],
  ['fernet', /^gAAAAA/],
  ['cryptojs', /^U2FsdGVkX1/],
  // Of Facebook Login, of Instagram Login and of the API that this replaced.
  ['meta_token', /^(?:EAA|IGAA|IGQV)/],
  ['jwe', /^eyJ|^[\w-]{16,}\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/],
  ['hex_parts', /^[0-9a-f]{16,}(?:[:.][0-9a-f]{2,}){1,2}$/i],
  // Five quanta and the last, with a character that tells it from any other word.
  ['standard_base64', /^(?=.*[+/=])(?:[A-Za-z0-9+/]{4}){5,}[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]{2}$/],
])

/** What people declare a text column with. */
const WIDTHS: readonly number[] = /* @__PURE__ */ Object.freeze([
  64, 100, 128, 191, 200, 250, 255, 256, 500, 512, 1000, 1024, 2000, 2048, 4000, 4096, 8000, 65_535,
])

/** Characters of a body without plaintext: 72 bytes. */
const SHORTEST_BODY = 96

/**
 * What a value that is no envelope looks like, or what happened to one that does not open. A guess for the operator, from
 * a bounded look at the text; nothing is decided by it.
 */
export function hintOf(value: string, maxLength: number = Number.POSITIVE_INFINITY): Hint | null {
  if (value === '') return 'empty'
  if (value.length > maxLength) return 'too_long'
  const seen = value.length <= 2 * END ? value : value.slice(0, END) + value.slice(-END)
  for (const [hint, look] of LOOKS) if (look.test(seen)) return hint
  return /^wx1\.[\w.-]*$/.test(seen) && isCut(value) ? 'truncated' : null
}

/** Whether an envelope's text ends too early, or exactly where a column would end it. */
function isCut(value: string): boolean {
  const [, , edk = '', body = ''] = value.split('.', 5)
  return (
    body.length < SHORTEST_BODY ||
    value.endsWith('.') ||
    WIDTHS.includes(value.length) ||
    !isWhole(edk) ||
    !isWhole(body)
  )
}

/** Whether base64url can end so: not behind one character of four, nor with bits to spare. */
function isWhole(text: string): boolean {
  return fromBase64Url(text.slice(text.length - (text.length % 4))) !== undefined
}
