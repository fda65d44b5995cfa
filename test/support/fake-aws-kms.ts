/**
 * AWS KMS as far as three operations: the real client talks AWS JSON 1.1 to it over HTTP. It really encrypts, under keys
 * that never leave it, and binds key and encryption context as KMS does.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KMS } from '@aws-sdk/client-kms'
import type { FakeService, ServiceCallLog, ServiceFailure } from '../contract/provider.js'

/** An error as the service says it. */
export interface AwsError {
  readonly status: number
  readonly type: string
}

export interface FakeAwsKms extends FakeService<AwsError> {
  readonly endpoint: string
  /** One client of the SDK for all; `newClient` makes another. */
  readonly client: KMS
  newClient(endpoint?: string): KMS
  /** Two keys, as ARNs. */
  readonly keyIds: readonly [string, string]
}

const FAILURES: Readonly<Record<Exclude<ServiceFailure, 'hang' | 'drop'>, AwsError>> = {
  denied: { status: 400, type: 'AccessDeniedException' },
  throttled: { status: 400, type: 'ThrottlingException' },
  server_error: { status: 500, type: 'KMSInternalException' },
  unmapped: { status: 400, type: 'InvalidGrantTokenException' },
}

interface Input {
  readonly KeyId: string
  readonly Plaintext: string
  readonly CiphertextBlob: string
  readonly EncryptionContext: Record<string, string>
  readonly SourceKeyId: string
  readonly SourceEncryptionContext: Record<string, string>
  readonly DestinationKeyId: string
  readonly DestinationEncryptionContext: Record<string, string>
}

export async function startFakeAwsKms(): Promise<FakeAwsKms> {
  const arn = (id: string) => `arn:aws:kms:eu-central-1:111122223333:key/${id}`
  const keyIds = [
    arn('1234abcd-12ab-34cd-56ef-1234567890ab'),
    arn('0987dcba-09fe-87dc-65ba-ab0987654321'),
  ] as const
  const keys = new Map(keyIds.map((id) => [id as string, randomBytes(32)]))
  const calls: ServiceCallLog[] = []
  const failures: (ServiceFailure | AwsError)[] = []
  const answers: (Uint8Array | null)[] = []

  const keyOf = (id: string) => keys.get(id) ?? refuse('NotFoundException')
  const label = (id: string) => createHash('sha256').update(id).digest().subarray(0, 16)
  const aad = (id: string, context: Record<string, string>) =>
    JSON.stringify([id, Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))])

  function encrypt(id: string, context: Record<string, string>, plaintext: Uint8Array): Buffer {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyOf(id), iv).setAAD(Buffer.from(aad(id, context)))
    return Buffer.concat([label(id), iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }

  function decrypt(id: string, context: Record<string, string>, blob: Buffer): Buffer {
    const key = keyOf(id)
    const owner = keyIds.find((each) => label(each).equals(blob.subarray(0, 16)))
    if (owner === undefined || blob.length < 44) return refuse('InvalidCiphertextException')
    if (owner !== id) return refuse('IncorrectKeyException')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(16, 28))
        .setAAD(Buffer.from(aad(id, context)))
        .setAuthTag(blob.subarray(-16))
      return Buffer.concat([decipher.update(blob.subarray(28, -16)), decipher.final()])
    } catch {
      return refuse('InvalidCiphertextException')
    }
  }

  const operations: Record<string, (input: Input) => Record<string, string | undefined>> = {
    Encrypt: ({ KeyId, EncryptionContext, Plaintext }) => ({
      KeyId,
      CiphertextBlob: answered(encrypt(KeyId, EncryptionContext, Buffer.from(Plaintext, 'base64'))),
    }),
    Decrypt: ({ KeyId, EncryptionContext, CiphertextBlob }) => ({
      KeyId,
      Plaintext: answered(decrypt(KeyId, EncryptionContext, Buffer.from(CiphertextBlob, 'base64'))),
    }),
    ReEncrypt: (input) => {
      const blob = Buffer.from(input.CiphertextBlob, 'base64')
      const plaintext = decrypt(input.SourceKeyId, input.SourceEncryptionContext, blob)
      const { DestinationKeyId: KeyId, DestinationEncryptionContext: context } = input
      return { KeyId, CiphertextBlob: answered(encrypt(KeyId, context, plaintext)) }
    },
  }

  function answered(bytes: Uint8Array): string | undefined {
    const instead = answers.shift()
    return instead === null ? undefined : Buffer.from(instead ?? bytes).toString('base64')
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const answer = (status: number, value: object) =>
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'fake' })
        .end(JSON.stringify(value))

    const operation = /^TrentService\.(\w+)$/.exec(`${request.headers['x-amz-target']}`)?.[1] ?? ''
    const input: Input = JSON.parse(body)
    calls.push({ operation, request: input, plaintext: input.Plaintext !== undefined })
    const failure = failures.shift()
    if (failure === 'hang') return
    if (failure === 'drop') return request.socket.destroy()
    // What a service says may repeat what it was told.
    const message = `SERVICE-MESSAGE-CANARY ${body}`
    try {
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) {
        throw new Refusal({ status: 400, type: 'MissingAuthenticationTokenException' })
      }
      if (failure !== undefined) {
        throw new Refusal(typeof failure === 'string' ? FAILURES[failure] : failure)
      }
      answer(200, operations[operation]?.(input) ?? refuse('UnknownOperationException'))
    } catch (error) {
      const { status, type } = error instanceof Refusal ? error.as : FAILURES.server_error
      answer(status, { __type: type, message })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const clients: KMS[] = []
  function newClient(at = endpoint): KMS {
    const credentials = { accessKeyId: 'AKIAFAKE', secretAccessKey: 'fake' }
    const client = new KMS({ endpoint: at, region: 'eu-central-1', credentials, maxAttempts: 1 })
    clients.push(client)
    return client
  }

  return {
    endpoint,
    client: newClient(),
    newClient,
    keyIds,
    calls,
    failNext: (failure) => void failures.push(failure),
    answerNext: (bytes) => void answers.push(bytes),
    async close() {
      for (const client of clients) client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Refusal extends Error {
  readonly as: AwsError

  constructor(as: AwsError) {
    super()
    this.as = as
  }
}

function refuse(type: string): never {
  throw new Refusal({ status: 400, type })
}
