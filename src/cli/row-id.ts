/** Ids are data: one may hold an escape sequence for the terminal, or a command for whoever pastes it. */

const PLAIN = /^[\w.:@-]+$/
/** What does not print, or changes how the rest does: control, format and private characters, other line ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/** The id as it stands where that is harmless, else as a JSON string of printable characters. */
export function printable(id: string): string {
  if (PLAIN.test(id)) return id
  return JSON.stringify(id).replace(new RegExp(UNPRINTABLE, 'gu'), (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** The id as one word of a shell; `undefined` where it cannot be shown as it is. */
export function shellWord(id: string): string | undefined {
  if (PLAIN.test(id)) return id
  return UNPRINTABLE.test(id) ? undefined : `'${id.replaceAll("'", "'\\''")}'`
}
