import { withoutStack } from '../internal/error.js'
import type { Result } from '../internal/result.js'
import { IdempotencyError, type IdempotencyErrorCode } from './errors.js'

/** A header's value as frameworks hand it over. */
export type KeyHeader = string | readonly string[] | null | undefined

const BLANK = /^[ \t]*$/
/** Printable ASCII without blank, quote, comma, semicolon and backslash: what could be read in two ways is refused. */
const BARE = /^[ \t]*([!#-+\--:<-[\]-~]{1,255})[ \t]*$/
/** An RFC 8941 §3.3.3 string and nothing behind it. */
const QUOTED = /^[ \t]*"((?:[ !#-[\]-~]|\\["\\]){1,255})"[ \t]*$/

/**
 * The key in an `Idempotency-Key` header, without quotes: `"8e03978e"` (draft-ietf-httpapi-idempotency-key-header-07,
 * an RFC 8941 string) and `8e03978e` (as Stripe has it) are one and the same key. 1 to 255 characters of ASCII; blanks
 * around it do not count. It is the client's own text: give it to `deriveKey` as a part, with tenant and route.
 *
 * ```ts
 * import { parseKeyHeader } from 'waxseal/idempotency'
 *
 * parseKeyHeader('"8e03978e"') // => '8e03978e'
 * parseKeyHeader('8e03978e') // => '8e03978e'
 * ```
 *
 * @throws IdempotencyError `key_header_missing` when it is absent or blank; `key_header_malformed` for anything else,
 * two headers included.
 */
export function parseKeyHeader(value: KeyHeader): string {
  const parsed = parse(value)
  if ('code' in parsed) throw new IdempotencyError(parsed.code)
  return parsed.key
}

/** `parseKeyHeader` as a value. Never throws. */
export function safeParseKeyHeader(value: KeyHeader): Result<string, IdempotencyError> {
  const parsed = parse(value)
  if ('key' in parsed) return { ok: true, value: parsed.key }
  return { ok: false, error: withoutStack(() => new IdempotencyError(parsed.code)) }
}

type Parsed = { readonly key: string } | { readonly code: IdempotencyErrorCode }

function parse(header: unknown): Parsed {
  const value = single(header)
  if (value === undefined || value === null) return { code: 'key_header_missing' }
  if (typeof value !== 'string') return { code: 'key_header_malformed' }
  if (BLANK.test(value)) return { code: 'key_header_missing' }

  const bare = BARE.exec(value)?.[1]
  if (bare !== undefined) return { key: bare }
  const quoted = QUOTED.exec(value)?.[1]
  if (quoted !== undefined) return { key: quoted.replace(/\\(["\\])/g, '$1') }
  return { code: 'key_header_malformed' }
}

/** The one value of a header; NaN, which no parser takes, where there are several. */
function single(header: unknown): unknown {
  try {
    if (!Array.isArray(header)) return header
    return header.length > 1 ? Number.NaN : header[0]
  } catch {
    return Number.NaN
  }
}
