import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Duration, milliseconds } from '../../src/internal/duration.js'

it.each([
  ['250ms', 250],
  ['0s', 0],
  ['90s', 90_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['1.5h', 5_400_000],
  ['0.5ms', 0.5],
  ['36500d', 3_153_600_000_000],
] as const)('%s is %d milliseconds', (duration, expected) => {
  expect(milliseconds(duration, 'ttl')).toBe(expected)
})

it.each([
  [300],
  [''],
  ['5'],
  ['m'],
  ['5 m'],
  [' 5m'],
  ['5m '],
  ['5m\n'],
  ['5M'],
  ['5min'],
  ['1e3s'],
  ['0x5s'],
  ['+5s'],
  ['.5s'],
  ['5.s'],
  ['1,5s'],
  ['٥m'],
  ['1m30s'],
  ['Infinitys'],
  ['NaNs'],
  ['1234567890123s'],
  [undefined],
  [null],
  [['5m']],
  [new String('5m')],
])('%j is no duration', (duration) => {
  expect(() => milliseconds(duration as Duration, 'ttl')).toThrow(
    new TypeError("ttl: expected a duration such as '30s', '5m' or '7d'"),
  )
})

it('both ends of a range are inside it, and what lies outside is a RangeError that does not repeat it', () => {
  expect(milliseconds('1s', 'ttl', '1s', '1m')).toBe(1_000)
  expect(milliseconds('60s', 'ttl', '1s', '1m')).toBe(60_000)
  for (const duration of ['999ms', '61s', '-1s'] as const) {
    expect(() => milliseconds(duration, 'ttl', '1s', '1m')).toThrow(
      new RangeError('ttl: expected a duration from 1s to 1m'),
    )
  }
  expect(() => milliseconds('-1ms', 'ttl')).toThrow(RangeError)
  expect(() => milliseconds('36501d', 'ttl')).toThrow(RangeError)
  expect(milliseconds('-1s', 'skew', '-5s')).toBe(-1_000)
})

it('units agree with each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (n) => {
      expect(milliseconds(`${n}s`, 'ttl')).toBe(milliseconds(`${n * 1000}ms`, 'ttl'))
      expect(milliseconds(`${n}h`, 'ttl')).toBe(milliseconds(`${n * 60}m`, 'ttl'))
    }),
  )
})
