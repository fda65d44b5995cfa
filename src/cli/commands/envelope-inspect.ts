import { createCore } from '../../envelope/core.js'
import { MAX_PLAINTEXT_BYTES } from '../../envelope/format.js'
import type { CommandFile } from '../command.js'
import { EXIT } from '../exit.js'

/** `waxseal envelope inspect` */
export const command: CommandFile = {
  declare(command) {
    command.description(
      'Tells what the stored value on standard input is: sealed and under which kid, damaged, or something else. Needs no key and decrypts nothing. Exit code 1 unless it is a sealed value.',
    )
  },

  async run(shell) {
    const value = await shell.readText('a stored value')
    // Without keys there is no state to tell.
    const found = createCore({ maxBytes: MAX_PLAINTEXT_BYTES }).inspect(value, () => 'unknown')
    if (found.kind === 'sealed') {
      const { kind, kid, edkBytes, plaintextBytes } = found
      shell.printJson({ kind, kid, edkBytes, plaintextBytes })
      shell.say(`sealed under ${kid}: ${plaintextBytes} bytes, and ${edkBytes} of encrypted data key`)
      return EXIT.done
    }
    shell.printJson(found)
    const hint =
      'hint' in found && found.hint !== null ? `; looks like ${found.hint.replaceAll('_', ' ')}` : ''
    const what = found.kind === 'other' ? 'no sealed value' : found.kind.replaceAll('_', ' ')
    shell.say(`${what}${hint}`)
    return EXIT.no
  },
}
