import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { createKeyring, generateKey } from 'waxseal/keyring'
import {
  createFingerprinter,
  createRedactor,
  pinoRedaction,
  type Redactor,
  winstonRedaction,
} from 'waxseal/masking'
import { createLogger, format, transports } from 'winston'

const LITERAL = 'verify/"me"\\(now)$&'
const CORE = 'Zx7Qw9Kv'
const BODY = CORE.repeat(5)
const TOKEN = `EAA${BODY}`
const KEY = ['-----BEGIN PRIVATE KEY-----', BODY, BODY, '-----END PRIVATE KEY-----', ''].join('\n')
const JWT = `eyJ${BODY}.eyJ${BODY}.${BODY}`
const HEADERS = (end: string) =>
  [
    'Host: x',
    `authorization: Bearer ${BODY}`,
    `X-Api-Key: ${CORE} ${CORE}`,
    `cookie: a=${CORE}`,
    'b: 2',
  ].join(end)

/** Pieces of what is planted; none may show. */
const SECRETS = [CORE, CORE.toLowerCase(), 'hunter2!', 'verify/', '(now)', 'me\\']

/** What is planted as a member, beside others that stay. */
const members: readonly (readonly [string, Record<string, unknown>])[] = [
  ['a secret name', { password: 'hunter2!' }],
  ['a secret name in another spelling', { 'X-API-Key': 'hunter2!' }],
  ['a number under a secret name', { pin: 12345678 }],
  ['an object under a secret name', { credentials: { a: ['hunter2!', { b: 'hunter2!' }] } }],
  ['an array under a secret name', { cookies: ['hunter2!'] }],
  ['an array of numbers under a secret name', { token: [...CORE].map((c) => c.charCodeAt(0)) }],
  ['a value that ends in backslashes', { secret: 'hunter2!\\\\' }],
  ['a value with quotes and brackets', { secret: '"hunter2!"}],"a":"' }],
  ['a value of several lines', { secret: 'hunter2!\nhunter2!\r\n' }],
  ['no value under a secret name', { token: null, hasToken: true, tokenCount: 3, secret: false }],
  ['a name deep down', { a: [{ b: { c: [{ dbPassword: 'hunter2!' }] } }] }],
  ['a token as a value', { note: TOKEN }],
  ['a token in a sentence', { note: `sent with ${TOKEN}, "twice": ${TOKEN}` }],
  ['a token behind a line end', { note: `a\n${TOKEN}\r\n\t${TOKEN}` }],
  ['a token as a name', { [`of ${TOKEN}`]: 1, [TOKEN]: { [TOKEN]: 2 } }],
  ['a web token', { note: JWT }],
  ['a private key', { note: KEY }],
  ['a private key without its end', { note: KEY.slice(0, 80), z: 'stays' }],
  ['a private key with CRLF', { note: `x ${KEY.replaceAll('\n', '\r\n')} y` }],
  ['a private key as a parameter', { note: `private_key=${KEY}&b=2` }],
  ['a literal', { note: LITERAL }],
  ['a literal in a sentence', { note: `"${LITERAL}", '${LITERAL}'` }],
  ['a literal as a name', { [LITERAL]: 1 }],
  ['a literal in a URL', { url: `https://x/?a=${encodeURIComponent(LITERAL)}&b=2` }],
  ['a URL with a parameter', { url: 'https://x/?access_token=hunter2!&b=2' }],
  ['a URL with userinfo', { url: 'redis://user:hunter2!@h:6379/0' }],
  ['a URL with a code', { url: 'https://x/cb?code=hunter2!&state=1' }],
  ['a form body', { raw: 'a=1&client_secret=hunter2%21hunter2!&b=2' }],
  ['a header block', { raw: HEADERS('\r\n') }],
  ['headers as an object', { headers: { Authorization: 'hunter2!', cookie: 'hunter2!', accept: '*/*' } }],
  ['headers as a list', { rawHeaders: ['Authorization', 'hunter2!'] }],
  ['JSON in it', { raw: JSON.stringify({ password: 'hunter2!', a: TOKEN, b: 1 }) }],
  [
    'JSON in JSON in it',
    {
      raw: JSON.stringify({
        raw: JSON.stringify({ password: { a: 'hunter2!"}' }, l: LITERAL, k: KEY, t: TOKEN }),
        z: 1,
      }),
    },
  ],
  ['what an inspector printed', { raw: "{ token: 'hunter2!', a: { password: \"it's hunter2!\" } }" }],
  ['bytes', { note: Buffer.from(BODY) }],
  ['an array of bytes', { note: new Uint8Array([...CORE].map((c) => c.charCodeAt(0))) }],
]

/** What is planted in a text. */
const texts: readonly (readonly [string, string])[] = [
  ['a token', `sent with ${TOKEN}`],
  ['a scheme', `curl -H "Authorization: Bearer ${BODY}" x`],
  ['a private key', `loaded ${KEY}done`],
  ['a private key as a setting', `private_key: ${KEY}done`],
  ['a literal', `the value ${LITERAL} is`],
  [
    'a literal, JSON-escaped and percent-encoded',
    `${JSON.stringify(LITERAL)} ${encodeURIComponent(LITERAL)}`,
  ],
  ['a URL', 'GET https://u:hunter2!@h/?access_token=hunter2!&x=1 200'],
  ['a form', 'user[password]=hunter2!&a=1'],
  ['a header block', HEADERS('\n')],
  [
    'JSON',
    `got ${JSON.stringify({ password: 'hunter2!', raw: JSON.stringify({ pin: 'hunter2!' }), n: 1 })} there`,
  ],
  ['JSON that was cut', JSON.stringify({ a: 1, token: { b: 'hunter2!', c: 'hunter2!' } }).slice(0, -8)],
  ['what an inspector printed', "{ apiKey: 'hunter2!', b: [ { 'x-api-key': 'hunter2!' } ] }"],
  ['a setting', 'DB_PASSWORD="hunter2! hunter2!" PIN=hunter2! x=1'],
]

type Print = (redactor: Redactor, input: unknown) => unknown | Promise<unknown>

/** Each gives back what it printed of the input: data for data, text for text. */
const surfaces: Readonly<Record<string, Print>> = {
  value: (redactor, input) => JSON.parse(JSON.stringify(redactor.value(input))),
  text: (redactor, input) =>
    typeof input === 'string' ? redactor.text(input) : JSON.parse(redactor.text(JSON.stringify(input))),
  'text of indented JSON': (redactor, input) => JSON.parse(redactor.text(JSON.stringify(input, null, 2))),
  'text of JSON in JSON': (redactor, input) =>
    JSON.parse(JSON.parse(redactor.text(JSON.stringify({ raw: JSON.stringify(input) }))).raw),
  stream: async (redactor, input) => JSON.parse(await streamed(redactor, JSON.stringify(input))),
  error: (redactor, input) => {
    const { message } = redactor.error(new Error(typeof input === 'string' ? input : JSON.stringify(input)))
    return typeof input === 'string' ? message : JSON.parse(message)
  },
  'the cause of an error': (redactor, input) => {
    const message = typeof input === 'string' ? input : JSON.stringify(input)
    const { cause } = redactor.error(new Error('x', { cause: new TypeError(message) }))
    const shown = (cause as Error).message
    return typeof input === 'string' ? shown : JSON.parse(shown)
  },
  pino: (redactor, input) => pinoLine(redactor, (log) => log.info({ input }, 'x')).input,
  'the message of pino': (redactor, input) => {
    const { msg } = pinoLine(redactor, (log) =>
      log.info(typeof input === 'string' ? input : JSON.stringify(input)),
    )
    return typeof input === 'string' ? msg : JSON.parse(msg)
  },
  'a child of pino': (redactor, input) => pinoLine(redactor, (log) => log.child({ input }).info('x')).input,
  winston: (redactor, input) => winstonLine(redactor, (log) => log.info('x', { input })).input,
  'the message of winston': (redactor, input) => {
    const { message } = winstonLine(redactor, (log) =>
      log.info(typeof input === 'string' ? input : JSON.stringify(input)),
    )
    return typeof input === 'string' ? message : JSON.parse(message)
  },
}

interface Line {
  readonly msg: string
  readonly message: string
  readonly input: unknown
}

/** In pieces of 7 bytes, which cut everything that is longer. */
async function streamed(redactor: Redactor, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7))
      controller.close()
    },
  })
  const decoder = new TextDecoder()
  let out = ''
  for await (const chunk of pieces.pipeThrough(redactor.stream()))
    out += decoder.decode(chunk, { stream: true })
  return out + decoder.decode()
}

function pinoLine(redactor: Redactor, use: (log: pino.Logger) => void): Line {
  const lines: string[] = []
  use(pino({ ...pinoRedaction(redactor) }, { write: (line: string) => void lines.push(line) }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines.join(''))
}

function winstonLine(redactor: Redactor, use: (log: ReturnType<typeof createLogger>) => void): Line {
  const lines: string[] = []
  const memory = new transports.Console({
    log(info: object, next: () => void) {
      lines.push(String((info as Record<symbol, unknown>)[Symbol.for('message')]))
      next()
    },
  })
  const final = winstonRedaction(redactor, format.json())
  use(createLogger({ format: format.combine(format.splat(), final), transports: [memory] }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines.join(''))
}

const redactor = createRedactor({ literals: [LITERAL] })

function shownOf(printed: unknown): string[] {
  const plain = typeof printed === 'string' ? printed : JSON.stringify(printed)
  // Twice unescaped, so that what hides behind backslashes is seen too.
  const spellings = [
    plain,
    plain.replaceAll('\\', ''),
    decodeURIComponent(plain.replace(/%(?![0-9A-F]{2})/g, '%25')),
  ]
  return SECRETS.filter((secret) => spellings.some((text) => text.includes(secret)))
}

const names = Object.keys(surfaces)
const printOf = (surface: string, input: unknown, own: Redactor = redactor): unknown =>
  (surfaces[surface] as Print)(own, input)

describe.each(members)('%s', (_name, member) => {
  const around = { first: 'stays "1"\\', last: [1, null, { a: 'é💥' }] }
  const input = { first: around.first, ...member, last: around.last }

  it.each(names)('does not show on the surface %s', async (surface) => {
    const printed = (await printOf(surface, input)) as object
    expect(shownOf(printed)).toEqual([])
    expect(printed).toMatchObject(around)
  })

  it('looks the same on all of them', async () => {
    const [first, ...others] = await Promise.all(names.map((surface) => printOf(surface, input)))
    others.forEach((printed, at) => {
      expect(printed, names[at + 1]).toEqual(first)
    })
  })

  it('stays as it is when it is printed once more', async () => {
    const first = await printOf('value', input)
    for (const surface of names) expect(await printOf(surface, first), surface).toEqual(first)
  })
})

describe.each(texts)('%s in a text', (_name, input) => {
  const direct = [
    'value',
    'text',
    'error',
    'the cause of an error',
    'the message of pino',
    'the message of winston',
  ]
  const inMembers = [
    'pino',
    'a child of pino',
    'winston',
    'text of JSON in JSON',
    'stream',
    'text of indented JSON',
  ]

  it.each([...direct, ...inMembers])('does not show on the surface %s', async (surface) => {
    expect(shownOf(await printOf(surface, input))).toEqual([])
  })

  it('looks the same on all of them, the text as it is', async () => {
    const first = redactor.text(input)
    for (const surface of direct) expect(await printOf(surface, input), surface).toBe(first)
    expect(await streamed(redactor, input)).toBe(first)
  })

  it('looks the same on all of them, the text in JSON', async () => {
    const first = await printOf('text of indented JSON', input)
    for (const surface of inMembers.slice(0, 3)) expect(await printOf(surface, input), surface).toEqual(first)
    expect(await printOf('stream', input)).toEqual(first)
  })
})

describe('personal data', () => {
  const fingerprints = createFingerprinter({ keyring: createKeyring([generateKey('2026a')]) })
  const input = {
    from: '16505551234',
    to: 16505551234,
    x: 'call +16505551234 or write to jane@example.com',
    email: 'jane@example.com',
    id: `wamid.${BODY}`,
    text: { body: 'Hello "Jane"' },
    contacts: [{ profile: { name: 'Jane' }, wa_id: '16505551234' }],
    raw: JSON.stringify({ from: '16505551234', body: 'Hello "Jane"' }),
    form: 'From=whatsapp%3A%2B16505551234&Body=Hello+Jane&WaId=16505551234',
  }

  it.each(['mask', fingerprints] as const)('looks the same on all surfaces', async (personal) => {
    const own = createRedactor({ personal })
    const first = await printOf('value', input, own)
    expect(JSON.stringify(first)).not.toMatch(/6505551234|[Jj]ane|Hello|Zx7Qw9Kv/)
    for (const surface of names) expect(await printOf(surface, input, own), surface).toEqual(first)
    for (const surface of names) expect(await printOf(surface, first, own), surface).toEqual(first)
  })
})
