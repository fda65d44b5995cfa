/**
 * `waxseal/idempotency`: stable keys, and a handler that runs once under a lease.
 *
 * @module
 */

export { canonicalJson } from '../internal/canonical-json.js'
export type { JsonObject, JsonValue } from '../internal/json.js'
export type { DeriveOptions, KeyDeriver, Purpose } from '../keyring/derive.js'
export { IdempotencyError, type IdempotencyErrorCode } from './errors.js'
export type { IdempotencyEvent } from './event.js'
export { type Fingerprint, fingerprint } from './fingerprint.js'
export { type KeyHeader, parseKeyHeader, safeParseKeyHeader } from './header.js'
export { createIdempotency, type Idempotency, type IdempotencyOptions } from './idempotency.js'
export {
  childKey,
  deriveKey,
  GLOBAL_TENANT,
  type IdempotencyKey,
  type Keyed,
  type KeyInput,
  safeDeriveKey,
} from './key.js'
export type { ManyPlan, ManyReport, ManyResult } from './many.js'
export type { OnceOptions, Outcome } from './once.js'
export { jsonResult, type ResultCodec } from './result.js'
export type { Recorded, Run } from './run.js'
export type {
  BeginOptions,
  BeginResult,
  CompleteOptions,
  CompleteResult,
  IdempotencyStore,
  SqlIdempotencyStore,
  SqlStatement,
} from './store.js'
