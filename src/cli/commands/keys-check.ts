import type { Keyring, KeyringOptions } from '../../keyring/types.js'
import type { CommandFile } from '../command.js'
import { EXIT } from '../exit.js'
import { keyringOf } from '../keyring-of.js'
import { table } from '../text-table.js'

interface Options {
  readonly canary?: string
  readonly rotateEvery?: KeyringOptions['rotateEvery']
}

const DAY = 86_400_000

/** `waxseal keys check` */
export const command: CommandFile = {
  declare(command) {
    command
      .description('Reads WAXSEAL_KEYS and tells states, ages and what is due.')
      .option('--canary <text>', 'canary stored beside the data: is this the keyring that wrote it?')
      .option('--rotate-every <duration>', 'age at which the primary is due (default: 90d)')
  },

  async run(shell, command) {
    const { canary, rotateEvery } = command.opts<Options>()
    const keyring = keyringOf(shell, { rotateEvery })
    const rotation = keyring.dueForRotation()
    if (canary !== undefined) keyring.verifyCanary(canary)

    shell.printJson({
      primary: keyring.primary,
      keys: keyring.keys,
      rotation,
      canary: keyring.canary(),
      ...(canary === undefined ? {} : { canaryVerified: true }),
    })
    for (const line of table(rows(keyring))) shell.answer(line)
    shell.say()
    shell.say(`canary: ${keyring.canary()}${canary === undefined ? '' : ' (the one that was given is good)'}`)
    const { status, dueAt } = rotation
    const due = dueAt === null ? '' : ` on ${day(dueAt)}`
    if (status === 'undated')
      shell.say('rotation: the age of the primary is unknown; a kid like 2026-05 tells it')
    if (status === 'ok') shell.say(`rotation: due${due}`)
    if (status === 'due') shell.say(shell.style('yellow', `rotation: was due${due}`))
    return EXIT.done
  },
}

function rows(keyring: Keyring): readonly (readonly string[])[] {
  const now = Date.now()
  const age = (createdAt: number | null): string =>
    createdAt === null ? '-' : `${Math.max(0, Math.floor((now - createdAt) / DAY))} days`
  return [
    ['kid', 'state', 'check', 'age'],
    ...keyring.keys.map(({ kid, state, check, createdAt }) => [kid, state, check ?? '-', age(createdAt)]),
  ]
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
