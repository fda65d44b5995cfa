import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GcpKmsLike, type GcpKmsOptions, gcpKms } from 'waxseal/envelope/gcp-kms'
import { errorOf, serviceContract } from '../contract/provider.js'
import { checksum, type FakeGcpKms, startFakeGcpKms } from '../support/fake-gcp-kms.js'

const dek = Uint8Array.from({ length: 32 }, (_, at) => at)
const input = { kid: 'gcp-2026', signal: new AbortController().signal }
const keyName = 'projects/example.com:p-1/locations/global/keyRings/r/cryptoKeys/k_1'

/** A client of another author, which answers or throws what no SDK would. */
const stub = (answer: () => Promise<unknown>) =>
  gcpKms({ client: { encrypt: answer, decrypt: answer } as GcpKmsLike, keyName })

/** A well-formed answer but for the bytes. */
function answerWith(bytes: unknown, value?: unknown) {
  const crc = ArrayBuffer.isView(bytes) && bytes.byteLength < 2_000 ? checksum(bytes as Uint8Array) : 0
  const crc32c = { value: value ?? crc }
  return {
    ciphertext: bytes,
    ciphertextCrc32c: crc32c,
    plaintext: bytes,
    plaintextCrc32c: crc32c,
    verifiedPlaintextCrc32c: true,
    verifiedAdditionalAuthenticatedDataCrc32c: true,
  }
}

serviceContract('Google Cloud KMS', {
  bindsKid: true,
  rewrapsFrom: 'none',
  async start() {
    const service = await startFakeGcpKms()
    const { client, keyIds } = service
    return {
      service,
      provider: (key) => gcpKms({ client, keyName: keyIds[key] }),
      unreachable: () => gcpKms({ client: service.newClient(2), keyName: keyIds[0] }),
      answering: (bytes) => stub(async () => [answerWith(bytes)]),
      rejecting: (thrown) => stub(() => Promise.reject(thrown)),
      silent: () => stub(() => new Promise(() => {})),
      close: service.close,
    }
  },
})

describe('gcpKms, over the SDK', () => {
  let service: FakeGcpKms
  beforeAll(async () => {
    service = await startFakeGcpKms()
  })
  afterAll(() => service.close())
  const provider = () => gcpKms({ client: service.client, keyName: service.keyIds[0] })

  it('binds the kid as associated data, and sends a checksum with every field', async () => {
    const edk = await provider().wrap(dek, input)
    await provider().unwrap(edk, input)
    // lp("wx1/kms") ‖ lp("gcp-2026")
    const additionalAuthenticatedData = Buffer.from(
      '00000007' + '7778312f6b6d73' + '00000008' + '6763702d32303236',
      'hex',
    )
    const additionalAuthenticatedDataCrc32c = { value: `${checksum(additionalAuthenticatedData)}` }
    const name = service.keyIds[0]
    const plain = (request: unknown) => JSON.parse(JSON.stringify(request))
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
    expect(service.calls.map(({ operation, request }) => [operation, plain(request)])).toEqual([
      [
        'Encrypt',
        plain({
          name,
          plaintext: base64(dek),
          plaintextCrc32c: { value: `${checksum(dek)}` },
          additionalAuthenticatedData: base64(additionalAuthenticatedData),
          additionalAuthenticatedDataCrc32c,
        }),
      ],
      [
        'Decrypt',
        plain({
          name,
          ciphertext: base64(edk),
          ciphertextCrc32c: { value: `${checksum(edk)}` },
          additionalAuthenticatedData: base64(additionalAuthenticatedData),
          additionalAuthenticatedDataCrc32c,
        }),
      ],
    ])
  })

  it.each([
    [2, 'provider_unavailable', false],
    [3, 'key_mismatch', false],
    [4, 'provider_unavailable', true],
    [5, 'provider_denied', false],
    [6, 'provider_unavailable', false],
    [7, 'provider_denied', false],
    [8, 'provider_unavailable', true],
    [9, 'provider_denied', false],
    [10, 'provider_unavailable', false],
    [11, 'provider_unavailable', false],
    [12, 'provider_unavailable', false],
    [13, 'provider_unavailable', true],
    [14, 'provider_unavailable', true],
    [15, 'provider_unavailable', false],
    [16, 'provider_denied', false],
  ] as const)('reads gRPC code %s as %s', async (grpc, code, retryable) => {
    const edk = await provider().wrap(dek, input)
    service.failNext({ code: grpc })
    const error = await errorOf(provider().unwrap(edk, input))
    expect(error).toMatchObject({ code, retryable, providerCode: `${grpc}`, kid: 'gcp-2026' })
  })

  it('knows no key_mismatch where there is no ciphertext yet', async () => {
    service.failNext({ code: 3 })
    expect(await errorOf(provider().wrap(dek, input))).toMatchObject({
      code: 'provider_unavailable',
      retryable: false,
      providerCode: '3',
    })
  })

  it.each([
    ['a damaged ciphertext', (answer) => ({ ciphertext: flipped(answer.ciphertext) })],
    ['a damaged checksum', () => ({ ciphertextCrc32c: { value: 1 } })],
    ['no checksum', () => ({ ciphertextCrc32c: null })],
    ['a plaintext that arrived damaged', () => ({ verifiedPlaintextCrc32c: false })],
    ['associated data that arrived damaged', () => ({ verifiedAdditionalAuthenticatedDataCrc32c: false })],
  ] satisfies readonly [string, (answer: Answer) => Partial<Answer>][])(
    'refuses to wrap: %s',
    async (_what, change) => {
      service.alterNext((answer) => Object.assign(answer, change(answer)))
      expect((await errorOf(provider().wrap(dek, input))).code).toBe('provider_invalid_response')
    },
  )

  it.each([
    ['a damaged plaintext', (answer) => ({ plaintext: flipped(answer.plaintext) })],
    ['a damaged checksum', () => ({ plaintextCrc32c: { value: 1 } })],
    ['no checksum', () => ({ plaintextCrc32c: null })],
  ] satisfies readonly [string, (answer: Answer) => Partial<Answer>][])(
    'refuses to unwrap: %s',
    async (_what, change) => {
      const edk = await provider().wrap(dek, input)
      service.alterNext((answer) => Object.assign(answer, change(answer)))
      expect((await errorOf(provider().unwrap(edk, input))).code).toBe('provider_invalid_response')
    },
  )

  it('finds no key of that name', async () => {
    const missing = gcpKms({ client: service.client, keyName })
    expect(await errorOf(missing.wrap(dek, input))).toMatchObject({
      code: 'provider_denied',
      providerCode: '5',
    })
  })
})

type Answer = Parameters<Parameters<FakeGcpKms['alterNext']>[0]>[0]
function flipped(bytes: unknown): Uint8Array {
  const changed = Uint8Array.from(bytes as Uint8Array)
  changed[7] = Number(changed[7]) ^ 1
  return changed
}

it.each([
  ['a number', (crc: number) => crc],
  ['digits', (crc: number) => String(crc)],
  ['a bigint', (crc: number) => BigInt(crc)],
  ['a Long', (crc: number) => ({ low: crc | 0, high: 0, unsigned: false, toString: () => String(crc) })],
])('takes a checksum that arrives as %s', async (_what, spelled) => {
  const wraps = stub(async () => [answerWith(dek, spelled(checksum(dek)))])
  expect(await wraps.unwrap(dek, input)).toEqual(dek)
  expect(await wraps.wrap(dek, input)).toEqual(dek)
  const other = stub(async () => [answerWith(dek, spelled(checksum(dek) ^ 1))])
  expect((await errorOf(other.unwrap(dek, input))).code).toBe('provider_invalid_response')
})

it.each([undefined, null, {}, [], [null], [{}], 7])('an answer of %j holds no bytes', async (answer) => {
  const provider = stub(async () => answer)
  for (const outcome of [provider.wrap(dek, input), provider.unwrap(dek, input)]) {
    expect(await errorOf(outcome)).toMatchObject({ code: 'provider_invalid_response', kid: input.kid })
  }
})

it('a checksum that cannot be read is a wrong one', async () => {
  const boom = () => {
    throw new Error('GETTER-CANARY')
  }
  for (const value of [{ toString: boom }, Symbol('x'), '', [], {}]) {
    const provider = stub(async () => [answerWith(dek, value)])
    expect((await errorOf(provider.unwrap(dek, input))).code).toBe('provider_invalid_response')
  }
})

it('gcpKms refuses options that cannot work, without repeating them', () => {
  const client = { encrypt: async () => [{}], decrypt: async () => [{}] }
  const lacking = 'client: expected encrypt and decrypt, as KeyManagementServiceClient has them'
  const badName = 'keyName: expected projects/…/locations/…/keyRings/…/cryptoKeys/…'
  const wrong: readonly [unknown, string][] = [
    [undefined, 'options: expected an object'],
    [{ keyName }, 'client: expected an object'],
    [{ client: {}, keyName }, lacking],
    [{ client: { encrypt: client.encrypt }, keyName }, lacking],
    ...[
      undefined,
      '',
      7,
      'k',
      `${keyName}/cryptoKeyVersions/1`,
      `/${keyName}`,
      `${keyName}\n`,
      `${keyName}/..`,
    ].map((keyName): [unknown, string] => [{ client, keyName }, badName]),
  ]
  for (const [options, message] of wrong) {
    expect(() => gcpKms(options as GcpKmsOptions)).toThrow(new TypeError(message))
  }
})
