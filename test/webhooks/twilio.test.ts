import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, twilio } from 'waxseal/webhooks'
import { outcomeOf } from './support.js'

const secret = 'a'.repeat(32)
const secrets = [{ id: 'token', secret }]
const ORIGIN = 'https://example.com'
const FORM = 'application/x-www-form-urlencoded'

const mac = (text: string) => createHmac('sha1', secret).update(text).digest('base64')
const sha256 = (body: string) => createHash('sha256').update(body).digest('hex')
const verifier = (publicUrl = ORIGIN) => createVerifier(twilio, { secrets, publicUrl })
const outcome = (
  signed: string,
  { target = '/sms', body = '', contentType = FORM, publicUrl = ORIGIN } = {},
) =>
  outcomeOf(verifier(publicUrl), {
    headers: {
      'x-twilio-signature': mac(signed),
      'content-type': contentType,
    },
    target,
    body,
  })

// Row 18
describe('the target', () => {
  it.each([[undefined], [''], ['sms'], ['https://example.com/sms'], ['?a=1'], [5], [null], [{}]])(
    'is missing as %j',
    (target) => {
      const headers = { 'x-twilio-signature': mac(`${ORIGIN}/sms`) }
      expect(outcomeOf(verifier(), { headers, target, body: '' })).toBe('target_missing')
    },
  )

  it('is looked at after the signature’s form', () => {
    expect(outcomeOf(verifier(), { headers: { 'x-twilio-signature': 'x' }, body: '' })).toBe(
      'malformed_signature',
    )
    expect(outcomeOf(verifier(), { headers: {}, body: '' })).toBe('missing_header')
  })

  it('is signed as it was received, to the letter', () => {
    for (const target of ['/', '/sms?', '/sms?a=%2f', "/sms?a='b'", '/a/../b', '/sms?a=b&&c', '//x', '/é']) {
      expect(outcome(ORIGIN + target, { target }), target).toBe('verified')
    }
    expect(outcome(`${ORIGIN}/sms?a=%2F`, { target: '/sms?a=%2F&' })).toBe('verified')
    expect(outcome(`${ORIGIN}/sms`, { target: '/sms/' })).toBe('signature_mismatch')
    expect(outcome(`${ORIGIN}/sms?a=1&b=2`, { target: '/sms?b=2&a=1' })).toBe('signature_mismatch')
  })
})

describe('the URL that was signed', () => {
  it('may have the default port written out, on either side', () => {
    expect(outcome('https://example.com:443/sms')).toBe('verified')
    expect(outcome('https://example.com/sms', { publicUrl: 'https://example.com:443' })).toBe('verified')
    expect(outcome('https://[2001:db8::1]:443/sms', { publicUrl: 'https://[2001:db8::1]' })).toBe('verified')
    expect(outcome('https://example.com:443/wh/sms', { publicUrl: 'https://example.com/wh' })).toBe(
      'verified',
    )
  })

  it('has no foreign port, host, scheme or prefix', () => {
    expect(outcome('https://example.com:8443/sms')).toBe('signature_mismatch')
    expect(outcome('https://example.com:80/sms')).toBe('signature_mismatch')
    expect(outcome('http://example.com/sms')).toBe('signature_mismatch')
    expect(outcome('https://example.org/sms')).toBe('signature_mismatch')
    expect(outcome('https://example.com/sms', { publicUrl: 'https://example.com:8443' })).toBe(
      'signature_mismatch',
    )
    expect(outcome('https://example.com:8443:443/sms', { publicUrl: 'https://example.com:8443' })).toBe(
      'signature_mismatch',
    )
    expect(outcome('https://example.com/sms', { publicUrl: 'https://example.com/wh' })).toBe(
      'signature_mismatch',
    )
  })

  it('may have a port of its own where publicUrl names it', () => {
    const publicUrl = 'https://example.com:8443'
    expect(outcome('https://example.com:8443/sms', { publicUrl })).toBe('verified')
  })

  it('begins with the prefix that a proxy strips, however that ends', () => {
    for (const publicUrl of [
      'https://example.com/wh',
      'https://example.com/wh/',
      'https://EXAMPLE.com/wh//',
    ]) {
      expect(outcome('https://example.com/wh/sms', { publicUrl })).toBe('verified')
    }
  })

  // twilio-node: querystring.stringify(querystring.parse(query))
  it.each([
    ['/sms?q=a,b&x=@me&q=c+d', '/sms?q=a%2Cb&q=c%20d&x=%40me'],
    ["/sms?a='b'&flag", "/sms?a='b'&flag="],
    ['/sms?a=1&&b=%C3%A9', '/sms?a=1&b=%C3%A9'],
    ['/sms?__proto__=1&a=2', '/sms?__proto__=1&a=2'],
  ])('may have the query of %s as older services re-encode it', (target, legacy) => {
    expect(outcome(ORIGIN + legacy, { target })).toBe('verified')
    expect(outcome(`https://example.com:443${legacy}`, { target })).toBe('verified')
    expect(outcome(ORIGIN + target, { target })).toBe('verified')
  })

  it('is tried as it stands where its query is not percent-encoded UTF-8', () => {
    for (const target of ['/sms?a=%', '/sms?a=%zz', '/sms?a=%ff', '/sms?%']) {
      expect(outcome(ORIGIN + target, { target })).toBe('verified')
    }
  })
})

describe('a form', () => {
  const signed = (content: string) => `${ORIGIN}/sms${content}`

  it('is signed as its parameters in code-unit order, values distinct and in order', () => {
    expect(outcome(signed('A1B2a3'), { body: 'a=3&B=2&A=1' })).toBe('verified')
    expect(outcome(signed('A1A2'), { body: 'A=2&A=1&A=2' })).toBe('verified')
    expect(outcome(signed('A1A2A2'), { body: 'A=2&A=1&A=2' })).toBe('signature_mismatch')
    expect(outcome(signed('Aé +'), { body: 'A=%C3%A9+%2B' })).toBe('verified')
    expect(outcome(signed('AB'), { body: 'A=&B' })).toBe('verified')
    expect(outcome(signed('a=b'), { body: 'a==b' })).toBe('verified')
    // U+FF21 before U+1F600, whose first code unit is 0xd83d: code units, not code points.
    expect(
      outcome(signed('😀1Ａ2'), { body: `${encodeURIComponent('Ａ')}=2&${encodeURIComponent('😀')}=1` }),
    ).toBe('verified')
  })

  it('may be announced with parameters and in any case', () => {
    for (const contentType of [FORM, `${FORM}; charset=UTF-8`, `${FORM};charset=utf-8`, FORM.toUpperCase()]) {
      expect(outcome(signed('a1'), { body: 'a=1', contentType })).toBe('verified')
    }
  })

  it('is no form under another content type, or none', () => {
    for (const contentType of ['', 'text/plain', `${FORM}x`, `x-${FORM}`, 'multipart/form-data']) {
      expect(outcome(signed('a1'), { body: 'a=1', contentType })).toBe('signature_mismatch')
    }
  })

  it('is refused where it is not percent-encoded UTF-8', () => {
    for (const body of ['a=%', 'a=%ff', '%zz=1']) {
      expect(outcome(signed(''), { body })).toBe('signature_mismatch')
      expect(outcome(signed(body.replace('=', '')), { body })).toBe('signature_mismatch')
    }
    const headers = { 'x-twilio-signature': mac(signed('a\ufffd')), 'content-type': FORM }
    const bytes = Uint8Array.of(0x61, 0x3d, 0xff)
    expect(outcomeOf(verifier(), { headers, target: '/sms', body: bytes })).toBe('signature_mismatch')
  })

  it('of nothing but separators is no body that an empty one’s signature covers', () => {
    for (const body of ['&', '=', '&&=&']) expect(outcome(signed(''), { body })).toBe('signature_mismatch')
  })

  it('keeps a byte order mark and __proto__', () => {
    expect(outcome(signed('\ufeffa1'), { body: '%EF%BB%BFa=1' })).toBe('verified')
    expect(outcome(signed('\ufeffa1'), { body: '\ufeffa=1' })).toBe('verified')
    expect(outcome(signed('__proto__1a2'), { body: '__proto__=1&a=2' })).toBe('verified')
  })
})

// Row 18
describe('a body that is no form', () => {
  const body = '{"a":1}'
  const json = 'application/json'
  const target = `/sms?x=1&bodySHA256=${sha256(body)}`

  it('is covered by bodySHA256 in the target', () => {
    expect(outcome(ORIGIN + target, { target, body, contentType: json })).toBe('verified')
    const first = `/sms?bodySHA256=${sha256(body)}&x=1`
    expect(outcome(ORIGIN + first, { target: first, body, contentType: json })).toBe('verified')
  })

  it.each([
    ['none', '/sms'],
    ['that of another body', `/sms?bodySHA256=${sha256('{"a":2}')}`],
    ['one in upper case', `/sms?bodySHA256=${sha256(body).toUpperCase()}`],
    ['one cut short', `/sms?bodySHA256=${sha256(body).slice(1)}`],
    ['one that is longer', `/sms?bodySHA256=${sha256(body)}0`],
    ['two of them', `/sms?bodySHA256=${sha256(body)}&bodySHA256=${sha256(body)}`],
    ['another parameter with it', `/sms?xbodySHA256=${sha256(body)}`],
    ['one in the path', `/sms/bodySHA256=${sha256(body)}`],
  ])('is a mismatch with %s', (_what, other) => {
    expect(outcome(ORIGIN + other, { target: other, body, contentType: json })).toBe('signature_mismatch')
  })

  // The content type is not signed: whoever captured the request could call it a form, or leave the body out.
  it('cannot be swapped under its signature for an empty body, or for something called a form', () => {
    for (const swapped of ['', '&', '=', 'a=1', '{"a":2}']) {
      for (const contentType of [FORM, json, '']) {
        expect(
          outcome(ORIGIN + target, { target, body: swapped, contentType }),
          `${swapped} ${contentType}`,
        ).toBe('signature_mismatch')
      }
    }
  })
})

describe('publicUrl', () => {
  // Row 21
  it.each([
    [undefined],
    [''],
    ['example.com'],
    ['http://example.com'],
    ['https://example.com?a=1'],
    ['https://example.com/?'],
    ['https://example.com#f'],
    ['https://user@example.com'],
    ['https://user:pass@example.com'],
    ['https://'],
    [' https://example.com'],
    ['https://example.com\n'],
    ['ftp://example.com'],
    [5],
    [new URL('https://example.com')],
  ])('is refused as %j', (publicUrl) => {
    const create = () => createVerifier(twilio, { secrets, publicUrl: publicUrl as string })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(/^publicUrl: expected the https origin/)
  })
})

describe('the signer', () => {
  const signer = createSigner(twilio, { secrets })

  // Row 23
  it.each([
    [undefined],
    [''],
    ['/sms'],
    ['http://example.com/'],
    ['https://example.com/#f'],
    ['nonsense'],
    [5],
  ])('refuses the url %j', (url) => {
    expect(() => signer.sign({ body: '', url: url as string })).toThrow(TypeError)
    expect(() => signer.sign({ body: '', url: url as string })).toThrow(/^url: /)
  })

  it('refuses a body that the url does not cover', () => {
    for (const url of [`${ORIGIN}/sms`, `${ORIGIN}/sms?bodySHA256=${sha256('other')}`]) {
      expect(() => signer.sign({ body: '{}', url, contentType: 'application/json' })).toThrow(/^body: /)
    }
    expect(() => signer.sign({ body: 'a=%ff', url: `${ORIGIN}/sms` })).toThrow(/^body: /)
  })

  it('takes a body for a form unless told otherwise', () => {
    const { headers } = signer.sign({ body: 'b=2&a=1', url: `${ORIGIN}/sms` })
    expect(headers).toEqual({ 'x-twilio-signature': mac(`${ORIGIN}/smsa1b2`) })
  })
})
