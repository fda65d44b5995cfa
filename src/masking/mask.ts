import type { Secret } from '../internal/secret.js'
import { exposed } from '../internal/secret-values.js'

const BULLETS = '••••'

/** A value shows its last four graphemes only if at least twelve more stay hidden. */
const SHOWN = 4
const LEAST = 16

/** What tells the kind of a token and nothing else. The last one is the public part of our own API keys. */
const PREFIX =
  /^(?:whsec_|whsk_|(?:sk|rk|saf|wapi)_(?:live|test)_|gh[pousr]_|github_pat_|xox[abceoprs]-|shp(?:at|ca|pa|ss)_|npm_|SG\.|[a-z][a-z0-9]{1,15}_(?:live|test)_[0-9A-Za-z]{12}_(?=[0-9A-Za-z]{38}$))/

/** Between two of these there is always a boundary, so that sixteen at the start and five at the end decide. */
const PLAIN_ENDS = /^[ -~]{21}$/

/** All but what joins the characters before it, and the half of a pair that a cut leaves: from here on boundaries are sure. */
const UNJOINED = /[^\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\p{RI}\u200c-\u200d\udc00-\udfff]|$/u

/**
 * The value as a person may see it: a known prefix, four bullets whatever the length, and the last four characters if at
 * least twelve more stay hidden. Characters are graphemes, so no accent, flag or family is cut in half.
 *
 * ```ts
 * import { mask } from 'waxseal/masking'
 *
 * mask('saf_live_7b58495bc9fc567bb5e1d38a381e690a3c2f1d8e4b7a9c0d') // => 'saf_live_••••9c0d'
 * mask('hunter2') // => '••••'
 * ```
 *
 * Never throws: anything but a well-formed string or a `Secret` of one gives `••••`.
 */
export function mask(value: string | Secret<string>): string {
  const [prefix, body] = split(value)
  return prefix + BULLETS + lastOf(body)
}

/**
 * What `mask` shows at the end, to store beside the sealed value: the last four characters, or `''` where at most eleven
 * more would stay hidden. Never throws.
 */
export function hint(value: string | Secret<string>): string {
  return lastOf(split(value)[1])
}

function split(value: unknown): [prefix: string, body: string] {
  const text = exposed(value)
  if (typeof text !== 'string' || !text.isWellFormed()) return ['', '']
  const prefix = PREFIX.exec(text)?.[0] ?? ''
  return [prefix, text.slice(prefix.length)]
}

function lastOf(body: string): string {
  if (body.length < LEAST) return ''
  if (PLAIN_ENDS.test(body.slice(0, LEAST) + body.slice(-SHOWN - 1))) return body.slice(-SHOWN)
  const segmenter = theSegmenter()
  return segmenter === null ? lastCodePoints(body) : lastGraphemes(body, segmenter)
}

/**
 * Looks at both ends, and further only where a grapheme or a row of flags is longer: each step of a Segmenter may cost as
 * much as its whole text is long.
 */
function lastGraphemes(body: string, segmenter: Intl.Segmenter): string {
  for (let width = 256; width < body.length; width *= 8) {
    // The last of the head and the first of the tail may be parts of a grapheme.
    const end = body.slice(-width)
    const tail = end.slice(end.search(UNJOINED))
    const start = startOfLast(segmenter.segment(tail), tail.length)
    if (start > 0 && beginIn(segmenter.segment(body.slice(0, width))) > LEAST) return tail.slice(start)
  }
  const all = segmenter.segment(body)
  return beginIn(all) < LEAST ? '' : body.slice(startOfLast(all, body.length))
}

/** How many graphemes begin in it, counted to one more than has to be known. */
function beginIn(segments: Intl.Segments): number {
  let count = 0
  for (const _ of segments) if (++count > LEAST) break
  return count
}

/** Where the last ones begin. */
function startOfLast(segments: Intl.Segments, length: number): number {
  let at = length
  for (let i = 0; i < SHOWN; i++) at = segments.containing(at - 1)?.index ?? 0
  return at
}

/** A code point takes one or two units, and a pair that is cut in half is beyond those that count. */
function lastCodePoints(body: string): string {
  const head = [...body.slice(0, 2 * LEAST)]
  const tail = [...body.slice(-2 * SHOWN)]
  return head.length < LEAST ? '' : tail.slice(-SHOWN).join('')
}

let segmenter: Intl.Segmenter | null | undefined

/** Made when text first needs it, because it is slow to make; `null` where the runtime has none. */
function theSegmenter(): Intl.Segmenter | null {
  if (segmenter === undefined) segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter('en') : null
  return segmenter
}
