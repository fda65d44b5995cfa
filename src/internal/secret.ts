import { exposed, secretValues } from './secret-values.js'

const REDACTED = '[REDACTED]'

/**
 * Holds a token or a key out of sight: no printing, logging, templating, cloning, spreading or serialising shows it.
 * `expose()` is the one way out, and easy to grep for. Bytes are copied in.
 *
 * ```ts
 * import { Secret } from 'waxseal'
 *
 * const token = new Secret('EAAN6tcBzAUBOwDt')
 * String(token) // => '[REDACTED]'
 * token.expose() // => 'EAAN6tcBzAUBOwDt'
 * ```
 *
 * @throws TypeError unless the value is a well-formed string or a Uint8Array.
 */
export class Secret<T extends string | Uint8Array = string> {
  /** TypeError unless the value is a well-formed string or a Uint8Array, which is copied. */
  constructor(value: T) {
    if (typeof value === 'string' ? !value.isWellFormed() : !isUint8Array(value)) {
      throw new TypeError('value: expected a well-formed string or a Uint8Array')
    }
    secretValues.set(this, typeof value === 'string' ? value : Uint8Array.from(value))
  }

  /** The value; for bytes the held array itself, do not change it. TypeError after `dispose()`. */
  expose(): T {
    const value = secretValues.get(this)
    if (value === undefined) throw new TypeError('expose: expected a Secret that was not disposed of')
    return value as T
  }

  /** Equality, in constant time for equal lengths; `false` for a value of another type and after `dispose()`. */
  equals(other: string | Uint8Array | Secret<string | Uint8Array>): boolean {
    const mine = secretValues.get(this)
    // Not by `instanceof`: bundlers rename a class that names itself, and inspectors would print that name.
    const theirs = exposed(other)
    if (typeof mine === 'string') return typeof theirs === 'string' && sameUnits(mine, theirs, codeUnit)
    return mine !== undefined && isUint8Array(theirs) && sameUnits(mine, theirs, byteAt)
  }

  /** Forgets the value; bytes are zeroed. A string cannot be wiped from memory. */
  dispose(): void {
    const value = secretValues.get(this)
    if (isUint8Array(value)) value.fill(0)
    if (secretValues.has(this)) secretValues.set(this, undefined)
  }

  /** What templates and concatenation show. */
  toString(): '[REDACTED]' {
    return REDACTED
  }

  /** What `JSON.stringify` shows. */
  toJSON(): '[REDACTED]' {
    return REDACTED
  }

  /** What `console.log` and `util.inspect` print on Node, Bun and Deno. */
  [Symbol.for('nodejs.util.inspect.custom')](): '[REDACTED]' {
    return REDACTED
  }
}

function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

const codeUnit = (text: string, at: number): number => text.charCodeAt(at)
const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number

/** No early exit: the time tells the length, never where two values part. */
function sameUnits<V extends { readonly length: number }>(
  a: V,
  b: V,
  unit: (value: V, at: number) => number,
): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= unit(a, i) ^ unit(b, i)
  return difference === 0
}
