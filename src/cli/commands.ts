import type { CommandFile } from './command.js'

/** How a command is called, what it does in one line, and its file, which is loaded when it is called. */
export type Row = readonly [name: string, summary: string, load: () => Promise<{ command: CommandFile }>]

/** Every command, in the order in which help shows them. */
export const COMMANDS: readonly Row[] = /* @__PURE__ */ Object.freeze<Row[]>([
  ['keys generate', 'print a new key', () => import('./commands/keys-generate.js')],
  ['keys edit', 'print WAXSEAL_KEYS with one change', () => import('./commands/keys-edit.js')],
  ['keys check', 'states, ages and what is due', () => import('./commands/keys-check.js')],
  ['envelope seal', 'seal the value on standard input', () => import('./commands/envelope-seal.js')],
  ['envelope open', 'open the value on standard input', () => import('./commands/envelope-open.js')],
  ['envelope inspect', 'tell what a stored value is', () => import('./commands/envelope-inspect.js')],
  ['rotate', 'bring a column under the primary key', () => import('./commands/rotate.js')],
  ['inventory', 'count the rows of a column per key', () => import('./commands/inventory.js')],
])

/** What the words that group commands stand for. */
export const NOUNS: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({
  keys: 'root keys',
  envelope: 'sealed values',
})
