/**
 * Every place at which a value that should stay hidden comes to light, and what comes out there. Plain JavaScript, because
 * Node, Bun and Deno all run it as it is: `secret-matrix.mjs` beside it, and test/masking/secret-matrix.test.ts.
 */

import assert from 'node:assert'
import { createHmac } from 'node:crypto'
import { Writable } from 'node:stream'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { pino } from 'pino'
import winston from 'winston'

/** What is hidden. No real token. */
const CANARY = 'EAAN6tcBzAUBOwDt-canary'
const REDACTED = '[REDACTED]'

const bytes = Buffer.from(CANARY)
const bare = (text) => text.replace(/[\s'"]/g, '')
/** Beginnings of the canary as text, hex and base64, and in a list, an object and entries of characters or numbers. */
const SPELLINGS = [
  CANARY,
  bytes.toString('hex'),
  bytes.toString('base64'),
  ...[[...CANARY], [...bytes]].flatMap((units) => [
    units.join(),
    JSON.stringify({ ...units }).slice(1),
    JSON.stringify(Object.entries(units)).slice(1),
  ]),
].map((spelling) => bare(spelling).slice(0, 12))

/** `leaks` the value, `hidden` behind the marker, `lost` without a trace, `refused` with a TypeError. */
function outcomeOf(produce) {
  try {
    return outcomeOfText(produce())
  } catch (error) {
    return error instanceof TypeError ? 'refused' : `throws ${error?.name}`
  }
}

function outcomeOfText(shown) {
  const text = bare(String(shown))
  if (SPELLINGS.some((spelling) => text.includes(spelling))) return 'leaks'
  return text.includes(REDACTED) ? 'hidden' : 'lost'
}

const ownInspect = globalThis.Deno?.inspect ?? globalThis.Bun?.inspect ?? inspect

/** Whether whoever took the value took the canary, the marker, or something else in its place. */
const took = (same) => [CANARY, REDACTED].find(same) ?? ''
const tagUnder = (key) => createHmac('sha256', key).update('message').digest('hex')
const tagOf = (data) => createHmac('sha256', 'key').update(data).digest('hex')

function messageOf(call) {
  try {
    call()
  } catch (error) {
    return error.message
  }
}

/** What else people keep a token in; what TypeScript calls private is a property like any other. */
class TypeScriptPrivate {
  constructor(value) {
    this.value = value
  }
  toString() {
    return REDACTED
  }
  toJSON() {
    return REDACTED
  }
}

class HashPrivate {
  #value
  constructor(value) {
    this.#value = value
  }
  expose() {
    return this.#value
  }
  toString() {
    return REDACTED
  }
  toJSON() {
    return REDACTED
  }
}

/** Wrapper → the canary in it. */
export const wrappers = (Secret) => ({
  Secret: () => new Secret(CANARY),
  'Secret of bytes': () => new Secret(new TextEncoder().encode(CANARY)),
  'private value': () => new TypeScriptPrivate(CANARY),
  '#value': () => new HashPrivate(CANARY),
  string: () => CANARY,
})

/** Sink → what comes out for a value: text, or bytes as latin1. */
const VALUE_SINKS = {
  'template literal': (value) => `${value}`,
  concatenation: (value) => ''.concat('x', value),
  'String()': (value) => String(value),
  'Array.join': (value) => [value].join(),

  'JSON.stringify': (value) => JSON.stringify(value),
  'JSON.stringify, nested': (value) => JSON.stringify({ a: [{ value }] }, null, 2),
  'JSON.stringify, as a key': (value) => JSON.stringify(Object.fromEntries(new Map([[value, 1]]))),

  'format %s': (value) => format('%s', value),
  'format %o': (value) => format('%o', value),
  'format %O': (value) => format('%O', value),
  'format %j': (value) => format('%j', value),
  'format %d': (value) => format('%d', value),

  inspect: (value) => inspect(value),
  "the runtime's own inspect": (value) => ownInspect({ a: { value } }),
  'inspect showHidden': (value) => inspect({ value }, { showHidden: true, depth: 9 }),
  'inspect customInspect: false': (value) => inspect(value, { customInspect: false, showHidden: true }),
  'inspect depth: 0': (value) => inspect({ value }, { depth: 0 }),
  'inspect getters': (value) =>
    inspect(
      {
        get value() {
          return value
        },
      },
      { getters: true },
    ),
  'inspect showProxy': (value) => inspect(new Proxy({ value }, {}), { showProxy: true }),
  'inspect a Proxy of it': (value) => inspect(new Proxy(Object(value), {})),
  'inspect a Map': (value) =>
    inspect(
      new Map([
        ['value', value],
        [value, 1],
      ]),
    ),
  'inspect a Set': (value) => inspect(new Set([value])),
  'inspect a WeakRef': (value) => inspect(new WeakRef(Object(value)), { showHidden: true }),

  'Error message': (value) => inspect(new Error(`sent with ${value}`)),
  'Error cause': (value) => inspect(new Error('failed', { cause: value })),
  'Error property': (value) => inspect(Object.assign(new Error('failed'), { value })),
  'AssertionError message': (value) => messageOf(() => assert.deepEqual({ value }, { value: 'another' })),

  spread: (value) => inspect({ ...Object(value) }),
  'Object.assign': (value) => JSON.stringify(Object.assign({}, Object(value))),
  'Object.entries': (value) => JSON.stringify(Object.entries(Object(value))),
  structuredClone: (value) => inspect(structuredClone({ value }), { depth: 9, showHidden: true }),
  'v8.serialize': (value) => serialize({ value }).toString('latin1'),

  Headers: (value) => new Headers({ authorization: value }).get('authorization'),
  URLSearchParams: (value) => decodeURIComponent(new URLSearchParams({ value }).toString()),
  TextEncoder: (value) => Buffer.from(new TextEncoder().encode(value)).toString('latin1'),
  encodeURIComponent: (value) => decodeURIComponent(encodeURIComponent(value)),
  localeCompare: (value) => took((text) => text.localeCompare(value) === 0),

  'Buffer.from': (value) => Buffer.from(value).toString('latin1'),
  'HMAC key': (value) => took((key) => tagUnder(key) === tagUnder(value)),
  'HMAC data': (value) => took((data) => tagOf(data) === tagOf(value)),
  'noble utf8ToBytes': (value) => Buffer.from(utf8ToBytes(value)).toString('latin1'),
}

/** Sink → what is printed of a value on a console. */
export const CONSOLE_SINKS = {
  'console.log': (value, log) => log.log(value),
  'console.log, within an object': (value, log) => log.log('sending', { a: { value } }),
  'console.error, with a format': (value, log) => log.error('%s %o %O %j', value, value, value, value),
  'console.dir': (value, log) => log.dir({ value }, { showHidden: true, depth: 9 }),
  'console.table': (value, log) => log.table([{ value }]),
}

/** Sink → what a logger writes of a value. */
const LOGGER_SINKS = {
  'pino, in an object': (value) => written((out) => pino(out).info({ auth: { value } }, 'sent')),
  'pino, as an argument': (value) =>
    written((out) => pino(out).info('sent with %s %o %j', value, value, value)),
  'winston, json': (value) => logged(winston.format.json(), (log) => log.info('sent', { auth: { value } })),
  'winston, splat and simple': (value) => {
    const { combine, simple, splat } = winston.format
    return logged(combine(splat(), simple()), (log) => log.info('sent with %s %o', value, value, { value }))
  },
}

/** Everything that is written to a stream, which is what a logger writes to. */
export function written(use) {
  let text = ''
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  use(stream)
  return text
}

function logged(format, use) {
  const { createLogger, transports } = winston
  return written((stream) => use(createLogger({ format, transports: [new transports.Stream({ stream })] })))
}

/**
 * What one kind of wrapper comes to at every sink.
 *
 * @param wrap makes the value that is to stay hidden.
 * @param print runs a function on a console and returns what was printed; it is told the name of the sink.
 * @returns `[{ sink, outcome }]`
 */
export function outcomesOf(wrap, print) {
  const sinks = {
    ...VALUE_SINKS,
    ...LOGGER_SINKS,
  }
  for (const [sink, use] of Object.entries(CONSOLE_SINKS)) {
    sinks[sink] = (value) => print((log) => use(value, log), sink)
  }
  return Object.entries(sinks).map(([sink, produce]) => ({ sink, outcome: outcomeOf(() => produce(wrap())) }))
}
