import { bytesOf } from '../../internal/bytes.js'
import type { WebhookErrorCode } from '../errors.js'
import { headerReader } from '../headers.js'
import { descriptorOf, type ReceivedRequest, type SchemeDescriptor, type WebhookScheme } from '../scheme.js'
import { MIN_KEY_BYTES, type WebhookSecret } from '../secrets.js'
import { createVerifier, type WebhookRequest, type WebhookVerifier } from '../verify.js'
import { type Finding, finding } from './causes.js'
import type { DiagnoseInput } from './input.js'
import { othersOf, provenFinding, trialKey } from './trials.js'

/** What {@link diagnose} found. */
export interface Diagnosis {
  /** Whether the signature is right and fresh. */
  readonly verified: boolean
  /** What a verifier answers; absent where it verifies, or where no secret is usable. */
  readonly code?: WebhookErrorCode
  /** The proven one first; where it verifies, at most the secrets that a verifier would refuse. */
  readonly findings: readonly Finding[]
}

const NO_REQUEST: ReceivedRequest = /* @__PURE__ */ Object.freeze({
  body: /* @__PURE__ */ new Uint8Array(),
  target: '/',
  publicUrl: '',
})

/**
 * Tells a developer *why* a signature fails: undoes one known mistake at a time and sees whether the signature matches.
 * Pure, bounded (2,000 MACs; bodies over 1 MiB get only the checks without one), and no secret is in its answer.
 *
 * For your own screen only: answered to a sender it would be an oracle.
 *
 * ```ts
 * import { createSigner, diagnose, meta } from 'waxseal/webhooks'
 *
 * const secrets = [{ id: 'app', secret: 'a'.repeat(32) }]
 * const { headers } = createSigner(meta, { secrets }).sign({ body: '{"price": 1}' })
 * const { findings } = diagnose({ scheme: meta, secrets, request: { headers, body: JSON.stringify({ price: 1 }) } })
 * findings[0]?.cause // => 'body_reserialised'
 * ```
 *
 * @throws TypeError | RangeError on a bad option, as `createVerifier`.
 */
export function diagnose(input: DiagnoseInput): Diagnosis {
  const scheme = descriptorOf(input.scheme)
  if (!Array.isArray(input.secrets)) throw new TypeError('secrets: expected an array of { id, secret }')
  const malformed = input.secrets
    .filter((secret) => trialKey(scheme, secret, MIN_KEY_BYTES) === undefined)
    .map(({ id }) => finding('secret_malformed', false, { secretId: id }))

  const usable = input.secrets.filter((secret) => trialKey(scheme, secret) !== undefined)
  const result =
    usable.length > 0 ? verifierFor(input, usable).safeVerify(input.request as WebhookRequest) : undefined
  if (result?.ok) return { verified: true, findings: malformed }

  const code = result?.error.code
  // Refused before anybody looked at the signature: if that is right, whatever changes nothing would seem to explain it.
  const proven = code === 'body_encoded' ? undefined : provenFinding(input)
  // A parsed body is one whether or not a secret is usable.
  const seen = code ?? (bytesOf(input.request.body) === undefined ? 'body_not_raw' : undefined)
  const likely = proven === undefined && seen !== undefined ? likelyFindings(input, scheme, seen) : []
  const stale =
    code === 'timestamp_too_old'
      ? 'timestamp_stale'
      : code === 'timestamp_too_new'
        ? 'timestamp_ahead'
        : undefined
  const findings = [...(stale ? [finding(stale, true)] : proven ? [proven] : likely), ...malformed]
  return {
    verified: false,
    ...(code !== undefined && { code }),
    findings: findings.length > 0 ? findings : [finding('unexplained', false)],
  }
}

function verifierFor(input: DiagnoseInput, secrets: readonly WebhookSecret[]): WebhookVerifier {
  const { scheme, publicUrl, tolerance, now } = input
  return createVerifier(scheme, {
    secrets,
    publicUrl: signsUrl(scheme) || !othersOf(input.otherSchemes).some(signsUrl) ? publicUrl : undefined,
    tolerance,
    now,
    dangerouslyAllowWeakSecrets: true,
  })
}

const signsUrl = ({ signs }: WebhookScheme): boolean => signs.includes('url')

/** Where nothing could be proven: what the code itself and the look of the request suggest. */
function likelyFindings(
  input: DiagnoseInput,
  scheme: SchemeDescriptor,
  code: WebhookErrorCode,
): readonly Finding[] {
  const { headers, body } = input.request
  const has = (names: readonly string[]): boolean => {
    const header = headerReader(names)(headers)
    return typeof header === 'string' || names.some((name) => header(name) !== undefined)
  }
  switch (code) {
    case 'missing_header': {
      if (scheme.legacyHeaders !== undefined && has(scheme.legacyHeaders))
        return [finding('legacy_header_only', false)]
      const others = othersOf(input.otherSchemes).filter((other) => {
        const { headers: names, parse } = descriptorOf(other)
        const header = headerReader(names)(headers)
        return typeof header !== 'string' && parse(header, NO_REQUEST) !== 'missing_header'
      })
      if (others.length === 0) return [finding('header_missing', false)]
      return others.map(({ name }) => finding('other_scheme_headers', false, { scheme: name }))
    }
    case 'duplicate_header':
      return [finding('header_duplicated', false)]
    case 'body_encoded':
      return [finding('content_encoded', false)]
    case 'body_not_raw':
      return [finding('body_parsed', false)]
    case 'no_active_secret':
      return [finding('secret_expired', false)]
    case 'target_missing':
      return [finding('url_differs', false)]
    default:
      return bytesOf(body)?.length === 0 ? [finding('body_empty', false)] : []
  }
}
