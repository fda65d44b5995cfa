import { digest, sha256 } from '#crypto'
import { isText, lp } from '../internal/lp.js'
import { EnvelopeError } from './errors.js'

/**
 * What a value is bound to: it opens only where the same pairs are given again. Bound, not stored. 2 to 16 pairs; names
 * `[A-Za-z][A-Za-z0-9_.-]{0,63}`, values of 1 to 512 bytes in UTF-8. Use constants and ids that never change, not the names
 * of tables or classes. A shape of your own must be a `type`: TypeScript gives an `interface` no index signature.
 */
export interface SealContext {
  /** Whose value it is. */
  readonly tenant: string
  /** What it is for: `wa.access_token`. */
  readonly purpose: string
  /** What else tells it from others, such as the row's id. */
  readonly [name: string]: string
}

/** A context that was read and found good. */
export interface BoundContext {
  readonly tenant: string
  readonly purpose: string
  /** Names of all pairs, sorted. */
  readonly names: readonly string[]
  /** SHA-256 over the pairs. */
  readonly hash: Uint8Array
}

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
/** What a missing value turns into when a template or a concatenation prints it. */
const ACCIDENTS: readonly string[] = /* @__PURE__ */ Object.freeze([
  'undefined',
  'null',
  'NaN',
  '[object Object]',
])

/** Every pair is read once: a getter has no second say. @throws EnvelopeError `invalid_context`. */
export function readContext(context: unknown): BoundContext {
  const fields: string[] = []
  const names: string[] = []
  let tenant: string | undefined
  let purpose: string | undefined
  for (const name of namesOf(context)) {
    const value = textOf(context as object, name)
    if (name === 'tenant') tenant = value
    if (name === 'purpose') purpose = value
    names.push(name)
    fields.push(name, value)
  }
  if (tenant === undefined) throw invalid('tenant is missing')
  if (purpose === undefined) throw invalid('purpose is missing')
  return { tenant, purpose, names, hash: digest(sha256, [lp(...fields)]) }
}

/** Own enumerable names in the order of their bytes, which are ASCII. */
function namesOf(context: unknown): readonly string[] {
  if (typeof context !== 'object' || context === null) throw invalid('expected an object')
  let names: string[]
  try {
    names = Object.keys(context)
  } catch {
    throw invalid('expected a plain object')
  }
  if (names.length > 16) throw invalid('more than 16 pairs')
  if (!names.every((name) => NAME.test(name))) throw invalid('a name has another form')
  return names.sort()
}

function textOf(context: object, name: string): string {
  let value: unknown
  try {
    value = (context as Readonly<Record<string, unknown>>)[name]
  } catch {
    throw invalid(`${name} cannot be read`)
  }
  if (!isText(value, 512)) throw invalid(`${name}: expected text of 1 to 512 bytes`)
  if (ACCIDENTS.includes(value)) throw invalid(`${name} is the text of a missing value`)
  return value
}

const invalid = (remark: string): EnvelopeError => new EnvelopeError('invalid_context', { remark })
