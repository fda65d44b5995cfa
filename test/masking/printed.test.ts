/** What programs print: each line as it comes out of the tool named, with a secret that has no shape of its own. */

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createRedactor } from 'waxseal/masking'

const S = 'q7Zx9Kw2Lm4Np6Rs'
const redactor = createRedactor()
const LONG = `a${'b'.repeat(40)}\n${S}${'c'.repeat(40)}\n${S}`

class Credentials {
  readonly user = 'ana'
  readonly value = S
}

describe('a secret does not show in what is printed', () => {
  it.each([
    ['an object in colour', inspect({ 'x-api-key': S, token: S, ok: 1 }, { colors: true })],
    [
      'an object in colour, in JSON',
      JSON.stringify({ msg: inspect({ 'x-api-key': S, token: S }, { colors: true }) }),
    ],
    ['Headers in colour', inspect(new Headers({ 'x-api-key': S }), { colors: true })],
    ['a Map', inspect(new Map([['token', S]]))],
    ['a Map in colour', inspect(new Map([['token', S]]), { colors: true })],
    ['a Map in a Map', inspect(new Map([['token', new Map([['x', S]])]]))],
    ['an object without prototype', inspect({ cookies: Object.assign(Object.create(null), { sid: S }) })],
    ['an object as Deno prints it', `{ credentials: { user: "ana", value: "${S}" }, ok: 1 }`],
    ['the same in JSON', JSON.stringify({ msg: `{ credentials: { user: "ana", value: "${S}" }, ok: 1 }` })],
    ['a Set', inspect({ passwords: new Set([S]) })],
    ['an instance of a class', inspect({ credentials: new Credentials() })],
    ['a Map under a name', inspect({ cookies: new Map([['sid', S]]) })],
    ['a string over several lines', inspect({ password: LONG })],
    ['bytes of Python', `{'token': b'${S}'}`],
    ['text of Python 2', `{u'token': u'${S}'}`],
    ['a tuple of Python', `{'secrets': ('${S}', '${S}')}`],
    ['a hash of Ruby', `{:token=>"${S}"}`],
    ['an array of PHP', `[token] => ${S}`],
    ['a struct of Go', `{Token:${S} Password:${S}}`],
    ['a map of Go', `map[password:${S} user:ana]`],
    [
      'a private key as Deno prints it',
      `{ key: "-----BEGIN PRIVATE KEY-----\\n" +\n    "${S.repeat(4)}\\n" +\n    "${S}\\n-----END PRIVATE KEY-----" }`,
    ],
    ['JSON in an inspected object', inspect({ credentials: JSON.stringify({ user: 'a', value: S }) })],
    ['JSON in a setting', `GOOGLE_CREDENTIALS='{"type":"service_account","key_id":"${S}"}'`],
    ['JSON behind a header', `POST /x x-api-key: abc {"token":"${S}"}`],
    ['JSON in a header of curl', `curl -H 'X-Token: {"a":"${S}"}'`],
    ['a Digest in a sentence', `got Authorization: Digest u="a", response="${S}"`],
    ['a Digest in a message', JSON.stringify({ msg: `got Authorization: Digest u="a", response="${S}"` })],
    ['JSON in a list of headers', inspect({ 'set-cookie': [`prefs={"a":"${S}"}; Path=/`] })],
    ['a header that looks like a class', `x-token: EdSG {"a":1}|${S}`],
    ['YAML', `host: x\npassword: ${S}\n`],
    ['an assignment to a member', `config['token'] = '${S}'`],
    ['a parameter list', `token[]=${S}&token[0]=${S}`],
    ["PostgreSQL's detail", `Key (token)=(${S}) already exists.`],
    ['a setting with parentheses', `DB_PASSWORD=pa(ss)${S}\nHOST=x`],
    ['a setting that is JSON', `export DB_SECRET={"a":"${S}"}`],
    ['a URL in a parameter', `to=https%3A%2F%2Fh%2F%3Faccess_token%3D${S}%26x%3D1`],
    ['a short name in a URL in a parameter', `to=https%3A%2F%2Fh%2F%3Fpin%3D${S}%26x%3D1`],
    ['a URL in a parameter of a URL in a parameter', `u=h%253Faccess_token%253D${S}%2526x%253D1`],
    [
      "Slack's payload",
      `payload=${encodeURIComponent(JSON.stringify({ type: 'x', token: S, team: { id: 'T' } }))}`,
    ],
    ['a password with an @', `postgres://u:p@${S}@h/x`],
    ['a password with a /', `redis://:abc/${S}=@h:6380`],
    ['a token for a user', `https://${S}@github.com/x`],
    ['a token for a user, without a password', `https://${S}:@api.example`],
    ['an encoded blank behind the scheme', `authorise=Bearer%20${S}`],
  ])('%s', (_name, printed) => {
    const scrubbed = redactor.text(printed)
    for (let i = 0; i + 8 <= S.length; i++) expect(scrubbed).not.toContain(S.slice(i, i + 8))
    expect(scrubbed).toContain('[REDACTED]')
    expect(redactor.text(scrubbed)).toBe(scrubbed)
  })

  it.each([
    ['{ pin: 1234567890123n }', '{ pin: [REDACTED] }'],
    ['{ pin: -12345678 }', '{ pin: [REDACTED] }'],
    ['{ pin: 12345678.25, ok: 1 }', '{ pin: [REDACTED], ok: 1 }'],
    ['{ token: 2001-09-09T01:46:40.000Z, ok: 1 }', '{ token: [REDACTED], ok: 1 }'],
    ['Bearer abcdefghijklmnopqrstuvwxyz', 'Bearer [REDACTED]'],
    [
      'payload=%7B%22token%22%3A%22abc%22%2C%22a%22%3A1%7D',
      'payload=%7B%22token%22%3A%22[REDACTED]%22%2C%22a%22%3A1%7D',
    ],
  ])('%s', (printed, scrubbed) => {
    expect(redactor.text(printed)).toBe(scrubbed)
  })
})

it('a row of scheme words is one value, however long', () => {
  expect(redactor.text(`authorization=${'bearer '.repeat(100_000)}x`)).toBe('authorization=[REDACTED]')
})

describe('what holds no secret stays as it is', () => {
  it.each([
    'password: required, Token: expired, secret: string, token: Token',
    'http://localhost:8080/a?email=a@b.co and https://h:443',
    'Bearer authentication is required',
    'tokens.map(token => token.id)',
    'Error: x\n    at Object.token (/srv/app/token.js:10:5)\n    at node:internal/process/task_queues:95:5',
    '{ cookies: [Circular], token: null, hasToken: true, secrets: [REDACTED] }',
    'Unexpected token } in JSON at position 12',
    'exit code=1, retry in 5s',
    'Unexpected token: 5',
  ])('%s', (text) => {
    expect(redactor.text(text)).toBe(text)
  })
})
