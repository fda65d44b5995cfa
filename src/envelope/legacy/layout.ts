import { fromBase64Url } from '#crypto'
import { fromBase64, fromHex } from '../../internal/encoding.js'
import type { LegacyKey } from './key.js'

/** How the parts of a stored value were written down. */
export interface LegacyLayout<P extends string> {
  /** For reports and events: `accounts-2023`. 1 to 64 of `A-Z a-z 0-9 . _ -`, not `plaintext`. */
  readonly name: string
  /** The key that it was encrypted under. */
  readonly key: LegacyKey
  /** The parts in their order. */
  readonly layout: readonly P[]
  /**
   * What stands between the parts, each of them encoded by itself; it must hold a character that the encoding has not.
   * `null`: the bytes of the parts were joined, then encoded.
   */
  readonly separator: string | null
  /**
   * Strict: `hex` is lower case, `base64` padded, `base64url` unpadded, both canonical. Node's decoders take what they can
   * read and leave the rest; here such a value is not recognised.
   */
  readonly encoding: 'hex' | 'base64' | 'base64url'
  /** Stands before all, such as `enc:v1:`. Default: nothing. */
  readonly prefix?: string | undefined
}

/** The parts of a value, decoded. */
export interface Parts {
  readonly iv: Uint8Array
  readonly ct: Uint8Array
  readonly tag?: Uint8Array
}

interface Encoding {
  readonly alphabet: RegExp
  decode(text: string): Uint8Array | undefined
}

const ENCODINGS: Readonly<Record<string, Encoding>> = /* @__PURE__ */ Object.freeze({
  hex: { alphabet: /^[0-9a-f]+$/, decode: (text: string) => fromHex(text) },
  base64: { alphabet: /^[A-Za-z0-9+/=]+$/, decode: (text: string) => fromBase64(text) },
  base64url: { alphabet: /^[\w-]+$/, decode: fromBase64Url },
})

/**
 * Takes values apart; `undefined` for one of another layout.
 *
 * @param sizes - bytes of each part that has a size of its own; `ct` has the rest.
 * @throws TypeError, RangeError that name the option.
 */
export function layoutParser(
  options: LegacyLayout<string>,
  sizes: Readonly<Partial<Record<string, number>>>,
): (value: string) => Parts | undefined {
  const layout = readLayout(options.layout, ['ct', ...Object.keys(sizes)])
  const { decode, separator, prefix } = readSpelling(options)
  const fixed = layout.reduce((sum, part) => sum + (sizes[part] ?? 0), 0)

  /** The parts one behind the other in the same bytes. */
  function cut(bytes: Uint8Array | undefined): readonly Uint8Array[] {
    if (bytes === undefined || bytes.length < fixed) return []
    let end = 0
    return layout.map((part) => {
      const start = end
      end += sizes[part] ?? bytes.length - fixed
      return bytes.subarray(start, end)
    })
  }

  return (value) => {
    if (!value.startsWith(prefix)) return undefined
    const text = value.slice(prefix.length)
    const pieces =
      separator === null ? cut(decode(text)) : text.split(separator, layout.length + 1).map(decode)
    if (pieces.length !== layout.length) return undefined
    const parts: Partial<Record<string, Uint8Array>> = {}
    for (const [i, part] of layout.entries()) {
      const piece = pieces[i]
      if (piece === undefined || piece.length !== (sizes[part] ?? piece.length)) return undefined
      parts[part] = piece
    }
    return parts as unknown as Parts
  }
}

/** A copy. Each part at most once; only a tag can be left out, where there can be one at all. */
function readLayout(layout: unknown, known: readonly string[]): readonly string[] {
  if (!Array.isArray(layout)) throw new TypeError('layout: expected an array of parts')
  const parts: readonly string[] = [...layout]
  const required = known.filter((part) => part !== 'tag')
  if (
    new Set(parts).size !== parts.length ||
    !parts.every((part) => known.includes(part)) ||
    !required.every((part) => parts.includes(part))
  ) {
    throw new RangeError(`layout: expected each of ${known.join(', ')} once`)
  }
  return parts
}

function readSpelling({ separator, encoding, prefix = '' }: LegacyLayout<string>): {
  readonly decode: Encoding['decode']
  readonly separator: string | null
  readonly prefix: string
} {
  if (!Object.hasOwn(ENCODINGS, encoding)) {
    throw new RangeError(`encoding: expected one of ${Object.keys(ENCODINGS).join(', ')}`)
  }
  const { alphabet, decode } = ENCODINGS[encoding] as Encoding
  if (typeof prefix !== 'string') throw new TypeError('prefix: expected text')
  if (separator !== null && typeof separator !== 'string') {
    throw new TypeError('separator: expected text or null')
  }
  if (separator === '' || (separator !== null && alphabet.test(separator))) {
    throw new RangeError('separator: expected a character that the encoding has not')
  }
  return { decode, separator, prefix }
}
