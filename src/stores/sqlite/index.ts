/**
 * `waxseal/stores/sqlite`: stores over the SQLite database that you have: node:sqlite, better-sqlite3 or bun:sqlite.
 *
 * @module
 */

export { StoreError, type StoreReason } from '../../internal/store-error.js'
export type { RotationTable, TableRow } from '../rotation-table.js'
export type { SqliteLike } from './client.js'
export { sqliteRotationStore } from './rotation.js'
