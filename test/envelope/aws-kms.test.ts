import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type AwsKmsLike, type AwsKmsOptions, awsKms } from 'waxseal/envelope/aws-kms'
import { errorOf, serviceContract } from '../contract/provider.js'
import { type FakeAwsKms, startFakeAwsKms } from '../support/fake-aws-kms.js'

const dek = Uint8Array.from({ length: 32 }, (_, at) => at)
const input = { kid: 'aws-2026', signal: new AbortController().signal }

/** A client of another author, which answers or throws what no SDK would. */
const stub = (answer: () => Promise<unknown>) => {
  const client = { encrypt: answer, decrypt: answer, reEncrypt: answer } as AwsKmsLike
  return awsKms({ client, keyId: 'alias/wx' })
}

serviceContract('AWS KMS', {
  bindsKid: true,
  rewrapsFrom: 'every key',
  async start() {
    const service = await startFakeAwsKms()
    const { client, keyIds } = service
    return {
      service,
      provider: (key) => awsKms({ client, keyId: keyIds[key] }),
      unreachable: () => awsKms({ client: service.newClient('http://127.0.0.1:2'), keyId: keyIds[0] }),
      answering: (bytes) => stub(async () => ({ CiphertextBlob: bytes, Plaintext: bytes })),
      rejecting: (thrown) => stub(() => Promise.reject(thrown)),
      silent: () => stub(() => new Promise(() => {})),
      close: service.close,
    }
  },
})

describe('awsKms, over the SDK', () => {
  let service: FakeAwsKms
  beforeAll(async () => {
    service = await startFakeAwsKms()
  })
  afterAll(() => service.close())
  const provider = (key: 0 | 1 = 0) => awsKms({ client: service.client, keyId: service.keyIds[key] })

  it('names the key and binds the kid in every call', async () => {
    const [from, to] = service.keyIds
    const fromContext = { waxseal: 'wx1', kid: 'aws-2026' }
    const toContext = { waxseal: 'wx1', kid: 'aws-2027' }
    const edk = await provider().wrap(dek, input)
    await provider().unwrap(edk, input)
    await provider(1).rewrapFrom?.(provider(), edk, { ...input, kid: 'aws-2027', fromKid: 'aws-2026' })

    const CiphertextBlob = Buffer.from(edk).toString('base64')
    const Plaintext = Buffer.from(dek).toString('base64')
    expect(service.calls.map(({ operation, request }) => [operation, request])).toEqual([
      ['Encrypt', { KeyId: from, Plaintext, EncryptionContext: fromContext }],
      ['Decrypt', { KeyId: from, CiphertextBlob, EncryptionContext: fromContext }],
      [
        'ReEncrypt',
        {
          CiphertextBlob,
          SourceKeyId: from,
          SourceEncryptionContext: fromContext,
          DestinationKeyId: to,
          DestinationEncryptionContext: toContext,
        },
      ],
    ])
  })

  it.each([
    ['InvalidCiphertextException', 400, 'key_mismatch', false],
    ['IncorrectKeyException', 400, 'key_mismatch', false],
    ['AccessDeniedException', 400, 'provider_denied', false],
    ['DisabledException', 409, 'provider_denied', false],
    ['NotFoundException', 400, 'provider_denied', false],
    ['KMSInvalidStateException', 409, 'provider_denied', false],
    ['ThrottlingException', 400, 'provider_unavailable', true],
    ['TooManyRequestsException', 429, 'provider_unavailable', true],
    ['OfAProxy', 429, 'provider_unavailable', true],
    ['LimitExceededException', 400, 'provider_unavailable', true],
    ['KMSInternalException', 500, 'provider_unavailable', true],
    ['KeyUnavailableException', 500, 'provider_unavailable', true],
    ['DependencyTimeoutException', 503, 'provider_unavailable', true],
    ['ServiceUnavailableException', 503, 'provider_unavailable', true],
    ['InvalidGrantTokenException', 400, 'provider_unavailable', false],
    ['InvalidKeyUsageException', 400, 'provider_unavailable', false],
    ['UnrecognizedClientException', 400, 'provider_denied', false],
    ['ExpiredTokenException', 400, 'provider_denied', false],
    ['InvalidSignatureException', 400, 'provider_denied', false],
    ['ValidationException', 400, 'provider_unavailable', false],
  ] as const)('reads %s (%s) as %s', async (type, status, code, retryable) => {
    const edk = await provider().wrap(dek, input)
    service.failNext({ status, type })
    const error = await errorOf(provider().unwrap(edk, input))
    expect(error).toMatchObject({ code, retryable, providerCode: type, kid: 'aws-2026' })
  })

  it('names the socket error of a service that is not there', async () => {
    const client = service.newClient('http://127.0.0.1:2')
    const error = await errorOf(awsKms({ client, keyId: service.keyIds[0] }).wrap(dek, input))
    expect(error).toMatchObject({ code: 'provider_unavailable', providerCode: 'ECONNREFUSED' })
  })

  it('does not find a key that is not there', async () => {
    const missing = awsKms({ client: service.client, keyId: 'alias/missing' })
    expect(await errorOf(missing.wrap(dek, input))).toMatchObject({
      code: 'provider_denied',
      providerCode: 'NotFoundException',
    })
  })

  it('ends the request on the wire when the caller gives up', async () => {
    const { client, keyIds } = service
    const seen: AbortSignal[] = []
    const watching: AwsKmsLike = {
      encrypt: (request, options) => {
        seen.push(options.abortSignal)
        return client.encrypt(request, options)
      },
      decrypt: (request, options) => client.decrypt(request, options),
    }
    service.failNext('hang')
    const before = service.calls.length
    const controller = new AbortController()
    const pending = awsKms({ client: watching, keyId: keyIds[0] }).wrap(dek, {
      kid: 'k',
      signal: controller.signal,
    })
    await vi.waitFor(() => expect(service.calls.length).toBe(before + 1))
    controller.abort()
    expect((await errorOf(pending)).code).toBe('aborted')
    expect(seen).toEqual([controller.signal])
  })

  it('rewraps only over the same client, and only where the client can', async () => {
    const { client, keyIds } = service
    const edk = await provider().wrap(dek, input)
    const rewrapInput = { ...input, kid: 'aws-2027', fromKid: 'aws-2026' }
    const elsewhere = awsKms({ client: service.newClient(), keyId: keyIds[0] })
    expect(provider(1).rewrapFrom?.(elsewhere, edk, rewrapInput)).toBeUndefined()

    const limited: AwsKmsLike = { encrypt: client.encrypt.bind(client), decrypt: client.decrypt.bind(client) }
    const [one, two] = keyIds.map((keyId) => awsKms({ client: limited, keyId }))
    expect(one && two?.rewrapFrom?.(one, edk, rewrapInput)).toBeUndefined()
  })
})

it.each([undefined, null, {}, [], 7])('an answer of %j holds no bytes', async (answer) => {
  const provider = stub(async () => answer)
  const { kid } = input
  for (const outcome of [provider.wrap(dek, input), provider.unwrap(dek, input)]) {
    expect(await errorOf(outcome)).toMatchObject({ code: 'provider_invalid_response', kid })
  }
  const rewrapped = provider.rewrapFrom?.(provider, dek, { ...input, fromKid: 'k' })
  expect(await errorOf(rewrapped)).toMatchObject({ code: 'provider_invalid_response', kid })
})

it('awsKms refuses options that cannot work, without repeating them', () => {
  const client = { encrypt: async () => ({}), decrypt: async () => ({}) }
  const keyId = 'alias/wx'
  const wrong: readonly [unknown, string][] = [
    [undefined, 'options: expected an object'],
    [{ keyId }, 'client: expected an object'],
    [{ client: {}, keyId }, 'client: expected encrypt and decrypt, as KMS of @aws-sdk/client-kms has them'],
    [
      { client: { encrypt: client.encrypt }, keyId },
      'client: expected encrypt and decrypt, as KMS of @aws-sdk/client-kms has them',
    ],
    ...[undefined, '', 7, 'x'.repeat(2049), '\ud800'].map((keyId): [unknown, string] => [
      { client, keyId },
      'keyId: expected text of 1 to 2048 bytes',
    ]),
  ]
  for (const [options, message] of wrong) {
    expect(() => awsKms(options as AwsKmsOptions)).toThrow(new TypeError(message))
  }
})
