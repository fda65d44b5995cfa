import { readFileSync } from 'node:fs'
import {
  aesCbc,
  aesGcm,
  cloak,
  type LegacyFormat,
  type LegacyKey,
  type LegacyReader,
  legacyReader,
} from '../envelope/legacy.js'
import { usage } from './exit.js'
import type { Shell } from './shell.js'

/** A member of the document, and its path, which every complaint names. */
interface Node {
  readonly path: string
  readonly value: unknown
}
type Members = Readonly<Record<string, Node>>

const LAYOUT = /* @__PURE__ */ Object.freeze(['type', 'name', 'key', 'layout', 'separator', 'encoding'])
const KEY_FORMS = /* @__PURE__ */ Object.freeze(['hex', 'base64', 'utf8', 'sha256'])

/**
 * The reader that a declaration describes: what a column held before it held envelopes. Keys stand in environment
 * variables which the declaration names. Every mistake is a Failure 2 that names its path in the document, never a value.
 */
export function readDeclaration(shell: Shell, file: string): LegacyReader {
  const root = membersOf({ path: '', value: parseFile(file) }, ['formats'], ['plaintext'])
  const formats = arrayOf(root['formats']).map((node) => formatOf(shell, node))
  const plaintext = root['plaintext'] && plaintextOf(root['plaintext'])
  const reader = located('', () => legacyReader({ formats, plaintext }))
  if (plaintext !== undefined && plaintext.until.getTime() < Date.now()) {
    shell.say(
      '--from-legacy: the plaintext window is over (plaintext.until): such rows are not read any more',
    )
  }
  return reader
}

function parseFile(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw usage('--from-legacy: the file cannot be read')
  }
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the text.
    throw usage('--from-legacy: the file is not JSON')
  }
}

function formatOf(shell: Shell, node: Node): LegacyFormat {
  const type = textOf(membersOf(node, ['type'], null)['type'])
  switch (type) {
    case 'aesGcm': {
      const members = membersOf(node, [...LAYOUT, 'ivBytes'], ['prefix'])
      const options = {
        ...layoutOf<'iv' | 'tag' | 'ct'>(shell, members),
        ivBytes: members['ivBytes']?.value as 12,
      }
      return located(node.path, () => aesGcm(options))
    }
    case 'aesCbc': {
      const members = membersOf(node, [...LAYOUT, 'validate'], ['prefix'])
      const options = { ...layoutOf<'iv' | 'ct'>(shell, members), validate: testOf(members['validate']) }
      return located(node.path, () => aesCbc(options))
    }
    case 'cloak': {
      const { keys } = membersOf(node, ['type', 'keys'], [])
      const { env } = membersOf(keys, ['env'], [])
      const list = variable(shell, env)
        .split(/[\s,]+/)
        .filter((key) => key !== '')
      return located(node.path, () => cloak(list))
    }
    default:
      throw wrong(`${node.path}.type`, "expected 'aesGcm', 'aesCbc' or 'cloak'")
  }
}

/** What both AES layouts share. The factories judge the values. */
function layoutOf<P extends string>(shell: Shell, members: Members) {
  const { name, key, layout, separator, encoding, prefix } = members
  return {
    name: textOf(name),
    key: keyOf(shell, key),
    layout: arrayOf(layout).map(textOf) as P[],
    separator: separator?.value as string | null,
    encoding: encoding?.value as 'hex',
    ...(prefix === undefined ? {} : { prefix: textOf(prefix) }),
  }
}

function keyOf(shell: Shell, node: Node | undefined): LegacyKey {
  const { env, encoding } = membersOf(node, ['env', 'encoding'], [])
  const form = textOf(encoding)
  if (!KEY_FORMS.includes(form)) throw wrong(encoding?.path, `expected one of ${KEY_FORMS.join(', ')}`)
  return { [form]: variable(shell, env) } as unknown as LegacyKey
}

function plaintextOf(node: Node): { until: Date; accept: (value: string) => boolean } {
  const { until, accept } = membersOf(node, ['until', 'accept'], [])
  const date = textOf(until)
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(date) ? new Date(date) : new Date(Number.NaN)
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date.slice(0, 10))) {
    throw wrong(until?.path, 'expected a date such as 2027-01-31, in UTC')
  }
  return { until: at, accept: testOf(accept) }
}

function variable(shell: Shell, node: Node | undefined): string {
  const name = textOf(node)
  // A name that is none may be the key itself.
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw wrong(node?.path, 'expected the name of an environment variable')
  }
  const value = shell.env[name]
  // Environments inherit `constructor` and the like.
  if (typeof value !== 'string' || value === '')
    throw wrong(node?.path, 'the environment variable that it names is not set')
  return value
}

function testOf(node: Node | undefined): (text: string) => boolean {
  const source = textOf(node)
  try {
    const pattern = new RegExp(source, 'u')
    return (text) => pattern.test(text)
  } catch {
    throw wrong(node?.path, 'expected a regular expression')
  }
}

function textOf(node: Node | undefined): string {
  if (typeof node?.value !== 'string' || node.value === '') throw wrong(node?.path, 'expected text')
  return node.value
}

function arrayOf(node: Node | undefined): readonly Node[] {
  if (!Array.isArray(node?.value)) throw wrong(node?.path, 'expected an array')
  return node.value.map((value, at) => ({ path: `${node.path}[${at}]`, value }))
}

/** The members of an object, by name. All required ones are there, and none but these; `null` allows any other. */
function membersOf(
  node: Node | undefined,
  required: readonly string[],
  optional: readonly string[] | null,
): Members {
  const { path = '', value } = node ?? {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'expected an object')
  const members: Record<string, Node> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    const its = path === '' ? name : `${path}.${name}`
    if (optional !== null && !required.includes(name) && !optional.includes(name)) {
      const expected = `expected ${[...required, ...optional].join(', ')}`
      // What is longer may be a key at the wrong place.
      throw /^\w{1,24}$/.test(name)
        ? wrong(its, `unknown member; ${expected}`)
        : wrong(path, `an unknown member; ${expected}`)
    }
    members[name] = { path: its, value: member }
  }
  const missing = required.find((name) => members[name] === undefined)
  if (missing !== undefined) throw wrong(path, `${missing} is missing`)
  return members
}

/** Passes on what a factory says about an option, with the path before it. */
function located<T>(path: string, make: () => T): T {
  try {
    return make()
  } catch (thrown) {
    throw wrong(path, thrown instanceof Error ? thrown.message : 'cannot be used')
  }
}

const wrong = (path: string | undefined, expectation: string) =>
  usage(`--from-legacy: ${path || 'the document'}: ${expectation}`)
