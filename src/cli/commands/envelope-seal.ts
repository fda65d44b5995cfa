import { createEnvelope } from '../../envelope/index.js'
import { fromUtf8 } from '../../internal/bytes.js'
import type { CommandFile } from '../command.js'
import { EXIT } from '../exit.js'
import { keyringOf } from '../keyring-of.js'
import { contextOf, declareContext } from '../seal-context.js'

/** `waxseal envelope seal` */
export const command: CommandFile = {
  declare(command) {
    declareContext(command)
    command.description(
      'Seals the value on standard input under the primary key of WAXSEAL_KEYS. One newline at its end is left out.',
    )
  },

  async run(shell, command) {
    const context = contextOf(command)
    const envelope = createEnvelope({ keyring: keyringOf(shell) })
    const value = await shell.read('a value to seal')
    const sealed = envelope.seal(fromUtf8(value) ?? value, context)
    if (shell.json) shell.printJson({ kid: envelope.primary, sealed })
    else shell.print(sealed)
    return EXIT.done
  },
}
