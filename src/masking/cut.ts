import { isMarker, truncatedMarker } from './markers.js'

const TRUNCATED = /\[Truncated \d{1,16}\]$/
/** No marker is longer. */
const LONGEST_MARKER = 28

/**
 * At most `max` UTF-16 units of a scrubbed text, and how many were cut away: `…[Truncated 120]`. No surrogate pair and no
 * marker is cut in two. A text that was cut before is left alone.
 *
 * A cut can change what the rules see: `"token":null` is left alone and `"token":nul` is not. Where that happens less is
 * kept, down to nothing, so that what is printed stays as it is however often it is scrubbed.
 */
export function cut(text: string, max: number, scrub: (text: string) => string): string {
  if (text.length <= max || text.length - (TRUNCATED.exec(text)?.[0].length ?? 0) <= max) return text
  for (let keep = max; keep > 0; keep >>>= 1) {
    const end = whole(text, keep)
    const kept = text.slice(0, end) + truncatedMarker(text.length - end)
    if (scrub(kept) === kept) return kept
  }
  return truncatedMarker(text.length)
}

/** The last place up to `end` that is not inside of anything. */
function whole(text: string, end: number): number {
  const opening = text.lastIndexOf('[', end - 1)
  if (opening > end - LONGEST_MARKER && opening >= 0) {
    const closing = text.indexOf(']', opening)
    if (closing >= end && isMarker(text.slice(opening, closing + 1))) return opening
  }
  return isHighSurrogate(text.charCodeAt(end - 1)) && isLowSurrogate(text.charCodeAt(end)) ? end - 1 : end
}

const isHighSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xd800
const isLowSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xdc00
