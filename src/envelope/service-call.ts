import { bytesOf } from '../internal/bytes.js'
import { bounded } from './bounded.js'
import { EnvelopeError, type EnvelopeErrorCode } from './errors.js'
import { copied } from './key-bytes.js'
import type { WrapInput } from './provider.js'

/** What a service's error means here. */
export interface Failure {
  readonly code: EnvelopeErrorCode
  readonly retryable?: boolean | undefined
  readonly providerCode?: string | null | undefined
}

/** One call to a service that holds keys. */
export interface ServiceCall<A> {
  /** Makes the call. */
  ask(): Promise<A>
  /** The bytes in the answer; anything else, or throwing, makes it an invalid one. */
  read(answer: A): unknown
  /** What is expected: a data key has 32 bytes, an encrypted one 1 to 1024. */
  readonly expects: 'dek' | 'edk'
  /** What an error of `ask` means; throwing stands for an error that says nothing. */
  failure(thrown: unknown): Failure
}

/**
 * Bytes of our own, or an EnvelopeError and nothing else: whatever the service's client throws or answers stays here,
 * because it can hold the data key. An abort is seen at once, also with a client that takes no signal; its late answer is
 * dropped.
 */
export async function callService<A>(
  input: WrapInput & { readonly fromKid?: string },
  call: ServiceCall<A>,
): Promise<Uint8Array> {
  const { kid, fromKid = kid, signal } = input
  let answer: A
  try {
    answer = await bounded(() => call.ask(), { kid, signal })
  } catch (thrown) {
    if (signal.aborted) throw new EnvelopeError('aborted', { kid })
    const { code, retryable, providerCode } = meaning(thrown, call)
    // The ciphertext that a rewrap could not open is the other key's.
    const about = code === 'key_mismatch' ? fromKid : kid
    throw new EnvelopeError(code, { kid: about, retryable, providerCode: providerCode ?? undefined })
  }
  const bytes = bytesIn(answer, call)
  if (bytes === undefined) throw new EnvelopeError('provider_invalid_response', { kid })
  return bytes
}

function meaning<A>(thrown: unknown, call: ServiceCall<A>): Failure {
  try {
    return call.failure(thrown)
  } catch {
    return { code: 'provider_unavailable' }
  }
}

/** A copy, so that the client may do with its own buffer what it likes. */
function bytesIn<A>(answer: A, call: ServiceCall<A>): Uint8Array | undefined {
  try {
    return copied(viewOf(call.read(answer)), call.expects)
  } catch {
    return undefined
  }
}

/** The bytes of a typed array, of any realm; text and arrays of numbers are none. */
export function viewOf(value: unknown): Uint8Array | undefined {
  return ArrayBuffer.isView(value) ? bytesOf(value) : undefined
}

/** A word of an error for `providerCode`, where it is one. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
