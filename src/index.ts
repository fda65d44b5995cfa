/**
 * What every entry of waxseal shares. The features live in their own entries: `waxseal/webhooks`, `waxseal/http`, …
 *
 * @module
 */

export type { Bytes } from './internal/bytes.js'
export type { Duration } from './internal/duration.js'
export { WaxsealError } from './internal/error.js'
export type { JsonObject, JsonValue } from './internal/json.js'
export type { Result } from './internal/result.js'
export { Secret } from './internal/secret.js'
