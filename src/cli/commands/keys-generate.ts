import { generateKey } from '../../keyring/index.js'
import type { CommandFile } from '../command.js'
import { EXIT } from '../exit.js'

/** `waxseal keys generate <kid>` */
export const command: CommandFile = {
  declare(command) {
    command
      .argument(
        '<kid>',
        'name of the key, for example 2026-05: lower-case letters, digits and "-", at most 32',
      )
      .description('Prints a new key string to standard output and nothing else.')
  },

  async run(shell, { processedArgs: [kid] }) {
    const key = generateKey(kid)
    if (shell.json) shell.printJson({ kid, key })
    else shell.print(key)
    return EXIT.done
  },
}
