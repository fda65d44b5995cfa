import { bytesOf } from '../internal/bytes.js'

/** Of a data key, and of an AES-256 key. */
export const KEY_BYTES = 32
/** What a provider may make of a data key, at most. */
export const MAX_EDK_BYTES = 1024

/** Bytes of a good answer, least and most: of a data key, and of an encrypted one. */
const ANSWERS = /* @__PURE__ */ Object.freeze({
  dek: [KEY_BYTES, KEY_BYTES],
  edk: [1, MAX_EDK_BYTES],
} as const)

/** A copy of bytes in the right number; of anything else, text included, `undefined`. */
export function copied(answer: unknown, expects: 'dek' | 'edk'): Uint8Array | undefined {
  const [least, most] = ANSWERS[expects]
  const bytes = typeof answer === 'string' ? undefined : bytesOf(answer)
  return bytes !== undefined && bytes.length >= least && bytes.length <= most ? bytes.slice() : undefined
}
