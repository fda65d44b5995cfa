/**
 * Assertions at the door. They name the option and what it takes, never the value that was given, because a value may
 * be a secret.
 */

/** TypeError unless it is absent or a function. */
export function assertOptionalFunction(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'function')
    throw new TypeError(`${option}: expected a function`)
}

/** TypeError unless it is an object. */
export function assertObject(value: unknown, option: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${option}: expected an object`)
}

/** TypeError unless it is a number, RangeError unless it is an integer within min…max. */
export function assertInteger(
  value: unknown,
  option: string,
  min: number,
  max: number,
): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${option}: expected a number`)
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${option}: expected an integer from ${min} to ${max}`)
  }
}
