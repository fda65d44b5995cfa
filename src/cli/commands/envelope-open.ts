import { MAX_PLAINTEXT_BYTES } from '../../envelope/format.js'
import { createEnvelope } from '../../envelope/index.js'
import type { CommandFile } from '../command.js'
import { EXIT } from '../exit.js'
import { keyringOf } from '../keyring-of.js'
import { contextOf, declareContext } from '../seal-context.js'

/** `waxseal envelope open` */
export const command: CommandFile = {
  declare(command) {
    declareContext(command)
    command.description(
      'Opens the sealed value on standard input and prints it, and a newline, to standard output. The value is a secret: mind where that goes.',
    )
  },

  async run(shell, command) {
    const context = contextOf(command)
    const envelope = createEnvelope({ keyring: keyringOf(shell), maxBytes: MAX_PLAINTEXT_BYTES })
    const sealed = await shell.readText('a sealed value')
    if (shell.json) shell.printJson({ value: envelope.open(sealed, context) })
    else shell.print(envelope.open(sealed, context, { as: 'bytes' }))
    return EXIT.done
  },
}
