import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type VaultTransitOptions, vaultTransit } from 'waxseal/envelope/vault'
import { errorOf, expectNoLeak, serviceContract } from '../contract/provider.js'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'

const dek = Uint8Array.from({ length: 32 }, (_, at) => at)
const input = { kid: 'vault-2026', signal: new AbortController().signal }
const options: VaultTransitOptions = { address: 'https://vault.test', token: 'hvs.x', key: 'wx' }
const edk = new TextEncoder().encode('vault:v1:AAAA')

const stub = (fetch: () => Promise<unknown>) =>
  vaultTransit({ ...options, fetch: fetch as typeof globalThis.fetch })

/** An answer of transit with that in place of bytes, as far as JSON can say it. */
function answerWith(bytes: unknown): Response {
  const text = (value: unknown) => {
    try {
      return JSON.stringify({ data: { ciphertext: value, plaintext: value } })
    } catch {
      return '{"data":{"ciphertext":{},"plaintext":{}}}'
    }
  }
  if (!ArrayBuffer.isView(bytes)) return new Response(text(bytes))
  const base64 = Buffer.from(bytes as Uint8Array).toString('base64')
  const plaintext = base64
  const ciphertext = bytes.byteLength > 32 ? base64 : `vault:v1:${base64}`
  return new Response(JSON.stringify({ data: { plaintext, ciphertext } }))
}

serviceContract('Vault transit', {
  bindsKid: false,
  rewrapsFrom: 'the same key',
  async start() {
    const service = await startFakeVault()
    const { address, token, keys } = service
    return {
      service,
      provider: (key) => vaultTransit({ address, token, key: keys[key] }),
      unreachable: () => vaultTransit({ address: 'http://127.0.0.1:2', token, key: keys[0] }),
      answering: (bytes) => stub(async () => answerWith(bytes)),
      rejecting: (thrown) => stub(() => Promise.reject(thrown)),
      silent: () => stub(() => new Promise(() => {})),
      close: service.close,
    }
  },
})

describe('vaultTransit, over HTTP', () => {
  let service: FakeVault
  beforeAll(async () => {
    service = await startFakeVault()
  })
  afterAll(() => service.close())
  const provider = (more: Partial<VaultTransitOptions> = {}) =>
    vaultTransit({ address: service.address, token: service.token, key: service.keys[0], ...more })

  it('keeps the text of transit as the wrapped key, and sends nothing but what transit takes', async () => {
    const before = service.calls.length
    const wrapped = await provider({ namespace: 'admin/team-a' }).wrap(dek, input)
    const ciphertext = new TextDecoder().decode(wrapped)
    expect(ciphertext).toMatch(/^vault:v1:[A-Za-z0-9+/]{80}$/)
    await provider().unwrap(wrapped, input)
    await provider().rewrapFrom?.(provider(), wrapped, { ...input, kid: 'k', fromKid: 'vault-2026' })

    const calls = service.calls.slice(before)
    const bodies = calls.map(({ operation, request }) => {
      const { headers, ...body } = request as { headers: Record<string, string> }
      return [operation, body]
    })
    expect(bodies).toEqual([
      ['encrypt', { plaintext: Buffer.from(dek).toString('base64') }],
      ['decrypt', { ciphertext }],
      ['rewrap', { ciphertext }],
    ])
    const headers = { 'x-vault-token': service.token, 'x-vault-request': 'true' }
    expect(calls[0]?.request).toMatchObject({ headers: { ...headers, 'x-vault-namespace': 'admin/team-a' } })
    expect(calls[1]?.request).toMatchObject({ headers })
    expect(calls[1]?.request).not.toMatchObject({ headers: { 'x-vault-namespace': expect.anything() } })
  })

  it('rewraps to the newest version of the key', async () => {
    const wrapped = await provider({ key: service.keys[1] }).wrap(dek, input)
    service.rotate(service.keys[1])
    const same = provider({ key: service.keys[1] })
    const rewrapped = await same.rewrapFrom?.(provider({ key: service.keys[1] }), wrapped, {
      ...input,
      fromKid: input.kid,
    })
    expect(new TextDecoder().decode(rewrapped)).toMatch(/^vault:v2:/)
    expect(await same.unwrap(rewrapped ?? edk, input)).toEqual(dek)
    expect(await same.unwrap(wrapped, input)).toEqual(dek)
  })

  it('rewraps only within one key of one Vault', async () => {
    const { address, keys } = service
    const rewrapInput = { ...input, fromKid: 'k' }
    for (const other of [
      provider({ key: keys[1] }),
      provider({ mount: 'other' }),
      provider({ namespace: 'admin' }),
      provider({ address: address.replace('127.0.0.1', 'localhost') }),
      provider({ address: `${address}/proxy` }),
    ]) {
      expect(provider().rewrapFrom?.(other, edk, rewrapInput)).toBeUndefined()
      expect(other.rewrapFrom?.(provider(), edk, rewrapInput)).toBeUndefined()
    }
    const same = provider({ address: `${address}/`, mount: 'transit', token: async () => service.token })
    const wrapped = await same.wrap(dek, input)
    const rewrapped = await provider().rewrapFrom?.(same, wrapped, { ...rewrapInput, fromKid: input.kid })
    expect(await provider().unwrap(rewrapped ?? edk, input)).toEqual(dek)
  })

  const message = ['cipher: message authentication failed']
  it.each([
    [400, message, 'key_mismatch', false],
    [500, ['1 error occurred:\n\t* cipher: message authentication failed\n\n'], 'key_mismatch', false],
    [400, ['invalid ciphertext: unable to decrypt'], 'key_mismatch', false],
    [400, ['ciphertext or signature version is disallowed by policy (too old)'], 'key_mismatch', false],
    [400, ['no such key version'], 'key_mismatch', false],
    [403, message, 'provider_denied', false],
    [403, ['permission denied'], 'provider_denied', false],
    [404, ['no handler for route'], 'provider_denied', false],
    [412, ['required index state not present'], 'provider_unavailable', true],
    [429, [], 'provider_unavailable', true],
    [500, ['internal error'], 'provider_unavailable', true],
    [502, message, 'provider_unavailable', true],
    [503, ['Vault is sealed'], 'provider_unavailable', true],
    [400, ['encryption key not found'], 'provider_unavailable', false],
    [204, [], 'provider_unavailable', false],
    [405, [], 'provider_unavailable', false],
  ] as const)('reads %s %j as %s', async (status, errors, code, retryable) => {
    const wrapped = await provider().wrap(dek, input)
    service.failNext({ status, errors })
    const error = await errorOf(provider().unwrap(wrapped, input))
    expect(error).toMatchObject({ code, retryable, providerCode: `${status}`, kid: 'vault-2026' })
  })

  it('names the socket error of a service that is not there', async () => {
    const error = await errorOf(provider({ address: 'http://127.0.0.1:2' }).wrap(dek, input))
    expect(error).toMatchObject({ code: 'provider_unavailable', retryable: true })
    expect(error.providerCode).toBe('ECONNREFUSED')
  })

  it('follows no redirect, with which token and key would go elsewhere', async () => {
    let visited = 0
    const elsewhere: Server = createServer((_, response) => {
      visited++
      response.end('{}')
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`
    for (const status of [301, 302, 303, 307, 308]) {
      service.failNext({ status, headers: { location } })
      expect(await errorOf(provider().wrap(dek, input))).toMatchObject({
        code: 'provider_unavailable',
        retryable: false,
        providerCode: `${status}`,
      })
    }
    expect(visited).toBe(0)
    elsewhere.close()
  })

  it('asks a function for the token before each call', async () => {
    const tokens = ['hvs.expired', service.token]
    const rotating = provider({ token: async () => tokens.shift() ?? '' })
    expect((await errorOf(rotating.wrap(dek, input))).code).toBe('provider_denied')
    expect((await rotating.wrap(dek, input)).length).toBe(89)
    const error = await errorOf(rotating.wrap(dek, input))
    expect(error).toMatchObject({ code: 'provider_unavailable', retryable: false })
  })

  it.each([
    ['throws', () => expect.fail('TOKEN-CANARY')],
    ['rejects', () => Promise.reject(new Error('TOKEN-CANARY'))],
    ['answers none', () => undefined],
    ['answers two lines', () => 'TOKEN-CANARY\nx-other: 1'],
    ['answers a blank', () => 'TOKEN-CANARY '],
    ['answers non-ASCII', () => 'TOKEN-CANARY-ü'],
  ])('a token function that %s is reported, and nothing is sent', async (_what, token) => {
    const before = service.calls.length
    const error = await errorOf(provider({ token: token as () => string }).wrap(dek, input))
    expect(error).toMatchObject({ code: 'provider_unavailable', retryable: false, kid: 'vault-2026' })
    expectNoLeak(error, dek)
    expect(service.calls.length).toBe(before)
  })

  it.each([
    ...[
      '',
      '{',
      'null',
      '[]',
      '7',
      '{"data":null}',
      '{"data":[]}',
      '{"data":{"ciphertext":7}}',
      '{"ciphertext":"x"}',
    ],
    '{"data":{"ciphertext":"vault:v0:AAAA"}}',
    '{"data":{"ciphertext":"vault:v01:AAAA"}}',
    '{"data":{"ciphertext":"vault:v1:AA-A"}}',
    '{"data":{"ciphertext":"vault:v1:AAAA\\n"}}',
    '{"data":{"ciphertext":"vault:v1:"}}',
    '{"data":{"ciphertext":"AAAA"}}',
    JSON.stringify({ data: { ciphertext: 'vault:v1:AAAA' }, warnings: 'x'.repeat(65_536) }),
  ])('takes no wrapped key from %.60s', async (body) => {
    service.sayNext(body)
    expect((await errorOf(provider().wrap(dek, input))).code).toBe('provider_invalid_response')
  })

  it.each([
    '7',
    '"="',
    '"AAA"',
    '"AAAA"',
    JSON.stringify(`${'A'.repeat(42)}B=`),
    JSON.stringify('_'.repeat(43)),
  ])('takes no data key from %s', async (plaintext) => {
    const wrapped = await provider().wrap(dek, input)
    service.sayNext(`{"data":{"plaintext":${plaintext}}}`)
    expect((await errorOf(provider().unwrap(wrapped, input))).code).toBe('provider_invalid_response')
  })

  it('sends no text to Vault that is none of transit', async () => {
    const before = service.calls.length
    for (const text of [
      '',
      'vault:v1:',
      'vault:v0:AAAA',
      'vault:v1:AAAA\n',
      '\ufeffvault:v1:AAAA',
      'vault:v1:A"}',
      'é',
    ]) {
      const error = await errorOf(provider().unwrap(new TextEncoder().encode(text), input))
      expect(error).toMatchObject({ code: 'key_mismatch', kid: 'vault-2026' })
    }
    expect(service.calls.length).toBe(before)
  })
})

it('stops reading an answer that has no end', async () => {
  let pulled = 0
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++
      controller.enqueue(new Uint8Array(16_384))
    },
    cancel: () => {
      cancelled = true
    },
  })
  const error = await errorOf(stub(async () => new Response(endless)).wrap(dek, input))
  expect(error.code).toBe('provider_invalid_response')
  expect(cancelled).toBe(true)
  expect(pulled).toBeLessThan(10)
})

it('an answer that breaks off is the network', async () => {
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error('STREAM-CANARY')) })
  const error = await errorOf(stub(async () => new Response(broken)).wrap(dek, input))
  expect(error).toMatchObject({ code: 'provider_unavailable', retryable: true })
  expectNoLeak(error, dek)
})

it('an error without a body is read by its status', async () => {
  const error = await errorOf(stub(async () => new Response(null, { status: 403 })).wrap(dek, input))
  expect(error).toMatchObject({ code: 'provider_denied', providerCode: '403' })
})

it('vaultTransit takes https anywhere, and http to this machine or where that is said aloud', () => {
  const take = (address: string, dangerouslyAllowHttp?: boolean) =>
    expect(vaultTransit({ ...options, address, dangerouslyAllowHttp }).kind).toBe('vault')
  take('https://vault.test:8200')
  take('https://vault.test/behind/a/proxy/')
  take('http://localhost:8200')
  take('http://127.0.0.1')
  take('http://127.9.9.9')
  take('http://[::1]:8200')
  take('http://vault.test', true)
})

it('vaultTransit refuses options that cannot work, without repeating them', () => {
  const address = 'address: expected an https URL without credentials, query and fragment'
  const key = 'key: expected the name of a transit key'
  const mount = 'mount: expected a path such as transit or team-a/transit'
  const namespace = 'namespace: expected a path such as admin/team-a'
  const token = 'token: expected 1 to 4096 printable ASCII characters without blanks'
  const wrong: readonly [string, keyof VaultTransitOptions, readonly unknown[]][] = [
    [
      address,
      'address',
      [
        ...[
          undefined,
          7,
          '',
          'vault.test',
          'ftp://vault.test',
          'http://vault.test',
          'http://127.0.0.1.vault.test',
        ],
        ...['http://localhost.vault.test', 'http://[::2]', 'http://0.0.0.0', 'https://u:p@vault.test'],
        ...['https://vault.test?x', 'https://vault.test/#x', 'https://vault.test/?', 'file:///etc/passwd'],
      ],
    ],
    [
      key,
      'key',
      [undefined, 7, '', '..', 'a/b', 'a?b', 'a b', '-a', 'a-', 'a%2fb', 'ä', 'a'.repeat(129), 'a\n'],
    ],
    [
      mount,
      'mount',
      [7, '', '/transit', 'transit/', 'a//b', 'a/../b', '..', 'a?b', 'a#b', 'a b', 'a/.', 'a'.repeat(257)],
    ],
    [namespace, 'namespace', [7, '', '/a', 'a/', 'a\nb', 'a b', 'a\r\nx-vault-token: t']],
    [token, 'token', [undefined, 7, '', 'a b', 'a\n', 'ä', 'a'.repeat(4097)]],
    ['fetch: expected a function', 'fetch', [null, 7, {}]],
  ]
  for (const [message, option, values] of wrong) {
    for (const value of values) {
      const given = { ...options, [option]: value }
      expect(() => vaultTransit(given), `${option} ${String(value)}`).toThrow(new TypeError(message))
    }
  }
  expect(() => vaultTransit(undefined as never)).toThrow(new TypeError('options: expected an object'))
  const allowed = { ...options, address: 'http://vault.test', dangerouslyAllowHttp: 'yes' }
  expect(() => vaultTransit(allowed as never)).toThrow(new TypeError(address))
})
