import { withoutStack } from '../internal/error.js'
import { isErrorPrototype } from './error-members.js'
import { UNREADABLE } from './markers.js'
import { dataOf, isObject, prototypesOf } from './read.js'
import type { Fired } from './rules.js'
import { type CopyOptions, copy, startWalk } from './value.js'

/** As in errors that the engine makes. */
const NOT_ENUMERABLE = ['name', 'message', 'stack', 'cause', 'errors']

/**
 * An Error without secrets, fit to hand on: what `value` tells of an error, as an Error again, and so are its causes and
 * `errors`, to a depth of 5. `name` is an own member, the class is not kept. What is not an error becomes one whose
 * message is its text; of an object with a `message`, that, and its `name`, `code` and `status`.
 */
export function errorOf(input: unknown, options: CopyOptions, fired: Fired): Error {
  const walk = startWalk(options, fired, toError)
  if (isObject(input) && prototypesOf(input).some(isErrorPrototype)) {
    const copied = copy(walk, input)
    if (copied instanceof Error) return copied
  }
  // SDKs throw plain objects too.
  const message = isObject(input) ? dataOf(input, 'message') : undefined
  if (typeof message === 'string') {
    const { name, code, status } = copy(walk, input) as Record<string, unknown>
    return toError({ name, message: copy(walk, message), code, status })
  }
  return toError({ message: copy(walk, printed(input)) })
}

function printed(input: unknown): string {
  try {
    return String(input)
  } catch {
    return UNREADABLE
  }
}

function toError(members: Readonly<Record<string, unknown>>): Error {
  const error = withoutStack(() => new Error())
  const { name = 'Error', message, stack = `${name}: ${message}` } = members
  for (const [key, value] of Object.entries({ ...members, stack })) {
    if (value === undefined) continue
    const enumerable = !NOT_ENUMERABLE.includes(key)
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true })
  }
  return error
}
