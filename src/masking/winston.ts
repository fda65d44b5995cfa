import { UNREADABLE } from './markers.js'
import type { Redactor } from './types.js'

/** What winston passes from format to format. */
export interface WinstonInfo {
  /** As it is printed, so perhaps with a colour. */
  level: string
  /** Text, or whatever was logged. */
  message: unknown
  [key: string | symbol]: unknown
}

/** A format of winston 3, as far as it matters here. */
export interface WinstonFormat {
  /** Returns what the next format gets, or `false` to drop it. */
  transform(info: WinstonInfo, options?: unknown): WinstonInfo | boolean
  /** What winston hands to `transform`. */
  readonly options?: object
}

/** Under these, winston keeps the level it filters by, the arguments, and the line that transports print. */
const LEVEL = /* @__PURE__ */ Symbol.for('level')
const SPLAT = /* @__PURE__ */ Symbol.for('splat')
const MESSAGE = /* @__PURE__ */ Symbol.for('message')

/**
 * Encloses the last format, such as `json()`, or several of them combined: it works on a copy without secrets, and what it
 * made of that is scrubbed once more. So it does not matter what stands before it.
 *
 * `createLogger({ format: combine(errors({ stack: true }), splat(), winstonRedaction(redactor, json())) })`
 *
 * Where redaction or the format fails, `[Unreadable]` stands for the message. What the format drops is dropped.
 *
 * @throws TypeError unless it is given a redactor and a format.
 */
export function winstonRedaction(redactor: Redactor, final: WinstonFormat): WinstonFormat {
  if (typeof redactor?.text !== 'function' || typeof redactor.value !== 'function') {
    throw new TypeError('redactor: expected a redactor')
  }
  if (typeof final?.transform !== 'function') throw new TypeError('final: expected a format, such as json()')

  return Object.freeze({
    transform(info: WinstonInfo): WinstonInfo | boolean {
      try {
        const done = final.transform(cleanCopy(redactor, info), final.options)
        return isObject(done) ? cleanLine(redactor, done) : done
      } catch {
        return unreadable(info)
      }
    },
  })
}

/** The info as the final format may see it. */
function cleanCopy(redactor: Redactor, info: WinstonInfo): WinstonInfo {
  const value = redactor.value(info)
  if (!isObject(value)) return unreadable(info)
  const copy = withError(value)
  const { message, [LEVEL]: level, [SPLAT]: splat, [MESSAGE]: line } = info
  copy[LEVEL] = level
  if (line !== undefined) copy[MESSAGE] = redactor.text(line as string)
  if (splat !== undefined) {
    copy[SPLAT] = redactor.value(splat)
    // `token=%s` must keep its place for the argument, or splat() spells the argument out: it is scrubbed once it is filled.
    if (placeholders(copy.message) !== placeholders(message)) copy.message = message
  }
  return copy
}

/** An error as message is told as errors({ stack: true }) would tell it: behind us, it finds no error any more. */
function withError(copy: WinstonInfo): WinstonInfo {
  const { message } = copy
  const isError =
    isObject(message) && typeof message.message === 'string' && typeof message['stack'] === 'string'
  return isError ? { ...message, ...copy, message: message.message } : copy
}

/** Scrubs what the final format put together: neither part of `Bearer %s` is a secret alone. */
function cleanLine(redactor: Redactor, done: WinstonInfo): WinstonInfo {
  if (typeof done.message === 'string') done.message = redactor.text(done.message)
  if (done[MESSAGE] === undefined) return done
  const line = redactor.text(done[MESSAGE] as string)
  if (line === UNREADABLE) return unreadable(done)
  done[MESSAGE] = line
  return done
}

/** Nothing of the info but its level, by which winston decides where the line goes. */
function unreadable(info: WinstonInfo): WinstonInfo {
  const level = levelOf(info)
  const shown = { level, message: UNREADABLE }
  return { ...shown, [LEVEL]: level, [MESSAGE]: JSON.stringify(shown) }
}

function levelOf(info: WinstonInfo): string {
  try {
    const level = info[LEVEL]
    return typeof level === 'string' ? level : 'error'
  } catch {
    return 'error'
  }
}

const placeholders = (message: unknown): string =>
  typeof message === 'string' ? (message.match(/%[scdjifoO%]/g) ?? []).join('') : ''

const isObject = (value: unknown): value is WinstonInfo => typeof value === 'object' && value !== null
