import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { refuseSecrets } from './argument-guard.js'
import type { CommandFile } from './command.js'
import { COMMANDS, NOUNS, type Row } from './commands.js'
import { EXIT, type ExitCode } from './exit.js'
import { explain } from './explain.js'
import { createShell, type Host, type Shell } from './shell.js'

const ABOUT = [
  'Keys and secrets come from the environment or standard input, never from arguments.',
  'Data goes to standard output, everything for people to standard error.',
  'Exit codes: 0 done; 1 the answer is no, or rows are left or failed; 2 usage or configuration;',
  '3 a service was unavailable; 130 interrupted.',
].join(' ')

/** The command line. Never rejects; answers what the process shall exit with. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  const shell = createShell(host, argv.includes('--json'))
  try {
    refuseSecrets(argv)
    return await dispatch(argv, shell, host)
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done
    const { exitCode, code, message } = explain(thrown)
    if (message !== '') shell.say(`${shell.style('red', 'waxseal:')} ${message}`)
    shell.printJson({ type: 'error', code, message })
    return exitCode
  }
}

async function dispatch(argv: readonly string[], shell: Shell, host: Host): Promise<ExitCode> {
  // Only the command that was called is loaded; of the others their line in the table is enough.
  const called = COMMANDS.find(([name]) => name === argv.slice(0, name.split(' ').length).join(' '))
  const file = called === undefined ? undefined : (await called[2]()).command

  let exitCode: ExitCode = EXIT.done
  const root = program(host)
  const groups = new Map<string, Command>()
  for (const row of COMMANDS) {
    const command = place(root, groups, row)
    if (row !== called || file === undefined) continue
    declare(command, file)
    command.action(async () => {
      exitCode = await file.run(shell, command)
    })
  }
  await root.parseAsync(argv, { from: 'user' })
  return exitCode
}

function program({ stdout, stderr }: Host): Command {
  const width = ({ columns = 100 }: Host['stdout']): number => Math.min(columns, 100)
  return new Command('waxseal')
    .description(ABOUT)
    .option('--version', 'print the version')
    .on('option:version', () => {
      stdout.write(`${version()}\n`)
      throw new CommanderError(EXIT.done, 'commander.version', '')
    })
    .helpOption('--help', 'print this')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      // Errors are thrown, and `run` prints them.
      outputError: () => {},
      getOutHelpWidth: () => width(stdout),
      getErrHelpWidth: () => width(stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
}

/** Puts a command below its noun, which is made with the first one. */
function place(root: Command, groups: Map<string, Command>, [name, summary]: Row): Command {
  const [noun = '', verb] = name.split(' ')
  if (verb === undefined) return root.command(noun).summary(summary).description(summary)
  const group =
    groups.get(noun) ??
    root
      .command(noun)
      .description(NOUNS[noun] ?? '')
      .helpCommand(false)
  groups.set(noun, group)
  return group.command(verb).summary(summary).description(summary)
}

function declare(command: Command, file: CommandFile): void {
  file.declare(command)
  command.option('--json', 'print JSON to standard output').allowExcessArguments(false)
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
