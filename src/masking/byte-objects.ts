import { FEWEST_BYTES } from './printed-bytes.js'
import { dataOf, elementsOf, isObject, lengthOf, MAX_MEMBERS, shapeOf } from './read.js'

/**
 * How many bytes an object is that once was a Buffer or a typed array and has been through JSON: `{ type: 'Buffer', data:
 * […] }` or `{ 0: 1, 1: 2, 2: 3 }`. The text of it is hidden too. Of a long one the beginning is looked at.
 */
export function bytesIn(source: object, names: readonly string[]): number | undefined {
  if (names.length === 2 && names.includes('type') && names.includes('data')) return bufferIn(source)
  // Engines put these names in front and in order, so the last one tells that all are there.
  const isNumbered = names[0] === '0' && names.at(-1) === String(names.length - 1)
  if (!isNumbered || names.length < FEWEST_BYTES) return undefined
  return names.slice(0, MAX_MEMBERS).every((name) => isByte(dataOf(source, name))) ? names.length : undefined
}

function bufferIn(source: object): number | undefined {
  const data = dataOf(source, 'data')
  if (dataOf(source, 'type') !== 'Buffer' || !isObject(data) || shapeOf(data) !== 'array') return undefined
  return elementsOf(data).slice(0, MAX_MEMBERS).every(isByte) ? lengthOf(data) : undefined
}

const isByte = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
