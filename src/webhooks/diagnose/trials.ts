/** One mistake undone at a time: does the signature match then? */

import { bytesOf } from '../../internal/bytes.js'
import type { Chunk } from '../../internal/crypto/types.js'
import { epochMs } from '../../internal/instant.js'
import { exposed } from '../../internal/secret-values.js'
import { type Header, headerReader } from '../headers.js'
import { descriptorOf, type ReceivedRequest, type SchemeDescriptor, type SchemeKey } from '../scheme.js'
import { secretText, type WebhookSecret } from '../secrets.js'
import { type Finding, type FindingCause, finding } from './causes.js'
import type { DiagnoseInput } from './input.js'
import {
  bodyVariants,
  headerVariants,
  keyVariants,
  secondsVariants,
  serialisations,
  urlVariants,
} from './variants.js'

interface TrialKey {
  readonly id: string
  readonly key: SchemeKey
}

/** One mistake undone: would this request verify under one of these keys? */
interface Trial {
  readonly cause: FindingCause
  readonly scheme: SchemeDescriptor
  readonly keys: readonly TrialKey[]
  readonly header: Header
  readonly request: ReceivedRequest
  /** What was signed, where that is not what the scheme makes of the request. */
  readonly signed?: (content: readonly Chunk[]) => readonly Chunk[]
}

const MAX_MACS = 2000
const MAX_BODY = 1_048_576
const MAX_OTHERS = 20

/** The first mistake that explains the signature, within 2,000 MACs. */
export function provenFinding(input: DiagnoseInput): Finding | undefined {
  let left = MAX_MACS
  for (const { cause, scheme, keys, header, request, signed } of trials(input)) {
    const parsed = scheme.parse(header, request)
    if (typeof parsed === 'string') continue
    for (const { id, key } of keys) {
      for (const content of parsed.contents) {
        if (left-- === 0) return undefined
        if (!key.matches(signed?.(content) ?? content, parsed.signatures)) continue
        const about = { secretId: id, ...(cause === 'other_scheme_matches' && { scheme: scheme.name }) }
        return finding(cause, true, about)
      }
    }
  }
  return undefined
}

/** Every mistake that can be undone, cheapest and commonest first. */
function* trials(input: DiagnoseInput): Generator<Trial> {
  const scheme = descriptorOf(input.scheme)
  const { request, secrets, now = Date.now } = input
  const header = headerReader(scheme.headers)(request.headers)
  if (typeof header === 'string') return
  const arrival = epochMs(request.receivedAt ?? now())
  const live = trialKeys(
    scheme,
    secrets.filter((secret) => !isExpired(secret, arrival)),
  )
  const expired = trialKeys(
    scheme,
    secrets.filter((secret) => isExpired(secret, arrival)),
  )
  const body = bytesOf(request.body)
  const received: ReceivedRequest = {
    body: body ?? new Uint8Array(),
    target: request.target,
    publicUrl: scheme.normalizePublicUrl?.(input.publicUrl) ?? '',
  }
  const asReceived = { scheme, keys: live, header, request: received }

  if (body === undefined) {
    for (const written of serialisations(request.body)) {
      if (written.length > MAX_BODY) return
      yield { ...asReceived, cause: 'body_parsed', request: { ...received, body: written } }
    }
    return
  }
  if (body.length > MAX_BODY) return
  yield { ...asReceived, cause: 'secret_expired', keys: expired }
  for (const [cause, undone] of bodyVariants(body)) {
    if (undone.length <= 2 * MAX_BODY) yield { ...asReceived, cause, request: { ...received, body: undone } }
  }
  for (const { id, secret } of secrets) {
    for (const [cause, key] of keyVariants(scheme, String(exposed(secret))))
      yield { ...asReceived, cause, keys: [{ id, key }] }
  }
  yield {
    ...asReceived,
    cause: 'other_secret_matches',
    keys: trialKeys(scheme, othersOf(input.otherSecrets)),
  }
  for (const [cause, undone] of headerVariants(scheme.headers, header))
    yield { ...asReceived, cause, header: undone }
  for (const undone of secondsVariants(scheme.headers, header))
    yield { ...asReceived, cause: 'timestamp_in_milliseconds', ...undone }
  if (scheme.signs.includes('url') && typeof request.target === 'string') {
    for (const url of urlVariants(received.publicUrl, request.target, request.headers)) {
      yield { ...asReceived, cause: 'url_differs', request: { ...received, ...url } }
    }
  }
  for (const other of othersOf(input.otherSchemes).map(descriptorOf)) {
    const otherHeader = headerReader(other.headers)(request.headers)
    const keys = trialKeys(other, [...secrets, ...othersOf(input.otherSecrets)])
    if (typeof otherHeader === 'string') continue
    const publicUrl = input.publicUrl === undefined ? '' : (other.normalizePublicUrl?.(input.publicUrl) ?? '')
    yield {
      cause: 'other_scheme_matches',
      scheme: other,
      keys,
      header: otherHeader,
      request: { ...received, publicUrl },
    }
  }
}

function trialKeys(scheme: SchemeDescriptor, secrets: readonly WebhookSecret[]): readonly TrialKey[] {
  return secrets.map((secret) => trialKey(scheme, secret)).filter((key) => key !== undefined)
}

/** The key of a secret, or `undefined` where the scheme, or the least length, would refuse it. */
export function trialKey(
  scheme: SchemeDescriptor,
  { id, secret }: WebhookSecret,
  minLength = 1,
): TrialKey | undefined {
  try {
    const key = scheme.importKey(secretText(secret, 'secret'), 'secret')
    return key.length < minLength ? undefined : { id, key }
  } catch {
    return undefined
  }
}

function isExpired({ notAfterAt }: WebhookSecret, arrival: number): boolean {
  return notAfterAt !== undefined && arrival > epochMs(notAfterAt)
}

export function othersOf<T>(others: readonly T[] | undefined): readonly T[] {
  return others?.slice(0, MAX_OTHERS) ?? []
}
