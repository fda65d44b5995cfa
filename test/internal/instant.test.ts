import { createContext, runInContext } from 'node:vm'
import { expect, it } from 'vitest'
import { epochMs } from '../../src/internal/instant.js'

it('an instant is epoch milliseconds or a Date of any realm', () => {
  expect(epochMs(1_614_265_330_000)).toBe(1_614_265_330_000)
  expect(epochMs(0)).toBe(0)
  expect(epochMs(-1)).toBe(-1)
  expect(epochMs(new Date(5))).toBe(5)
  expect(epochMs(runInContext('new Date(7)', createContext({})))).toBe(7)
})

it.each([
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY],
  [new Date(Number.NaN)],
  ['2021-02-25'],
  ['5'],
  [5n],
  [null],
  [undefined],
  [{}],
  [{ getTime: () => 5 }],
  [{ valueOf: () => 5 }],
  [Object.create(new Date(5))],
  [new Proxy(new Date(5), {})],
  [new Number(5)],
  [Symbol('s')],
])('anything else is NaN, so that every comparison with it fails: row %#', (value) => {
  expect(epochMs(value)).toBeNaN()
})
