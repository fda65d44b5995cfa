/**
 * `waxseal/stores/postgres`: stores over the PostgreSQL client that you have: a Pool of pg, PGlite, or postgres.js.
 *
 * @module
 */

export { StoreError, type StoreReason } from '../../internal/store-error.js'
export type { RotationTable, TableRow } from '../rotation-table.js'
export type {
  PgConnectionLike,
  PgLentConnection,
  PgliteLike,
  PgPoolLike,
  PgTransactionalLike,
  PgUnsafeLike,
  PostgresJsLike,
} from './client.js'
export { type PostgresRotationOptions, postgresRotationStore } from './rotation.js'
