import { PassThrough } from 'node:stream'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { barText, createProgress } from '../../src/cli/progress.js'
import { createShell } from '../../src/cli/shell.js'

const counts = { done: 41_822, total: 66_932, conflicts: 3, failed: 1 }

function shellOver(terminal: object, json = false) {
  const stderr = Object.assign(new PassThrough(), terminal)
  let text = ''
  stderr.on('data', (chunk) => {
    text += chunk
  })
  const stdout = new PassThrough()
  const shell = createShell({ env: {}, stdin: new PassThrough(), stdout, stderr }, json)
  return { shell, text: () => text }
}

afterEach(() => void vi.useRealTimers())

describe('a bar', () => {
  it.each([
    [120, /^rotate █+░+ {2}62% {2}41822 done {2}25110 left {2}2091\/s {2}3 conflicts {2}1 failed$/],
    [77, /^rotate █{6}░{4} {2}62% {2}41822 done {2}25110 left {2}2091\/s {2}3 conflicts {2}1 failed$/],
    [57, /^62% {2}41k done {2}25k left {2}2091\/s {2}3 confl {2}1 failed$/],
    [37, /^62% 41k done 25k left 2091\/s 3c 1f$/],
  ])('at %i columns says all it can', (width, expected) => {
    expect(barText('rotate', counts, 20, width)).toMatch(expected)
  })

  it('never is wider than its line, whatever the numbers', () => {
    const number = fc.nat(2_000_000_000)
    fc.assert(
      fc.property(
        number,
        number,
        number,
        number,
        fc.integer({ min: 1, max: 200 }),
        (done, total, conflicts, failed, width) => {
          const text = barText('rotate (dry run)', { done, total, conflicts, failed }, 3, width)
          expect(text.length).toBeLessThanOrEqual(width)
        },
      ),
    )
  })

  it('of nothing to do is full', () => {
    expect(barText('rotate', { ...counts, done: 0, total: 0 }, 0, 37)).toMatch(/^100% 0 done 0 left 0\/s/)
  })

  it('is drawn on a terminal, and leaves line wrapping and cursor alone', () => {
    vi.useFakeTimers()
    const { shell, text } = shellOver({ isTTY: true, columns: 80 })
    const progress = createProgress(shell, 'rotate')
    progress.update(counts)
    vi.advanceTimersByTime(1_000)
    progress.stop()
    expect(text()).toContain('41822 done')
    expect(text()).not.toContain('\u001b[?')
    expect(text()).toMatch(/\n$/)
  })
})

describe('a word', () => {
  it('stands on a line of its own, above the bar', () => {
    vi.useFakeTimers()
    const { shell, text } = shellOver({ isTTY: true, columns: 80 })
    const progress = createProgress(shell, 'rotate')
    progress.say('once more')
    progress.stop()
    expect(text()).toContain('\r\u001b[Konce more\n')
  })

  it('is a line elsewhere, also beside the events of --json', () => {
    const { shell, text } = shellOver({}, true)
    const progress = createProgress(shell, 'rotate')
    progress.say('once more')
    progress.stop()
    expect(text()).toBe('once more\n')
  })
})

describe('elsewhere', () => {
  it('a line comes every 5 s, and at the end', () => {
    vi.useFakeTimers()
    const { shell, text } = shellOver({})
    const progress = createProgress(shell, 'rotate')
    progress.update(counts)
    expect(text()).toBe('')
    vi.advanceTimersByTime(10_000)
    expect(text()).toMatch(/^(rotate: 41822 done, 25110 left, \d+\/s, 3 conflicts, 1 failed\n){2}$/)
    progress.stop()
    vi.advanceTimersByTime(10_000)
    expect(text().split('\n')).toHaveLength(4)
  })

  it('nothing comes beside the events of --json', () => {
    vi.useFakeTimers()
    const { shell, text } = shellOver({}, true)
    const progress = createProgress(shell, 'rotate')
    progress.update(counts)
    vi.advanceTimersByTime(10_000)
    progress.stop()
    expect(text()).toBe('')
  })
})
