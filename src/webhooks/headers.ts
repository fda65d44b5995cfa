/**
 * Request headers as any framework has them: `Headers`, a `Map`, pairs, or an object with string or array values.
 * Names are case-insensitive; of an object only own properties count.
 */
export type HeadersLike =
  | Iterable<readonly [string, string]>
  | FetchHeaders
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** The members of the Fetch standard's `Headers` that are used; it is iterable only where the types say so too. */
export interface FetchHeaders {
  /** The value, several joined with a comma. */
  get(name: string): string | null
  /** Not called: no other container has it. */
  getSetCookie(): string[]
}

/** The value of a header that the reader was made for; absent, empty and blank are all `undefined`. */
export type Header = (name: string | undefined) => string | undefined

/** Reads each of its headers once, at most one value of each, and looks at no other. Never throws. */
export type HeaderReader = (
  headers: HeadersLike | undefined,
) => Header | 'duplicate_header' | 'malformed_header'

/** @param names in lower case */
export function headerReader(names: readonly string[]): HeaderReader {
  // Most headers of a request are none of ours, and their length tells: one bit per length that occurs (modulo 32).
  let lengths = 0
  for (const name of names) lengths |= 1 << name.length
  const indexOf = (name: string): number =>
    (lengths >> name.length) & 1 ? names.indexOf(name.toLowerCase()) : -1

  return (headers = {}) => {
    const values: (string | undefined)[] = []
    let duplicate = false
    const take = (at: number, value: unknown): void => {
      const isList = Array.isArray(value)
      const first: unknown = isList ? value[0] : value
      if (at < 0 || first === undefined) return
      if (typeof first !== 'string') throw new TypeError()
      duplicate ||= values[at] !== undefined || (isList && value.length > 1)
      values[at] = first
    }

    try {
      if (isFetchHeaders(headers)) {
        for (const [at, name] of names.entries()) take(at, headers.get(name) ?? undefined)
      } else if (Symbol.iterator in headers) {
        for (const [name, value] of headers as Iterable<readonly [string, string]>) take(indexOf(name), value)
      } else {
        for (const name of Object.keys(headers)) {
          const at = indexOf(name)
          if (at >= 0) take(at, (headers as Record<string, unknown>)[name])
        }
      }
    } catch {
      return 'malformed_header'
    }
    if (duplicate) return 'duplicate_header'
    return (name) => {
      const value = name === undefined ? undefined : values[names.indexOf(name)]
      return value === undefined || value.trim() === '' ? undefined : value
    }
  }
}

/** `getSetCookie` is what only the Fetch standard's `Headers` has; their iterator sorts and copies, `get` does not. */
function isFetchHeaders(headers: object): headers is FetchHeaders {
  return typeof (headers as FetchHeaders).getSetCookie === 'function'
}
