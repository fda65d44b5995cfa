import { expect, it, vi } from 'vitest'
import { notify } from '../../src/internal/observe.js'

it('an observer is told the event, once', () => {
  const observe = vi.fn()
  notify(observe, { type: 'x' })
  expect(observe.mock.calls).toEqual([[{ type: 'x' }]])
  notify(undefined, { type: 'x' })
})

it.each([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  [
    'throws what is no error',
    () => {
      throw undefined
    },
  ],
  ['returns a promise that rejects', () => Promise.reject(new Error('no'))],
  [
    'is async and throws',
    async () => {
      throw new Error('no')
    },
  ],
  ['returns a promise with a catch that throws', () => Object.assign(Promise.resolve(), { catch: 5 })],
  ['returns anything', () => 5],
])('an observer that %s is of no consequence', async (_what, observe) => {
  // Vitest fails a run in which a rejection was left unhandled.
  expect(notify(observe as (event: object) => void, {})).toBeUndefined()
  await new Promise((resolve) => setTimeout(resolve))
})
