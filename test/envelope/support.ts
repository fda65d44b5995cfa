import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { format, type InspectOptions, inspect } from 'node:util'
import { expect, vi } from 'vitest'
import { EnvelopeError, type EnvelopeErrorCode, type KeyProvider, type SealContext } from 'waxseal/envelope'

/** Root 00 01 … 1f. */
export const A = 'wxk1.2026a.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.TWR0Bh'
/** Root a0 a1 … bf. */
export const B = 'wxk1.2026b.oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8.4tpktL'

export const TOKEN = 'EAAG-test-token'
export const CONTEXT: SealContext = Object.freeze({
  tenant: 'org_1',
  purpose: 'wa.access_token',
  id: 'acc_1',
})

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** The parts of an envelope's text. */
export function partsOf(sealed: string): { kid: string; edk: string; body: string } {
  const [version, kid = '', edk = '', body = '', ...more] = sealed.split('.')
  expect([version, more]).toEqual(['wx1', []])
  return { kid, edk, body }
}

/** An envelope's text from its parts. */
export const textOf = ({ kid, edk, body }: { kid: string; edk: string; body: string }): string =>
  `wx1.${kid}.${edk}.${body}`

export const bytesOf = (segment: string): Uint8Array => new Uint8Array(Buffer.from(segment, 'base64url'))
export const segmentOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** For `toThrow` and `toEqual`: an EnvelopeError with these members, and with the defaults of those that are not named. */
export const envelopeError = (code: EnvelopeErrorCode, details: Partial<EnvelopeError> = {}): Error =>
  expect.objectContaining({
    name: 'EnvelopeError',
    code,
    status: code === 'too_large' ? 413 : code === 'provider_unavailable' || code === 'aborted' ? 503 : 500,
    kid: null,
    hint: null,
    retryable: false,
    providerCode: null,
    ...details,
  })

/** What a call throws; it must throw an EnvelopeError. */
export function errorOf(call: () => unknown): EnvelopeError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(EnvelopeError)
    return error as EnvelopeError
  }
  return expect.fail('expected the call to throw')
}

/** What a call rejects with; it must be an EnvelopeError. */
export async function rejectionOf(outcome: Promise<unknown>): Promise<EnvelopeError> {
  const error = await outcome.then(
    () => expect.fail('expected a rejection'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(EnvelopeError)
  return error as EnvelopeError
}

/** `waxseal/envelope` and `waxseal/keyring`, newly loaded over one of the two backends. */
export async function onBackend(backend: 'node' | 'portable') {
  vi.resetModules()
  vi.doMock('#crypto', () => import(`../../src/internal/crypto/${backend}.ts`))
  const envelope = await import('../../src/envelope/index.js')
  const keyring = await import('../../src/keyring/index.js')
  const { readContext } = await import('../../src/envelope/context.js')
  // What waxseal itself exports tells which backend it was given.
  const { sha256 } = await import('../../src/webhooks/index.js')
  const expected = await import(`../../src/internal/crypto/${backend}.ts`)
  expect(sha256).toBe(expected.sha256)
  return { ...envelope, ...keyring, readContext }
}

/** A KMS in this process: AES-GCM under a key of its own, the kid bound. `calls` are the operations it was asked for. */
export function fakeKms(kind = 'fake-kms') {
  const key = randomBytes(32)
  const calls: string[] = []
  const provider: KeyProvider = {
    kind,
    async wrap(dek, { kid }) {
      calls.push('wrap')
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(kid))
      return new Uint8Array(Buffer.concat([nonce, cipher.update(dek), cipher.final(), cipher.getAuthTag()]))
    },
    async unwrap(edk, { kid }) {
      calls.push('unwrap')
      const decipher = createDecipheriv('aes-256-gcm', key, edk.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(kid)).setAuthTag(edk.subarray(-16))
      const dek = decipher.update(edk.subarray(12, -16))
      try {
        decipher.final()
      } catch {
        throw new EnvelopeError('key_mismatch')
      }
      return new Uint8Array(dek)
    },
  }
  return { provider, calls }
}

/** A promise, and what settles it. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const PRINTERS: readonly InspectOptions[] = [
  {},
  { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, showProxy: true, maxArrayLength: null },
  { depth: Number.POSITIVE_INFINITY, customInspect: false, showHidden: true },
  { depth: 0, compact: false, sorted: true, breakLength: 1 },
]

/** Everything that a log could make of a value. */
export function prints(value: unknown): string {
  const texts = PRINTERS.map((options) => inspect(value, options))
  if (value instanceof Error) {
    texts.push(value.stack ?? '', value.message, prints(value.cause))
    for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
      for (const name of Reflect.ownKeys(at)) texts.push(inspect(Reflect.get(at, name, value), { depth: 9 }))
    }
  }
  const printed = [
    JSON.stringify(value),
    format('%s %o %O %j', value, value, value, value),
    String(value),
    ...texts,
  ]
  // Once more without the alignment of columns, so that numbers stand as they would in one line.
  return [...printed, ...printed.map((text) => text?.replace(/\s+/g, ' '))].join('\n')
}

/** All spellings in which bytes could turn up. */
export function spellings(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes)
  const encodings = ['hex', 'base64', 'base64url', 'latin1', 'utf8'] as const
  const numbers = [...bytes].map((byte) => `${byte}`)
  return [
    ...encodings.map((encoding) => buffer.toString(encoding)),
    numbers.slice(0, 4).join(','),
    numbers.slice(0, 4).join(', '),
    buffer.toString('hex').replace(/..(?!$)/g, '$& '),
  ]
}

/** No window of eight characters of any secret is in the text. */
export function expectNone(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      const window = secret.slice(at, at + 8)
      if (text.includes(window)) expect.fail(`${window} of a secret is in ${text.slice(0, 2_000)}`)
    }
  }
}
