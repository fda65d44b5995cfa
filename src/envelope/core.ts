import { equalBytes, randomBytes, toBase64Url } from '#crypto'
import { assertInteger, assertObject, assertOptionalFunction } from '../internal/assert.js'
import { bytesOf, fromUtf8 } from '../internal/bytes.js'
import { readClock } from '../internal/instant.js'
import { notify } from '../internal/observe.js'
import type { Result } from '../internal/result.js'
import type { KeyState } from '../keyring/types.js'
import type { BoundContext } from './context.js'
import { EnvelopeError, isEnvelopeError } from './errors.js'
import type { EnvelopeEvent } from './event.js'
import {
  claimsToBeSealed,
  limitsOf,
  MAX_PLAINTEXT_BYTES,
  OVERHEAD_BYTES,
  type Parsed,
  parse,
  SALT_BYTES,
} from './format.js'
import { hintOf } from './hint.js'
import { KEY_BYTES } from './key-bytes.js'
import { PLAINTEXT } from './legacy-types.js'
import { openBody, sealBody } from './message.js'
import type { As, CommonOptions, Inspection, Opened, OpenOptions, Plaintext } from './types.js'

/** What `open` was given: an envelope, or a value that the legacy reader has read. */
export type Found =
  | { readonly kind: 'sealed'; readonly parsed: Parsed }
  | { readonly kind: 'legacy'; readonly bytes: Uint8Array }

/** A plaintext, and the kid that it was under: null for a legacy value. */
export interface Revealed {
  readonly bytes: Uint8Array
  readonly kid: string | null
}

/** Everything about sealing and opening that does not depend on who wraps the data key. */
export interface Core {
  readonly legacy: boolean
  /** Epoch milliseconds; `NaN` where the clock fails. */
  now(): number
  observe(event: EnvelopeEvent): void
  /** Tells the observer that a value was sealed or opened. */
  done(type: 'sealed' | 'opened', kid: string, context: BoundContext): void
  /** Tells the observer of a failed `open`. */
  failed(error: unknown, context: BoundContext | undefined): void
  /** The bytes of what may be sealed. */
  bytesOf(plaintext: Plaintext): Uint8Array
  /** A fresh data key. The caller wipes it. */
  newDek(): Uint8Array
  /** The text of the body. */
  body(dek: Uint8Array, bytes: Uint8Array, context: BoundContext): string
  /** Tells an envelope from a legacy value, and reads the latter. */
  find(value: string, context: BoundContext): Found
  /** The plaintext of an envelope whose data key is known. */
  plaintext(dek: Uint8Array, parsed: Parsed, context: BoundContext): Uint8Array
  /** Takes an envelope's text apart; a legacy value is `not_sealed` here. */
  parse(value: string): Parsed
  /** What a stored value is. */
  inspect(value: string, stateOf: (kid: string) => KeyState | 'unknown'): Inspection
}

/** @throws TypeError or RangeError that names the option. */
export function createCore(options: CommonOptions): Core {
  assertObject(options, 'options')
  const { maxBytes = 65_536, legacy, now = Date.now, random, observe } = options
  assertInteger(maxBytes, 'maxBytes', 1, MAX_PLAINTEXT_BYTES)
  const limits = limitsOf(maxBytes)
  assertOptionalFunction(now, 'now')
  assertOptionalFunction(random, 'random')
  assertOptionalFunction(observe, 'observe')
  if (legacy !== undefined) {
    assertObject(legacy, 'legacy')
    if (typeof legacy.identify !== 'function' || typeof legacy.read !== 'function') {
      throw new TypeError('legacy: expected what legacyReader returned')
    }
  }

  /** What the caller's `random` returns is copied: ours will be wiped, and a Buffer's `slice` would not copy. */
  function draw(length: number): Uint8Array {
    if (random === undefined) return randomBytes(length)
    const bytes = random(length)
    if (!ArrayBuffer.isView(bytes) || bytes.length !== length) {
      throw new RangeError('random: expected as many bytes as were asked for')
    }
    return Uint8Array.from(bytes)
  }

  /** What the legacy reader calls it. Nothing that claims to be an envelope ever goes to one. */
  function legacyFormat(value: string): string | null {
    if (legacy === undefined || claimsToBeSealed(value)) return null
    try {
      return legacy.identify(value)
    } catch {
      return null
    }
  }

  function readLegacy(value: string): { readonly bytes: Uint8Array; readonly format: string } {
    if (legacy === undefined) throw new EnvelopeError('not_sealed', { hint: hintOf(value) })
    try {
      const { text, format } = legacy.read(value)
      const bytes = typeof text === 'string' ? bytesOf(text) : undefined
      if (bytes !== undefined) return { bytes, format }
    } catch (error) {
      if (isEnvelopeError(error)) throw error
    }
    throw new EnvelopeError('legacy_failed')
  }

  /** Whether it is sealed in the old way. Looking like it is not enough: some layouts look like any token. */
  function isSealedBefore(text: string): boolean {
    if (legacyFormat(text) === null) return false
    try {
      return readLegacy(text).format !== PLAINTEXT
    } catch {
      return false
    }
  }

  return {
    legacy: legacy !== undefined,
    now: () => readClock(now),
    observe: (event) => notify(observe, event),
    done: (type, kid, { tenant, purpose }) => notify(observe, { type, kid, tenant, purpose }),

    failed(error, context) {
      if (!isEnvelopeError(error)) return
      const { code, kid } = error
      const { tenant = '', purpose = '' } = context ?? {}
      notify(observe, { type: 'open_failed', code, kid, tenant, purpose })
    },

    bytesOf(plaintext) {
      const bytes = bytesOf(plaintext)
      if (bytes === undefined) {
        throw new EnvelopeError('invalid_plaintext', { remark: 'expected well-formed text or bytes' })
      }
      if (bytes.length > maxBytes) {
        throw new EnvelopeError('too_large', { remark: `more than ${maxBytes} bytes` })
      }
      // Bytes are not examined: that is how to nest on purpose.
      if (typeof plaintext === 'string' && (claimsToBeSealed(plaintext) || isSealedBefore(plaintext))) {
        throw new EnvelopeError('already_sealed')
      }
      return bytes
    },

    newDek: () => draw(KEY_BYTES),

    body: (dek, bytes, { hash }) => toBase64Url(sealBody(dek, draw(SALT_BYTES), bytes, hash)),

    find(value, { tenant, purpose }) {
      assertText(value)
      if (claimsToBeSealed(value)) return { kind: 'sealed', parsed: parse(value, limits) }
      const { bytes, format } = readLegacy(value)
      const type = format === PLAINTEXT ? 'plaintext_read' : 'legacy_read'
      notify(observe, { type, kid: null, tenant, purpose })
      return { kind: 'legacy', bytes }
    },

    plaintext: openBody,

    parse(value) {
      assertText(value)
      return parse(value, limits)
    },

    inspect(value, stateOf) {
      if (typeof value !== 'string') return { kind: 'other', hint: null }
      const format = legacyFormat(value)
      if (format !== null) return { kind: 'legacy', format }
      try {
        const { kid, edk, body } = parse(value, limits)
        const plaintextBytes = body.length - OVERHEAD_BYTES
        return { kind: 'sealed', kid, state: stateOf(kid), edkBytes: edk.length, plaintextBytes }
      } catch (error) {
        const { code, hint } = error as EnvelopeError
        return { kind: code === 'malformed' || code === 'unsupported_version' ? code : 'other', hint }
      }
    },
  }
}

function assertText(value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new EnvelopeError('not_sealed', { hint: 'empty' })
}

/** Whether rotating has something to do with a value. */
export function isStale(inspection: Inspection, primary: string): boolean {
  return inspection.kind === 'legacy' || (inspection.kind === 'sealed' && inspection.kid !== primary)
}

/** What `open` shall return. @throws TypeError. */
export function readAs(options: OpenOptions | undefined): As {
  const as: unknown = options?.as ?? 'text'
  if (as !== 'text' && as !== 'bytes') throw new TypeError("as: expected 'text' or 'bytes'")
  return as
}

/** The plaintext in the form that was asked for. Bytes that become text are wiped. @throws EnvelopeError `not_text`. */
export function opened<A extends As>({ bytes, kid }: Revealed, as: As): Opened<A> {
  if (as === 'bytes') return bytes as Opened<A>
  const text = fromUtf8(bytes)
  bytes.fill(0)
  if (text === undefined) throw new EnvelopeError('not_text', { kid: kid ?? undefined })
  return text as Opened<A>
}

/** An EnvelopeError as a value. What is wrong with the program is still thrown. */
export function failure(error: unknown): Result<never, EnvelopeError> {
  if (isEnvelopeError(error)) return { ok: false, error }
  throw error
}

/** Nothing is handed out that does not read back: a flipped bit in memory must not cost a token. Wipes `actual`. */
export function assertSame(expected: Uint8Array, actual: Uint8Array): void {
  const same = equalBytes(expected, actual)
  actual.fill(0)
  if (!same) throw new EnvelopeError('tampered', { remark: 'it did not read back' })
}
