import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createVerifier, meta, safravo } from 'waxseal/webhooks'
import { eachKind, outcomeOf, secretFor, signedRequest, utf8, verifierFor } from './support.js'

const text = '{"a":"é👋"}'
const otherRealm = createContext({})

describe.each(eachKind)('the body of %s', (_name, { scheme }) => {
  const verifier = verifierFor(scheme)
  const request = signedRequest(scheme, text)

  // Row 13
  it.each([
    ['an object', { a: 1 }],
    ['an array', [123]],
    ['a number', 5],
    ['a boolean', true],
    ['null', null],
    ['undefined', undefined],
    ['a lone surrogate', '\ud800'],
    ['a String object', new String(text)],
    ['a function', () => text],
    ['a symbol', Symbol('body')],
    ['a bigint', 1n],
    ['what poses as bytes', { byteLength: 2, byteOffset: 0, buffer: new ArrayBuffer(2) }],
    ['what inherits from bytes', Object.create(utf8(text))],
    ['a Proxy of bytes', new Proxy(utf8(text), {})],
    ['a Blob', new Blob([text])],
  ])('is not raw as %s', (_what, body) => {
    expect(outcomeOf(verifier, { ...request, body })).toBe('body_not_raw')
  })

  it('is not raw where the memory is gone', () => {
    const buffer = utf8(text).slice().buffer
    const view = new Uint8Array(buffer)
    structuredClone(buffer, { transfer: [buffer] })
    expect(outcomeOf(verifier, { ...request, body: buffer })).toBe('body_not_raw')
    expect(outcomeOf(verifier, { ...request, body: view })).toBe('body_not_raw')
  })

  // Row 14
  it('may be text, bytes, a part of a larger buffer, shared, or of another realm', () => {
    const bytes = utf8(text)
    const padded = new Uint8Array(bytes.length + 9).fill(0x20)
    padded.set(bytes, 4)
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    const foreign = runInContext(`new Uint8Array([${bytes.join()}])`, otherRealm)
    const shapes = {
      text,
      bytes,
      arrayBuffer: bytes.slice().buffer,
      withOffset: padded.subarray(4, 4 + bytes.length),
      pooledBuffer: Buffer.from(text),
      dataView: new DataView(padded.buffer, 4, bytes.length),
      shared,
      foreign,
      foreignBuffer: foreign.buffer,
    }
    for (const [shape, body] of Object.entries(shapes)) {
      expect(outcomeOf(verifier, { ...request, body }), shape).toBe('verified')
      expect(verifier.verify({ ...request, body }).text(), shape).toBe(text)
    }
  })

  it('may be empty', () => {
    const empty = signedRequest(scheme, '')
    for (const body of ['', new Uint8Array(), new ArrayBuffer(0)]) {
      expect(outcomeOf(verifier, { ...empty, body })).toBe('verified')
    }
  })

  it('is handed on as the bytes received, not copied, unless another thread could still write to it', () => {
    const bytes = Uint8Array.from(request.body)
    const delivery = verifier.verify({ ...request, body: bytes })
    expect(delivery.body.buffer).toBe(bytes.buffer)

    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    const safe = verifier.verify({ ...request, body: shared })
    shared.fill(0)
    expect(safe.text()).toBe(text)
  })

  // Row 15
  it.each([
    ['a byte order mark before it', `\ufeff${text}`],
    ['a final line feed', `${text}\n`],
    ['its members in another order', '{"b":2,"a":1.0,"u":"http:\\/\\/x\\r"}'],
    ['1.0 for 1', '{"a":1,"b":2,"u":"http:\\/\\/x\\r"}'],
    ['/ for \\/', '{"a":1.0,"b":2,"u":"http://x\\r"}'],
    ['CRLF for LF', '{"a":1.0,\r\n"b":2,"u":"http:\\/\\/x\\r"}'],
    ['nothing', ''],
  ])('is a mismatch with %s', (_what, body) => {
    const signed = signedRequest(
      scheme,
      body.includes('\r\n') ? body.replace('\r\n', '\n') : '{"a":1.0,"b":2,"u":"http:\\/\\/x\\r"}',
    )
    expect(outcomeOf(verifier, signed)).toBe('verified')
    expect(outcomeOf(verifier, { ...signed, body })).toBe('signature_mismatch')
  })

  it('is compared as bytes: what is no UTF-8 is not the text that it decodes to', () => {
    const bytes = Uint8Array.of(0x7b, 0xff, 0x7d)
    const decoded = new TextDecoder().decode(bytes)
    const signedBytes = signedRequest(scheme, bytes)
    const signedText = signedRequest(scheme, decoded)
    expect(outcomeOf(verifier, signedBytes)).toBe('verified')
    expect(outcomeOf(verifier, { ...signedText, body: bytes })).toBe('signature_mismatch')
    expect(outcomeOf(verifier, { ...signedBytes, body: decoded })).toBe('signature_mismatch')
    // standardwebhooks MACs decoded text, under which these two are one.
    expect(
      outcomeOf(verifier, { ...signedRequest(scheme, Uint8Array.of(0xff)), body: Uint8Array.of(0xfe) }),
    ).toBe('signature_mismatch')
  })

  // Row 16
  it.each([
    ['$$'],
    ['$&'],
    ["$'"],
    ['$1'],
    ['{timestamp}'],
    ['{body}'],
    ['%s'],
    ['\0'],
    ['.'],
    ['..1614265330.'],
  ])('may hold %j, which means nothing here', (special) => {
    expect(outcomeOf(verifier, signedRequest(scheme, special))).toBe('verified')
    expect(outcomeOf(verifier, { ...signedRequest(scheme, special), body: `${special}x` })).toBe(
      'signature_mismatch',
    )
  })
})

describe('a delivery', () => {
  const deliver = (body: string | Uint8Array) => verifierFor(meta).verify(signedRequest(meta, body))
  const bodyNotJson = expect.objectContaining({ code: 'body_not_json', status: 422 })
  const thrownBy = (call: () => unknown): unknown => {
    try {
      return call()
    } catch (error) {
      return error
    }
  }

  // Row 17
  it('throws body_not_json for a body that is no JSON, and still shows its text', () => {
    for (const body of ['not json', '', '{', '{"a":1}x', '\u00a0']) {
      const delivery = deliver(body)
      expect(thrownBy(delivery.json)).toEqual(bodyNotJson)
      expect(delivery.text()).toBe(body)
    }
  })

  it('throws body_not_json for bytes that are no UTF-8, both as text and as JSON', () => {
    for (const bytes of [[0xff], [0x22, 0xc0, 0x80, 0x22], [0xed, 0xa0, 0x80], [0x61, 0xe2, 0x82]]) {
      const delivery = deliver(Uint8Array.from(bytes))
      expect(thrownBy(delivery.text)).toEqual(bodyNotJson)
      expect(thrownBy(delivery.json)).toEqual(bodyNotJson)
      // A refused text must not leave anything behind for the next one.
      expect(deliver('\ufeff"é"').text()).toBe('"é"')
    }
  })

  it('gives __proto__ as an own property, and nothing inherits it', () => {
    const value = deliver('{"__proto__":{"x":1}}').json() as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect('x' in value).toBe(false)
    expect('x' in {}).toBe(false)
  })

  it('removes one byte order mark from the text, never from the body', () => {
    const delivery = deliver('\ufeff{"a":1}')
    expect(delivery.json()).toEqual({ a: 1 })
    expect(delivery.text()).toBe('{"a":1}')
    expect([...delivery.body.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    expect(deliver('\ufeff\ufeffx').text()).toBe('\ufeffx')
  })

  it('parses JSON once', () => {
    const delivery = deliver('{"a":[]}')
    expect(delivery.json()).toBe(delivery.json())
    expect(deliver('null').json()).toBeNull()
  })

  it('gives signed material for deduplication, whatever the unsigned headers say', () => {
    const { replayParts } = deliver('{}')
    const hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    expect(replayParts()).toEqual(['meta', 'sha256', hash])
    for (const [name, { scheme }] of eachKind) {
      const { id, replayParts: parts } = verifierFor(scheme).verify(signedRequest(scheme, '{}'))
      // Where the URL is signed the hash is of all the signed content: see the tests of twilio.
      if (scheme.signs.includes('url'))
        expect(parts()).toEqual([name, 'sha256', expect.stringMatching(/^[0-9a-f]{64}$/)])
      else
        expect(parts()).toEqual(scheme.signs.includes('id') ? [name, 'id', 'msg_1'] : [name, 'sha256', hash])
      expect(id).toBe(scheme.signs.includes('id') ? 'msg_1' : undefined)
    }
    const replayed = signedRequest(safravo, '{}')
    const headers = { ...replayed.headers, 'x-safravo-delivery': 'evt_2' }
    expect(
      verifierFor(safravo)
        .verify({ ...replayed, headers })
        .replayParts()[2],
    ).toBe(hash)
  })

  it('is frozen, and so is what it holds beside the body', () => {
    for (const [, { scheme }] of eachKind) {
      const delivery = verifierFor(scheme).verify(signedRequest(scheme))
      expect(Object.isFrozen(delivery)).toBe(true)
      expect(Object.isFrozen(delivery.unsigned)).toBe(true)
    }
  })
})

it('an observer or header that writes to the body while it is checked cannot make it verify', () => {
  const signed = signedRequest(meta, '{"a":1}')
  const body = utf8('{"a":2}')
  const headers = Object.defineProperty({ ...signed.headers }, 'content-encoding', {
    enumerable: true,
    get: () => {
      body[5] = 0x31
      return undefined
    },
  })
  const verifier = createVerifier(meta, { secrets: [{ id: 'k', secret: secretFor(meta) }] })
  const result = verifier.safeVerify({ headers, body })
  // The bytes that were checked are the bytes handed on, whichever they were.
  expect(result.ok && result.value.text()).toBe('{"a":1}')
})
