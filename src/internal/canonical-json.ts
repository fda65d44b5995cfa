/** Containers within containers. It also ends cycles. */
const MAX_DEPTH = 128
/** It also ends the unfolding of a small graph whose nodes share children. */
const MAX_CHARACTERS = 16_777_216

interface Output {
  text: string
  /** The refusal that is being thrown; anything else that comes flying was thrown by the value. */
  refusal?: TypeError
}

/**
 * The one JSON text of a value, after RFC 8785: members sorted by UTF-16 code units, numbers and escapes as ECMAScript
 * writes them, no white space.
 *
 * Only what JSON can say is taken: `undefined`, NaN, infinities, bigint, symbols, functions, boxed values, dates, maps,
 * class instances, typed arrays, holes and lone surrogates (in names too) are refused, and so are more than 128 levels
 * and more than 16777216 characters. `toJSON` is not called. Integers that `JSON.parse` has rounded stay rounded.
 *
 * ```ts
 * import { canonicalJson } from 'waxseal/idempotency'
 *
 * canonicalJson({ b: 1e21, a: [-0, '€'] }) // => '{"a":[0,"€"],"b":1e+21}'
 * ```
 *
 * @throws TypeError that names the kind of what was found and its depth, never a value or the name of a member.
 */
export function canonicalJson(value: unknown): string {
  const output: Output = { text: '' }
  try {
    write(output, value, 0)
  } catch {
    // A getter or a proxy may throw whatever it likes, secrets included.
    throw output.refusal ?? unexpected('an object that cannot be read')
  }
  return output.text
}

function write(output: Output, value: unknown, depth: number): void {
  if (typeof value === 'string') writeString(output, value, depth)
  else if (typeof value === 'boolean' || value === null) put(output, String(value), depth)
  else if (typeof value === 'number') writeNumber(output, value, depth)
  else if (typeof value === 'object') writeContainer(output, value, depth)
  // A hole reads as undefined and ends here as well.
  else refuse(output, typeof value, depth)
}

function writeNumber(output: Output, value: number, depth: number): void {
  if (!Number.isFinite(value)) refuse(output, 'a number that is not finite', depth)
  put(output, String(value), depth)
}

function writeString(output: Output, text: string, depth: number): void {
  if (text.length > MAX_CHARACTERS) refuse(output, `more than ${MAX_CHARACTERS} characters`, depth)
  if (!text.isWellFormed()) refuse(output, 'text with a lone surrogate', depth)
  put(output, JSON.stringify(text), depth)
}

function writeContainer(output: Output, value: object, depth: number): void {
  if (depth >= MAX_DEPTH) refuse(output, `more than ${MAX_DEPTH} levels`, depth)
  if (Array.isArray(value)) writeArray(output, value, depth)
  else if (isPlain(value)) writeObject(output, value, depth)
  else refuse(output, 'an object that is neither plain nor an array', depth)
}

function writeArray(output: Output, values: readonly unknown[], depth: number): void {
  put(output, '[', depth)
  for (let i = 0; i < values.length; i++) {
    if (i > 0) put(output, ',', depth)
    write(output, values[i], depth + 1)
  }
  put(output, ']', depth)
}

function writeObject(output: Output, members: Readonly<Record<string, unknown>>, depth: number): void {
  if (Object.getOwnPropertySymbols(members).length > 0) refuse(output, 'a symbol as a name', depth)
  // Without a comparator `sort` goes by UTF-16 code units, as RFC 8785 §3.2.3 asks.
  const names = Object.keys(members).sort()
  put(output, '{', depth)
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (i > 0) put(output, ',', depth)
    writeString(output, name, depth)
    put(output, ':', depth)
    write(output, members[name], depth + 1)
  }
  put(output, '}', depth)
}

function put(output: Output, piece: string, depth: number): void {
  output.text += piece
  if (output.text.length > MAX_CHARACTERS) refuse(output, `more than ${MAX_CHARACTERS} characters`, depth)
}

/** A literal, an object without prototype, or either of another realm, told by what only `Object.prototype` owns. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  )
}

function refuse(output: Output, found: string, depth: number): never {
  output.refusal = unexpected(`${found} at depth ${depth}`)
  throw output.refusal
}

function unexpected(found: string): TypeError {
  return new TypeError(`value: expected JSON, found ${found}`)
}
