import type { Command } from 'commander'
import type { ExitCode } from './exit.js'
import type { Shell } from './shell.js'

/** A command: one file in `commands/`, one line in `commands.ts`. */
export interface CommandFile {
  /** Declares arguments, options and what `--help` says beside them. */
  declare(command: Command): void
  /** Does it. `command` has the arguments in `processedArgs` and the options in `opts()`. */
  run(shell: Shell, command: Command): Promise<ExitCode>
}
