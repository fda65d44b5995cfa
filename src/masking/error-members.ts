import { httpOf, isHttpName } from './http-members.js'
import { GETTER, truncatedMarker } from './markers.js'
import {
  dataOf,
  elementsOf,
  intrinsic,
  isAccessor,
  isObject,
  lengthOf,
  MAX_MEMBERS,
  namesOf,
  propertyOf,
  shapeOf,
} from './read.js'

/** What is told of an error before the rest of its own data. */
const FIXED_NAMES = ['name', 'message', 'stack', 'code', 'status', 'cause', 'errors']

/**
 * Whether errors inherit from it: told by what only `Error.prototype` owns, for the errors of other realms. This rule
 * and not `Error.isError`, so that an error prints alike on every runtime, those of old constructor functions included.
 */
export function isErrorPrototype(prototype: object): boolean {
  return (
    prototype === Error.prototype ||
    (dataOf(prototype, 'message') === '' &&
      dataOf(prototype, 'name') === 'Error' &&
      typeof dataOf(prototype, 'toString') === 'function')
  )
}

/**
 * What is kept of an error, not yet redacted. An HTTP client's request, response and configuration shrink to `http`, the
 * issues of a schema library to their paths and codes: their messages repeat the input, and so does the error's.
 */
export function errorMembers(error: object, chain: readonly object[]): Record<string, unknown> {
  const members: Record<string, unknown> = Object.create(null)
  const keep = (name: string, value: unknown): void => {
    if (value !== undefined) members[name] = value
  }
  const name = textOf(error, chain, 'name') ?? classOf(chain)
  const message = textOf(error, chain, 'message')
  const stack = stackOf(error)
  const issues = issuesOf(error)
  keep('name', name)
  if (issues === undefined) {
    keep('message', message ?? GETTER)
    keep('stack', stack)
  } else {
    keep('message', `${issues.count} issues`)
    keep('stack', stack && `${name}: ${issues.count} issues${framesOf(stack, message)}`)
  }
  keep('code', textOrNumber(dataOf(error, 'code')))
  keep('status', textOrNumber(dataOf(error, 'status')))
  keep('cause', dataOf(error, 'cause'))
  keep('errors', dataOf(error, 'errors'))
  keep('http', httpOf(error))
  keep('issues', issues?.list)
  keepOthers(error, members)
  return members
}

function keepOthers(error: object, members: Record<string, unknown>): void {
  const names = (namesOf(error) ?? []).filter(
    (name) => !(name in members || FIXED_NAMES.includes(name) || isHttpName(name)),
  )
  const room = MAX_MEMBERS - Object.keys(members).length
  for (const name of names.slice(0, room)) {
    const property = propertyOf(error, name)
    if (property !== undefined) members[name] = isAccessor(property) ? GETTER : property.value
  }
  if (names.length > room) members[truncatedMarker(names.length - room)] = true
}

/** The nearest text under this name. Behind a getter there is none, but for the one of DOMException. */
function textOf(error: object, chain: readonly object[], name: string): string | undefined {
  for (const holder of [error, ...chain]) {
    const property = propertyOf(holder, name)
    if (typeof property?.value === 'string') return property.value
    if (property !== undefined && isAccessor(property)) {
      return textual(intrinsic(globalThis.DOMException?.prototype, name, error))
    }
  }
  return undefined
}

/** The name of the class, where `name` is a getter. */
function classOf([prototype]: readonly object[]): string {
  const owner = prototype && dataOf(prototype, 'constructor')
  return (typeof owner === 'function' && textual(dataOf(owner, 'name'))) || 'Error'
}

/**
 * Newer engines have an accessor here, own or inherited: theirs is asked, whichever one this error has. Where a stack is
 * formatted when it is first read, as on Node, the engine asks the error for its name and message then.
 */
function stackOf(error: object): string | undefined {
  return (
    textual(dataOf(error, 'stack')) ??
    textual(intrinsic(new Error(), 'stack', error) ?? intrinsic(Error.prototype, 'stack', error))
  )
}

/** A stack without the message that stands above it. */
function framesOf(stack: string, message = ''): string {
  const at = stack.indexOf(message)
  const frames = at < 0 ? stack : stack.slice(at + message.length)
  const first = frames.search(/\n\s+at /)
  return first < 0 ? '' : frames.slice(first)
}

/** Of zod, valibot and all that follow Standard Schema; `undefined` for other errors. */
function issuesOf(error: object): { readonly count: number; readonly list: readonly unknown[] } | undefined {
  const issues = arrayOf(error, 'issues')
  return issues && { count: lengthOf(issues), list: elementsOf(issues).map(issueOf) }
}

/** Valibot says `type` for `code`. */
function issueOf(issue: unknown): unknown {
  if (!isObject(issue)) return issue
  const path = arrayOf(issue, 'path')
  const code = textOrNumber(dataOf(issue, 'code')) ?? textOrNumber(dataOf(issue, 'type'))
  return { path: path ? elementsOf(path).map(keyOf) : [], code }
}

/** A step of a path is a key, or an object that has one. */
function keyOf(step: unknown): unknown {
  const key = isObject(step) ? dataOf(step, 'key') : step
  return typeof key === 'symbol' ? String(key) : textOrNumber(key)
}

function arrayOf(source: object, name: string): object | undefined {
  const value = dataOf(source, name)
  return isObject(value) && shapeOf(value) === 'array' ? value : undefined
}

const textual = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const textOrNumber = (value: unknown): string | number | undefined =>
  typeof value === 'number' ? value : textual(value)
