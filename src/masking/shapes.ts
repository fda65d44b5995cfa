import { assertInteger, assertObject } from '../internal/assert.js'
import { TOKEN_RULES, type TokenRule } from './tokens.js'
import type { TokenShape } from './types.js'

/** What else `observe` can name. */
const OTHER_RULES = ['name', 'literal', 'pem', 'bytes', 'secret', 'tel', 'mail', 'wamid', 'text']
/** Characters, and ranges within the letters and the digits; `-` itself stands last. */
const CHARS = /^(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9]|[A-Za-z0-9_.~+/=])*-?$/

export const isBuiltInRule = (name: string): boolean => TOKEN_RULES.some((rule) => rule.name === name)

/** A user's shape as a rule. TypeError or RangeError naming the member. */
export function ruleOf(shape: unknown, option: string): TokenRule {
  assertObject(shape, option)
  const { name, prefix, chars = 'A-Za-z0-9_-', min } = shape as TokenShape
  if (typeof name !== 'string' || !/^[a-z0-9_]{1,32}$/.test(name)) {
    throw new TypeError(`${option}.name: expected 1 to 32 of [a-z0-9_]`)
  }
  if (isBuiltInRule(name) || OTHER_RULES.includes(name)) {
    throw new RangeError(`${option}.name: expected a name that no built-in rule has`)
  }
  const prefixes = readPrefixes(prefix, `${option}.prefix`)
  if (typeof chars !== 'string' || chars === '' || !CHARS.test(chars) || !rangesAscend(chars)) {
    throw new TypeError(`${option}.chars: expected characters and ranges out of [A-Za-z0-9_.~+/=-]`)
  }
  assertInteger(min, `${option}.min`, 8, 1024)
  return { name, cues: prefixes, hide: [{ chars, min }] }
}

function readPrefixes(prefix: unknown, option: string): readonly string[] {
  const prefixes: readonly unknown[] = Array.isArray(prefix) ? [...prefix] : [prefix]
  if (prefixes.length === 0 || !prefixes.every((each) => typeof each === 'string')) {
    throw new TypeError(`${option}: expected a string or several`)
  }
  for (const each of prefixes as readonly string[]) {
    if (each.length < 3 || each.length > 32) throw new RangeError(`${option}: expected 3 to 32 characters`)
    if (!/^[A-Za-z0-9_.:-]+$/.test(each))
      throw new TypeError(`${option}: expected characters of [A-Za-z0-9_.:-]`)
  }
  // The longest first: one may begin another.
  return [...(prefixes as readonly string[])].sort((a, b) => b.length - a.length)
}

function rangesAscend(chars: string): boolean {
  return [...chars.matchAll(/(.)-(.)/g)].every(([, first = '', last = '']) => first <= last)
}
