import type { Command } from 'commander'
import type { SealContext } from '../envelope/context.js'
import { usage } from './exit.js'
import { pairs } from './options.js'

interface Options {
  readonly tenant: string
  readonly purpose: string
  readonly context?: Readonly<Record<string, string>>
}

/** Declares `--tenant`, `--purpose` and `--context`. */
export function declareContext(command: Command): void {
  command
    .requiredOption('--tenant <text>', 'whose value it is')
    .requiredOption('--purpose <text>', 'what it is for, for example wa.access_token')
    .option('--context <name=value>', 'what else it is bound to; may be repeated', pairs('--context'))
}

/** What these options say. Failure 2 when `--context` gives tenant or purpose. */
export function contextOf(command: Command): SealContext {
  const { tenant, purpose, context = {} } = command.opts<Options>()
  if ('tenant' in context || 'purpose' in context) {
    throw usage('--context: tenant and purpose are options of their own')
  }
  return { ...context, tenant, purpose }
}
