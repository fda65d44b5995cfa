import { assertObject, assertOptionalFunction } from '../../internal/assert.js'
import { epochMs, readClock } from '../../internal/instant.js'
import { EnvelopeError } from '../errors.js'
import { claimsToBeSealed } from '../format.js'
import { hintOf } from '../hint.js'
import { type LegacyFormat, type LegacyReader, PLAINTEXT } from '../legacy-types.js'
import { isUnauthenticated } from './aes-cbc.js'
import { assertName, attempt } from './format.js'

/** How long rows may hold the token itself, and which texts are one. */
export interface PlaintextWindow {
  /** The last instant: a `Date` or epoch milliseconds. Afterwards such a row is `not_sealed`. */
  readonly until: Date | number
  /** Whether a text is such a token: `(value) => /^EAA[A-Za-z0-9]+$/.test(value)`. Must answer `true`; one that throws refuses. */
  readonly accept: (value: string) => boolean
}

/** Options of {@link legacyReader}. */
export interface LegacyReaderOptions {
  /** 0 to 16, with different names; tried in this order. An `aesCbc` format must be the last. */
  readonly formats: readonly LegacyFormat[]
  /** Default: plaintext is never read. Required where there are no formats. */
  readonly plaintext?: PlaintextWindow | undefined
  /** Clock in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** Characters; four for each byte of the longest plaintext that an envelope can hold. */
const MAX_LENGTH = 4_194_304
const MAX_FORMATS = 16

/**
 * Reads what one column held before it held envelopes; `legacy` of `createEnvelope` takes it.
 *
 * A value goes to each format that recognises it, in order, until one reads it. Where one recognises it and none reads it,
 * that is `legacy_failed` also within the plaintext window: what failed to decrypt is never handed out as a token.
 *
 * A joined layout without a prefix recognises any text of its alphabet that is long enough, a quarter of all tokens among
 * them. Narrow it: `{ ...format, recognises: (value) => !isToken(value) && format.recognises(value) }`.
 *
 * ```ts
 * import { aesGcm, legacyReader } from 'waxseal/envelope/legacy'
 *
 * const reader = legacyReader({
 *   formats: [
 *     aesGcm({
 *       name: 'accounts-2023',
 *       key: { hex: '00'.repeat(32) },
 *       layout: ['iv', 'tag', 'ct'],
 *       separator: ':',
 *       encoding: 'hex',
 *       ivBytes: 12,
 *     }),
 *   ],
 *   plaintext: { until: new Date('2026-09-01'), accept: (value) => /^EAA[A-Za-z0-9]+$/.test(value) },
 *   now: () => Date.parse('2026-08-01'),
 * })
 *
 * reader.identify('EAAGm0PX4ZCpsBA') // => 'plaintext'
 * reader.identify('hello') // => null
 * ```
 *
 * @throws TypeError, RangeError that name the option.
 */
export function legacyReader(options: LegacyReaderOptions): LegacyReader {
  assertObject(options, 'options')
  const { plaintext, now = Date.now } = options
  assertOptionalFunction(now, 'now')
  const formats = readFormats(options.formats)
  if (formats.length === 0 && plaintext === undefined) {
    throw new RangeError('formats: expected one or more, or plaintext')
  }
  const isPlaintext = plaintextTest(plaintext, now)

  return Object.freeze({
    identify(value: string) {
      if (!isCandidate(value)) return null
      const format = formats.find(({ recognises }) => recognises(value))
      return format?.name ?? (isPlaintext(value) ? PLAINTEXT : null)
    },
    read(value: string) {
      const isOurs = isCandidate(value)
      const tried = isOurs ? formats.filter(({ recognises }) => recognises(value)) : []
      for (const { name, read } of tried) {
        const text = read(value)
        if (text !== undefined) return { text, format: name }
      }
      if (tried.length > 0) {
        throw new EnvelopeError('legacy_failed', { remark: tried.map(({ name }) => name).join(', ') })
      }
      if (isOurs && isPlaintext(value)) return { text: value, format: PLAINTEXT }
      const hint = typeof value === 'string' ? hintOf(value, MAX_LENGTH) : null
      throw new EnvelopeError('not_sealed', { hint })
    },
  })
}

/** Whether a value may be shown to formats: none that claims to be an envelope, and none without end. */
function isCandidate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_LENGTH &&
    value.isWellFormed() &&
    !claimsToBeSealed(value)
  )
}

/** A format that cannot throw. */
interface SafeFormat {
  readonly name: string
  readonly recognises: (value: string) => boolean
  readonly read: (value: string) => string | undefined
}

function readFormats(formats: unknown): readonly SafeFormat[] {
  if (!Array.isArray(formats)) throw new TypeError('formats: expected an array')
  if (formats.length > MAX_FORMATS) throw new RangeError(`formats: expected at most ${MAX_FORMATS}`)
  const safe = Array.from(formats, (format: LegacyFormat, at) => {
    const where = `formats[${at}]`
    assertObject(format, where)
    const { name } = format
    assertName(name, `${where}.name`)
    if (typeof format.recognises !== 'function' || typeof format.read !== 'function') {
      throw new TypeError(`${where}: expected recognises and read`)
    }
    if (isUnauthenticated(format) && at < formats.length - 1) {
      throw new RangeError(`${where}: expected an aesCbc format to be the last`)
    }
    return {
      name,
      recognises: (value: string) => attempt(() => format.recognises(value)) === true,
      read(value: string) {
        const text: unknown = attempt(() => format.read(value))
        return typeof text === 'string' && text.isWellFormed() ? text : undefined
      },
    }
  })
  if (new Set(safe.map(({ name }) => name)).size < safe.length) {
    throw new RangeError('formats: expected different names')
  }
  return safe
}

function plaintextTest(
  plaintext: PlaintextWindow | undefined,
  now: () => number,
): (value: string) => boolean {
  if (plaintext === undefined) return () => false
  assertObject(plaintext, 'plaintext')
  const { accept } = plaintext
  const until = epochMs(plaintext.until)
  if (Number.isNaN(until)) throw new TypeError('plaintext.until: expected a Date or epoch milliseconds')
  if (typeof accept !== 'function') throw new TypeError('plaintext.accept: expected a function')
  return (value) => readClock(now) <= until && attempt(() => accept(value)) === true
}
