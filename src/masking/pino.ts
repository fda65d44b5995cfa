import { UNREADABLE } from './markers.js'
import type { Redactor } from './types.js'

const UNREADABLE_LINE = `{"level":50,"msg":"${UNREADABLE}"}\n`

/** What pino (9.6.0 and newer) takes as `hooks`. */
export interface PinoRedaction {
  /** One hook. It is called with each line before it is written. */
  readonly hooks: { readonly streamWrite: (line: string) => string }
}

/**
 * Scrubs every line that pino writes: `pino({ ...pinoRedaction(redactor) })`. It sees what serializers, mixins, child
 * bindings and arguments made, before a transport does, also one in a worker. Where redaction fails, a line that says so
 * stands for the line. With hooks of your own: `hooks: { ...pinoRedaction(redactor).hooks, logMethod }`.
 *
 * A destination that asks for `pino.metadata` is handed the object logged beside the line: that object is not scrubbed.
 *
 * @throws TypeError unless it is given a redactor.
 */
export function pinoRedaction(redactor: Redactor): PinoRedaction {
  if (typeof redactor?.text !== 'function') throw new TypeError('redactor: expected a redactor')
  const streamWrite = (line: string): string => {
    try {
      const scrubbed = redactor.text(line)
      return scrubbed === UNREADABLE ? UNREADABLE_LINE : scrubbed
    } catch {
      return UNREADABLE_LINE
    }
  }
  return Object.freeze({ hooks: Object.freeze({ streamWrite }) })
}
