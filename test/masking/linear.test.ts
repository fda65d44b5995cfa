/**
 * The promise: nobody who can write to a log can stall the process that scrubs it.
 *
 * The one place where time is asserted, so as little as possible hangs on it. Processor time and not the clock, the best
 * of three, and 500 ms where 5 to 100 are usual: a quadratic pass takes minutes for 1 MB. On a machine that is too slow
 * for the limit, growth decides: 8 times the text may take 24 times as long, a quadratic pass takes 64 times as long. The
 * short text goes first and has the same limit, so that a quadratic pass fails within seconds.
 */

import { expect, it } from 'vitest'
import { createRedactor } from 'waxseal/masking'
import { adversarialInputs } from './adversarial.js'

const LIMIT_MS = 500
const redactor = createRedactor({
  personal: 'mask',
  literals: [`literal "${'l'.repeat(100)}`, 'aaaaaaaaaaaaaaab', '\\\\\\\\\\\\\\\\"'],
  tokens: [{ name: 'acme', prefix: 'acme_', min: 24 }],
})
const inputs = adversarialInputs()

/** Processor time of the best of three runs; one below the limit is good enough. */
function milliseconds(text: string): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 3 && best >= LIMIT_MS; run++) {
    const start = process.cpuUsage()
    redactor.text(text)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

it('tries every text once', () => {
  expect(new Set(inputs.map(({ name }) => name)).size).toBe(inputs.length)
  expect(inputs.length).toBeGreaterThanOrEqual(60)
})

it.each(inputs.map(({ name }, at) => [name, at] as const))('walks %s in linear time', (_, at) => {
  const text = inputs[at]?.text ?? ''
  expect(text).toHaveLength(1_048_576)
  const short = milliseconds(text.slice(0, text.length / 8))
  expect(short).toBeLessThan(LIMIT_MS)
  expect(milliseconds(text)).toBeLessThan(Math.max(LIMIT_MS, 24 * short))
})
