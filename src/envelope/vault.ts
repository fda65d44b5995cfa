/**
 * `waxseal/envelope/vault`: a transit key of HashiCorp Vault or OpenBao wraps the data keys, over its HTTP API.
 *
 * @module
 */

import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import { concatBytes, utf8 } from '../internal/bytes.js'
import { fromBase64, toBase64 } from '../internal/encoding.js'
import { EnvelopeError } from './errors.js'
import type { KeyProvider, WrapInput } from './provider.js'
import { callService, type Failure, wordOf } from './service-call.js'

/** Options of {@link vaultTransit}. */
export interface VaultTransitOptions {
  /** `https://vault.internal:8200`, with the path of a proxy where there is one. `http:` only to this machine. */
  readonly address: string
  /** 1 to 4096 printable ASCII characters without blanks; a function is asked before each call, for tokens that expire. */
  readonly token: string | (() => string | Promise<string>)
  /** Name of the transit key. One per kid: Vault does not authenticate the kid. */
  readonly key: string
  /** Where the engine is mounted. Default `transit`. */
  readonly mount?: string | undefined
  /** Of Vault Enterprise and OpenBao: `admin/team-a`. Default: none is named. */
  readonly namespace?: string | undefined
  /** For a proxy or a private CA. Default `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Takes `http:` to another machine, which shows token and data keys to the network. Default false. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

const MAX_ANSWER = 65_536
const TOKEN = /^[\x21-\x7e]{1,4096}$/
/** As Vault's own names; no segment is `..`, which a URL would resolve. */
const NAME = /^(?=.{1,128}$)\w(?:[\w.-]*\w)?$/
const PATH = /^(?=.{1,256}$)\w(?:[\w.-]*\w)?(?:\/\w(?:[\w.-]*\w)?)*$/
const CIPHERTEXT = /^vault:v[1-9]\d{0,9}:[A-Za-z0-9+/]+={0,2}$/
/** What transit says of a ciphertext that is not this key's, across versions: some with 400, some with 500. */
const NOT_OURS = /invalid ciphertext|message authentication failed|\(too old\)|no such key version/

/** For `rewrapFrom`: which key of which Vault. */
const made = /* @__PURE__ */ new WeakMap<KeyProvider, string>()

/**
 * A transit key of HashiCorp Vault or OpenBao as outer key; the wrapped key is the text `vault:v1:…`. Grant `update` on
 * `encrypt`, `decrypt` and `rewrap`, not `create`: with that, a misspelt name makes a new key. Redirects are not followed.
 *
 * @throws TypeError on a bad option.
 */
export function vaultTransit(options: VaultTransitOptions): KeyProvider {
  assertObject(options, 'options')
  const { address, token, key, mount = 'transit', namespace, fetch = globalThis.fetch } = options
  const origin = readAddress(address, options.dangerouslyAllowHttp)
  matching(mount, PATH, 'mount: expected a path such as transit or team-a/transit')
  matching(key, NAME, 'key: expected the name of a transit key')
  if (namespace !== undefined) matching(namespace, PATH, 'namespace: expected a path such as admin/team-a')
  if (typeof token !== 'function') readToken(token)
  assertOptionalFunction(fetch, 'fetch')
  const base = `${origin}/v1/${mount}`

  /** The text of an answer of 200. */
  async function post(operation: string, body: object, signal: AbortSignal): Promise<string | undefined> {
    const response = await fetch(`${base}/${operation}/${key}`, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: {
        'content-type': 'application/json',
        'x-vault-request': 'true',
        'x-vault-token': await currentToken(token),
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      },
      body: JSON.stringify(body),
    })
    const text = await readText(response)
    if (response.status !== 200) throw refusal(response.status, text ?? '')
    return text
  }

  const encrypted = (operation: string, body: object, input: WrapInput) =>
    callService(input, {
      ask: () => post(operation, body, input.signal),
      read: (text) => {
        const ciphertext = dataOf(text, 'ciphertext')
        return CIPHERTEXT.test(ciphertext) && utf8(ciphertext)
      },
      expects: 'edk',
      failure,
    })

  const identity = [base, key, namespace].join(' ')
  const provider: KeyProvider = Object.freeze({
    kind: 'vault',
    wrap: (dek: Uint8Array, input: WrapInput) => encrypted('encrypt', { plaintext: toBase64(dek) }, input),
    async unwrap(edk: Uint8Array, input: WrapInput) {
      const ciphertext = readCiphertext(edk, input.kid)
      return callService(input, {
        ask: () => post('decrypt', { ciphertext }, input.signal),
        read: (text) => fromBase64(dataOf(text, 'plaintext')),
        expects: 'dek',
        failure,
      })
    },
    rewrapFrom(source: KeyProvider, edk: Uint8Array, input: WrapInput & { readonly fromKid: string }) {
      if (made.get(source) !== identity) return undefined
      const rewrap = async () =>
        encrypted('rewrap', { ciphertext: readCiphertext(edk, input.fromKid) }, input)
      return rewrap()
    },
  })
  made.set(provider, identity)
  return provider
}

function readAddress(address: unknown, allowHttp: boolean | undefined): string {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  const schemes = allowHttp === true || (url && isLoopback(url.hostname)) ? ['https:', 'http:'] : ['https:']
  if (!url || !schemes.includes(url.protocol) || url.href !== url.origin + url.pathname) {
    throw new TypeError('address: expected an https URL without credentials, query and fragment')
  }
  return url.href.replace(/\/+$/, '')
}

/** As a URL spells it. */
const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)

function matching(value: unknown, form: RegExp, expectation: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw new TypeError(expectation)
  return value
}

const readToken = (token: unknown): string =>
  matching(token, TOKEN, 'token: expected 1 to 4096 printable ASCII characters without blanks')

async function currentToken(token: VaultTransitOptions['token']): Promise<string> {
  try {
    return readToken(typeof token === 'function' ? await token() : token)
  } catch {
    throw new EnvelopeError('provider_unavailable')
  }
}

/** Undefined when there is more than any answer of transit holds; leaving the loop cancels the rest. */
async function readText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_ANSWER) return undefined
    chunks.push(chunk)
  }
  return new TextDecoder().decode(concatBytes(chunks))
}

/** Throws unless it is there. */
function dataOf(text: string | undefined, name: string): string {
  const value: unknown = JSON.parse(text as string).data[name]
  if (typeof value !== 'string') throw new TypeError(`${name}: expected text`)
  return value
}

/** What is no text of transit is refused here: Vault reads `v0`, `v01` and line breaks as well. */
function readCiphertext(edk: Uint8Array, kid: string): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(edk)
  if (!CIPHERTEXT.test(text)) throw new EnvelopeError('key_mismatch', { kid })
  return text
}

function refusal(status: number, text: string): EnvelopeError {
  const providerCode = String(status)
  if ((status === 400 || status === 500) && NOT_OURS.test(text)) {
    return new EnvelopeError('key_mismatch', { providerCode })
  }
  if (status === 403 || status === 404) return new EnvelopeError('provider_denied', { providerCode })
  const retryable = status === 412 || status === 429 || status >= 500
  return new EnvelopeError('provider_unavailable', { retryable, providerCode })
}

/** What is not thrown above came from `fetch`: the network. */
function failure(thrown: unknown): Failure {
  if (thrown instanceof EnvelopeError) return thrown
  const { code, cause } = thrown as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } }
  return { code: 'provider_unavailable', retryable: true, providerCode: wordOf(cause?.code ?? code) }
}
