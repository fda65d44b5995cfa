import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createRedactor, type RedactorOptions } from 'waxseal/masking'

const endings = [
  'token',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'privatekey',
  'secretkey',
  'accesskey',
  'signingkey',
  'encryptionkey',
  'masterkey',
  'credential',
  'credentials',
  'authorization',
  'cookie',
  'cookies',
  'signature',
  'connectionstring',
]
const wholes = [
  'pin',
  'otp',
  'pwd',
  'auth',
  'jwt',
  'sessionid',
  'databaseurl',
  'redisurl',
  'secrets',
  'passwords',
  'xhubsignature256',
  'appsecretproof',
  'rawheaders',
  'waxsealkeys',
]

/** Whether text and value agree that what stands under the name is secret, and that nothing else is. */
function isSecret(name: string, options: RedactorOptions = {}): boolean {
  const redactor = createRedactor(options)
  const data = { a: 'v1', [name]: 'v2', z: 'v3' }
  const copy = JSON.stringify(redactor.value(data))
  const forms = [
    copy,
    redactor.text(JSON.stringify(data)),
    JSON.stringify(JSON.parse(redactor.text(JSON.stringify(data, null, 2)))),
    JSON.parse(redactor.text(JSON.stringify({ raw: JSON.stringify(data) }))).raw,
  ]
  expect(new Set(forms).size, forms.join('\n')).toBe(1)
  expect([JSON.stringify(data), JSON.stringify({ ...data, [name]: '[REDACTED]' })]).toContain(copy)
  return copy !== JSON.stringify(data)
}

const capitals = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

describe.each(endings)('the ending %s', (ending) => {
  it('is secret as a name, however it is spelled', () => {
    expect(isSecret(ending)).toBe(true)
    expect(isSecret(ending.toUpperCase())).toBe(true)
    expect(isSecret(capitals(ending))).toBe(true)
    for (const separator of ['_', '-', '.', ' ']) {
      expect(isSecret(ending.slice(0, 3) + separator + ending.slice(3))).toBe(true)
      expect(isSecret([...ending].join(separator))).toBe(true)
    }
  })

  it('is secret behind anything else', () => {
    for (const before of ['x', 'page', 'db_', 'X-', 'a.b.', 'my ', '9', '__'])
      expect(isSecret(before + ending)).toBe(true)
    expect(isSecret(`page${capitals(ending)}`)).toBe(true)
    expect(isSecret(`é${ending}`)).toBe(true)
    expect(isSecret(`${ending}_`)).toBe(true)
  })

  it('is none before anything else', () => {
    for (const behind of ['Count', '_id', 'x', '2', ' hash', '-type'])
      expect(isSecret(ending + behind)).toBe(false)
    expect(isSecret(`${ending}é`)).toBe(false)
  })

  it('is found in parameters, and under a header only where it is written like one', () => {
    const { text } = createRedactor()
    expect(text(`a=1&${ending}=v2&b=2`)).toBe(`a=1&${ending}=[REDACTED]&b=2`)
    expect(text(`x-${ending}: v2\r\nb: 2`)).toBe(`x-${ending}: [REDACTED]\r\nb: 2`)
    expect(text(`{ ${ending}: 'v2', b: 2 }`)).toBe(`{ ${ending}: '[REDACTED]', b: 2 }`)
    const isHeader = ['authorization', 'cookie'].includes(ending)
    expect(text(`the ${ending}: v2`)).toBe(isHeader ? `the ${ending}: [REDACTED]` : `the ${ending}: v2`)
  })

  it('can be kept, as a whole name only', () => {
    const options = { keep: [ending] }
    expect(isSecret(ending, options)).toBe(false)
    expect(isSecret(ending.toUpperCase(), options)).toBe(false)
    expect(isSecret(`my_${ending}`, options)).toBe(true)
  })
})

describe.each(wholes)('the name %s', (name) => {
  it('is secret, however it is spelled', () => {
    expect(isSecret(name)).toBe(true)
    expect(isSecret(name.toUpperCase())).toBe(true)
    expect(isSecret([...name].join('_'))).toBe(true)
    expect(isSecret(`-${name}.`)).toBe(true)
  })

  it('is none as a part of another', () => {
    for (const [before, behind] of [
      ['x', ''],
      ['my_', ''],
      ['', 's2'],
      ['', '_id'],
      ['a', 'b'],
      ['é', ''],
      ['a/', ''],
      ['a:', ''],
    ] as const) {
      const other = before + name + behind
      if (!endings.some((ending) => other.replaceAll('_', '').endsWith(ending)))
        expect(isSecret(other)).toBe(false)
    }
  })

  it('can be kept', () => {
    expect(isSecret(name, { keep: [name] })).toBe(false)
  })
})

describe('names', () => {
  it.each([
    'pageAccessToken',
    'db_password',
    'X-Hub-Signature-256',
    'x-hub-signature',
    'appsecret_proof',
    'WAXSEAL_KEYS',
    'DATABASE_URL',
    'app.secret',
    'Set-Cookie',
    'Proxy-Authorization',
    'x-api-key',
    'API Key',
    'verify_token',
    'twilioAuthToken',
    'client_secret',
    'rawHeaders',
  ])('%s is secret', (name) => {
    expect(isSecret(name)).toBe(true)
  })

  it.each([
    '',
    'a',
    'tokenCount',
    'maxTokens',
    'secretary',
    'passengers',
    'author',
    'pinned',
    'authenticated',
    'hasTokens',
    'keyboard',
    'cookieConsent',
    'signatureVersion',
    'url',
    'session',
    'id',
    'tok\nen',
    'to/ken',
    'tokeń',
  ])('%j is none', (name) => {
    expect(isSecret(name)).toBe(false)
  })

  it('are looked up to 64 characters', () => {
    expect(isSecret(`${'x'.repeat(59)}token`)).toBe(true)
    const { value, text } = createRedactor()
    const long = { [`${'x'.repeat(60)}token`]: 'v2' }
    expect(text(JSON.stringify(long))).toBe(JSON.stringify(value(long)))
    const longer = { [`é${'x'.repeat(59)}token`]: 'v2' }
    expect(text(JSON.stringify(longer))).toBe(JSON.stringify(value(longer)))
  })

  it('that are names of Object.prototype are none', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const data = JSON.parse(`{"${name}":"v"}`)
      expect(createRedactor().text(JSON.stringify(data))).toBe(`{"${name}":"v"}`)
      expect(JSON.stringify(createRedactor().value(data))).toBe(`{"${name}":"v"}`)
    }
  })

  it.each([
    '{"type":"Buffer","data":[1,2]}pin',
    '"token":"abc"pin',
    `{"0":1,"1":2,"2":3}wamid.${'aB3d'.repeat(9)}x-api-key`,
    `"token":{"a":[1,"}"]}wamid.${'aB3d'.repeat(9)}token `,
    `${'x'.repeat(40)}"token":{"a":1}x-api-key`,
  ])('that hold something to hide look the same when they are printed again: %s', (name) => {
    const redactor = createRedactor()
    const copy = redactor.value({ [name]: 'v' })
    expect(redactor.text(JSON.stringify(copy))).toBe(JSON.stringify(copy))
    expect(redactor.value(copy)).toEqual(copy)
  })

  it('stay remembered however many there are', () => {
    const redactor = createRedactor()
    for (let i = 0; i < 3000; i++) redactor.text(`{"n${i}_token":"v"} n${i}_tokens=v`)
    expect(redactor.text('{"n1_token":"v","n1_tokens":"v"}')).toBe(
      '{"n1_token":"[REDACTED]","n1_tokens":"v"}',
    )
  })
})

describe('names of the user', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['iban', ['iban', 'IBAN', 'i-b_a.n '], ['myiban', 'iban2', 'ibanNumber']],
    ['Steuer-Nummer', ['steuernummer', 'STEUER_NUMMER'], ['nummer', 'x-steuer-nummer']],
    ['*passcode', ['passcode', 'door_passcode', 'PassCode'], ['passcodes', 'passcodeHint']],
    ['*x', ['x', 'ax', 'a_X'], ['xa']],
    ['contraseña', ['contraseña', 'Contraseña', 'CONTRASEÑA'], ['contrasena', 'micontraseña']],
    ['*пароль', ['пароль', 'мой_пароль', 'ПАРОЛЬ'], ['пароли']],
    ['i', ['i', 'I'], ['ii']],
    ['a9', ['a9', 'A_9'], ['9', 'aa9']],
  ])('%s', (name, secret, other) => {
    const options = { names: [name] }
    for (const each of secret) expect(isSecret(each, options), each).toBe(true)
    for (const each of other) expect(isSecret(each, options), each).toBe(false)
    for (const each of ['token', 'pin']) expect(isSecret(each, options), each).toBe(true)
  })

  it('are found in parameters and headers too', () => {
    const { text } = createRedactor({ names: ['iban', 'tax-id', 'contraseña'] })
    expect(text('iban=DE89&tax_id=1&contraseña=x')).toBe(
      'iban=[REDACTED]&tax_id=[REDACTED]&contraseña=[REDACTED]',
    )
    expect(text('Tax-Id: 12\nIban: that is')).toBe('Tax-Id: [REDACTED]\nIban: that is')
  })

  it('are secret even where the built-in lists say personal', () => {
    const options: RedactorOptions = { names: ['phone', 'profile'], personal: 'mask' }
    expect(isSecret('phone', options)).toBe(true)
    expect(isSecret('profile', options)).toBe(true)
  })

  it('can name what is kept, which then stays', () => {
    expect(isSecret('token', { names: ['token'], keep: ['token'] })).toBe(false)
  })

  it('are read once', () => {
    const names = ['iban']
    const redactor = createRedactor({ names })
    names[0] = 'other'
    expect(redactor.text('iban=1 other=1')).toBe('iban=[REDACTED] other=1')
  })

  it.each<[string, unknown]>([
    ['no list', 'iban'],
    ['null', null],
    ['a list of other things', ['iban', 1]],
    ['a pattern', [/iban/]],
    ['an empty name', ['']],
    ['separators only', ['-_. ']],
    ['a star alone', ['*']],
    ['two stars', ['**a']],
    ['a star elsewhere', ['iban*']],
    ['65 characters', ['x'.repeat(65)]],
    ['a colon', ['x:y']],
    ['a quote', ['x"y']],
    ['an apostrophe', ["x'y"]],
    ['a backslash', ['x\\y']],
    ['a bracket', ['x[y']],
    ['an equals sign', ['x=y']],
  ])('are refused at creation: %s', (_name, names) => {
    expect(() => createRedactor({ names: names as string[] })).toThrow(/^names: /)
  })

  it('may have 64 characters', () => {
    expect(isSecret('x'.repeat(64), { names: ['x'.repeat(64)] })).toBe(true)
  })
})

describe('keep', () => {
  it.each<[string, string]>([
    ['nextPageToken', 'next_page_token'],
    ['next-page-token', 'nextPageToken'],
    ['jwt', 'JWT'],
    ['appsecret_proof', 'AppSecretProof'],
  ])('%s exempts %s', (word, name) => {
    expect(isSecret(name, { keep: [word] })).toBe(false)
    expect(isSecret('token', { keep: [word] })).toBe(true)
  })

  it('exempts names that are personal', () => {
    const data = '{"from":"16505551234","to":"16505551234"}'
    const { text } = createRedactor({ keep: ['from'], personal: 'mask' })
    expect(text(data)).toBe('{"from":"16505551234","to":"+16••••34"}')
  })

  it.each<[string, unknown]>([
    ['a word that names nothing', ['nonsense']],
    ['an empty word', ['']],
    ['a star', ['*token']],
    ['a name of the user', ['iban']],
  ])('is refused at creation: %s', (_name, keep) => {
    expect(() => createRedactor({ names: ['iban'], keep: keep as string[] })).toThrow(RangeError)
    expect(() => createRedactor({ names: ['iban'], keep: keep as string[] })).toThrow(/^keep: /)
  })

  it.each<[string, unknown]>([
    ['no list', 'token'],
    ['null', null],
    ['a list of other things', [1]],
  ])('is refused at creation: %s', (_name, keep) => {
    expect(() => createRedactor({ keep: keep as string[] })).toThrow(/^keep: /)
  })
})

it.each([
  ['names', { names: Array(2) }],
  ['keep', { keep: Array(2) }],
  ['literals[0]', { literals: Array(2) }],
  ['options', []],
])('a list with holes, or in the place of options, is refused: %s', (option, options) => {
  expect(() => createRedactor(options as never)).toThrow(
    new RegExp(`^${option.replace(/[[\]]/g, '.')}: expected`),
  )
})

it('names that are remembered do not keep the lines alive that they stood in', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const redactor = createRedactor()
  const held = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = held()
  for (let i = 0; i < 100; i++)
    redactor.text(`{"x${i}_of_the_account_token":"a","pad":"${' '.repeat(1_000_000)}"}`)
  expect(held() - before).toBeLessThan(20_000_000)
})
