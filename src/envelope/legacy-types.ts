/** What a reader calls a value that its plaintext window accepts; no format may be called so. */
export const PLAINTEXT = 'plaintext'

/** A layout that was in use before, as `aesGcm`, `aesCbc` and `cloak` of `waxseal/envelope/legacy` make it, or your own. */
export interface LegacyFormat {
  /** For reports and events: `accounts-2023`. */
  readonly name: string
  /** Whether the text has this layout; no key is used. */
  recognises(value: string): boolean
  /** The plaintext; throws when it does not decrypt. */
  read(value: string): string
}

/** Reads what a column held before it held envelopes; `legacyReader` of `waxseal/envelope/legacy` makes one. */
export interface LegacyReader {
  /** The name of the first format that recognises the value, `plaintext` within its window, or null. */
  identify(value: string): string | null
  /** Throws EnvelopeError `not_sealed` when nothing recognises it, `legacy_failed` when nothing reads it. */
  read(value: string): { readonly text: string; readonly format: string }
}
