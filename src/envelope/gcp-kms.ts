/**
 * `waxseal/envelope/gcp-kms`: a key in Google Cloud KMS wraps the data keys. The client is the caller's; no SDK is a
 * dependency.
 *
 * @module
 */

import { assertObject } from '../internal/assert.js'
import { crc32c } from '../internal/crc32c.js'
import { lp } from '../internal/lp.js'
import type { KeyProvider, WrapInput } from './provider.js'
import { callService, type Failure, viewOf } from './service-call.js'

/** CRC-32C of a field, in protobuf's wrapper: sent as a number, answered as number, text or a `Long`. */
export interface GcpChecksum {
  /** 0 to 2^32 - 1. */
  readonly value?: unknown
}

/** What is used of an answer of `encrypt`. */
export interface GcpEncrypted {
  /** Encrypted bytes. */
  readonly ciphertext?: Uint8Array | string | null | undefined
  /** Of the ciphertext. */
  readonly ciphertextCrc32c?: GcpChecksum | null | undefined
  /** Whether the plaintext arrived whole. */
  readonly verifiedPlaintextCrc32c?: boolean | null | undefined
  /** Whether the associated data arrived whole. */
  readonly verifiedAdditionalAuthenticatedDataCrc32c?: boolean | null | undefined
}

/** What is used of an answer of `decrypt`. */
export interface GcpDecrypted {
  /** Decrypted bytes. */
  readonly plaintext?: Uint8Array | string | null | undefined
  /** Of the plaintext. */
  readonly plaintextCrc32c?: GcpChecksum | null | undefined
}

/** What is used of Google Cloud KMS; `KeyManagementServiceClient` of `@google-cloud/kms` 5 has it. */
export interface GcpKmsLike {
  /** Needs `cloudkms.cryptoKeyVersions.useToEncrypt`. */
  encrypt(request: {
    name: string
    plaintext: Uint8Array
    plaintextCrc32c: { value: number }
    additionalAuthenticatedData: Uint8Array
    additionalAuthenticatedDataCrc32c: { value: number }
  }): Promise<readonly [GcpEncrypted, ...unknown[]]>
  /** Needs `cloudkms.cryptoKeyVersions.useToDecrypt`. */
  decrypt(request: {
    name: string
    ciphertext: Uint8Array
    ciphertextCrc32c: { value: number }
    additionalAuthenticatedData: Uint8Array
    additionalAuthenticatedDataCrc32c: { value: number }
  }): Promise<readonly [GcpDecrypted, ...unknown[]]>
}

/** Options of {@link gcpKms}. */
export interface GcpKmsOptions {
  /**
   * `new KeyManagementServiceClient()`; its retries are its own. It takes no AbortSignal: an aborted call is given up, and
   * ends by the client's deadline.
   */
  readonly client: GcpKmsLike
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…`, without a version: the service picks it. */
  readonly keyName: string
}

const KEY_NAME = /^projects\/[\w.:-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/

/**
 * A symmetric key in Google Cloud KMS as outer key. The kid is bound as associated data, and CRC-32C goes along both
 * ways: what was damaged between here and the service is `provider_invalid_response`, never a wrapped key that opens
 * nothing.
 *
 * @throws TypeError on a bad option.
 */
export function gcpKms(options: GcpKmsOptions): KeyProvider {
  assertObject(options, 'options')
  const { client, keyName: name } = options
  assertObject(client, 'client')
  if (typeof client.encrypt !== 'function' || typeof client.decrypt !== 'function') {
    throw new TypeError('client: expected encrypt and decrypt, as KeyManagementServiceClient has them')
  }
  if (typeof name !== 'string' || !KEY_NAME.test(name)) {
    throw new TypeError('keyName: expected projects/…/locations/…/keyRings/…/cryptoKeys/…')
  }

  return Object.freeze({
    kind: 'gcp-kms',
    wrap: (dek: Uint8Array, input: WrapInput) =>
      callService(input, {
        ask: () =>
          client.encrypt({ name, plaintext: dek, plaintextCrc32c: checksum(dek), ...bound(input.kid) }),
        read: ([answer]) => {
          const arrived =
            answer.verifiedPlaintextCrc32c === true &&
            answer.verifiedAdditionalAuthenticatedDataCrc32c === true
          return arrived && undamaged(answer.ciphertext, answer.ciphertextCrc32c)
        },
        expects: 'edk',
        failure,
      }),
    unwrap: (edk: Uint8Array, input: WrapInput) =>
      callService(input, {
        ask: () =>
          client.decrypt({ name, ciphertext: edk, ciphertextCrc32c: checksum(edk), ...bound(input.kid) }),
        read: ([{ plaintext, plaintextCrc32c }]) => undamaged(plaintext, plaintextCrc32c),
        expects: 'dek',
        failure: (thrown) => {
          const meant = failure(thrown)
          // INVALID_ARGUMENT, of a ciphertext: this key or this associated data did not make it.
          return meant.providerCode === '3' ? { ...meant, code: 'key_mismatch' } : meant
        },
      }),
  })
}

/** `lp("wx1/kms") ‖ lp(kid)`. */
function bound(kid: string) {
  const additionalAuthenticatedData = lp('wx1/kms', kid)
  return {
    additionalAuthenticatedData,
    additionalAuthenticatedDataCrc32c: checksum(additionalAuthenticatedData),
  }
}

const checksum = (bytes: Uint8Array): { value: number } => ({ value: crc32c(bytes) })

/** The bytes, where the checksum is theirs. As text, because numbers, digits and a `Long` all print alike. */
function undamaged(value: unknown, crc: GcpChecksum | null | undefined): Uint8Array | undefined {
  const bytes = viewOf(value)
  // More than 1024 are refused anyhow, and not worth a checksum.
  if (bytes === undefined || bytes.length > 1024) return undefined
  return String(crc?.value) === String(crc32c(bytes)) ? bytes : undefined
}

/** PERMISSION_DENIED, NOT_FOUND, FAILED_PRECONDITION (a disabled key), UNAUTHENTICATED. */
const DENIED: readonly unknown[] = /* @__PURE__ */ Object.freeze([5, 7, 9, 16])
/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE. */
const TRANSIENT: readonly unknown[] = /* @__PURE__ */ Object.freeze([4, 8, 13, 14])

/** By the gRPC code, which the client's errors have also over HTTP. */
function failure(thrown: unknown): Failure {
  const { code } = thrown as { readonly code?: unknown }
  const providerCode = typeof code === 'number' ? String(code) : undefined
  if (DENIED.includes(code)) return { code: 'provider_denied', providerCode }
  return { code: 'provider_unavailable', retryable: TRANSIENT.includes(code), providerCode }
}
