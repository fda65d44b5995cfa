import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { createRedactor, type RedactionEvent } from 'waxseal/masking'

const redactor = createRedactor()
const text = (input: string): string => redactor.text(input)

const FILL = 'aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA'
const META = `EAA${FILL}`
const json = (value: unknown, depth = 1): string =>
  depth === 0 ? (value as string) : json(JSON.stringify(value), depth - 1)

describe('the examples', () => {
  it.each([
    ['"\\nEAAGabcdefghijklmnopqrstuvwxyz0123456789"', '"\\nEAA[REDACTED]"'],
    ['postgres://user:p4ss@db:5432/x', 'postgres://[REDACTED]@db:5432/x'],
    ['GET /v21.0/me?access_token=abc123&x=1', 'GET /v21.0/me?access_token=[REDACTED]&x=1'],
    ['236484624622562|614fc2afde15eee07a26b2fe3eaee9b9', '236484624622562|[REDACTED]'],
    [
      '{"body":"{\\"api_key\\":\\"s3cr\\\\\\"et\\",\\"ok\\":1}","k":2}',
      '{"body":"{\\"api_key\\":\\"[REDACTED]\\",\\"ok\\":1}","k":2}',
    ],
    ['{"a":"\\\\","token":"x\\\\","b":1}', '{"a":"\\\\","token":"[REDACTED]","b":1}'],
    ['{"url":"https://x?token=abc\\" y"}', '{"url":"https://x?token=[REDACTED]\\" y"}'],
    [
      '{"token":null,"hasToken":true,"tokenCount":3,"pin":12}',
      '{"token":null,"hasToken":true,"tokenCount":3,"pin":"[REDACTED]"}',
    ],
  ])('%s → %s', (input, expected) => {
    expect(text(input)).toBe(expected)
    expect(text(expected)).toBe(expected)
  })

  it.each(['Bearer authentication is required', 'token: expired'])('%s is left alone', (input) => {
    expect(text(input)).toBe(input)
  })
})

describe('members of JSON', () => {
  it.each<[string, unknown, unknown]>([
    ['a string', 'abc', '[REDACTED]'],
    ['an empty string', '', '[REDACTED]'],
    ['a number', -1.5e30, '[REDACTED]'],
    ['zero', 0, '[REDACTED]'],
    ['an object', { a: 1, b: { c: '}' } }, '[REDACTED]'],
    ['an empty object', {}, '[REDACTED]'],
    ['an array', ['x', [']'], { a: '"' }], '[REDACTED]'],
    ['null', null, null],
    ['true', true, true],
    ['false', false, false],
    ['a value that ends in backslashes', 'x\\\\', '[REDACTED]'],
    ['a value that holds quotes', 'a"b\\"c', '[REDACTED]'],
    ['a value that holds brackets', 'a}b]c{d[', '[REDACTED]'],
    ['a value that looks like the next member', 'a","b":"c', '[REDACTED]'],
    ['a value that holds an apostrophe', "it's", '[REDACTED]'],
    ['a value of several lines', 'a\nb\r\nc\u2028d', '[REDACTED]'],
    ['control and other characters', '\u0000\u001f\u007fé💥\ud800', '[REDACTED]'],
    ['JSON', '{"a":"b"}', '[REDACTED]'],
    ['a marker', '[REDACTED]', '[REDACTED]'],
    ['another marker', '[Bytes 3]', '[Bytes 3]'],
  ])('lose %s, and nothing beside it', (_name, value, expected) => {
    const neighbours = { a: 'x\\', b: '"', c: [1, '}'] }
    const before = { ...neighbours, token: value, ...neighbours, d: { api_key: value, e: null } }
    const after = { ...neighbours, token: expected, d: { api_key: expected, e: null } }
    for (const indent of [0, 2, '\t']) {
      const scrubbed = text(JSON.stringify(before, null, indent))
      expect(scrubbed).toBe(JSON.stringify(after, null, indent))
      expect(text(scrubbed)).toBe(scrubbed)
    }
    for (const depth of [2, 3, 4]) expect(text(json(before, depth))).toBe(json(after, depth))
  })

  it.each([
    ['{"token":"abc', '{"token":"[REDACTED]'],
    ['{"token":"abc\\', '{"token":"[REDACTED]'],
    ['{"token":{"a":"b","c":{"d":1', '{"token":"[REDACTED]"'],
    ['{"token":{"a":"b', '{"token":"[REDACTED]"'],
    ['{"token":["x",["y"', '{"token":"[REDACTED]"'],
    ['{"pin":12', '{"pin":"[REDACTED]"'],
    ['{"a":"{\\"token\\":\\"abc', '{"a":"{\\"token\\":\\"[REDACTED]'],
    ['{"a":"{\\"token\\":{\\"b\\":[1', '{"a":"{\\"token\\":\\"[REDACTED]\\"'],
  ])('lose what is cut off: %s', (input, expected) => {
    expect(text(input)).toBe(expected)
    expect(text(expected)).toBe(expected)
  })

  it.each([
    ['{"a":"{\\"token\\":\\"abc","b":1}', '{"a":"{\\"token\\":\\"[REDACTED]","b":1}'],
    ['{"a":"{\\"token\\":{\\"x\\":[1","b":1}', '{"a":"{\\"token\\":\\"[REDACTED]\\"","b":1}'],
    ['{"a":"{\\"token\\":12","b":1}', '{"a":"{\\"token\\":\\"[REDACTED]\\"","b":1}'],
    ['{"a":"{\\"token\\":","b":1}', '{"a":"{\\"token\\":","b":1}'],
    ['["\\"token\\":\\"","b"]', '["\\"token\\":\\"[REDACTED]","b"]'],
  ])('lose what is cut off inside of another text, which stays JSON: %s', (input, expected) => {
    expect(JSON.parse(input)).toBeDefined()
    expect(text(input)).toBe(expected)
    expect(JSON.parse(expected)).toBeDefined()
  })

  it('lose each of two values under the same name', () => {
    expect(text('{"token":"a","token":["b"]}')).toBe('{"token":"[REDACTED]","token":"[REDACTED]"}')
  })

  it('are found behind blanks and line ends', () => {
    expect(text('"token" \t: \r\n "abc"')).toBe('"token" \t: \r\n "[REDACTED]"')
  })

  it('are found wherever they stand in a line', () => {
    const input = 'got {"token":"abc"} and [{"pin":1}] then "password":"x".'
    const expected = 'got {"token":"[REDACTED]"} and [{"pin":"[REDACTED]"}] then "password":"[REDACTED]".'
    expect(text(input)).toBe(expected)
  })
})

describe('what inspectors print', () => {
  it.each<[string, unknown]>([
    ['a string', 'hunter2!'],
    ['a string with an apostrophe', "it's hunter2!"],
    ['a string with both quotes', 'it\'s "hunter2!"'],
    ['a string of several lines', 'it is\nhunter2!'],
    ['a string with a backslash', 'a\\hunter2!'],
  ])('loses %s', (_name, value) => {
    for (const name of ['token', 'apiKey', 'x-api-key', 'authorization']) {
      for (const shown of [
        { [name]: value, ok: 1 },
        { a: { b: [{ [name]: value }] }, ok: 1 },
      ]) {
        const printed = inspect(shown, { depth: 9 })
        const scrubbed = text(printed)
        expect(scrubbed).not.toContain('hunter2!')
        expect(scrubbed).toContain('ok: 1')
        const logged = text(JSON.stringify({ msg: printed, ok: 1 }))
        expect(logged).not.toContain('hunter2!')
        expect(JSON.parse(logged).ok).toBe(1)
      }
    }
  })

  it.each([
    ["{'api_key': 'abc'}", "{'api_key': '[REDACTED]'}"],
    ["{'api_key': 'a\\'bc', 'b': 1}", "{'api_key': '[REDACTED]', 'b': 1}"],
    ["{'pin': 1234, 'b': None}", "{'pin': '[REDACTED]', 'b': None}"],
    ["{'token': {'a': ['}']}, 'b': 1}", "{'token': '[REDACTED]', 'b': 1}"],
    ["{'password': \"it's\", 'b': 1}", "{'password': \"[REDACTED]\", 'b': 1}"],
    [`{ token: 'a"bc', b: 1 }`, "{ token: '[REDACTED]', b: 1 }"],
    ["{ token: 'abc', b: 1 }", "{ token: '[REDACTED]', b: 1 }"],
    ["{ token: null, 'x-api-key': undefined }", "{ token: null, 'x-api-key': undefined }"],
  ])('%s → %s', (input, expected) => {
    expect(text(input)).toBe(expected)
    expect(text(expected)).toBe(expected)
  })

  it('shows a Secret as what it prints', () => {
    const printed = inspect({ token: new Secret('abcdefgh'), api_key: new Secret('abcdefgh') })
    expect(text(printed)).toBe(printed)
  })
})

describe('parameters and forms', () => {
  it.each([
    ['token=abc', 'token=[REDACTED]'],
    ['a=1&client_secret=a%20b%26c&b=2', 'a=1&client_secret=[REDACTED]&b=2'],
    ['?access_token=abc#fragment', '?access_token=[REDACTED]'],
    ['user[password]=abc&b=2', 'user[password]=[REDACTED]&b=2'],
    ['user%5Bpassword%5D=abc&b=2', 'user%5Bpassword%5D=[REDACTED]&b=2'],
    ['api_key=abc,password=def;pin=1', 'api_key=[REDACTED],password=[REDACTED];pin=[REDACTED]'],
    ['level=info password="a b" msg=x', 'level=info password="[REDACTED]" msg=x'],
    ["password='a b' msg=x", "password='[REDACTED]' msg=x"],
    ['password = abc', 'password = [REDACTED]'],
    ['f(token=abc)', 'f(token=[REDACTED])'],
    ['--client-secret=abc --x', '--client-secret=[REDACTED] --x'],
    ['export DATABASE_URL=postgres://u:p@h/d', 'export DATABASE_URL=[REDACTED]'],
    ['token=null&password=&secret=true', 'token=null&password=&secret=true'],
    ['tokenCount=3&a=b', 'tokenCount=3&a=b'],
    ['if (token == other && token === x) token => y', 'if (token == other && token === x) token => y'],
    ['{"m":"token=abc"}', '{"m":"token=[REDACTED]"}'],
    ['{"m":"token=\\"a b\\" x"}', '{"m":"token=\\"[REDACTED]\\" x"}'],
    ['{"m":"password="}', '{"m":"password="}'],
    ['{"m":"password=","n":"x"}', '{"m":"password=","n":"x"}'],
    ['"\\npin=1234"', '"\\npin=[REDACTED]"'],
    [`PASSWORD='a"b c' b=2`, "PASSWORD='[REDACTED]' b=2"],
    ['authorization=Bearer abcDEF0123456789 b=2', 'authorization=[REDACTED] b=2'],
  ])('%s → %s', (input, expected) => {
    expect(text(input)).toBe(expected)
    expect(text(expected)).toBe(expected)
  })

  it('stay form bodies', () => {
    const body = new URLSearchParams({
      a: '1',
      client_secret: 'a b&c=d"é\\',
      'user[password]': "x'y",
      b: '2',
    })
    const scrubbed = [...new URLSearchParams(text(body.toString()))]
    expect(scrubbed).toEqual([
      ['a', '1'],
      ['client_secret', '[REDACTED]'],
      ['user[password]', '[REDACTED]'],
      ['b', '2'],
    ])
  })
})

describe('header blocks', () => {
  it.each(['\n', '\r\n'])('lose the secret headers and nothing else, lines ending in %j', (end) => {
    const block = (secret: readonly [string, string, string, string]) =>
      [
        'POST /v1/messages HTTP/1.1',
        'Host: api.example.com',
        `Authorization: ${secret[0]}`,
        `X-API-Key: ${secret[1]}`,
        `cookie: ${secret[2]}`,
        `X-Hub-Signature-256: ${secret[3]}`,
        'Content-Type: application/json; charset=utf-8',
        '',
        '{"a":1}',
      ].join(end)
    const input = block(['Bearer x', 'abc def', 'a=1; b=2', 'sha256=00ff'])
    const scrubbed = text(input)
    expect(scrubbed).toBe(block(['[REDACTED]', '[REDACTED]', '[REDACTED]', '[REDACTED]']))
    const logged = text(JSON.stringify({ raw: block(['a', 'b', 'c', 'd']), n: 1 }))
    expect(JSON.parse(logged)).toEqual({
      raw: block(['[REDACTED]', '[REDACTED]', '[REDACTED]', '[REDACTED]']),
      n: 1,
    })
  })

  it('lose parameters in quotes too', () => {
    const block = (cookie: string, authorization: string) =>
      `Cookie: ${cookie}\r\nAuthorization: ${authorization}\r\nb: 2`
    const input = block('a="hunter2!"; b=2', 'Digest username="u", response="hunter2!"')
    expect(text(input)).toBe(block('[REDACTED]', '[REDACTED]'))
    for (const depth of [1, 2]) expect(text(json({ raw: input }, depth))).not.toContain('hunter2!')
  })

  it.each(['token: abc def', 'password : hunter', 'secret: that is none', 'The signature: see below'])(
    'are told from prose: %s',
    (input) => {
      expect(text(input)).toBe(input)
    },
  )
})

describe('tokens', () => {
  it.each([
    ['behind a written line end', `"a\\n${META}"`, '"a\\nEAA[REDACTED]"'],
    ['behind a written code point', `"a\\u000a${META}"`, '"a\\u000aEAA[REDACTED]"'],
    [
      'behind a written line end in JSON in JSON',
      json(json(`a\n${META}`), 1),
      json(json('a\nEAA[REDACTED]'), 1),
    ],
    ['behind a percent-encoded byte', `x%3D${META}%26y`, 'x%3DEAA[REDACTED]%26y'],
    ['in parentheses', `(${META})`, '(EAA[REDACTED])'],
    ['at the end', `a ${META}`, 'a EAA[REDACTED]'],
    ['alone', META, 'EAA[REDACTED]'],
    ['twice, with a blank between', `${META} ${META}`, 'EAA[REDACTED] EAA[REDACTED]'],
    ['twice, with a comma between', `${META},${META}`, 'EAA[REDACTED],EAA[REDACTED]'],
    ['behind another script', `é${META}é`, 'éEAA[REDACTED]é'],
    ['in a path', `/v21.0/${META}/me`, '/v21.0/EAA[REDACTED]/me'],
    ['as the name of a member', `{"${META}":1}`, '{"EAA[REDACTED]":1}'],
  ])('go %s', (_name, input, expected) => {
    expect(text(input)).toBe(expected)
    expect(text(expected)).toBe(expected)
  })

  it('stay inside of a longer word', () => {
    for (const input of [`x${META}`, `_${META}`, `0${META}`]) expect(text(input)).toBe(input)
  })

  it('stay when they are identifiers', () => {
    for (const prefix of ['AC', 'SK', 'SM', 'MG']) {
      const sid = prefix + '0123456789abcdef'.repeat(2)
      expect(text(`sid ${sid}, {"sid":"${sid}"}`)).toBe(`sid ${sid}, {"sid":"${sid}"}`)
    }
  })
})

describe('private keys', () => {
  const key = (label: string, end: string, first = label) =>
    [`-----BEGIN ${first}-----`, FILL + FILL, `${FILL}+/==`, `-----END ${label}-----`].join(end)
  const labels = [
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'PGP PRIVATE KEY BLOCK',
  ]

  it.each(labels)('%s: goes as a whole, however its lines end', (label) => {
    for (const end of ['\n', '\r\n', '\\n', '\\r\\n', '\\\\n']) {
      expect(text(`a ${key(label, end)} b`)).toBe('a [REDACTED] b')
      expect(text(`${key(label, end)}${end}${key(label, end)}`)).toBe(`[REDACTED]${end}[REDACTED]`)
    }
  })

  it.each([1, 2, 3, 4])('goes from JSON in JSON, %i levels of it', (depth) => {
    const data = (pem: string) => json({ a: 1, k: `x ${pem}`, b: '"\\' }, depth)
    expect(text(data(`${key('RSA PRIVATE KEY', '\n')}\n`))).toBe(data('x [REDACTED]\n'.slice(2)))
  })

  it('goes without its last line, as far as there is base64, and JSON stays valid', () => {
    const cut = key('PRIVATE KEY', '\n').split('\n').slice(0, 3).join('\n')
    expect(text(cut)).toBe('[REDACTED]')
    expect(text(`${cut}\n(cut)`)).toBe('[REDACTED](cut)')
    for (const depth of [1, 2, 3]) {
      expect(text(json({ k: cut, b: cut }, depth))).toBe(json({ k: '[REDACTED]', b: '[REDACTED]' }, depth))
      expect(text(json({ k: `${cut}\\`, b: 1 }, depth))).toMatch(/\[REDACTED\]\\*",?\\*"b/)
    }
  })

  it('goes with the headers of an encrypted one', () => {
    const headers = 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n'
    const pem = key('RSA PRIVATE KEY', '\n').replace('\n', `\n${headers}`)
    expect(text(`${pem}\nx`)).toBe('[REDACTED]\nx')
  })

  it.each([
    (pem: string) => `private_key=${pem}`,
    (pem: string) => `private_key: ${pem}`,
    (pem: string) => `private_key = ${pem}`,
    (pem: string) => `PRIVATE_KEY="${pem}"`,
    (pem: string) => `PRIVATE_KEY='${pem}'`,
    (pem: string) => `{ privateKey: '${pem}' }`,
    (pem: string) => `key=${pem}`,
    (pem: string) => `Bearer abcdefghijkl${pem}`,
    (pem: string) => `?code=${pem}`,
    (pem: string) => `EAA${FILL}${pem}`,
    (pem: string) => `private_key: |\n  ${pem.replaceAll('\n', '\n  ')}`,
  ])('goes as a whole, whatever stands before it: %s', (place) => {
    for (const end of ['\n', '\r\n', '\\n']) {
      const scrubbed = text(place(key('PRIVATE KEY', end)))
      expect(scrubbed).not.toContain(FILL.slice(0, 8))
      expect(text(scrubbed)).toBe(scrubbed)
    }
  })

  it('does not take the beginning of what follows, so that the rest could stay', () => {
    const cut = '-----BEGIN PRIVATE KEY-----'
    const scrubbed = text(`${cut} SG.${FILL.slice(0, 24)}.${FILL + FILL}`)
    expect(scrubbed).not.toContain(FILL.slice(0, 8))
  })

  it('is told from a certificate and a public key', () => {
    for (const label of ['CERTIFICATE', 'PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE REQUEST']) {
      const pem = key(label, '\n')
      expect(text(pem)).toBe(pem)
      expect(text(json({ pem }))).toBe(json({ pem }))
    }
  })

  it('goes, and the certificate before and behind it stays', () => {
    const certificate = key('CERTIFICATE', '\n')
    const chain = (pem: string) => [certificate, pem, certificate].join('\n')
    expect(text(chain(key('EC PRIVATE KEY', '\n')))).toBe(chain('[REDACTED]'))
  })
})

describe('bytes printed as JSON', () => {
  const bytes = new TextEncoder().encode(META)

  it.each([1, 2, 3])('are counted, %i levels down', (depth) => {
    const data = (shown: unknown) => json({ a: 1, sealed: shown, b: [shown] }, depth)
    expect(text(data(Buffer.from(bytes)))).toBe(data(`[Bytes ${bytes.length}]`))
    expect(text(data(bytes))).toBe(data(`[Bytes ${bytes.length}]`))
    expect(text(data(Buffer.alloc(0)))).toBe(data('[Bytes 0]'))
  })

  it.each([
    '{"type":"Buffer","size":3}',
    '{"type":"Buffer","data":"x"}',
    '{"0":1}',
    '{"0":1,"1":2}',
    '{"0":1,"1":2,"2":256}',
    '{"0":1,"1":2,"3":3}',
    '{"0":1,"1":2,"2":3,"x":4}',
  ])('are told from %s', (input) => {
    expect(text(input)).toBe(input)
  })
})

describe('what is no secret', () => {
  it.each([
    '',
    ' ',
    'Customer +27 82 123 4567 and +27821234567 wrote to help@example.com',
    'https://example.com:8080/a?b=c#d',
    '2026-01-02T03:04:05.678Z INFO [worker:3] done in 12ms (ok=true, n=5)',
    '{"messages":[{"id":"wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRBNjU5OUFF","from":"16505551234"}]}',
    'at Object.<anonymous> (/srv/app/token.ts:12:34)',
    'tokens: 12, maxTokens: 4096, prompt_tokens: 7, secretary: x, passengers=3',
    '[REDACTED] "[REDACTED]" token=[REDACTED] Bearer [REDACTED] x-api-key: [REDACTED]',
  ])('stays: %j', (input) => {
    expect(text(input)).toBe(input)
  })

  it('stays when it is kept by name', () => {
    const input = '{"nextPageToken":"abc","token":"abc"} nextPageToken=abc'
    const expected = '{"nextPageToken":"abc","token":"[REDACTED]"} nextPageToken=abc'
    expect(createRedactor({ keep: ['nextpagetoken'] }).text(input)).toBe(expected)
  })
})

describe('whatever it is given', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [12, '12'],
    [12n, '12'],
    [['token=abc', 1], 'token=[REDACTED],1'],
    [{ toString: () => `x ${META}` }, 'x EAA[REDACTED]'],
    [new Error(META), 'Error: EAA[REDACTED]'],
    [Symbol(META), 'Symbol(EAA[REDACTED])'],
    [new Secret('abcdefgh'), '[REDACTED]'],
  ])('it prints what is not a string: %s', (input, expected) => {
    expect(redactor.text(input as string)).toBe(expected)
  })

  it('says so where that fails, and tells the observer', () => {
    const events: RedactionEvent[] = []
    const observed = createRedactor({ observe: (event) => void events.push(event) })
    const hostile = {
      toString() {
        throw new Error(META)
      },
    }
    expect(observed.text(hostile as never)).toBe('[Unreadable]')
    expect(observed.text(Object.create(null))).toBe('[Unreadable]')
    const failed = { type: 'failed', surface: 'text' }
    expect(events).toEqual([failed, failed])
  })

  it('tells the observer which rules fired, each once, and nothing for text without secrets', () => {
    const events: RedactionEvent[] = []
    const observed = createRedactor({
      literals: ['very-own-value'],
      observe: (event) => void events.push(event),
    })
    observed.text('nothing here')
    observed.text(
      `token=a pin=b ${META} very-own-value -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY----- {"0":1,"1":2,"2":3}`,
    )
    expect(events).toHaveLength(1)
    expect(events).toMatchObject([{ type: 'redacted', surface: 'text' }])
    const [event] = events
    const rules = event?.type === 'redacted' ? [...event.rules].sort() : []
    expect(rules).toEqual(['bytes', 'literal', 'meta_or_square', 'name', 'pem'])
  })

  it('does the same when the observer throws', () => {
    const observed = createRedactor({
      observe() {
        throw new Error('observer')
      },
    })
    expect(observed.text('token=abc')).toBe('token=[REDACTED]')
    expect(observed.text(Object.create(null))).toBe('[Unreadable]')
  })
})

describe('what was scrubbed', () => {
  const pem = ['-----BEGIN RSA PRIVATE KEY-----', FILL, FILL].join('\n')

  it.each([
    '{"type":"Buffer","data":[1,2]}pin":EAA',
    '{"type":"Buffer","data":[1,2]}x-api-key:\r\n',
    `{"type":"Buffer","data":[1,2]}authorization:\n${META}`,
    `"token":{"a":[1,"}"]}x-api-key:\n${pem}`,
    'token={"0":1,"1":2,"2":3}',
    'token authorization:::',
    '://password=abc?code=}user:p4ss@db',
    `1234567890:A${FILL}Ab-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----`,
  ])('is the same when it is scrubbed again, as text and in JSON: %j', (input) => {
    for (const depth of [0, 1, 2, 3]) {
      const once = text(json(input, depth))
      expect(text(once)).toBe(once)
    }
  })

  it.each([
    `-----BEGIN PRIVATE KEY-----EAA(Bearer ${FILL} `,
    `-----BEGIN PRIVATE KEY-----token>Bearer ${FILL} `,
    `-----BEGIN PRIVATE KEY-----EAA>${pem} `,
    `-----BEGIN PRIVATE KEY-----\u0000(${pem} `,
    `-----BEGIN PRIVATE KEY-----\nMIIB ${META} sk_live_${FILL} `,
    `-----BEGIN PRIVATE KEY-----\nMIIB\nwhsec_${FILL}`,
  ])('holds nothing of a secret behind a key that was cut: %j', (input) => {
    for (const depth of [0, 1, 2]) expect(text(json(input, depth))).not.toContain(FILL.slice(0, 8))
  })
})
