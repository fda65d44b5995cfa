import { Argument, type Command } from 'commander'
import { editKeys, generateKey, type KeyChange } from '../../keyring/index.js'
import { isKid } from '../../keyring/key-string.js'
import type { CommandFile } from '../command.js'
import { openDatabase } from '../database.js'
import { EXIT, Failure, usage } from '../exit.js'
import { repeated } from '../options.js'
import { openForCounting } from '../sealed-column.js'
import type { Shell } from '../shell.js'

const CHANGES = /* @__PURE__ */ Object.freeze(['add', 'promote', 'disable', 'enable', 'destroy'] as const)

interface Options {
  readonly generate?: boolean
  readonly inventoryZero?: readonly string[]
  readonly databaseUrl?: string
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
  },

  async run(shell, command) {
    const list = shell.variable('WAXSEAL_KEYS')
    const edited = editKeys(list, await changeOf(shell, command))
    if (shell.json) shell.printJson({ keys: edited })
    else shell.print(edited)
    return EXIT.done
  },
}

async function changeOf(shell: Shell, command: Command): Promise<KeyChange> {
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
      // Of what is no kid nothing is counted: `editKeys` says that there is no such key.
      return {
        destroy: kid,
        inventory: { byKid: isKid(kid) ? { [kid]: await rowsUnder(shell, kid, options) } : {} },
      }
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

/** Counts in the database, now: a number from an earlier inventory proves nothing. */
async function rowsUnder(
  shell: Shell,
  kid: string,
  { inventoryZero, databaseUrl }: Options,
): Promise<number> {
  if (inventoryZero === undefined) {
    throw usage(
      '--inventory-zero: expected with destroy, once for every column of sealed values or blind indexes',
    )
  }
  const columns = inventoryZero.map((place) => {
    const [, table, column] = /^(.+)\.([^.]+)$/.exec(place) ?? []
    if (table === undefined || column === undefined) throw usage('--inventory-zero: expected table.column')
    return { place, table, column }
  })
  const database = await openDatabase(shell, databaseUrl)
  try {
    let left = 0
    for (const { place, table, column } of columns) {
      const sealed = await openForCounting(database, { table, column })
      const where = `t."${column}" LIKE 'wxb1.${kid}.%'`
      const indexes = await openForCounting(database, { table, column, where })
      const [{ byKid }, { total }] = [await sealed.inventory(kid), await indexes.inventory(kid)]
      const rows = (byKid[kid] ?? 0) + total
      shell.say(`${place}: ${rows} rows under ${kid}`)
      left += rows
    }
    if (left > 0) throw new Failure(EXIT.no, 'key_change_refused', `key ${kid} is in use: ${left} rows`)
    return left
  } finally {
    await database.close()
  }
}
