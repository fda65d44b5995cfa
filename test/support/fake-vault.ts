/**
 * Vault's transit engine as far as three operations, over HTTP, with versioned AES-256-GCM keys and the words in which
 * Vault refuses (sdk/helper/keysutil/policy.go).
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FakeService, ServiceCallLog, ServiceFailure } from '../contract/provider.js'

/** An error as the service says it. */
export interface VaultError {
  readonly status: number
  readonly errors?: readonly string[]
  readonly headers?: Record<string, string>
}

export interface FakeVault extends FakeService<VaultError> {
  readonly address: string
  readonly token: string
  /** Two keys at `transit`. */
  readonly keys: readonly [string, string]
  /** Adds a version, which encrypts from now on. */
  rotate(key: string): void
  /** The body of the next answer, whatever it is. */
  sayNext(body: string): void
}

const FAILURES: Readonly<Record<Exclude<ServiceFailure, 'hang' | 'drop'>, VaultError>> = {
  denied: { status: 403, errors: ['permission denied'] },
  throttled: { status: 429 },
  server_error: { status: 500, errors: ['internal error'] },
  unmapped: { status: 400, errors: ["missing 'context' for key derivation"] },
}

export async function startFakeVault(): Promise<FakeVault> {
  const token = 'hvs.fake-token-canary'
  const keys = ['wx-2026', 'wx-2027'] as const
  const versions = new Map<string, Buffer[]>(keys.map((key) => [key, [randomBytes(32)]]))
  const calls: ServiceCallLog[] = []
  const failures: (ServiceFailure | VaultError)[] = []
  const answers: (Uint8Array | null)[] = []
  const bodies: string[] = []

  function encrypt(held: readonly Buffer[], plaintext: Uint8Array): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', held.at(-1) as Buffer, iv)
    const sealed = Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    return `vault:v${held.length}:${sealed.toString('base64')}`
  }

  function decrypt(held: readonly Buffer[], ciphertext: string): Buffer {
    const [, digits, encoded = ''] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? []
    if (digits === undefined) throw refusal('invalid ciphertext: no prefix')
    const version = Number(digits) || 1
    if (version > held.length) throw refusal('invalid ciphertext: version is too new')
    const sealed = Buffer.from(encoded, 'base64')
    if (sealed.length < 28) throw refusal('invalid ciphertext length')
    try {
      const decipher = createDecipheriv('aes-256-gcm', held[version - 1] as Buffer, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
    } catch {
      throw refusal('cipher: message authentication failed')
    }
  }

  /** A text in place of ciphertext or plaintext: `answerNext` decides how many characters or bytes it has. */
  function instead(field: string, bytes: Uint8Array | null): Record<string, unknown> {
    if (bytes === null) return {}
    const base64 = Buffer.from(bytes).toString('base64')
    if (field === 'plaintext') return { plaintext: base64 }
    return { ciphertext: bytes.length === 0 ? '' : 'vault:v1:'.padEnd(bytes.length, 'A') }
  }

  const operations: Record<string, (held: readonly Buffer[], body: Record<string, string>) => object> = {
    encrypt: (held, { plaintext = '' }) => ({
      ciphertext: encrypt(held, Buffer.from(plaintext, 'base64')),
      key_version: held.length,
    }),
    decrypt: (held, { ciphertext = '' }) => ({ plaintext: decrypt(held, ciphertext).toString('base64') }),
    rewrap: (held, { ciphertext = '' }) => ({
      ciphertext: encrypt(held, decrypt(held, ciphertext)),
      key_version: held.length,
    }),
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const [, operation = '', key = ''] = /^\/v1\/transit\/(\w+)\/([^/]+)$/.exec(request.url ?? '') ?? []
    const body: Record<string, string> = JSON.parse(text)
    const { headers } = request
    calls.push({ operation, request: { ...body, headers }, plaintext: body['plaintext'] !== undefined })
    const failure = failures.shift()
    if (failure === 'hang') return
    if (failure === 'drop') return request.socket.destroy()
    const say = (status: number, body: string, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    try {
      if (request.method !== 'POST' || operations[operation] === undefined) throw { status: 404 }
      if (headers['x-vault-token'] !== token) throw FAILURES.denied
      if (failure !== undefined) throw typeof failure === 'string' ? FAILURES[failure] : failure
      const held = versions.get(key)
      if (held === undefined) throw refusal('encryption key not found')
      const data = operations[operation](held, body)
      const answer = answers.shift()
      const field = operation === 'decrypt' ? 'plaintext' : 'ciphertext'
      const answered = answer === undefined ? data : instead(field, answer)
      say(200, bodies.shift() ?? JSON.stringify({ request_id: 'fake', data: answered, auth: null }))
    } catch (thrown) {
      const { status = 500, errors = [], headers } = thrown as VaultError
      // What a service says may repeat what it was told.
      say(status, JSON.stringify({ errors: [...errors, `SERVICE-MESSAGE-CANARY ${text}`] }), headers)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    keys,
    calls,
    rotate: (key) => void versions.get(key)?.push(randomBytes(32)),
    failNext: (failure) => void failures.push(failure),
    answerNext: (bytes) => void answers.push(bytes),
    sayNext: (body) => void bodies.push(body),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const refusal = (error: string): VaultError => ({ status: 400, errors: [error] })
