import { StoreError, type StoreReason } from '../../internal/store-error.js'

const REASONS: Readonly<Record<string, StoreReason>> = /* @__PURE__ */ Object.freeze({
  '25006': 'read_only',
  '25P03': 'timeout',
  '25P04': 'timeout',
  '3F000': 'schema_missing',
  '40001': 'serialization',
  '40P01': 'serialization',
  '42501': 'denied',
  '42P01': 'schema_missing',
  '44000': 'constraint',
  '53100': 'full',
  '53200': 'full',
  '53300': 'unavailable',
  '54000': 'constraint',
  '55P03': 'timeout',
  '57014': 'timeout',
  CONNECT_TIMEOUT: 'timeout',
})

/** Whole classes of SQLSTATE, and the codes of sockets and of postgres.js. */
const CLASSES: readonly (readonly [RegExp, StoreReason])[] = /* @__PURE__ */ Object.freeze([
  [
    /^(08...|57P0.|ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|EPIPE|E[A-Z]+UNREACH|ETIMEDOUT|CONNECTION_[A-Z]+)$/,
    'unavailable',
  ],
  [/^28...$/, 'denied'],
  // A value of the wrong form or length, a constraint, an exception that a trigger raises.
  [/^(22|23|P0)...$/, 'constraint'],
])

/** What pg and PGlite say without a code. */
const MESSAGES: readonly (readonly [RegExp, StoreReason])[] = /* @__PURE__ */ Object.freeze([
  [/\btimeout\b/i, 'timeout'],
  [/\b(terminated|closed|not queryable|after calling end)\b/i, 'unavailable'],
])

/**
 * The StoreError for what a driver threw. The driver's own is dropped: queries, parameters and rows are often part of
 * it. Never throws.
 */
export function postgresError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown
  try {
    const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown }
    if (typeof code === 'string') return new StoreError(REASONS[code] ?? match(CLASSES, code), code)
    return new StoreError(match(MESSAGES, String(message)))
  } catch {
    return new StoreError('unknown')
  }
}

function match(table: readonly (readonly [RegExp, StoreReason])[], text: string): StoreReason {
  return table.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown'
}
