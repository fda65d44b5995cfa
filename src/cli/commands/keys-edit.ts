import { Argument, type Command } from 'commander'
import { editKeys, generateKey, type KeyChange } from '../../keyring/index.js'
import type { CommandFile } from '../command.js'
import { type DatabaseOptions, declareTimeout } from '../database.js'
import { EXIT, usage } from '../exit.js'
import { assertUnused } from '../key-use.js'
import { keyringOf } from '../keyring-of.js'
import { repeated } from '../options.js'
import type { Shell } from '../shell.js'

const CHANGES = /* @__PURE__ */ Object.freeze(['add', 'promote', 'disable', 'enable', 'destroy'] as const)

interface Options extends DatabaseOptions {
  readonly generate?: boolean
  readonly inventoryZero?: readonly string[]
}

/** `waxseal keys edit add|promote|disable|enable|destroy <kid>` */
export const command: CommandFile = {
  declare(command) {
    command
      .description(
        'Prints WAXSEAL_KEYS with one change. Put the result into your secret store, and deploy everywhere before the next change.',
      )
      .addArgument(new Argument('<change>', 'what to do').choices(CHANGES))
      .argument('<kid>', 'name of the key')
      .option('--generate', 'add: make a new key instead of reading one from standard input')
      .option(
        '--inventory-zero <table.column>',
        'destroy: a column of sealed values or blind indexes; counts now that no row is under the key; may be repeated',
        repeated,
      )
      .option(
        '--database-url <url>',
        'destroy: where these columns are, without a password (default: DATABASE_URL)',
      )
    declareTimeout(command, 'destroy: ')
  },

  async run(shell, command) {
    const list = shell.variable('WAXSEAL_KEYS')
    const edited = editKeys(list, await changeOf(shell, command, list))
    if (shell.json) shell.printJson({ keys: edited })
    else shell.print(edited)
    return EXIT.done
  },
}

async function changeOf(shell: Shell, command: Command, list: string): Promise<KeyChange> {
  const [verb, kid]: [(typeof CHANGES)[number], string] = command.processedArgs as never
  const options = command.opts<Options>()
  if (options.generate && verb !== 'add') throw usage('--generate: belongs to add')
  if (options.inventoryZero && verb !== 'destroy') throw usage('--inventory-zero: belongs to destroy')
  switch (verb) {
    case 'add':
      return { add: options.generate ? generateKey(kid) : await givenKey(shell, kid) }
    case 'promote':
      return { promote: kid }
    case 'disable':
      return { disable: kid }
    case 'enable':
      return { enable: kid }
    case 'destroy':
      return destruction(shell, list, kid, options)
  }
}

async function givenKey(shell: Shell, kid: string): Promise<string> {
  const key = (await shell.readText('a key, as keys generate prints it')).trim()
  // editKeys judges everything else about it; the name is given twice so that a wrong paste is noticed.
  if (key.startsWith('wxk1.') && !key.startsWith(`wxk1.${kid}.`)) {
    throw usage('standard input: the key has another name than <kid>')
  }
  return key
}

async function destruction(
  shell: Shell,
  list: string,
  kid: string,
  { inventoryZero, ...database }: Options,
): Promise<KeyChange> {
  const change = { destroy: kid, inventory: { byKid: {} } }
  // A key that may not be destroyed at all needs no proof.
  editKeys(list, change)
  if (inventoryZero === undefined) {
    throw usage(
      '--inventory-zero: expected with destroy, once for every column of sealed values or blind indexes',
    )
  }
  await assertUnused(shell, keyringOf(shell), kid, inventoryZero, database)
  return change
}
