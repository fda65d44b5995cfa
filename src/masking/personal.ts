import { characterSet, escapeRest, isIn, runEnd, runStart } from './characters.js'
import type { Fingerprinter } from './fingerprint.js'
import { PERSONAL } from './markers.js'
import { normalForm } from './normal-form.js'
import type { Rules } from './rules.js'
import type { Trigger } from './scan.js'
import { isBoundary } from './token-rule.js'

const DIGIT = /* @__PURE__ */ characterSet('0-9')
const LOCAL_PART = /* @__PURE__ */ characterSet('A-Za-z0-9._%+-')
const LABEL = /* @__PURE__ */ characterSet('A-Za-z0-9-')
const WAMID = /* @__PURE__ */ characterSet('A-Za-z0-9+/=_-')
/** `from` and `to` name periods too. (ISO 8601) */
const DATE = /^\d{4}-\d\d(?:-\d\d)?$/
const FINGERPRINT = /^(?:tel|mail|wamid):fp1\.[a-z0-9-]{1,32}\.[0-9a-f]{16}$/

/** Personal data of one kind, or a keyed tag in its place. */
type Replace = (kind: 'tel' | 'mail' | 'wamid', value: string) => string

/** Under a name that announces it. */
export function personalByName(how: 'mask' | Fingerprinter): Rules['personal'] {
  const replace = replaceBy(how)
  return (kind, text, fired) => {
    if (text === '' || text === PERSONAL || FINGERPRINT.test(text)) return text
    if (kind === 'tel' && (normalForm(kind, text) === undefined || DATE.test(text))) return text
    fired?.add(kind)
    if (kind === 'text' || normalForm(kind, text) === undefined) return PERSONAL
    return replace(kind, text)
  }
}

/** By its shape: international phone numbers (E.164), e-mail addresses, and `wamid`, which is a phone number in base64. */
export function personalTriggers(how: 'mask' | Fingerprinter): readonly Trigger[] {
  const replace = replaceBy(how)
  return [
    {
      cues: ['+', '%2B', '%2b'],
      match(text, at, { floor }, cue) {
        // Percent-encoded it stands behind anything: `whatsapp%3A%2B1650…`.
        if (cue.length === 1 && !isBoundary(text, at, floor)) return undefined
        const number = at + cue.length
        const to = runEnd(text, number, DIGIT, Math.min(text.length, number + 16))
        const digits = to - number
        if (digits < 7 || digits > 15 || text[number] === '0') return undefined
        return { from: at, to, put: replace('tel', `+${text.slice(number, to)}`), rule: 'tel' }
      },
    },
    {
      cues: ['@'],
      match(text, at, { floor }) {
        const from = localPartStart(text, at, floor)
        const to = domainEnd(text, at + 1)
        // Behind personal data that is hidden by now stands the rest of the same.
        if (to === undefined || (from === at && (at === 0 || at !== floor))) return undefined
        const address = text.slice(from, to)
        return { from, to, put: from < at ? replace('mail', address) : PERSONAL, rule: 'mail' }
      },
    },
    {
      cues: ['wamid.'],
      match(text, at, { floor }) {
        const to = runEnd(text, at + 6, WAMID)
        if (to - at < 26 || !isBoundary(text, at, floor)) return undefined
        return { from: at, to, put: replace('wamid', text.slice(at, to)), rule: 'wamid' }
      },
    },
  ]
}

function replaceBy(how: 'mask' | Fingerprinter): Replace {
  if (how !== 'mask') {
    return (kind, value) => {
      const tag = how.of(value, kind)
      // Whatever a Fingerprinter of another make returns has to be inert in JSON.
      return typeof tag === 'string' && FINGERPRINT.test(tag) ? tag : PERSONAL
    }
  }
  return (kind, value) => {
    if (kind === 'mail') return PERSONAL
    if (kind === 'wamid') return `wamid.${PERSONAL}`
    const digits = value.replace(/\D/g, '')
    return `+${digits.slice(0, 2)}••••${digits.slice(-2)}`
  }
}

/** Not with the letter of an escape: JSON would lose its backslash. */
function localPartStart(text: string, at: number, floor: number): number {
  const start = runStart(text, at, LOCAL_PART, floor)
  return Math.min(at, start + escapeRest(text, start))
}

/** Two labels at least, the last one no number: `pino@10.4.0` is a version. A dot at the end belongs to the sentence. */
function domainEnd(text: string, from: number): number | undefined {
  let label = from
  let end = runEnd(text, from, LABEL)
  while (end > label && text[end] === '.' && isIn(LABEL, text.charCodeAt(end + 1))) {
    label = end + 1
    end = runEnd(text, label, LABEL)
  }
  return label > from && !isIn(DIGIT, text.charCodeAt(label)) ? end : undefined
}
