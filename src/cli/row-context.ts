import { type Command, Option } from 'commander'
import type { SealContext } from '../envelope/context.js'
import { usage } from './exit.js'
import { pairs } from './options.js'
import type { ContextOptions } from './sealed-column.js'

/** What a row's values are bound to, as `rotate` is told. */
export interface RowContextOptions {
  readonly id: string
  readonly mode: 'rewrap' | 'reseal'
  readonly fromLegacy?: string
  readonly tenantColumn?: string
  readonly tenant?: string
  readonly purpose?: string
  readonly contextColumn?: Readonly<Record<string, string>>
}

/** Declares these options. */
export function declareRowContext(command: Command): void {
  command
    .option('--tenant-column <name>', 'whose value it is: the column that says so')
    .addOption(new Option('--tenant <text>', 'the same for all rows').conflicts('tenantColumn'))
    .option('--purpose <text>', 'what the values are for')
    .option(
      '--context-column <name=column>',
      'what else they are bound to; may be repeated',
      pairs('--context-column'),
    )
}

/** Reads a row's context from its columns. Failure 2 when a mode needs one and the options do not give it. */
export function rowContextOf(options: RowContextOptions): ContextOptions {
  const { id, mode, fromLegacy, tenantColumn, tenant, purpose, contextColumn = {} } = options
  const isGiven = purpose !== undefined && (tenantColumn ?? tenant) !== undefined
  if (!isGiven) {
    if (mode === 'rewrap' && fromLegacy === undefined) return {}
    throw usage(
      '--purpose, and --tenant-column or --tenant: expected with --mode reseal and with --from-legacy',
    )
  }
  if ('tenant' in contextColumn || 'purpose' in contextColumn) {
    throw usage('--context-column: tenant and purpose have options of their own')
  }
  const columnOf: Readonly<Record<string, string>> = {
    ...contextColumn,
    ...(tenantColumn === undefined ? {} : { tenant: tenantColumn }),
  }
  const columns = new Set(Object.values(columnOf))
  columns.delete(id)
  return {
    columns: [...columns],
    context: (row) => {
      // A value that is NULL makes a context that no row can have: it fails as invalid_context.
      const pair = ([name, column]: [string, string]) => [name, row[column === id ? 'id' : column]]
      const values = Object.fromEntries(Object.entries(columnOf).map(pair))
      return { ...(tenant === undefined ? {} : { tenant }), ...values, purpose } as SealContext
    },
  }
}
