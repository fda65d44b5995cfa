/** What stands where something was. They need no escaping in JSON, and no rule changes them. */
export const REDACTED = '[REDACTED]'
export const PERSONAL = '[PERSONAL]'
export const CIRCULAR = '[Circular]'
export const DEPTH = '[Depth]'
export const GETTER = '[Getter]'
export const UNREADABLE = '[Unreadable]'

/** So many bytes. */
export const bytesMarker = (count: number): string => `[Bytes ${count}]`
/** So many characters, members or nodes. */
export const truncatedMarker = (count: number): string => `[Truncated ${count}]`

const MARKER =
  /^\[(?:REDACTED|PERSONAL|Circular|Depth|Getter|Unreadable|(?:Bytes|Truncated) \d{1,16}|Truncated)\]$/

/** Whether the text is one marker and nothing else. */
export function isMarker(text: string): boolean {
  return text.length <= 28 && text.startsWith('[') && MARKER.test(text)
}

const MARKERS = [
  REDACTED,
  PERSONAL,
  CIRCULAR,
  DEPTH,
  GETTER,
  UNREADABLE,
  '[Truncated]',
  '[Truncated 0]',
  '[Bytes 0]',
]

/** Whether the text is a part of a marker: to hide it would change one. Digits alone are not. */
export function isInMarker(text: string): boolean {
  const part = /^\d+$/.test(text) ? text : text.replace(/\d+/, '0')
  return MARKERS.some((marker) => marker.includes(part))
}
