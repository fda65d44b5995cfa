import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { metaHandshake, WebhookError } from 'waxseal/webhooks'
import { NOW } from './support.js'

const token = 'a token of 16+ bytes: é&+'
const old = 'the-old-verify-token'
const handshake = metaHandshake({
  verifyTokens: [
    { id: 'new', secret: token },
    { id: 'old', secret: new Secret(old), notAfterAt: NOW },
  ],
  now: () => NOW,
})

const target = (changes: Record<string, string> = {}, path = '/webhook') =>
  `${path}?${new URLSearchParams({
    'hub.mode': 'subscribe',
    'hub.verify_token': token,
    'hub.challenge': '1158201444',
    ...changes,
  })}`
const answer = (asked: unknown) => {
  const result = handshake.answer(asked as string)
  if (result.ok) return result.value
  expect(result.error).toBeInstanceOf(WebhookError)
  expect(result.error.status).toBe(403)
  return result.error.code
}

describe('the handshake', () => {
  it('answers with the challenge', () => {
    expect(answer(target())).toBe('1158201444')
    expect(answer(target({}, ''))).toBe('1158201444')
    expect(answer(target({}, '/a/b'))).toBe('1158201444')
    expect(answer(`${target()}&other=1`)).toBe('1158201444')
    expect(answer(target({ 'hub.challenge': 'aZ09_.=-' }))).toBe('aZ09_.=-')
    expect(answer(target({ 'hub.challenge': 'x'.repeat(256) }))).toBe('x'.repeat(256))
  })

  // Row 26
  it.each([
    ['another mode', target({ 'hub.mode': 'unsubscribe' })],
    ['a mode in upper case', target({ 'hub.mode': 'SUBSCRIBE' })],
    ['another token', target({ 'hub.verify_token': `${token}x` })],
    ['a part of the token', target({ 'hub.verify_token': token.slice(0, -1) })],
    ['the token in upper case', target({ 'hub.verify_token': token.toUpperCase() })],
    ['an empty token', target({ 'hub.verify_token': '' })],
    ['the token’s redaction', target({ 'hub.verify_token': '[REDACTED]' })],
    ['no token', '/webhook?hub.mode=subscribe&hub.challenge=1'],
    ['no mode', target().replace('hub.mode=subscribe&', '')],
    ['no challenge', target().replace(/&hub\.challenge=\d+/, '')],
    ['two modes', `${target()}&hub.mode=subscribe`],
    ['two tokens', `${target()}&${new URLSearchParams({ 'hub.verify_token': token })}`],
    [
      'a right token behind a wrong one',
      target({ 'hub.verify_token': 'x' }) + target().slice(8).replace('?', '&'),
    ],
    ['two challenges', `${target()}&hub.challenge=1158201444`],
    ['the names in upper case', target().replaceAll('hub.', 'HUB.')],
    ['the names with underscores', target().replaceAll('hub.', 'hub_')],
    ['markup for a challenge', target({ 'hub.challenge': '<b>' })],
    ['an empty challenge', target({ 'hub.challenge': '' })],
    ['a challenge with a line end', target({ 'hub.challenge': '1\n' })],
    ['a challenge beyond ASCII', target({ 'hub.challenge': '١' })],
    ['a challenge of 257 characters', target({ 'hub.challenge': 'x'.repeat(257) })],
    ['no query', '/webhook'],
    ['an empty query', '/webhook?'],
    ['nothing', ''],
    ['a lone percent sign', '/?%'],
  ])('refuses %s', (_what, asked) => {
    expect(answer(asked)).toBe('handshake_refused')
  })

  it.each([
    [undefined],
    [null],
    [5],
    [Symbol('s')],
    [{}],
    [[target()]],
    [Object.create(null)],
    [{ toString: () => target() }],
    [
      {
        toString: () => {
          throw new Error('no')
        },
      },
    ],
  ])('never throws, and refuses what is no text: %#', (asked) => {
    expect(answer(asked)).toBe('handshake_refused')
  })

  it('takes every live token, up to its end', () => {
    expect(answer(target({ 'hub.verify_token': old }))).toBe('1158201444')
    const later = metaHandshake({
      verifyTokens: [{ id: 'old', secret: old, notAfterAt: new Date(NOW) }],
      now: () => NOW + 1,
    })
    expect(later.answer(target({ 'hub.verify_token': old }))).toMatchObject({
      error: { code: 'handshake_refused' },
    })
  })

  it('is frozen', () => {
    expect(Object.isFrozen(handshake)).toBe(true)
  })
})

describe('verify tokens', () => {
  const create = (verifyTokens: unknown) => () => metaHandshake({ verifyTokens } as never)

  it.each([
    [undefined, TypeError],
    [[], RangeError],
    [Array.from({ length: 11 }, (_, at) => ({ id: `t${at}`, secret: token })), RangeError],
    [[{ id: 't', secret: '' }], TypeError],
    [[{ id: 't', secret: 'undefined' }], TypeError],
    [[{ id: 't', secret: `${token}\n` }], TypeError],
    [[{ id: 't', secret: 'x'.repeat(15) }], RangeError],
    [[{ id: '', secret: token }], TypeError],
    [['verify-me-please-now'], TypeError],
  ])('are refused as %j', (tokens, type) => {
    expect(create(tokens)).toThrow(type)
    expect(create(tokens)).toThrow(/^verifyTokens/)
  })

  it('have 16 bytes, which may be fewer characters', () => {
    expect(create([{ id: 't', secret: 'é'.repeat(8) }])).not.toThrow()
    expect(create([{ id: 't', secret: 'é'.repeat(7) }])).toThrow(RangeError)
  })

  it('need options, and a clock that is a function', () => {
    expect(() => metaHandshake(undefined as never)).toThrow(/^options: /)
    const verifyTokens = [{ id: 't', secret: token }]
    expect(() => metaHandshake({ verifyTokens, now: 5 } as never)).toThrow(/^now: /)
  })
})
