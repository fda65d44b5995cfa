/** Bytes as callers hold them. A string stands for its UTF-8; one with a lone surrogate has none and is refused. */
export type Bytes = Uint8Array | ArrayBuffer | string

const encoder = /* @__PURE__ */ new TextEncoder()

/** UTF-8 of a well-formed string. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of well-formed UTF-8, its byte order mark included; `undefined` for other bytes. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * The bytes of anything that is `Bytes`, without copying where the memory is not shared with another thread;
 * `undefined` for all else. Never throws. Told by capability, so arrays of another realm are bytes too.
 */
export function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    if (typeof value === 'string') return value.isWellFormed() ? utf8(value) : undefined
    if (ArrayBuffer.isView(value)) {
      const view = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      return isShared(value.buffer) ? view.slice() : (view as Uint8Array<ArrayBuffer>)
    }
    return new Uint8Array(value as ArrayBuffer, 0, arrayBufferLength(value))
  } catch {
    return undefined
  }
}

/** Throws for all but an ArrayBuffer: the getter looks at the object's internal slot, not at its prototype. */
function arrayBufferLength(value: unknown): number {
  const getter = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as () => number
  return getter.call(value)
}

function isShared(buffer: ArrayBufferLike): boolean {
  return (
    !(buffer instanceof ArrayBuffer) &&
    Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'
  )
}

/** One array of all the parts, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
