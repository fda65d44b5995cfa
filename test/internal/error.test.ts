import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { WaxsealError } from 'waxseal'
import { withoutStack } from '../../src/internal/error.js'

describe('WaxsealError', () => {
  const error = new WaxsealError('some_code', 418, 'some code')

  it('has a code, a status and a message, and its name without being told', () => {
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.status, error.message]).toEqual([
      'WaxsealError',
      'some_code',
      418,
      'some code',
    ])
    expect(String(error)).toBe('WaxsealError: some code')
    expect(Object.keys(error).sort()).toEqual(['code', 'status'])
    expect(inspect(error)).toContain('WaxsealError: some code')
    expect(error.cause).toBeUndefined()
  })
})

describe('withoutStack', () => {
  it('makes an error that walked no stack, and leaves the limit as it was', () => {
    const before = Error.stackTraceLimit
    const error = withoutStack(() => new WaxsealError('a', 400, 'a'))
    expect(error.stack ?? '').not.toMatch(/\n\s+at /)
    expect(Error.stackTraceLimit).toBe(before)
    expect(new Error('next').stack).toMatch(/\n\s+at /)
  })

  it('leaves the limit as it was where making the error throws', () => {
    const before = Error.stackTraceLimit
    expect(() =>
      withoutStack(() => {
        throw new TypeError('no')
      }),
    ).toThrow(TypeError)
    expect(Error.stackTraceLimit).toBe(before)
  })

  it('works where the host has frozen the limit', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor
    Object.defineProperty(Error, 'stackTraceLimit', { ...descriptor, writable: false })
    try {
      expect(withoutStack(() => new WaxsealError('a', 400, 'a')).code).toBe('a')
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', descriptor)
    }
  })
})
