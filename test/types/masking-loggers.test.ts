/** Compiled: what the glue gives is what pino and winston take, and the other way round, without a cast. */

import pino from 'pino'
import { pino as pino9 } from 'pino9'
import { expect, expectTypeOf, it } from 'vitest'
import { createRedactor, pinoRedaction, type WinstonFormat, winstonRedaction } from 'waxseal/masking'
import { createLogger, format, type Logform, transports } from 'winston'

const redactor = createRedactor()
const nowhere = { write: () => {} }

it("is spread into pino's options, alone or beside other hooks", () => {
  const { hooks } = pinoRedaction(redactor)
  expectTypeOf(hooks).toExtend<NonNullable<pino.LoggerOptions['hooks']>>()
  expectTypeOf(hooks).toExtend<NonNullable<pino9.LoggerOptions['hooks']>>()
  const loggers = [
    pino({ ...pinoRedaction(redactor) }, nowhere),
    pino9({ ...pinoRedaction(redactor) }, nowhere),
    pino({ level: 'warn', hooks: { ...hooks, logMethod: (args, method) => method(...args) } }, nowhere),
  ]
  expect(loggers.map((log) => typeof log.info)).toEqual(['function', 'function', 'function'])
})

it("takes winston's formats, and is one", () => {
  const own = format((info) => (info.level === 'debug' ? false : info))
  const scrubbed = winstonRedaction(redactor, format.combine(own(), format.json()))
  expectTypeOf<Logform.Format>().toExtend<WinstonFormat>()
  expectTypeOf<WinstonFormat>().toExtend<Logform.Format>()
  const log = createLogger({
    format: format.combine(format.errors({ stack: true }), format.splat(), scrubbed),
    transports: [
      new transports.Console({ silent: true, format: winstonRedaction(redactor, format.simple()) }),
    ],
  })
  log.configure({ format: winstonRedaction(redactor, format.colorize({ all: true })) })
  expect(log.format.transform).toBeTypeOf('function')
})

it('does not compile with what would not work', () => {
  // @ts-expect-error a format that was not called
  const uncalled = () => winstonRedaction(redactor, format.json)
  // @ts-expect-error no redactor
  const alone = () => winstonRedaction(format.json())
  // @ts-expect-error options and not what they make
  const options = () => pinoRedaction({ names: ['iban'] })
  expect([uncalled, alone, options]).toHaveLength(3)
})
