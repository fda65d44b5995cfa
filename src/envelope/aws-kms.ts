/**
 * `waxseal/envelope/aws-kms`: a key in AWS KMS wraps the data keys. The client is the caller's; no SDK is a dependency.
 *
 * @module
 */

import { assertObject } from '../internal/assert.js'
import { isText } from '../internal/lp.js'
import type { EnvelopeErrorCode } from './errors.js'
import type { KeyProvider, WrapInput } from './provider.js'
import { callService, type Failure, wordOf } from './service-call.js'

/** What a call carries besides its input. */
export interface AwsCallOptions {
  /** Ends the call. */
  readonly abortSignal: AbortSignal
}

/** What is used of AWS KMS; `KMS` of `@aws-sdk/client-kms` 3 has it. */
export interface AwsKmsLike {
  /** `kms:Encrypt`. */
  encrypt(
    input: { KeyId: string; Plaintext: Uint8Array; EncryptionContext: Record<string, string> },
    options: AwsCallOptions,
  ): Promise<{ readonly CiphertextBlob?: Uint8Array | undefined }>
  /** `kms:Decrypt`. */
  decrypt(
    input: { KeyId: string; CiphertextBlob: Uint8Array; EncryptionContext: Record<string, string> },
    options: AwsCallOptions,
  ): Promise<{ readonly Plaintext?: Uint8Array | undefined }>
  /** `kms:ReEncryptFrom` and `kms:ReEncryptTo`. Without it a rewrap is a decryption and an encryption. */
  reEncrypt?(
    input: {
      CiphertextBlob: Uint8Array
      SourceKeyId: string
      SourceEncryptionContext: Record<string, string>
      DestinationKeyId: string
      DestinationEncryptionContext: Record<string, string>
    },
    options: AwsCallOptions,
  ): Promise<{ readonly CiphertextBlob?: Uint8Array | undefined }>
}

/** Options of {@link awsKms}. */
export interface AwsKmsOptions {
  /** `new KMS({ region })`; its retries and time limits are its own. */
  readonly client: AwsKmsLike
  /**
   * A symmetric key: its ARN, id or alias, 1 to 2048 bytes. Prefer the ARN: what was wrapped under an alias is
   * `key_mismatch` once the alias points elsewhere.
   */
  readonly keyId: string
}

/** For `rewrapFrom`, which needs the other provider's client and key. */
const made = /* @__PURE__ */ new WeakMap<KeyProvider, AwsKmsOptions>()

/**
 * A key in AWS KMS as outer key. The encryption context `{ waxseal: 'wx1', kid }` is bound into every wrapped key, shows
 * in CloudTrail, and can be a condition of a key policy or grant. From a key of the same `client` object, `rewrap` is one
 * ReEncrypt: no plaintext leaves KMS.
 *
 * @throws TypeError on a bad option.
 */
export function awsKms(options: AwsKmsOptions): KeyProvider {
  assertObject(options, 'options')
  const { client, keyId } = options
  assertObject(client, 'client')
  if (typeof client.encrypt !== 'function' || typeof client.decrypt !== 'function') {
    throw new TypeError('client: expected encrypt and decrypt, as KMS of @aws-sdk/client-kms has them')
  }
  if (!isText(keyId, 2048)) throw new TypeError('keyId: expected text of 1 to 2048 bytes')

  const provider: KeyProvider = Object.freeze({
    kind: 'aws-kms',
    wrap: (dek: Uint8Array, input: WrapInput) =>
      callService(input, {
        ask: () =>
          client.encrypt(
            { KeyId: keyId, Plaintext: dek, EncryptionContext: contextOf(input.kid) },
            { abortSignal: input.signal },
          ),
        read: ({ CiphertextBlob }) => CiphertextBlob,
        expects: 'edk',
        failure,
      }),
    unwrap: (edk: Uint8Array, input: WrapInput) =>
      callService(input, {
        ask: () =>
          client.decrypt(
            { KeyId: keyId, CiphertextBlob: edk, EncryptionContext: contextOf(input.kid) },
            { abortSignal: input.signal },
          ),
        read: ({ Plaintext }) => Plaintext,
        expects: 'dek',
        failure,
      }),
    rewrapFrom(source: KeyProvider, edk: Uint8Array, input: WrapInput & { readonly fromKid: string }) {
      const from = made.get(source)
      if (from?.client !== client || client.reEncrypt === undefined) return undefined
      const request = {
        CiphertextBlob: edk,
        SourceKeyId: from.keyId,
        SourceEncryptionContext: contextOf(input.fromKid),
        DestinationKeyId: keyId,
        DestinationEncryptionContext: contextOf(input.kid),
      }
      const { reEncrypt } = client
      return callService(input, {
        ask: () => reEncrypt.call(client, request, { abortSignal: input.signal }),
        read: ({ CiphertextBlob }) => CiphertextBlob,
        expects: 'edk',
        failure,
      })
    },
  })
  made.set(provider, { client, keyId })
  return provider
}

const contextOf = (kid: string): Record<string, string> => ({ waxseal: 'wx1', kid })

const CODES: Readonly<Record<string, EnvelopeErrorCode>> = /* @__PURE__ */ Object.freeze({
  InvalidCiphertextException: 'key_mismatch',
  IncorrectKeyException: 'key_mismatch',
  AccessDeniedException: 'provider_denied',
  DisabledException: 'provider_denied',
  NotFoundException: 'provider_denied',
  KMSInvalidStateException: 'provider_denied',
  // Credentials that expired, or never were: no retry mends them, and no other row fares better.
  CredentialsProviderError: 'provider_denied',
  ExpiredToken: 'provider_denied',
  ExpiredTokenException: 'provider_denied',
  IncompleteSignature: 'provider_denied',
  InvalidClientTokenId: 'provider_denied',
  InvalidSignatureException: 'provider_denied',
  MissingAuthenticationToken: 'provider_denied',
  UnrecognizedClientException: 'provider_denied',
})
const THROTTLED = /Throttl|LimitExceeded|TooManyRequests|SlowDown/
const NETWORK =
  /^(?:TimeoutError|RequestTimeout(?:Exception)?|NetworkingError|E(?:CONN(?:RESET|REFUSED|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN))$/

/** The SDK names its errors; those of Node's sockets have a code instead. */
function failure(thrown: unknown): Failure {
  const { name, code, $metadata } = thrown as Readonly<Record<string, unknown>>
  const providerCode = wordOf(code) ?? wordOf(name) ?? ''
  if (Object.hasOwn(CODES, providerCode))
    return { code: CODES[providerCode] as EnvelopeErrorCode, providerCode }
  const status = Number(($metadata as { readonly httpStatusCode?: unknown } | undefined)?.httpStatusCode)
  const retryable =
    status === 429 || status >= 500 || THROTTLED.test(providerCode) || NETWORK.test(providerCode)
  return { code: 'provider_unavailable', retryable, providerCode }
}
