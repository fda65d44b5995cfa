import { secretValues } from '../internal/secret-values.js'
import { errorMembers, isErrorPrototype } from './error-members.js'
import { truncatedMarker } from './markers.js'
import { intrinsic, MAX_MEMBERS, propertyOf, prototypesOf } from './read.js'

/** What is printed for an object that is neither an array nor plain. */
export type View =
  | { readonly as: 'secret' }
  | { readonly as: 'bytes'; readonly count: number }
  /** This in its place; it may be the object itself. */
  | { readonly as: 'value'; readonly value: unknown }
  /** A Map with other keys than strings. */
  | { readonly as: 'pairs'; readonly pairs: readonly Pair[]; readonly left: number }
  | { readonly as: 'error'; readonly members: object }

export type Pair = readonly [key: unknown, value: unknown]

interface Kind {
  /** `undefined` on runtimes that have none. */
  readonly prototype: () => object | undefined
  /** Throws, or gives `undefined`, for an object of another kind. */
  readonly read: (source: object, prototype: object) => View | undefined
  /** A method of the prototype, looked for first: on Node the mere mention of `Headers` takes 40 ms to load it. */
  readonly method?: string
}

const KINDS: readonly Kind[] = [
  { prototype: () => Date.prototype, read: readDate },
  { prototype: () => Map.prototype, read: readMap },
  { prototype: () => Set.prototype, read: readSet },
  { prototype: () => Object.getPrototypeOf(Uint8Array.prototype), read: readBytes },
  { prototype: () => DataView.prototype, read: readBytes },
  { prototype: () => ArrayBuffer.prototype, read: readBytes },
  { prototype: () => globalThis.SharedArrayBuffer?.prototype, read: readBytes },
  { prototype: () => globalThis.Blob?.prototype, read: readBytes },
  { prototype: () => globalThis.URL?.prototype, read: readUrl },
  { prototype: () => globalThis.URLSearchParams?.prototype, read: readEntries },
  { prototype: () => globalThis.Headers?.prototype, read: readEntries, method: 'append' },
  { prototype: () => globalThis.FormData?.prototype, read: readEntries, method: 'append' },
  { prototype: () => String.prototype, read: unbox },
  { prototype: () => Number.prototype, read: unbox },
  { prototype: () => Boolean.prototype, read: unbox },
  { prototype: () => BigInt.prototype, read: unbox },
  { prototype: () => Symbol.prototype, read: unbox },
]

/**
 * Tells kinds by what intrinsics find inside of an object, never by its `constructor` or `toStringTag`. Its prototypes only
 * say which intrinsic to ask, because one that refuses takes microseconds to throw; where they end in another realm, or
 * nowhere, each is asked. What an object holds that hides its kind is lost, not shown.
 */
export function viewOf(source: object): View {
  if (secretValues.has(source)) return { as: 'secret' }
  const chain = prototypesOf(source)
  if (chain.some(isErrorPrototype)) return { as: 'error', members: errorMembers(source, chain) }
  const isForeign = chain.at(-1) !== Object.prototype || ArrayBuffer.isView(source)
  for (const { prototype, read, method } of KINDS) {
    if (method !== undefined && !chain.some((each) => propertyOf(each, method) !== undefined)) continue
    const own = prototype()
    if (own === undefined || !(isForeign || chain.includes(own))) continue
    const view = attempt(() => read(source, own))
    if (view !== undefined) return view
  }
  return { as: 'value', value: source }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

const shown = (value: unknown): View => ({ as: 'value', value })

function readDate(source: object): View {
  const time = Date.prototype.getTime.call(source)
  return shown(Number.isNaN(time) ? null : Date.prototype.toISOString.call(source))
}

function readUrl(source: object, prototype: object): View | undefined {
  const href = intrinsic(prototype, 'href', source)
  return href === undefined ? undefined : shown(href)
}

function readBytes(source: object, prototype: object): View | undefined {
  const count = intrinsic(prototype, 'byteLength', source) ?? intrinsic(prototype, 'size', source)
  return typeof count === 'number' ? { as: 'bytes', count } : undefined
}

/** As `JSON.stringify` does, which prints what is in the box. */
function unbox(source: object, prototype: object): View {
  return shown(prototype.valueOf.call(source))
}

function readSet(source: object): View {
  const items: unknown[] = first(Set.prototype.values.call(source))
  const left = sizeOf(Set.prototype, source) - items.length
  if (left > 0) items.push(truncatedMarker(left))
  return shown(items)
}

function readMap(source: object): View {
  const pairs: Pair[] = first(Map.prototype.entries.call(source))
  const left = sizeOf(Map.prototype, source) - pairs.length
  if (!pairs.every(isNamed)) return { as: 'pairs', pairs, left }
  const members = recordOf(pairs)
  if (left > 0) members[truncatedMarker(left)] = true
  return shown(members)
}

/** A name that comes several times has an array. */
function readEntries(source: object, prototype: object): View {
  const pairs: [string, unknown][] = []
  ;(prototype as Headers).forEach.call(source as Headers, (value, name) => {
    pairs.push([name, value])
  })
  return shown(recordOf(pairs))
}

const isNamed = (pair: Pair): pair is readonly [string, unknown] => typeof pair[0] === 'string'

const sizeOf = (prototype: object, source: object): number => intrinsic(prototype, 'size', source) as number

/** Not all of a million. */
function first<T>(iterator: Iterable<T>): T[] {
  const taken: T[] = []
  for (const item of iterator) if (taken.push(item) === MAX_MEMBERS) break
  return taken
}

/** Without a prototype, so that `__proto__` is a name like any other. */
function recordOf(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null)
  const repeated = new Set<string>()
  for (const [name, value] of pairs) {
    if (!(name in record)) record[name] = value
    else if (repeated.has(name)) (record[name] as unknown[]).push(value)
    else {
      record[name] = [record[name], value]
      repeated.add(name)
    }
  }
  return record
}
