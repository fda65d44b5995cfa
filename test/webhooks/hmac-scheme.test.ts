import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSigner, generateSecret, hmacScheme, sha1, sha512 } from 'waxseal/webhooks'
import { NOW, outcomeOf, secretFor, signedRequest, verifierFor, withHeaders } from './support.js'

const base = { name: 'acme', signature: { header: 'x-sig', encoding: 'hex' } } as const
const make = (changes: object) => () => hmacScheme({ ...base, ...changes } as never)
const timestamp = { header: 'x-ts', unit: 's' }
const id = { header: 'x-id' }
const dot = { text: '.' }

describe('hmacScheme', () => {
  it.each([
    ['safravo'],
    ['meta'],
    ['standard_webhooks'],
    ['standard_webhooks_v1a'],
    ['stripe'],
    ['github'],
    ['slack'],
    ['shopify'],
    ['twilio'],
    [''],
    ['Acme'],
    ['a b'],
    ['x'.repeat(65)],
    ['é'],
    ['acme\n'],
    [5],
    [null],
    [undefined],
    [['acme']],
  ])('refuses the name %j', (name) => {
    expect(make({ name })).toThrow(TypeError)
    expect(make({ name })).toThrow(/^name: /)
  })

  // Row 24
  it.each([
    ['no body', { content: [] }],
    ['no body but text', { content: [dot] }],
    ['the body twice', { content: ['body', dot, 'body'] }],
    ['a declared timestamp that is not signed', { timestamp, content: ['body'] }],
    ['a declared timestamp and the default content', { timestamp }],
    ['a timestamp signed twice', { timestamp, content: ['timestamp', 'timestamp', 'body'] }],
    ['a declared id that is not signed', { id, content: ['body'] }],
    ['a signed timestamp that is not declared', { content: ['timestamp', 'body'] }],
    ['a signed id that is not declared', { content: ['id', dot, 'body'] }],
    ['id next to the body', { id, content: ['id', 'body'] }],
    ['the body next to id', { id, content: ['body', 'id'] }],
    ['id next to the timestamp', { id, timestamp, content: ['id', 'timestamp', dot, 'body'] }],
    ['the timestamp next to id', { id, timestamp, content: ['timestamp', 'id', dot, 'body'] }],
    ['empty text between', { id, content: ['id', { text: '' }, 'body'] }],
    ['text between that an id may hold', { id, content: ['id', { text: 'v1:' }, 'body'] }],
    ['two such texts between', { id, content: ['id', { text: ':' }, { text: '-' }, 'body'] }],
    ['another word', { content: ['body', 'url'] }],
    ['text of another type', { content: ['body', { text: 5 }] }],
    ['text with a lone surrogate', { content: ['body', { text: '\ud800' }] }],
    ['nothing for text', { content: ['body', null] }],
    ['no array', { content: 'body' }],
  ])('refuses content with %s', (_what, changes) => {
    expect(make(changes)).toThrow(TypeError)
    expect(make(changes)).toThrow(/^content: /)
  })

  it.each([
    ['a dot between', { id, content: ['id', dot, 'body'] }],
    ['a foreign character among others', { id, content: ['body', { text: 'v1' }, { text: 'é:' }, 'id'] }],
    ['text at both ends', { id, timestamp, content: [dot, 'id', dot, 'timestamp', dot, 'body', dot] }],
  ])('takes content with %s', (_what, changes) => {
    const scheme = make(changes)()
    expect(outcomeOf(verifierFor(scheme), signedRequest(scheme))).toBe('verified')
  })

  it.each([
    [{ signature: undefined }, /^signature: /],
    [{ signature: { encoding: 'hex' } }, /^signature: expected the name of a header/],
    [{ signature: { header: 'x sig', encoding: 'hex' } }, /^signature: /],
    [{ signature: { header: '', encoding: 'hex' } }, /^signature: /],
    [{ signature: { header: 'x'.repeat(65), encoding: 'hex' } }, /^signature: /],
    [{ signature: { header: 'x-sig' } }, /^signature\.encoding: /],
    [{ signature: { header: 'x-sig', encoding: 'toString' } }, /^signature\.encoding: /],
    [{ signature: { ...base.signature, prefix: 'a b' } }, /^signature\.prefix: /],
    [{ signature: { ...base.signature, prefix: 5 } }, /^signature\.prefix: /],
    [{ signature: { ...base.signature, prefix: 'x'.repeat(65) } }, /^signature\.prefix: /],
    [{ key: 'ascii' }, /^key: /],
    [{ key: 'constructor' }, /^key: /],
    [{ keyPrefix: 5 }, /^keyPrefix: /],
    [{ hash: 'sha256' }, /^hash: /],
    [{ hash: { name: 'sha256' } }, /^hash: /],
    [{ timestamp: { header: 'x-ts', unit: 'm' }, content: ['timestamp', 'body'] }, /^timestamp\.unit: /],
    [
      { timestamp: { unit: 's' }, content: ['timestamp', 'body'] },
      /^timestamp: expected the name of a header/,
    ],
    [{ id: {}, content: ['id', dot, 'body'] }, /^id: expected the name of a header/],
    [{ unsigned: { deliveryId: 'X-Sig' } }, /^deliveryId: expected a header of its own/],
    [{ unsigned: { eventType: 'x\n' } }, /^eventType: /],
    [
      { id: { header: 'X-TS' }, timestamp, content: ['id', dot, 'timestamp', dot, 'body'] },
      /a header of its own$/,
    ],
  ])('refuses %j', (changes, message) => {
    expect(make(changes)).toThrow(TypeError)
    expect(make(changes)).toThrow(message)
  })

  it('needs options', () => {
    expect(() => hmacScheme(undefined as never)).toThrow(/^options: /)
  })

  it('signs what it says, in the order and with the hash that it says', () => {
    const scheme = hmacScheme({
      ...base,
      hash: sha512,
      timestamp: { header: 'x-ts', unit: 'ms' },
      id,
      content: [{ text: 'v9:' }, 'timestamp', dot, 'id', { text: '.' }, 'body', { text: '~' }],
    })
    expect(scheme.signs).toEqual(['id', 'timestamp', 'body'])
    const { headers } = signedRequest(scheme, 'BODY', { secret: 's'.repeat(16) })
    const mac = createHmac('sha512', 's'.repeat(16)).update(`v9:${NOW}.msg_1.BODY~`).digest('hex')
    expect(headers).toEqual({ 'x-sig': mac, 'x-ts': String(NOW), 'x-id': 'msg_1' })
  })

  it('hashes with SHA-256 over the body, keyed with the text, where nothing else is said', () => {
    const scheme = hmacScheme(base)
    const { headers } = signedRequest(scheme, 'BODY', { secret: 's'.repeat(16) })
    expect(headers).toEqual({ 'x-sig': createHmac('sha256', 's'.repeat(16)).update('BODY').digest('hex') })
    expect(hmacScheme({ ...base, hash: sha1 }).signs).toEqual(['body'])
  })

  it('reads header names in any case, as it was given them in any case', () => {
    const scheme = hmacScheme({ ...base, signature: { ...base.signature, header: 'X-SiG' } })
    const { headers, body } = signedRequest(scheme)
    expect(Object.keys(headers)).toEqual(['x-sig'])
    const renamed = { 'X-SIG': headers['x-sig'] as string }
    expect(outcomeOf(verifierFor(scheme), { headers: renamed, body })).toBe('verified')
  })

  it.each([
    ['utf8', 'k_', 'k_0123456789abcdef', '0123456789abcdef'],
    ['hex', '', '00'.repeat(16), '\0'.repeat(16)],
    ['hex', 'k_', `k_${'4A'.repeat(16)}`, 'J'.repeat(16)],
    ['base64', 'k_', `k_${btoa('0123456789abcdef')}`, '0123456789abcdef'],
  ] as const)('decodes keys in %s behind the prefix "%s"', (key, keyPrefix, secret, text) => {
    const scheme = hmacScheme({ ...base, key, keyPrefix })
    const { headers } = signedRequest(scheme, 'BODY', { secret })
    expect(headers['x-sig']).toBe(createHmac('sha256', text).update('BODY').digest('hex'))
    const generated = generateSecret(scheme)
    expect(generated.startsWith(keyPrefix)).toBe(true)
    const encodings = { utf8: /^[0-9a-f]{64}$/, hex: /^[0-9a-f]{64}$/, base64: /^[A-Za-z0-9+/]{43}=$/ }
    expect(generated.slice(keyPrefix.length)).toMatch(encodings[key])
  })

  it.each([
    ['hex', `${'00'.repeat(16)}0`],
    ['hex', 'xy'.repeat(16)],
    ['base64', '0123456789abcdef0123456789abcde'],
    ['base64', '_'.repeat(32)],
  ] as const)('refuses keys that are not in %s: %s', (key, secret) => {
    const create = () => createSigner(hmacScheme({ ...base, key }), { secrets: [{ id: 'k', secret }] })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(/^secrets\[0\]\.secret: /)
  })

  it('is frozen, and changing its options afterwards changes nothing', () => {
    const content: (string | { text: string })[] = ['timestamp', { text: '.' }, 'body']
    const options = { ...base, timestamp, content, signature: { header: 'x-sig', encoding: 'hex' } }
    const scheme = hmacScheme(options as never)
    const secret = secretFor(scheme)
    const before = signedRequest(scheme, 'BODY', { secret }).headers
    ;(content[1] as { text: string }).text = '!'
    content.reverse()
    options.signature.header = 'x-other'
    expect(signedRequest(scheme, 'BODY', { secret }).headers).toEqual(before)
    expect(Object.isFrozen(scheme)).toBe(true)
  })

  it('holds its timestamp to its unit', () => {
    const scheme = hmacScheme({
      ...base,
      timestamp: { header: 'x-ts', unit: 'ms' },
      content: ['timestamp', dot, 'body'],
    })
    const request = signedRequest(scheme, '', { signedAt: NOW + 1 })
    expect(verifierFor(scheme).verify(request).signedAt).toBe(NOW + 1)
    const fifteen = withHeaders(request, { 'x-ts': '1'.repeat(15) })
    expect(outcomeOf(verifierFor(scheme), fifteen)).toBe('signature_mismatch')
    const sixteen = withHeaders(request, { 'x-ts': '1'.repeat(16) })
    expect(outcomeOf(verifierFor(scheme), sixteen)).toBe('malformed_timestamp')
  })
})
