import { characterSet, isIn, runEnd } from './characters.js'
import { REDACTED } from './markers.js'
import { joinedEnd } from './printed-value.js'
import type { Trigger } from './scan.js'

/** What the first line begins with, and that of a certificate too. */
export const KEY_BEGIN = '-----BEGIN '
const END = '-----END '
const DASHES = '-----'
/** The first line of RFC 7468, of OpenSSH's and of PGP's keys; not that of a certificate or a public key. */
const FIRST_LINE = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----/y
const LONGEST_FIRST_LINE = 100
/** The longest key that is looked for: RSA with 16 384 bits takes 13 KB. */
const LONGEST = 16_384
const LAST_LINE = /-----END [A-Z0-9 ]{0,72}(?:-----)?/y
/** base64 and the headers of RFC 1421, with line ends as they are or written out. */
const BODY = /* @__PURE__ */ characterSet('A-Za-z0-9+/=\\:, \t\r\n-')
const BASE64 = /* @__PURE__ */ characterSet('A-Za-z0-9+/=')
const REST = /* @__PURE__ */ characterSet('A-Za-z0-9_.~+/=-')

/**
 * Private keys in PEM (RFC 7468), from the first line to the last; one that is cut off or broken up goes as far as there
 * is base64.
 */
export const privateKeyTrigger: Trigger = {
  cues: [KEY_BEGIN],
  match(text, at) {
    const body = afterMatch(FIRST_LINE, text, at, LONGEST_FIRST_LINE)
    if (body === undefined) return undefined
    const limit = Math.min(text.length, body + LONGEST)
    const mark = text.slice(body, limit).indexOf(DASHES)
    const next = mark === -1 ? limit : body + mark
    const isWhole = text.startsWith(END, next) && !text.slice(body, next).includes('"')
    const to = isWhole ? afterMatch(LAST_LINE, text, next, LONGEST_FIRST_LINE) : undefined
    return { from: at, to: to ?? bodyEnd(text, body, next), put: REDACTED, rule: 'pem' }
  },
}

/** With the rest of a word that it would cut in two, without the backslashes of a quote behind it. */
function bodyEnd(text: string, from: number, limit: number): number {
  let end = runEnd(text, from, BODY, limit)
  // Broken up into strings, one for each line.
  for (let next = joinedEnd(text, end + 1); next > end + 1; next = joinedEnd(text, end + 1)) {
    end = runEnd(text, next + 1, BODY, limit)
  }
  if (end > from && end < limit && isIn(BASE64, text.charCodeAt(end - 1)))
    end = runEnd(text, end, REST, limit)
  if (text[end] === '"') while (end > from && text[end - 1] === '\\') end--
  return end
}

function afterMatch(pattern: RegExp, text: string, at: number, longest: number): number | undefined {
  const line = text.slice(at, at + longest)
  pattern.lastIndex = 0
  return pattern.test(line) ? at + pattern.lastIndex : undefined
}
