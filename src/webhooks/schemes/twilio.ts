import { digest, sha1, sha256 } from '#crypto'
import { fromUtf8 } from '../../internal/bytes.js'
import { toBase64, toHex } from '../../internal/encoding.js'
import { base64, parseSignature } from '../grammar.js'
import { textKey } from '../keys.js'
import type { SchemeDescriptor, WebhookScheme } from '../scheme.js'
import { hexText } from './generate-text.js'

const MAX_PAIRS = 1000

/**
 * Twilio: `x-twilio-signature: <base64>`, HMAC-**SHA-1** over the full URL, followed, for a form body, by every
 * parameter in order of its name as name‖value. Any other body is covered through `bodySHA256=<hex>` in the URL's
 * query. The key is the Auth Token as UTF-8.
 *
 * The URL is Twilio's view of it, hence `publicUrl` and `target`. Nothing separates what is signed: `A=BC` and `AB=C`
 * share a signature, and so do a parameter of the form and the same text at the end of the URL. Read only the parameters
 * that you expect, and never route or authorise by a query value. No timestamp is signed: deduplicate by
 * `delivery.replayParts()`.
 * Deliveries are forms, so `delivery.text()` and not `json()`; a signer takes a message as a form unless `contentType`
 * says otherwise.
 *
 * Source: Twilio docs, Webhooks security; twilio-node `src/webhooks/webhooks.ts`.
 */
export const twilio: WebhookScheme<'twilio'> = /* @__PURE__ */ Object.freeze({
  name: 'twilio',
  signs: /* @__PURE__ */ Object.freeze(['url', 'body'] as const),
  many: false,
  hmac: { hash: sha1, version: '' },
  headers: ['x-twilio-signature', 'content-type', 'i-twilio-idempotency-token'],
  importKey: /* @__PURE__ */ textKey(sha1),
  generate: hexText,
  normalizePublicUrl,

  parse(read, { body, target, publicUrl }) {
    const header = read('x-twilio-signature')
    if (header === undefined) return 'missing_header'
    const bytes = parseSignature(header, '', base64, 20)
    if (typeof bytes === 'string') return bytes
    if (typeof target !== 'string' || !target.startsWith('/')) return 'target_missing'

    const covered = coveredText(body, target, read('content-type'))
    // A body that the signature cannot cover leaves nothing to compare with: a mismatch.
    const contents = covered === undefined ? [] : urlsFor(publicUrl, target).map((url) => [url, covered])
    return { contents, signatures: [{ version: '', bytes }], deliveryId: read('i-twilio-idempotency-token') }
  },

  content({ url, body, contentType = 'application/x-www-form-urlencoded' }) {
    if (url === undefined || !URL.canParse(url) || !/^https:\/\/[^#]+$/.test(url)) {
      throw new TypeError('url: expected the https URL that the receiver is called at')
    }
    const covered = coveredText(body, url, contentType)
    if (covered === undefined) {
      throw new TypeError('body: expected a form, or a url whose bodySHA256 is the hash of the body in hex')
    }
    return [url, covered]
  },

  format: (_message, [signature]) => ({ 'x-twilio-signature': signature ? toBase64(signature.bytes) : '' }),
} satisfies SchemeDescriptor<'twilio'>)

function normalizePublicUrl(publicUrl: unknown): string {
  const isUrl = typeof publicUrl === 'string' && URL.canParse(publicUrl) && !/[?#\s]/.test(publicUrl)
  const { protocol, username, password, host, pathname } = isUrl ? new URL(publicUrl) : ({} as Partial<URL>)
  if (protocol !== 'https:' || username !== '' || password !== '') {
    throw new TypeError(
      'publicUrl: expected the https origin (and path prefix) that the sender calls, without a query',
    )
  }
  return `https://${host}${pathname?.replace(/\/+$/, '')}`
}

/** The text that stands for the body behind the URL; `undefined` where nothing vouches for the body. */
function coveredText(body: Uint8Array, url: string, contentType: string | undefined): string | undefined {
  // The hash first: it is signed and the content type is not, so nobody can talk it away, nor leave the body out.
  const hashes = url.match(/(?<=[?&]bodySHA256=)[0-9a-f]{64}(?=&|$)/g) ?? []
  if (hashes.length > 0) return hashes.join() === toHex(digest(sha256, [body])) ? '' : undefined
  if (body.length === 0) return ''
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? '')
  // A form without any text, such as `&`, has nothing that was signed.
  return isForm ? sortedForm(body) || undefined : undefined
}

/** Names in code-unit order, each with its distinct values in order. */
function sortedForm(body: Uint8Array): string | undefined {
  const values = new Map<string, Set<string>>()
  const pairs = decodePairs(body)
  if (pairs === undefined) return undefined
  for (const [name, value] of pairs) values.set(name, (values.get(name) ?? new Set()).add(value))
  let text = ''
  for (const name of [...values.keys()].sort()) {
    for (const value of [...(values.get(name) as Set<string>)].sort()) text += name + value
  }
  return text
}

/**
 * The URLs that Twilio may have signed for one request: with the default port left out or written out, each with the
 * query as sent or as Twilio's older services re-encode it.
 */
function urlsFor(publicUrl: string, target: string): readonly string[] {
  const withPort = publicUrl.replace(/^(https:\/\/(?:\[[^\]]*\]|[^/:[]+))(?=\/|$)/, '$1:443')
  const mark = target.indexOf('?')
  const pairs = mark < 0 ? undefined : decodePairs(target.slice(mark + 1))
  const targets = pairs === undefined ? [target] : [target, `${target.slice(0, mark)}?${legacyQuery(pairs)}`]
  return [...new Set([publicUrl, withPort].flatMap((origin) => targets.map((path) => origin + path)))]
}

/** Equal names grouped where the first one stood, every pair written with its `=`. */
function legacyQuery(pairs: readonly (readonly [string, string])[]): string {
  const groups = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    const group = groups.get(name) ?? []
    group.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    groups.set(name, group)
  }
  return [...groups.values()].flat().join('&')
}

/**
 * Pairs of a form (WHATWG URL §5.1), strictly: `undefined` where it is not percent-encoded UTF-8, or more pairs than any
 * message of Twilio's has, because all this comes before the signature is known to be right.
 */
function decodePairs(form: Uint8Array | string): readonly (readonly [string, string])[] | undefined {
  try {
    const text = typeof form === 'string' ? form : fromUtf8(form)
    const pieces = text?.split('&', MAX_PAIRS + 1)
    if (pieces === undefined || pieces.length > MAX_PAIRS) return undefined
    return pieces
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=')
        return at < 0
          ? [decodeText(pair), '']
          : [decodeText(pair.slice(0, at)), decodeText(pair.slice(at + 1))]
      })
  } catch {
    return undefined
  }
}

function decodeText(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}
