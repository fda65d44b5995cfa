import { describe, expect, it } from 'vitest'
import { assertInteger, assertObject, assertOptionalFunction } from '../../src/internal/assert.js'

describe('assertions name the option, and never the value', () => {
  it('assertOptionalFunction takes a function or nothing', () => {
    assertOptionalFunction(undefined, 'now')
    assertOptionalFunction(() => 1, 'now')
    assertOptionalFunction(class {}, 'now')
    for (const value of [null, 0, 'secret', {}, []]) {
      expect(() => assertOptionalFunction(value, 'now')).toThrow(new TypeError('now: expected a function'))
    }
  })

  it('assertObject takes an object of any kind', () => {
    for (const value of [{}, [], new Map(), Object.create(null)]) assertObject(value, 'options')
    for (const value of [null, undefined, 0, 'secret', () => 1]) {
      expect(() => assertObject(value, 'options')).toThrow(new TypeError('options: expected an object'))
    }
  })

  it('assertInteger takes an integer within its bounds, both included', () => {
    for (const value of [1, 2, 9]) assertInteger(value, 'count', 1, 9)
    for (const value of ['5', null, undefined, 5n, {}]) {
      expect(() => assertInteger(value, 'count', 1, 9)).toThrow(new TypeError('count: expected a number'))
    }
    for (const value of [0, 10, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => assertInteger(value, 'count', 1, 9)).toThrow(
        new RangeError('count: expected an integer from 1 to 9'),
      )
    }
  })
})
