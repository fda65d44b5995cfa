/** What a request or a secret looked like before somebody changed it: the guesses of `diagnose`, one cause each. */

import { concatBytes, utf8 } from '../../internal/bytes.js'
import type { Chunk } from '../../internal/crypto/types.js'
import { fromBase64, fromHex } from '../../internal/encoding.js'
import { type Header, type HeadersLike, headerReader } from '../headers.js'
import { hmacKey } from '../keys.js'
import type { SchemeDescriptor, SchemeKey } from '../scheme.js'
import type { FindingCause } from './causes.js'

type Variant<T> = readonly [cause: FindingCause, undone: T]

const MAX_DEPTH = 64
const BOM = /* @__PURE__ */ new Uint8Array([0xef, 0xbb, 0xbf])

/** Bodies that may have been signed in place of this one. */
export function* bodyVariants(body: Uint8Array): Generator<Variant<Uint8Array>> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const isText = sameBytes(utf8(text), body)
  const endless = text.replace(/\r?\n$/, '')
  const lf = text.replaceAll('\r\n', '\n')
  if (isText) {
    for (const end of ['', '\n', '\r\n']) yield ['final_newline_changed', utf8(endless + end)]
    yield ['line_endings_changed', utf8(lf)]
    yield ['line_endings_changed', utf8(lf.replaceAll('\n', '\r\n'))]
    yield ['bom_changed', text.startsWith('\ufeff') ? body.subarray(BOM.length) : concatBytes([BOM, body])]
    if (/^[\0-\xff]*$/.test(text)) {
      yield ['body_text_decoded', Uint8Array.from(text, (character) => character.charCodeAt(0))]
    }
  }
  yield ['body_text_decoded', utf8(text)]
  yield ['body_text_decoded', utf8(latin1(body))]
  const value = parsed(text.replace(/^\ufeff/, ''))
  if (value !== undefined)
    for (const serialised of serialisations(value)) yield ['body_reserialised', serialised]
}

/** The ways in which common serialisers write one JSON value. */
export function* serialisations(value: unknown): Generator<Uint8Array> {
  const compact = serialised(value)
  if (compact === undefined) return
  const layouts = [compact]
  // Indentation grows with the depth of each line: a nest of brackets would fill memory.
  if (depthOf(compact) <= MAX_DEPTH) {
    // A line end stands between members only: inside strings JSON escapes it.
    const spaced = JSON.stringify(value, null, 1).replace(/,\n */g, ', ').replace(/\n */g, '')
    layouts.push(spaced, JSON.stringify(value, null, 2), JSON.stringify(value, null, 4))
  }
  const escaped = (text: string, characters: RegExp): string =>
    text.replace(characters, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  for (const layout of layouts) {
    for (const slashed of [layout, layout.replaceAll('/', '\\/')]) {
      for (const ascii of [slashed, escaped(slashed, /[\u0080-\uffff]/g)]) {
        yield utf8(ascii)
        yield utf8(escaped(ascii, /[@<>&%]/g))
      }
    }
  }
}

/** How deep the brackets of a JSON text nest, counting those inside strings too. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const character of json) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}

/** Keys that one side may have made of the secret in place of the right one. */
export function* keyVariants(descriptor: SchemeDescriptor, secret: string): Generator<Variant<SchemeKey>> {
  const { hash, version } = descriptor.hmac
  const imported = function* (cause: FindingCause, text: string): Generator<Variant<SchemeKey>> {
    try {
      yield [cause, descriptor.importKey(text, 'secret')]
    } catch {
      // Not in the scheme's form either.
    }
  }
  const raw = function* (
    cause: FindingCause,
    material: Uint8Array | undefined,
  ): Generator<Variant<SchemeKey>> {
    if (material !== undefined && material.length > 0) yield [cause, hmacKey(hash, material, version)]
  }
  const bare = secret.replace(/^whsec_/, '')
  yield* imported('secret_whitespace', secret.trim())
  yield* imported('secret_quoted', secret.replace(/^(["'])(.*)\1$/, '$2'))
  yield* imported('secret_prefix_missing', `whsec_${secret}`)
  if (bare !== secret) yield* raw('secret_prefix_stripped', utf8(bare))
  yield* raw('secret_hex_decoded', fromHex(bare.toLowerCase()))
  yield* raw('secret_base64_decoded', fromBase64(bare + '='.repeat(-bare.length & 3)))
  yield* raw('secret_whitespace', utf8(`${secret}\n`))
}

/** Headers with one spelling undone. */
export function* headerVariants(names: readonly string[], header: Header): Generator<Variant<Header>> {
  for (const name of names) {
    const value = header(name)
    if (value === undefined) continue
    yield ['signature_case', replaced(header, name, value.toLowerCase())]
  }
}

/** Headers with the timestamp in seconds where they have milliseconds, and the same for what was signed. */
export function* secondsVariants(
  names: readonly string[],
  header: Header,
): Generator<{ readonly header: Header; readonly signed: (content: readonly Chunk[]) => readonly Chunk[] }> {
  for (const name of names) {
    const value = header(name)
    const [milliseconds, seconds] = /(?<!\d)(\d{10})\d{3}(?!\d)/.exec(value ?? '') ?? []
    if (value === undefined || milliseconds === undefined || seconds === undefined) continue
    const inSeconds = replaced(header, name, value.replace(milliseconds, seconds))
    yield { header: inSeconds, signed: (content) => content }
    yield {
      header: inSeconds,
      signed: (content) =>
        content.map((chunk) => (typeof chunk === 'string' ? chunk.replace(seconds, milliseconds) : chunk)),
    }
  }
}

function replaced(header: Header, name: string, value: string): Header {
  return (asked) => (asked === name ? value : header(asked))
}

/** URLs that the sender may have called in place of `publicUrl` and `target`. */
export function* urlVariants(
  publicUrl: string,
  target: string,
  headers: HeadersLike,
): Generator<{ readonly publicUrl: string; readonly target: string }> {
  const header = headerReader(['host', 'x-forwarded-host', 'x-forwarded-proto'])(headers)
  const [host, forwardedHost, forwardedProto] =
    typeof header === 'string'
      ? []
      : [header('host'), header('x-forwarded-host'), header('x-forwarded-proto')]
  const { host: configured, pathname } = new URL(publicUrl)
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  const search = query < 0 ? '' : target.slice(query)
  const slashed = path.endsWith('/') ? path.slice(0, -1) : `${path}/`

  const hosts = [configured, host, forwardedHost, configured.replace(/:\d+$/, '')].filter(
    (name) => name !== undefined,
  )
  for (const scheme of new Set(['https', 'http', forwardedProto ?? 'https'])) {
    for (const name of new Set(hosts)) {
      for (const prefix of new Set([pathname.replace(/\/$/, ''), ''])) {
        const origin = `${scheme}://${name}${prefix}`
        for (const variant of [path + search, slashed + search, path])
          yield { publicUrl: origin, target: variant }
      }
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** `undefined` for what JSON cannot say: a cycle, a bigint, a function. */
function serialised(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
