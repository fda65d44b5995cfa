import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createRedactor, type Redactor, type WinstonFormat, winstonRedaction } from 'waxseal/masking'
import { createLogger, format, type Logform, type Logger, transports } from 'winston'

const {
  cli,
  colorize,
  combine,
  errors,
  json,
  logstash,
  printf,
  prettyPrint,
  simple,
  splat,
  timestamp,
  uncolorize,
} = format

const LEVEL = Symbol.for('level')
const SPLAT = Symbol.for('splat')
const MESSAGE = Symbol.for('message')

const token = `EAA${'Gx7Qp2Zk'.repeat(5)}`
const password = 'correct-horse-"battery"\\staple'
const redactor = createRedactor()
const scrubbed = (final: WinstonFormat, own: Redactor = redactor): WinstonFormat =>
  winstonRedaction(own, final)

const failure = (): Error =>
  Object.assign(
    new Error(`call with ${token} failed`, { cause: new Error(`cause: access_token=${token}`) }),
    {
      config: { headers: { Authorization: `Bearer ${token}` }, data: { password } },
    },
  )

const uses: readonly (readonly [string, (log: Logger) => void])[] = [
  ['a message', (log) => log.info(`sent with ${token}`)],
  ['names at any depth', (log) => log.info('x', { a: [{ b: { token, password } }] })],
  ['one object', (log) => log.info({ message: token, password })],
  ['an object as message', (log) => log.log({ level: 'info', message: { password, token } as never })],
  [
    'bindings of a child',
    (log) =>
      log
        .child({ password, deep: { token } })
        .child({ url: `/?token=${token}` })
        .info('x'),
  ],
  ['a child that logs an error', (log) => log.child({ password }).error(failure())],
  ['an error', (log) => log.error(failure())],
  ['an error behind a message', (log) => log.error('failed', failure())],
  ['an error as message', (log) => log.log({ level: 'error', message: failure() as never })],
  ['an error among the data', (log) => log.error('failed', { err: failure() })],
  ['arguments', (log) => log.info('%s and %j and %o', token, { password }, { a: [token] })],
  ['arguments behind a name', (log) => log.info('access_token=%s', 'abcDEF0123456789xyz')],
  ['arguments behind a scheme', (log) => log.info('Bearer %s', 'abcDEF0123456789xyz')],
  ['arguments and more', (log) => log.info('api_key=%s', 'abcDEF0123456789xyz', { password })],
  ['a token before a place for an argument', (log) => log.info(`${token} %s`, 'x')],
  ['JSON in JSON', (log) => log.info(JSON.stringify({ raw: JSON.stringify({ password, token }) }))],
  ['a Buffer', (log) => log.info('x', { note: Buffer.from(password) })],
  ['what profile measured', (log) => log.startTimer().done({ message: token, password })],
  ['a level with a default', (log) => log.warn(new Map([['token', password]]) as never)],
]

const noting = (): Logform.Format => format((info) => Object.assign(info, { seen: true }))()
const line = (): Logform.Format =>
  printf(
    ({ level, message, ...rest }) =>
      `${level} ${message} ${(rest['stack'] as string) ?? ''} ${JSON.stringify(rest)}`,
  )

const formats: readonly (readonly [string, WinstonFormat])[] = [
  ['json', scrubbed(json())],
  ['simple', scrubbed(simple())],
  ['printf', scrubbed(line())],
  ['prettyPrint', scrubbed(prettyPrint())],
  ['prettyPrint with colours', scrubbed(prettyPrint({ colorize: true }))],
  ['cli', scrubbed(cli())],
  ['logstash', scrubbed(combine(timestamp(), logstash()))],
  ['splat outside', combine(errors({ stack: true, cause: true }), splat(), scrubbed(json()))],
  ['splat inside', scrubbed(combine(errors({ stack: true }), splat(), simple()))],
  ['everything inside', scrubbed(combine(errors({ stack: true }), splat(), colorize({ all: true }), line()))],
  ['colours outside', combine(colorize(), splat(), scrubbed(simple()))],
  [
    'colours taken off after the line',
    scrubbed(combine(splat(), colorize({ all: true }), simple(), uncolorize())),
  ],
  ['the line made twice', combine(simple(), noting(), scrubbed(json()))],
  ['twice', scrubbed(combine(splat(), scrubbed(json())))],
]

type Info = Record<string | symbol, unknown>

interface Written {
  readonly lines: readonly string[]
  /** What transports that look at the members get. */
  readonly infos: readonly Info[]
}

async function written(
  final: WinstonFormat,
  use: (log: Logger) => void,
  options: { readonly handleExceptions?: boolean } = {},
): Promise<Written> {
  const infos: Info[] = []
  const stream = new Writable({
    objectMode: true,
    write(info: Info, _encoding, done) {
      infos.push(info)
      done()
    },
  })
  const transport = Object.assign(new transports.Stream({ stream }), options)
  const log = createLogger({ format: final, transports: [transport] })
  use(log)
  await new Promise((resolve) => log.once('finish', resolve).end())
  return { infos, lines: infos.map((info) => String(info[MESSAGE])) }
}

/** The first stretch of 8 characters of a secret that shows: raw, escaped once or twice, or as a list of bytes. */
function shown(output: string): string | undefined {
  const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)
  const spellings = [token, password, 'abcDEF0123456789xyz'].flatMap((text) => [
    text,
    escaped(text),
    escaped(escaped(text)),
    Buffer.from(text).join(','),
  ])
  for (const secret of spellings) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      const window = secret.slice(at, at + 8)
      if (output.includes(window)) return window
    }
  }
  return undefined
}

describe.each(formats)('with %s', (_, final) => {
  it.each(uses)('scrubs %s', async (_name, use) => {
    const { lines, infos } = await written(final, use)
    expect(lines).toHaveLength(1)
    expect(shown(lines.join(''))).toBeUndefined()
    // What stands alone among the arguments is text like any other: it is not printed from there.
    expect(
      shown(
        inspect(
          infos.map((info) => ({ ...info, [SPLAT]: [] })),
          { depth: null },
        ),
      ),
    ).toBeUndefined()
    expect(lines.join('')).not.toContain('[Unreadable]')
  })
})

describe('what is left', () => {
  const use = (log: Logger): void => {
    log.child({ a: 1 }).warn('ünï "code" %s', 'x', { hasToken: true, n: [null, 2.5] })
    log.info({ message: 'plain', o: { deep: [[{ x: 'y' }]] } } as never)
    log.log('debug', 'below the level')
  }
  it.each<readonly [string, () => Logform.Format]>([
    ['json', json],
    ['simple', simple],
    ['cli', cli],
    ['logstash', () => combine(timestamp({ format: () => 'now' }), logstash())],
    ['prettyPrint', prettyPrint],
    ['printf', line],
  ])('is the line of %s, without secrets', async (_, final) => {
    const plain = await written(combine(splat(), final()), use)
    expect(plain.lines).toHaveLength(2)
    expect((await written(combine(splat(), scrubbed(final())), use)).lines).toEqual(plain.lines)
    expect((await written(scrubbed(combine(splat(), final())), use)).lines).toEqual(plain.lines)
  })

  it('keeps the level by which transports choose, and the arguments', () => {
    const seen: Info[] = []
    const final = { transform: (info: Logform.TransformableInfo) => Boolean(seen.push({ ...info })) && info }
    const info = {
      level: 'coloured',
      message: 'x',
      [LEVEL]: 'warn',
      [SPLAT]: [{ password, n: 1 }],
      [MESSAGE]: token,
    }
    const done = scrubbed(final).transform(info) as Info
    expect(seen).toEqual([
      {
        level: 'coloured',
        message: 'x',
        [LEVEL]: 'warn',
        [SPLAT]: [{ password: '[REDACTED]', n: 1 }],
        [MESSAGE]: 'EAA[REDACTED]',
      },
    ])
    expect(done[LEVEL]).toBe('warn')
  })

  it('is not the info that came in, which stays as it was', () => {
    const args = ['a', { password }]
    const info = { level: 'info', message: '%s', password, [LEVEL]: 'info', [SPLAT]: args }
    scrubbed(combine(splat(), json())).transform(Object.freeze(info))
    expect(args).toEqual(['a', { password }])
  })

  it('is nothing when the final format drops the info', async () => {
    const dropping = format((info) => (info.message === 'drop' ? false : info))
    const { lines } = await written(scrubbed(combine(dropping(), json())), (log) =>
      log.info('drop').info('keep'),
    )
    expect(lines).toEqual(['{"level":"info","message":"keep"}'])
    expect(scrubbed(dropping()).transform({ level: 'info', message: 'drop' })).toBe(false)
    expect(
      scrubbed({ transform: () => undefined as never }).transform({ level: 'info', message: 'x' }),
    ).toBeUndefined()
    expect(scrubbed({ transform: () => true }).transform({ level: 'info', message: 'x' })).toBe(true)
  })

  it('tells the message and the stack of an error, with and without errors()', async () => {
    for (const final of [json(), combine(errors({ stack: true }), json())]) {
      const { lines } = await written(scrubbed(final), (log) =>
        log.error(failure()).log({ level: 'error', message: failure() as never }),
      )
      for (const written of lines.map((text) => JSON.parse(text))) {
        expect(written).toMatchObject({ level: 'error', message: 'call with EAA[REDACTED] failed' })
        expect(written.stack).toContain('call with EAA[REDACTED] failed\n    at ')
      }
    }
  })

  it('gives the final format its own options and its own this', () => {
    const final = {
      options: { mark: '!' },
      transform(info: Logform.TransformableInfo, options?: unknown) {
        return Object.assign(info, { own: this === final, options })
      },
    }
    expect(scrubbed(final).transform({ level: 'info', message: 'x' })).toMatchObject({
      own: true,
      options: { mark: '!' },
    })
  })

  it('tells of an exception only those who handle exceptions', async () => {
    const info = { level: 'error', exception: true, error: failure(), message: `uncaughtException: ${token}` }
    const use = (log: Logger): void => void log.log({ ...info } as never)
    expect((await written(scrubbed(json()), use)).lines).toEqual([])
    const { lines } = await written(scrubbed(json()), use, { handleExceptions: true })
    expect(lines.map((text) => JSON.parse(text))).toMatchObject([
      { level: 'error', exception: true, message: 'uncaughtException: EAA[REDACTED]' },
    ])
    expect(shown(lines.join(''))).toBeUndefined()
  })
})

describe('when something fails', () => {
  const unreadable = '{"level":"warn","message":"[Unreadable]"}'
  const throws = (): never => {
    throw new Error(`broken by ${token}`)
  }
  const use = (log: Logger): void => void log.warn(token, { password })

  it.each<readonly [string, WinstonFormat]>([
    ['the final format throws', scrubbed(printf(throws))],
    ['value throws', scrubbed(json(), { ...redactor, value: throws })],
    ['value could not redact', scrubbed(json(), { ...redactor, value: () => '[Unreadable]' })],
    ['text throws', scrubbed(json(), { ...redactor, text: throws })],
    ['text could not redact', scrubbed(json(), { ...redactor, text: () => '[Unreadable]' })],
    [
      'what the format returns cannot be written',
      scrubbed({ transform: (info) => Object.freeze({ ...info, [MESSAGE]: token }) }),
    ],
  ])('%s: the message is [Unreadable], the level stays', async (_, final) => {
    const { lines, infos } = await written(final, use)
    expect(lines).toEqual([unreadable])
    expect(infos.map((info) => [info['level'], info['message'], info[LEVEL]])).toEqual([
      ['warn', '[Unreadable]', 'warn'],
    ])
    expect(shown(inspect(infos, { depth: null }))).toBeUndefined()
  })

  it('gives a line of its own format where only the info could not be read', () => {
    const final = scrubbed(simple(), { ...redactor, value: () => '[Unreadable]' })
    const info = { level: 'warn', message: token, [LEVEL]: 'warn' }
    expect((final.transform(info) as Info)[MESSAGE]).toBe('warn: [Unreadable]')
  })

  it('takes an info that lets nobody read it', () => {
    const { proxy, revoke } = Proxy.revocable({ level: 'info', message: token }, {})
    revoke()
    const done = scrubbed(json()).transform(proxy) as Info
    expect(done).toMatchObject({ level: 'error', message: '[Unreadable]', [LEVEL]: 'error' })
  })

  it('writes the same when the observer throws', async () => {
    const { lines } = await written(scrubbed(json(), createRedactor({ observe: throws })), use)
    expect(lines).toEqual(['{"level":"warn","message":"EAA[REDACTED]","password":"[REDACTED]"}'])
  })
})

it.each([undefined, null, 7, {}, { text: () => '' }])('takes nothing but a redactor: %j', (value) => {
  expect(() => winstonRedaction(value as never, json())).toThrow(
    new TypeError('redactor: expected a redactor'),
  )
})

it.each([undefined, null, json, {}, 'json'])('takes nothing but a format: %j', (value) => {
  expect(() => winstonRedaction(redactor, value as never)).toThrow(
    new TypeError('final: expected a format, such as json()'),
  )
})

it('gives what cannot be changed', () => {
  expect(Object.isFrozen(scrubbed(json()))).toBe(true)
})
