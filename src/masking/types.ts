import type { Secret } from '../internal/secret.js'
import type { Fingerprinter } from './fingerprint.js'

/**
 * A kind of token: a prefix, then at least `min` characters out of `chars`, where a word may begin. The prefix stays
 * readable. A shape and not a regular expression, so that none can be slow.
 */
export interface TokenShape {
  /** What `observe` and `keep` call it: 1 to 32 of `[a-z0-9_]`, not the name of a built-in rule. */
  readonly name: string
  /** One or several, each 3 to 32 characters of `[A-Za-z0-9_.:-]`. */
  readonly prefix: string | readonly string[]
  /** Inside of a character class, over `[A-Za-z0-9_.~+/=-]`. Default `'A-Za-z0-9_-'`. */
  readonly chars?: string | undefined
  /** 8 to 1024: fewer characters behind the prefix are not a token. */
  readonly min: number
}

/** Of `createRedactor`. */
export interface RedactorOptions {
  /**
   * More secret names. Case, `-`, `_`, `.` and blanks do not matter; the whole name must match, or with a leading `*` its
   * end: `'*entrycode'`. Default none.
   */
  readonly names?: readonly string[] | undefined
  /**
   * What to leave alone: names that the built-in lists would hide (`'nextPageToken'`), or built-in token rules (`'jwt'`).
   * Default none. RangeError on a word that names nothing.
   */
  readonly keep?: readonly string[] | undefined
  /** More kinds of tokens. Default none. */
  readonly tokens?: readonly TokenShape[] | undefined
  /** Exact values to hide, as by `register`. Default none. */
  readonly literals?: readonly (string | Secret<string>)[] | undefined
  /** Phone numbers, e-mail addresses, people's names, message text, `wamid`: left, masked, or replaced by keyed tags. Default `'keep'`. */
  readonly personal?: 'keep' | 'mask' | Fingerprinter | undefined
  /** Levels that `value` goes down: 1 to 64. Default 16. */
  readonly maxDepth?: number | undefined
  /** Characters that `value` keeps of one string: 1024 to 1 048 576. Default 65 536. */
  readonly maxString?: number | undefined
  /** Told which rules fired, and when redaction itself failed; never a value. What it throws changes nothing. */
  readonly observe?: ((event: RedactionEvent) => void) | undefined
}

/** One set of rules for every surface. Frozen. */
export interface Redactor {
  /** A deep copy of plain JSON data, without secrets. Runs no getter and no `toJSON`, changes nothing, never throws. */
  value(input: unknown): unknown
  /**
   * The text without secrets; valid JSON stays valid JSON. Never throws: what is not a string is printed with `String()`
   * first, and `[Unreadable]` stands for what cannot be.
   */
  text(input: string): string
  /** A new Error without secrets, fit to hand on: no request, response or configuration of an HTTP client. Never throws. */
  error(input: unknown): Error
  /** Bytes in, bytes out, UTF-8, line by line; right wherever the chunks are cut. `Duplex.fromWeb` makes it Node's. */
  stream(): TransformStream<Uint8Array, Uint8Array>
  /**
   * Hides this exact value from now on, raw, JSON-escaped and percent-encoded. Returns its removal. A value that is a piece
   * of JSON's structure, such as `null,"a"`, is no secret, and may leave JSON invalid.
   *
   * @throws TypeError unless it is a well-formed string or a `Secret` of one; RangeError under 8 or over 4096 characters,
   * on a part of a marker, and for more than 256 values.
   */
  register(literal: string | Secret<string>): () => void
}

/** Where redaction took place. */
export type RedactionSurface = 'value' | 'text' | 'error' | 'stream'

/** What `observe` is told. */
export type RedactionEvent =
  | {
      readonly type: 'redacted'
      readonly surface: RedactionSurface
      /** Names of the rules that hid something, each once, in the order in which they fired. */
      readonly rules: readonly string[]
    }
  | {
      /** `[Unreadable]` was given out instead. */
      readonly type: 'failed'
      readonly surface: RedactionSurface
    }
