/**
 * Google Cloud KMS as far as two methods: the real client talks gRPC to it, in the SDK's own protobuf. It really encrypts
 * and binds key and associated data, and its checksums are its own, not those of the code under test.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { KeyManagementServiceClient, protos } from '@google-cloud/kms'
import {
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import type { FakeService, ServiceCallLog, ServiceFailure } from '../contract/provider.js'

/** A gRPC status. */
export interface GcpError {
  readonly code: number
}

export interface FakeGcpKms extends FakeService<GcpError> {
  readonly endpoint: string
  readonly client: KeyManagementServiceClient
  newClient(port?: number): KeyManagementServiceClient
  /** Two keys, as resource names. */
  readonly keyIds: readonly [string, string]
  /** Changes the next answer after its checksum was taken. */
  alterNext(change: (answer: Answer) => void): void
}

type Answer = protos.google.cloud.kms.v1.IEncryptResponse & protos.google.cloud.kms.v1.IDecryptResponse
type Input = protos.google.cloud.kms.v1.IEncryptRequest & protos.google.cloud.kms.v1.IDecryptRequest

const { EncryptRequest, EncryptResponse, DecryptRequest, DecryptResponse } = protos.google.cloud.kms.v1
const SERVICE = 'google.cloud.kms.v1.KeyManagementService'
const INVALID_ARGUMENT = 3
const NOT_FOUND = 5

const FAILURES: Readonly<Record<Exclude<ServiceFailure, 'hang'>, GcpError>> = {
  denied: { code: 7 },
  throttled: { code: 8 },
  server_error: { code: 13 },
  unmapped: { code: 12 },
  drop: { code: 14 },
}

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})
/** CRC-32C by table. */
export const checksum = (bytes: Uint8Array) =>
  (bytes.reduce((crc, byte) => (crc >>> 8) ^ Number(TABLE[(crc ^ byte) & 255]), 0xffffffff) ^ 0xffffffff) >>>
  0

export async function startFakeGcpKms(): Promise<FakeGcpKms> {
  const ring = 'projects/p-1/locations/europe-west3/keyRings/waxseal/cryptoKeys'
  const keyIds = [`${ring}/k-2026`, `${ring}/k-2027`] as const
  const keys = new Map(keyIds.map((id) => [id as string, randomBytes(32)]))
  const calls: ServiceCallLog[] = []
  const failures: (ServiceFailure | GcpError)[] = []
  const answers: (Uint8Array | null)[] = []
  const changes: ((answer: Answer) => void)[] = []

  const keyOf = (input: Input) => keys.get(input.name ?? '') ?? refuse(NOT_FOUND)
  const bytes = (value: unknown) => value as Uint8Array
  const intact = (value: unknown, sent: { value?: unknown } | null | undefined) => {
    if (sent?.value === undefined) return false
    return String(sent.value) === String(checksum(bytes(value))) || refuse(INVALID_ARGUMENT)
  }

  function encrypt(input: Input): Answer {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyOf(input), iv)
    cipher.setAAD(bytes(input.additionalAuthenticatedData))
    const sealed = [iv, cipher.update(bytes(input.plaintext)), cipher.final(), cipher.getAuthTag()]
    const answer = answers.shift()
    const ciphertext = answer ?? Buffer.concat(sealed)
    return {
      name: `${input.name}/cryptoKeyVersions/1`,
      ...(answer !== null && { ciphertext, ciphertextCrc32c: { value: checksum(ciphertext) } }),
      verifiedPlaintextCrc32c: intact(input.plaintext, input.plaintextCrc32c),
      verifiedAdditionalAuthenticatedDataCrc32c: intact(
        input.additionalAuthenticatedData,
        input.additionalAuthenticatedDataCrc32c,
      ),
    }
  }

  function decrypt(input: Input): Answer {
    const key = keyOf(input)
    const sealed = bytes(input.ciphertext)
    intact(sealed, input.ciphertextCrc32c)
    intact(input.additionalAuthenticatedData, input.additionalAuthenticatedDataCrc32c)
    if (sealed.length < 28) return refuse(INVALID_ARGUMENT)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
        .setAAD(bytes(input.additionalAuthenticatedData))
        .setAuthTag(sealed.subarray(-16))
      const opened = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
      const answer = answers.shift()
      if (answer === null) return {}
      const plaintext = answer ?? opened
      return { plaintext, plaintextCrc32c: { value: checksum(plaintext) } }
    } catch {
      return refuse(INVALID_ARGUMENT)
    }
  }

  const serve =
    (operation: string, work: (input: Input) => Answer): handleUnaryCall<Input, Answer> =>
    ({ request }, callback) => {
      calls.push({ operation, request, plaintext: (request.plaintext?.length ?? 0) > 0 })
      const failure = failures.shift()
      if (failure === 'hang') return
      try {
        if (failure !== undefined) refuse((typeof failure === 'string' ? FAILURES[failure] : failure).code)
        const answer = work(request)
        changes.shift()?.(answer)
        callback(null, answer)
      } catch (error) {
        // What a service says may repeat what it was told.
        const told = Buffer.from(bytes(request.plaintext ?? request.ciphertext)).toString('base64')
        const code = error instanceof Refusal ? error.code : 13
        callback({ code, details: `SERVICE-MESSAGE-CANARY ${told}` })
      }
    }

  const server = new Server()
  server.addService(definition, { encrypt: serve('Encrypt', encrypt), decrypt: serve('Decrypt', decrypt) })
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })

  const clients: KeyManagementServiceClient[] = []
  function newClient(port = bound): KeyManagementServiceClient {
    const client = new KeyManagementServiceClient({
      sslCreds: credentials.createInsecure(),
      // Without any, the client asks Google's metadata server who it is.
      credentials: { client_email: 'fake@p-1.test', private_key: 'unused' },
      apiEndpoint: '127.0.0.1',
      port,
      clientConfig: withoutRetries,
    })
    clients.push(client)
    return client
  }

  return {
    endpoint: `127.0.0.1:${bound}`,
    client: newClient(),
    newClient,
    keyIds,
    calls,
    failNext: (failure) => void failures.push(failure),
    answerNext: (bytes) => void answers.push(bytes),
    alterNext: (change) => void changes.push(change),
    async close() {
      await Promise.all(clients.map((client) => client.close()))
      server.forceShutdown()
    },
  }
}

const method = <I, O>(
  name: string,
  input: { decode(bytes: Uint8Array): I; encode(value: I): { finish(): Uint8Array } },
  output: { decode(bytes: Uint8Array): O; encode(value: O): { finish(): Uint8Array } },
) => ({
  path: `/${SERVICE}/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: I) => Buffer.from(input.encode(value).finish()),
  requestDeserialize: (bytes: Buffer) => input.decode(bytes),
  responseSerialize: (value: O) => Buffer.from(output.encode(value).finish()),
  responseDeserialize: (bytes: Buffer) => output.decode(bytes),
})
const definition: ServiceDefinition = {
  encrypt: method('Encrypt', EncryptRequest, EncryptResponse),
  decrypt: method('Decrypt', DecryptRequest, DecryptResponse),
}

const backoff = {
  initial_retry_delay_millis: 100,
  retry_delay_multiplier: 1.3,
  max_retry_delay_millis: 60_000,
  initial_rpc_timeout_millis: 60_000,
  rpc_timeout_multiplier: 1,
  max_rpc_timeout_millis: 60_000,
  total_timeout_millis: 600_000,
}
/** By default the client repeats for ten minutes what a test makes fail. */
const once = { retry_codes_name: 'never', retry_params_name: 'default' }
const withoutRetries = {
  interfaces: {
    [SERVICE]: {
      retry_codes: { never: [] },
      retry_params: { default: backoff },
      methods: { Encrypt: once, Decrypt: once },
    },
  },
}

class Refusal extends Error {
  readonly code: number

  constructor(code: number) {
    super()
    this.code = code
  }
}

function refuse(code: number): never {
  throw new Refusal(code)
}
