import { truncatedMarker, UNREADABLE } from './markers.js'

/**
 * Reading objects without running code of theirs: descriptors instead of values, so that no getter runs. Only the traps of
 * a Proxy still do, and those that throw are survived here, each at its own member.
 */

/** Members that are read of one container. */
export const MAX_MEMBERS = 1000

const UNREADABLE_MEMBER: PropertyDescriptor = /* @__PURE__ */ Object.freeze({ value: UNREADABLE })

/**
 * The own property; `[Unreadable]` as its value where a Proxy throws. One by one, for 25 ns each:
 * `getOwnPropertyDescriptors` takes ten times as long, and nothing faster tells a getter from a value.
 */
export function propertyOf(source: object, key: string | number): PropertyDescriptor | undefined {
  try {
    return Object.getOwnPropertyDescriptor(source, key)
  } catch {
    return UNREADABLE_MEMBER
  }
}

/** The value of an own data property; `undefined` for an accessor. */
export const dataOf = (source: object, key: string): unknown => propertyOf(source, key)?.value

/** Whether the property has no value of its own. In this order because nearly every value is not `undefined`. */
export const isAccessor = (property: PropertyDescriptor): boolean =>
  property.value === undefined && 'get' in property

/** Own enumerable names, symbols left out; `undefined` where a Proxy throws. */
export function namesOf(source: object): string[] | undefined {
  try {
    return Object.keys(source)
  } catch {
    return undefined
  }
}

/** What is to be read how. Arrays of other realms and Proxies of arrays are arrays. */
export function shapeOf(source: object): 'array' | 'plain' | 'other' | 'unreadable' {
  try {
    if (Array.isArray(source)) return 'array'
    const prototype = Object.getPrototypeOf(source)
    return prototype === Object.prototype || prototype === null ? 'plain' : 'other'
  } catch {
    return 'unreadable'
  }
}

/** Elements of an array, holes included. A Proxy may say anything. */
export function lengthOf(source: object): number {
  const length = dataOf(source, 'length')
  return Number.isSafeInteger(length) ? Math.max(0, length as number) : 0
}

/** The elements of an array; a marker stands for those past the limit. */
export function elementsOf(array: object): unknown[] {
  const length = lengthOf(array)
  const elements: unknown[] = []
  for (let i = 0; i < Math.min(length, MAX_MEMBERS); i++) elements.push(propertyOf(array, i)?.value)
  if (length > MAX_MEMBERS) elements.push(truncatedMarker(length - MAX_MEMBERS))
  return elements
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A chain that is longer is a Proxy's. */
const LONGEST_CHAIN = 32

/** The prototypes, nearest first, as far as they can be had. */
export function prototypesOf(source: object): readonly object[] {
  const chain: object[] = []
  try {
    let prototype = Object.getPrototypeOf(source)
    while (prototype !== null && chain.length < LONGEST_CHAIN) {
      chain.push(prototype)
      prototype = Object.getPrototypeOf(prototype)
    }
  } catch {
    // A Proxy in the chain: it ends here.
  }
  return chain
}

/** What an intrinsic getter says of an object; `undefined` unless the object is one that it takes. */
export function intrinsic(prototype: object | undefined, name: string, source: object): unknown {
  try {
    return prototype && Object.getOwnPropertyDescriptor(prototype, name)?.get?.call(source)
  } catch {
    return undefined
  }
}
