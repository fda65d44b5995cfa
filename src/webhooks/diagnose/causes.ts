/** Why a delivery does not verify. */
export type FindingCause =
  | 'body_parsed'
  | 'body_reserialised'
  | 'body_text_decoded'
  | 'bom_changed'
  | 'final_newline_changed'
  | 'line_endings_changed'
  | 'content_encoded'
  | 'body_empty'
  | 'secret_malformed'
  | 'secret_prefix_missing'
  | 'secret_prefix_stripped'
  | 'secret_hex_decoded'
  | 'secret_base64_decoded'
  | 'secret_whitespace'
  | 'secret_quoted'
  | 'secret_expired'
  | 'other_secret_matches'
  | 'other_scheme_matches'
  | 'other_scheme_headers'
  | 'header_missing'
  | 'header_duplicated'
  | 'legacy_header_only'
  | 'signature_case'
  | 'timestamp_stale'
  | 'timestamp_ahead'
  | 'timestamp_in_milliseconds'
  | 'url_differs'
  | 'unexplained'

/** What each cause means to the developer who reads it, and what to do. */
const CAUSES: Record<FindingCause, readonly [message: string, fix: string]> = /* @__PURE__ */ Object.freeze({
  body_parsed: [
    'The body is an object, not bytes.',
    'Mount webhook() before express.json(), or give it keepRawBody.',
  ],
  body_reserialised: [
    'The JSON was parsed and written anew, so its bytes are not those signed.',
    'Mount webhook() before express.json(), or give it keepRawBody.',
  ],
  body_text_decoded: [
    'The bytes went through a text decoding that lost some.',
    'Pass the bytes as received, not a string.',
  ],
  bom_changed: ['A byte order mark was added or removed.', 'Pass the bytes as received, not a string.'],
  final_newline_changed: [
    'A line end at the end of the body was added or removed.',
    'Send or read the body byte for byte.',
  ],
  line_endings_changed: [
    'LF and CRLF were exchanged.',
    'Send or read the body byte for byte; check git and editors.',
  ],
  content_encoded: [
    'The body is compressed.',
    'Do not let a proxy compress requests; verify before inflating.',
  ],
  body_empty: ['The body is empty.', 'Something read the stream before: mount webhook() first.'],
  secret_malformed: [
    'The secret is not in the form of this scheme.',
    'Copy it again from where the vendor shows it.',
  ],
  secret_prefix_missing: [
    'The secret lacks its whsec_ prefix.',
    'Configure the whole string, whsec_ included.',
  ],
  secret_prefix_stripped: [
    'The signer left out the whsec_ prefix.',
    'Key with the whole string, whsec_ included.',
  ],
  secret_hex_decoded: [
    'The signer decoded the secret from hex.',
    'Key with the text of the secret as it stands.',
  ],
  secret_base64_decoded: [
    'The signer decoded the secret from base64.',
    'Key with the text of the secret as it stands.',
  ],
  secret_whitespace: ['One side has white space around the secret.', 'Trim it where it is read or written.'],
  secret_quoted: ['The secret is configured with quotes around it.', 'Remove the quotes.'],
  secret_expired: [
    'A secret past its notAfterAt signed this.',
    'Finish the rotation at the sender, or move notAfterAt.',
  ],
  other_secret_matches: [
    'Another of your secrets signed this.',
    'Check which endpoint or environment it was sent to.',
  ],
  other_scheme_matches: ['It verifies under another scheme.', 'Create the verifier with that scheme.'],
  other_scheme_headers: ['The headers are those of another scheme.', 'Create the verifier with that scheme.'],
  header_missing: [
    'A header of the scheme is missing.',
    'Check that a proxy passes it on and that the sender signs.',
  ],
  header_duplicated: ['A header of the scheme is there twice.', 'Look for a proxy that adds a second one.'],
  legacy_header_only: [
    'Only the vendor’s older signature header is there.',
    'Have the proxy pass on the newer header too.',
  ],
  signature_case: ['The signature is right but in upper case.', 'Send hex in lower case.'],
  timestamp_stale: [
    'Genuine, but signed too long ago.',
    'Pass receivedAt for queued deliveries; check this clock.',
  ],
  timestamp_ahead: ['Genuine, but signed in the future.', 'Synchronise the clocks of both machines.'],
  timestamp_in_milliseconds: ['The timestamp is in milliseconds.', 'Send and sign it in seconds.'],
  url_differs: ['The sender signed another URL.', 'Set publicUrl to the origin that the sender calls.'],
  unexplained: [
    'No known mistake explains it.',
    'Compare the bytes sent with those received, and the secret.',
  ],
})

/** One explanation. */
export interface Finding {
  /** What was undone, or is suspected. */
  readonly cause: FindingCause
  /** Whether the signature matched once this was undone; else it is a likely explanation. */
  readonly proven: boolean
  /** Of the secret concerned. */
  readonly secretId?: string
  /** Of the other scheme concerned. */
  readonly scheme?: string
  /** Fixed text per cause. */
  readonly message: string
  /** What to do about it; fixed text per cause. */
  readonly fix: string
}

/** @internal */
export function finding(
  cause: FindingCause,
  proven: boolean,
  about: { secretId?: string; scheme?: string } = {},
): Finding {
  const [message, fix] = CAUSES[cause]
  return Object.freeze({ cause, proven, ...about, message, fix })
}
