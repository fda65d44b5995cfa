import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino10 from 'pino'
import { pino as pino9 } from 'pino9'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRedactor, pinoRedaction, type Redactor } from 'waxseal/masking'

type Log = pino10.Logger
type Options = pino10.LoggerOptions

const token = `EAA${'Gx7Qp2Zk'.repeat(5)}`
const password = 'correct-horse-"battery"\\staple'
const failed = '{"level":50,"msg":"[Unreadable]"}\n'
const redactor = createRedactor()

// The two majors do the same; pino 9's types are not told apart from those of 10 here.
const versions: readonly (readonly [string, typeof pino10])[] = [
  ['10', pino10],
  ['9.6.0', pino9 as unknown as typeof pino10],
]

const config = { headers: { Authorization: `Bearer ${token}` }, data: { password } }
const failure = (): Error =>
  Object.assign(
    new Error(`call with ${token} failed`, { cause: new Error(`cause: access_token=${token}`) }),
    { config },
  )

const uses: readonly (readonly [string, (log: Log) => void, Options?])[] = [
  ['names at any depth', (log) => log.info({ a: [{ b: { token, password } }] }, 'x')],
  ['a message', (log) => log.info(`sent with ${token}`)],
  [
    'bindings of a child',
    (log) =>
      log
        .child({ token, deep: { password } })
        .child({ url: `/?token=${token}` })
        .info('x'),
  ],
  ['%s', (log) => log.info('%s and %s', token, `password=${token}`)],
  ['%o and %O', (log) => log.info('%o %O', { token, password }, { a: { password } })],
  ['%j', (log) => log.info('%j', { token, a: JSON.stringify({ password }) })],
  ['%s behind a scheme', (log) => log.info('Bearer %s', 'abcDEF0123456789xyz')],
  ['an error', (log) => log.error(failure(), `failed for ${token}`)],
  ['an error under err', (log) => log.error({ err: failure() }, 'x')],
  [
    'an error printed by a serializer with its causes',
    (log) => log.error(failure()),
    {
      serializers: { err: pino10.stdSerializers.errWithCause },
    },
  ],
  [
    'what a serializer makes',
    (log) => log.info({ user: 7 }),
    { serializers: { user: () => ({ password, note: token }) } },
  ],
  [
    'a request',
    (log) =>
      log.info({ req: { method: 'GET', url: `/?access_token=${token}`, headers: { cookie: password } } }),
  ],
  ['a mixin', (log) => log.info('x'), { mixin: () => ({ token, password }) }],
  ['a formatter', (log) => log.info({ a: 1 }), { formatters: { log: () => ({ password, b: [token] }) } }],
  ['a prefix of messages', (log) => log.info('x'), { msgPrefix: `[${token}] ` }],
  ['a nested key', (log) => log.info({ password }, token), { nestedKey: 'payload' }],
  ['base bindings', (log) => log.info('x'), { base: { password, token } }],
  [
    'JSON in JSON in JSON',
    (log) => log.info({ body: JSON.stringify({ raw: JSON.stringify({ password, token }) }) }),
  ],
  ['a message of several lines', (log) => log.info(`a\n${token}\nx-api-key: ${token}\r\nb`)],
  ['a Buffer', (log) => log.info({ note: Buffer.from(password) })],
]

interface Sink {
  readonly lines: string[]
  readonly write: (line: string) => void
}

function createSink(): Sink {
  const lines: string[] = []
  return { lines, write: (line) => void lines.push(line) }
}

function outputOf(
  pino: typeof pino10,
  use: (log: Log) => void,
  options: Options = {},
  own: Redactor = redactor,
): string {
  const sink = createSink()
  use(pino({ ...options, ...pinoRedaction(own) }, sink))
  return sink.lines.join('')
}

/** The first stretch of 8 characters of a secret that shows: raw, JSON-escaped or as a list of bytes. */
function shown(
  output: string,
  secrets: readonly string[] = [token, password, 'abcDEF0123456789xyz'],
): string | undefined {
  const spellings = secrets.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
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

describe.each(versions)('pino %s', (_, pino) => {
  it.each(uses.map(([name, use, options = {}]) => [name, use, options] as const))(
    'scrubs %s, and the lines stay JSON',
    (_name, use, options) => {
      const output = outputOf(pino, use, options)
      expect(shown(output)).toBeUndefined()
      const lines = output.trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line).level)).toEqual(lines.map(() => expect.any(Number)))
    },
  )

  it('leaves a line without secrets as it is', () => {
    const plain = createSink()
    const use = (log: Log): void =>
      log.child({ a: 1 }).warn({ hasToken: true, n: [null, 2.5] }, 'ünï "code"\n%s', 'x')
    const options = { timestamp: false }
    use(pino(options, plain))
    expect(outputOf(pino, use, options)).toBe(plain.lines.join(''))
  })

  it('stands beside a hook of the user', () => {
    const logMethod: NonNullable<Options['hooks']>['logMethod'] = function (args, method) {
      method.apply(this, [`hooked ${token} ${String(args[0])}`])
    }
    const sink = createSink()
    const hooks = { ...pinoRedaction(redactor).hooks, logMethod }
    pino({ hooks }, sink).info(`x-api-key=${token}`)
    expect(JSON.parse(sink.lines.join('')).msg).toBe('hooked EAA[REDACTED] x-api-key=[REDACTED]')
  })

  it('scrubs what each stream of a multistream gets', () => {
    const sinks = [createSink(), createSink()]
    const streams = sinks.map((stream) => ({ level: 'info' as const, stream }))
    pino({ ...pinoRedaction(redactor) }, pino.multistream(streams)).error({ token }, token)
    for (const { lines } of sinks) {
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 50, token: '[REDACTED]', msg: 'EAA[REDACTED]' },
      ])
    }
  })

  it.each([true, false])('scrubs what a file gets, sync: %s', async (sync) => {
    const file = join(directory(), 'log')
    const destination = pino.destination({ dest: file, sync })
    await new Promise((resolve) => destination.once('ready', resolve))
    const log = pino({ ...pinoRedaction(redactor) }, destination)
    for (let i = 0; i < 50; i++) log.info({ i, token }, token)
    const closed = new Promise((resolve) => destination.once('close', resolve))
    destination.end()
    await closed
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(shown(lines.join('\n'))).toBeUndefined()
  })

  it('scrubs before a worker gets the line', async () => {
    const folder = directory()
    const [target, file] = [join(folder, 'target.mjs'), join(folder, 'log')]
    writeFileSync(
      target,
      `import { appendFileSync } from 'node:fs'
       import { Writable } from 'node:stream'
       export default ({ file }) => new Writable({ write(chunk, _, done) { appendFileSync(file, chunk); done() } })`,
    )
    const transport = pino.transport({ target, options: { file } })
    const log = pino({ ...pinoRedaction(redactor) }, transport)
    log.child({ password }).error(failure(), 'failed with %s', token)
    await new Promise((resolve) => {
      transport.once('close', resolve)
      transport.end()
    })
    const line = readFileSync(file, 'utf8')
    expect(JSON.parse(line)).toMatchObject({
      level: 50,
      password: '[REDACTED]',
      msg: 'failed with EAA[REDACTED]',
    })
    expect(shown(line)).toBeUndefined()
  })

  it.each<readonly [string, Redactor['text']]>([
    [
      'throws',
      () => {
        throw new Error(token)
      },
    ],
    ['could not redact', () => '[Unreadable]'],
  ])('writes a line that says so when the redactor %s', (_name, text) => {
    expect(outputOf(pino, (log) => log.info({ password }, token), {}, { ...redactor, text })).toBe(failed)
  })

  it('writes the same when the observer throws', () => {
    const own = createRedactor({
      observe() {
        throw new Error('observer')
      },
    })
    const output = outputOf(pino, (log) => log.info({ password }, token), {}, own)
    expect(JSON.parse(output)).toMatchObject({ password: '[REDACTED]', msg: 'EAA[REDACTED]' })
  })
})

it.each([undefined, null, 7, 'text', {}, { text: 'x' }])('takes nothing but a redactor: %j', (value) => {
  expect(() => pinoRedaction(value as never)).toThrow(new TypeError('redactor: expected a redactor'))
})

it('gives what cannot be changed', () => {
  const redaction = pinoRedaction(redactor)
  expect([redaction, redaction.hooks].every(Object.isFrozen)).toBe(true)
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'waxseal-pino-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}
