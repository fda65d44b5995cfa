import { assertInteger, assertObject, assertOptionalFunction } from '../internal/assert.js'
import { notify } from '../internal/observe.js'
import { compile } from './compile.js'
import { errorOf } from './error.js'
import { UNREADABLE } from './markers.js'
import type { Fired } from './rules.js'
import { streamOf } from './stream.js'
import type { RedactionSurface, Redactor, RedactorOptions } from './types.js'
import { copyOf } from './value.js'

/**
 * One set of rules for every place where a secret could be printed: it goes when it stands under a known name, when it
 * looks like a known token, or when it was registered. A secret without a name, a shape or a registration is text like any
 * other.
 *
 * ```ts
 * import { createRedactor } from 'waxseal/masking'
 *
 * const redactor = createRedactor({ names: ['iban'] })
 * redactor.value({ user: 'u_1', accessToken: 'abc', iban: 'DE89' })
 * // => { user: 'u_1', accessToken: '[REDACTED]', iban: '[REDACTED]' }
 * redactor.text('GET /v21.0/me?access_token=abc123&x=1') // => 'GET /v21.0/me?access_token=[REDACTED]&x=1'
 * ```
 *
 * @throws TypeError or RangeError naming the option.
 */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  assertObject(options, 'options')
  if (Array.isArray(options)) throw new TypeError('options: expected an object')
  const { literals: initial = [], maxDepth = 16, maxString = 65_536, observe } = options
  if (!Array.isArray(initial)) throw new TypeError('literals: expected an array')
  assertInteger(maxDepth, 'maxDepth', 1, 64)
  assertInteger(maxString, 'maxString', 1024, 1_048_576)
  assertOptionalFunction(observe, 'observe')
  const { rules, literals } = compile(options)
  for (const [at, literal] of [...initial].entries()) literals.add(literal, `literals[${at}]`)
  const how = { rules, maxDepth, maxString }

  /** Whatever goes wrong, nothing that was not redacted is given out. */
  function guarded<T>(surface: RedactionSurface, redact: (fired: Fired) => T, unreadable: () => T): T {
    const fired: Fired = observe === undefined ? undefined : new Set()
    try {
      const redacted = redact(fired)
      if (fired !== undefined && fired.size > 0)
        notify(observe, { type: 'redacted', surface, rules: [...fired] })
      return redacted
    } catch {
      notify(observe, { type: 'failed', surface })
      return unreadable()
    }
  }

  const textOn = (surface: RedactionSurface, input: unknown): string =>
    guarded(
      surface,
      (fired) => rules.scrub(typeof input === 'string' ? input : String(input), fired),
      () => UNREADABLE,
    )

  return Object.freeze({
    value: (input: unknown) =>
      guarded<unknown>(
        'value',
        (fired) => copyOf(input, how, fired),
        () => UNREADABLE,
      ),
    text: (input: string) => textOn('text', input),
    error: (input: unknown) =>
      guarded(
        'error',
        (fired) => errorOf(input, how, fired),
        () => new Error(UNREADABLE),
      ),
    stream: () => streamOf((record) => textOn('stream', record)),
    register: (literal: Parameters<Redactor['register']>[0]) => literals.add(literal, 'literal'),
  })
}
