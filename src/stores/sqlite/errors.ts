import { StoreError, type StoreReason } from '../../internal/store-error.js'

const REASONS: Readonly<Record<string, StoreReason>> = /* @__PURE__ */ Object.freeze({
  SQLITE_PERM: 'denied',
  SQLITE_AUTH: 'denied',
  SQLITE_BUSY: 'busy',
  SQLITE_LOCKED: 'busy',
  SQLITE_READONLY: 'read_only',
  SQLITE_FULL: 'full',
  SQLITE_CANTOPEN: 'unavailable',
  SQLITE_IOERR: 'unavailable',
  SQLITE_CORRUPT: 'corrupt',
  SQLITE_NOTADB: 'corrupt',
  SQLITE_CONSTRAINT: 'constraint',
})

/** Of node:sqlite, which gives numbers: https://www.sqlite.org/rescode.html */
const PRIMARY_CODES: Readonly<Record<number, string>> = /* @__PURE__ */ Object.freeze({
  1: 'SQLITE_ERROR',
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
})

/** SQLite's own words, for what has no code of its own and for drivers without codes. */
const MESSAGES: readonly (readonly [RegExp, StoreReason])[] = /* @__PURE__ */ Object.freeze([
  [/within a transaction/i, 'in_transaction'],
  [/no such table/i, 'schema_missing'],
  [/is locked/i, 'busy'],
  [/readonly/i, 'read_only'],
  [/is full/i, 'full'],
  [/constraint failed/i, 'constraint'],
  [/not open|closed/i, 'unavailable'],
])

/** The StoreError for what a driver threw, of which nothing but the code is kept. Never throws. */
export function sqliteError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown
  try {
    const driver = codeOf(thrown)
    const message = String((thrown as { readonly message?: unknown }).message)
    // SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY.
    const kind = driver?.split('_', 2).join('_') ?? ''
    const reason = REASONS[kind] ?? MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? 'unknown'
    return new StoreError(reason, driver)
  } catch {
    return new StoreError('unknown')
  }
}

function codeOf(thrown: unknown): string | undefined {
  const { code, errcode } = thrown as { readonly code?: unknown; readonly errcode?: unknown }
  if (typeof errcode === 'number') return PRIMARY_CODES[errcode & 0xff]
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined
}
