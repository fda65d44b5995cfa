import { spawn } from 'node:child_process'
import { Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor, type RedactionEvent } from 'waxseal/masking'
import { streamOf } from '../../src/masking/stream.js'

const MAX = 1_048_576
const token = `EAA${'Gx7Qp2Zk'.repeat(5)}`
const base64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj'
const body = Array.from({ length: 20 }, (_, i) => base64.slice(i) + base64.slice(0, i))
const pem = (end = '\n') =>
  ['-----BEGIN PRIVATE KEY-----', ...body, '-----END PRIVATE KEY-----'].join(end) + end
const bytes = (text: string): Uint8Array => Buffer.from(text)
const redactor = createRedactor()

async function through(
  chunks: Iterable<Uint8Array>,
  stream: TransformStream<Uint8Array, Uint8Array> = redactor.stream(),
): Promise<string> {
  const [reader, writer] = [stream.readable.getReader(), stream.writable.getWriter()]
  const write = async (): Promise<void> => {
    for (const chunk of chunks) {
      await writer.ready
      // What a write rejects with, reading rejects with, too.
      writer.write(chunk).catch(() => {})
    }
    await writer.close()
  }
  const written = write()
  written.catch(() => {})
  const out: Uint8Array[] = []
  for (let next = await reader.read(); !next.done; next = await reader.read()) out.push(next.value)
  await written
  return Buffer.concat(out).toString()
}

function* pieces(input: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size)
}

/** The first stretch of 8 characters of the secret that shows. */
function shown(output: string, secret: string): string | undefined {
  for (let at = 0; at + 8 <= secret.length; at++) {
    const window = secret.slice(at, at + 8)
    if (output.includes(window)) return window
  }
  return undefined
}

describe('framing', () => {
  it.each(['\n', '\r\n', ''])('scrubs a line as text does, and keeps its end %j', async (end) => {
    const line = `{"msg":"sent with ${token}","token":"abc"}`
    const output = await through([bytes(`first${end}${line}${end}`)])
    expect(output).toBe(
      end === '' ? redactor.text(`first${line}`) : `first${end}${redactor.text(line)}${end}`,
    )
    expect(shown(output, token)).toBeUndefined()
  })

  it('passes empty lines and an empty input', async () => {
    expect(await through([])).toBe('')
    expect(await through([bytes('')])).toBe('')
    expect(await through([bytes('\n\r\n\na')])).toBe('\n\r\n\na')
  })

  it('writes a line once it has ended, not when the next one begins', async () => {
    const stream = redactor.stream()
    const [reader, writer] = [stream.readable.getReader(), stream.writable.getWriter()]
    void writer.write(bytes('one\ntw'))
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('one\n')
    void writer.write(bytes('o\n'))
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('two\n')
  })

  it('keeps a byte order mark, and puts U+FFFD where there is no UTF-8', async () => {
    expect(await through([bytes('\uFEFFa\n')])).toBe('\uFEFFa\n')
    expect(await through([Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x0a, 0xf0, 0x9f)])).toBe(
      'a\uFFFD\uFFFD\n\uFFFD',
    )
  })
})

describe('splits', () => {
  const sample = Buffer.concat([
    bytes(`\uFEFF{"access_token":"s3cr\\"et","name":"Zoë 👩‍👩‍👧"}\r\n`),
    bytes(`GET /me?access_token=${token}&x=1\n`),
    Uint8Array.of(0xff, 0xe2, 0x82, 0x0a, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x0d, 0x0a),
    bytes(`key:\r\n${pem('\r\n')}after\n${pem().slice(0, 200)}`),
    Uint8Array.of(0xf0, 0x9f, 0x98),
  ])

  it('gives the same output wherever the input is cut in two', async () => {
    const whole = await through([sample])
    expect([token, 's3cr\\"et', ...body].filter((secret) => shown(whole, secret))).toEqual([])
    expect(whole).toContain('after\n')
    for (let at = 0; at <= sample.length; at++) {
      expect(await through([sample.subarray(0, at), sample.subarray(at)])).toBe(whole)
    }
  })

  it('gives the same output byte by byte', async () => {
    expect(await through(pieces(sample, 1))).toBe(await through([sample]))
  })

  it('gives the same output for every split of every input', async () => {
    const fragment = fc.oneof(
      fc.constantFrom<Uint8Array[]>(
        ...[
          '\n',
          '\r\n',
          ' ',
          '"',
          '\\',
          'a',
          '😀',
          '-----',
          '-----BEGIN PRIVATE KEY-----',
          `${base64}\n`,
        ].map(bytes),
        ...['-----END PRIVATE KEY-----\n', '-----BEGIN CERTIFICATE-----\n', `"token":"${base64}"`, token].map(
          bytes,
        ),
      ),
      fc.uint8Array({ maxLength: 4 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fragment, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (fragments, sizes) => {
          const input = Buffer.concat(fragments)
          const chunks: Uint8Array[] = []
          for (let at = 0, i = 0; at < input.length; i++) {
            const size = sizes[i % sizes.length] as number
            chunks.push(input.subarray(at, at + size))
            at += size
          }
          expect(await through(chunks)).toBe(await through([input]))
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('private keys', () => {
  it.each(['\n', '\r\n'])('joins the lines of a key, with line ends %j', async (end) => {
    const output = await through([bytes(`before${end}${pem(end)}after${end}`)])
    expect(output).toBe(`before${end}${redactor.text(pem(end))}after${end}`)
    expect(shown(output, body.join(end))).toBeUndefined()
  })

  it('joins lines that a logger has put something in front of', async () => {
    const lines = pem()
      .trimEnd()
      .split('\n')
      .map((line) => `2026-01-01T00:00:00Z [api] ${line}\n`)
    const output = await through([bytes(lines.join(''))])
    expect(body.filter((line) => shown(output, line))).toEqual([])
  })

  it('hides a second key that begins in the line in which the first one ends', async () => {
    const output = await through([bytes(`${pem().trimEnd()} ${pem()}end\n`)])
    expect(body.filter((line) => shown(output, line))).toEqual([])
    expect(output).toContain('end\n')
  })

  it('hides a whole key behind a first line without an end', async () => {
    const output = await through([bytes(`-----BEGIN RSA PRIVATE KEY-----\nx y z\n${pem()}end\n`)])
    expect(body.filter((line) => shown(output, line))).toEqual([])
    expect(output).toContain('end\n')
  })

  it('waits for the end of a key for 16 KiB, and goes on', async () => {
    const record = `${'word '.repeat(20)}\n`
    const input = `-----BEGIN PRIVATE KEY-----\n${record.repeat(400)}`
    const stream = redactor.stream()
    const [reader, writer] = [stream.readable.getReader(), stream.writable.getWriter()]
    void writer.write(bytes(input))
    const output = Buffer.from((await reader.read()).value ?? []).toString()
    expect(output.length).toBeGreaterThan(20_000)
    expect(output.endsWith(record)).toBe(true)
  })

  it.each([
    '{"msg":"-----BEGIN PRIVATE KEY-----"}\n',
    '-----BEGIN CERTIFICATE-----\n',
    '-----BEGIN PUBLIC KEY-----\n',
    'PRIVATE KEY-----\n',
    pem('\\n'),
  ])('does not wait behind %j', async (line) => {
    const stream = redactor.stream()
    const [reader, writer] = [stream.readable.getReader(), stream.writable.getWriter()]
    void writer.write(bytes(`${line.trimEnd()}\n`))
    expect(
      Buffer.from((await reader.read()).value ?? [])
        .toString()
        .endsWith('\n'),
    ).toBe(true)
  })
})

describe('a line without an end', () => {
  const words = (length: number): string => 'word '.repeat(Math.ceil(length / 5)).slice(0, length)

  it('leaves a line of 1 048 576 characters whole', async () => {
    const line = `${words(MAX)}\n`
    expect(await through([bytes(line)])).toBe(line)
    expect(await through([bytes(line.replace('\n', '\r\n'))])).toContain('[Truncated]\r\n')
  })

  it('is cut behind a word, its rest dropped, and the next line is whole', async () => {
    const input = bytes(`${words(3 * MAX)}\r\nnext ${token}\n`)
    const output = await through(pieces(input, 65_536))
    expect(output).toMatch(/word \[Truncated\]\r\nnext EAA\[REDACTED\]\n$/)
    expect(output.length).toBeGreaterThan(MAX * 0.9)
    expect(output.length).toBeLessThan(MAX)
    for (const size of [input.length, 1_000_003, 4099])
      expect(await through(pieces(input, size))).toBe(output)
  })

  it('takes characters, not bytes', async () => {
    const line = `${'é '.repeat(MAX / 2)}\n`
    expect(await through([bytes(line)])).toBe(line)
  })

  it('shows nothing of a line in which nothing ends', async () => {
    expect(await through([bytes('x'.repeat(3 * MAX))])).toBe('[Truncated]')
  })

  const phrase = 'correct horse battery staple, and Tr0ub4dor&3 too'
  const straddlers: readonly (readonly [string, string])[] = [
    ['a token', ` ${token} `],
    ['a value under a name', `{"token":"${phrase}"}`],
    ['an object under a name', `{"secret":{"a":"${phrase}","b":["${phrase}"]}}`],
    ['a password in an URL', ` https://me:${'pa,ss;wo&rd'.repeat(4)}@host/ `],
    ['a key', ` ${pem('\\n')} `],
    ['a registered value', ` ${phrase} `],
    ['a registered value, percent-encoded', ` ${encodeURIComponent(phrase)} `],
  ]
  it.each(straddlers)('shows nothing of %s that the cut goes through', async (_, secret) => {
    const own = createRedactor({ literals: [phrase] })
    for (const before of [0.1, 0.5, 0.9]) {
      const start = MAX - Math.floor(secret.length * before)
      const input = `${words(start)}${secret}${words(MAX)}\nnext\n`
      const output = await through([bytes(input)], own.stream())
      for (const part of [token, phrase, encodeURIComponent(phrase), 'pa,ss;wo&rd', ...body]) {
        expect(shown(output, part)).toBeUndefined()
      }
      expect(output).toMatch(/\[Truncated\]\nnext\n$/)
    }
  })

  it('shows nothing of the lines of a key that begins in the part that is dropped', async () => {
    const input = bytes(`${words(2 * MAX)}${pem()}next\n`)
    const output = await through([input])
    expect(body.filter((line) => shown(output, line))).toEqual([])
    expect(output).toMatch(/\[Truncated\]\nnext\n$/)
    expect(await through(pieces(input, 10_007))).toBe(output)
  })

  it('finds the beginning of a key far from the end of the line that is dropped', async () => {
    const key = pem()
      .replace(/(?<=[A-Za-z])\n(?=[A-Za-z])/g, '')
      .replace('-----END', `${base64}\n-----END`)
    const input = bytes(`${words(2 * MAX)}${key.replace('KEY-----\n', `KEY-----${'A'.repeat(9000)}`)}next\n`)
    for (const size of [input.length, 10_007, 1_021]) {
      const output = await through(pieces(input, size))
      expect(shown(output, base64)).toBeUndefined()
      expect(output).toMatch(/\[Truncated\]\nnext\n$/)
    }
  })

  it('shows nothing of a key that is open when the line begins', async () => {
    const [first, ...rest] = pem().split('\n')
    const output = await through([bytes(`${first}\n${words(2 * MAX)} ${rest.join('\n')}next\n`)])
    expect(output).toMatch(/\[Truncated\]\n/)
    expect(output).toMatch(/next\n$/)
  })

  it('takes a line in single bytes without joining it each time', async () => {
    const line = bytes(`${words(MAX)} ${token}\n`)
    expect(await through(pieces(line, 1))).toMatch(/word \[Truncated\]\n$/)
  })
})

describe('streams', () => {
  // With lib.dom, TypeScript does not take its web streams for Node's.
  const duplex = (): Duplex => Duplex.fromWeb(redactor.stream() as never)

  it('stands between a child process and an output', async () => {
    const script = `process.stdout.write('a ${token}\\nb '); setTimeout(() => console.log('${token}'), 20)`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const out: Buffer[] = []
    const sink = new Writable({
      write(chunk, _encoding, done) {
        out.push(chunk)
        done()
      },
    })
    await pipeline(child.stdout, duplex(), sink)
    expect(Buffer.concat(out).toString()).toBe('a EAA[REDACTED]\nb EAA[REDACTED]\n')
  })

  it("takes a Node stream's strings, which it turns into bytes", async () => {
    const out = Readable.from([`a ${token.slice(0, 20)}`, `${token.slice(20)}\n`])
      .setEncoding('utf8')
      .pipe(duplex().setEncoding('utf8'))
    expect((await out.toArray()).join('')).toBe('a EAA[REDACTED]\n')
  })

  it('makes the writer wait for the reader', async () => {
    const stream = redactor.stream()
    const [reader, writer] = [stream.readable.getReader(), stream.writable.getWriter()]
    let ready = false
    void writer.write(bytes('one\n'))
    void writer.ready.then(() => {
      ready = true
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(ready).toBe(false)
    await reader.read()
    await writer.ready
    expect(ready).toBe(true)
  })

  it.each([`text ${token}`, undefined, null, 7, ['a'], {}])(
    'is torn down by a chunk that is not bytes',
    async (chunk) => {
      const error: unknown = await through([bytes('one\n'), chunk as never]).catch((reason) => reason)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toBe('chunk: expected a Uint8Array')
    },
  )

  it('has a state of its own', async () => {
    const [one, two] = [redactor.stream(), redactor.stream()]
    const [first, second] = await Promise.all([
      through([bytes(`1 ${token.slice(0, 10)}`), bytes(token.slice(10))], one),
      through([bytes('2 plain'), bytes(' text')], two),
    ])
    expect([first, second]).toEqual(['1 EAA[REDACTED]', '2 plain text'])
  })

  it('says as what it redacts', async () => {
    const events: RedactionEvent[] = []
    const own = createRedactor({ observe: (event) => events.push(event) })
    await through([bytes(`${token}\nplain\n`)], own.stream())
    expect(events).toEqual([{ type: 'redacted', surface: 'stream', rules: ['meta_or_square'] }])
  })

  it('keeps the end of a line of which nothing else is left', async () => {
    const unreadable = streamOf(() => '[Unreadable]')
    expect(await through([bytes('a\r\nb\nc')], unreadable)).toBe('[Unreadable]\r\n[Unreadable]\n[Unreadable]')
    expect(await through([bytes('{\n  "token": {\r\n  },\n  "pin": "12\nnext\n')])).toBe(
      '{\n  "token": "[REDACTED]"\r\n  },\n  "pin": "[REDACTED]\nnext\n',
    )
  })
})
