/**
 * `waxseal/stores/memory`: stores of one process, for tests and scripts.
 *
 * @module
 */

export { StoreError, type StoreReason } from '../../internal/store-error.js'
export { type MemoryOptions, memoryIdempotencyStore } from './idempotency.js'
export { type MemoryRow, memoryRotationStore } from './rotation.js'
