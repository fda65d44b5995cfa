/**
 * `waxseal/envelope/legacy`: reads what a column held before it held envelopes, so that `open` reads old rows and
 * `rotateRows` reseals them. Each column declares its layouts; nothing is guessed.
 *
 * @module
 */

export { type AesCbcOptions, aesCbc } from './legacy/aes-cbc.js'
export { type AesGcmOptions, aesGcm } from './legacy/aes-gcm.js'
export { cloak } from './legacy/cloak.js'
export type { LegacyKey } from './legacy/key.js'
export type { LegacyLayout } from './legacy/layout.js'
export { type LegacyReaderOptions, legacyReader, type PlaintextWindow } from './legacy/reader.js'
export type { LegacyFormat, LegacyReader } from './legacy-types.js'
