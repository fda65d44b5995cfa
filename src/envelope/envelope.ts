import { withoutStack } from '../internal/error.js'
import type { Result } from '../internal/result.js'
import type { Keyring } from '../keyring/types.js'
import { type BoundContext, readContext, type SealContext } from './context.js'
import { assertSame, createCore, failure, isStale, opened, type Revealed, readAs } from './core.js'
import type { EnvelopeError } from './errors.js'
import { format, type Sealed } from './format.js'
import { assertKeyring, localKeys } from './local-keys.js'
import type { As, CommonOptions, Envelope, Inspection, Opened, OpenOptions, Plaintext } from './types.js'

/** Of `createEnvelope`. */
export interface EnvelopeOptions extends CommonOptions {
  /** Its primary seals, its enabled keys open. */
  readonly keyring: Keyring
}

/**
 * Seals access tokens and the like for a database column, each under a data key of its own, bound to tenant, purpose and
 * record. The root keys only wrap data keys, so that rotating them touches no token. Bytes: docs/formats/envelope.md.
 *
 * ```ts
 * import { createEnvelope } from 'waxseal/envelope'
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 *
 * const envelope = createEnvelope({ keyring: createKeyring([generateKey('2026a')]) })
 * const context = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
 * const sealed = envelope.seal('EAAG-test-token', context)
 *
 * envelope.open(sealed, context) // => 'EAAG-test-token'
 * envelope.safeOpen(sealed, { ...context, tenant: 'org_2' }).ok // => false
 * ```
 *
 * @throws TypeError or RangeError that names the option.
 */
export function createEnvelope(options: EnvelopeOptions): Envelope {
  const core = createCore(options)
  const { keyring } = options
  assertKeyring(keyring, 'keyring')
  const { primary } = keyring
  const keys = localKeys(keyring)

  function seal(bytes: Uint8Array, context: BoundContext): Sealed {
    const dek = core.newDek()
    try {
      const sealed = format(primary, keys.wrap(primary, dek), core.body(dek, bytes, context))
      core.done('sealed', primary, context)
      return sealed
    } finally {
      dek.fill(0)
    }
  }

  function reveal(value: string, context: BoundContext): Revealed {
    const found = core.find(value, context)
    if (found.kind === 'legacy') return { bytes: found.bytes, kid: null }
    const { parsed } = found
    const dek = keys.unwrap(parsed.kid, parsed.edk)
    try {
      return { bytes: core.plaintext(dek, parsed, context), kid: parsed.kid }
    } finally {
      dek.fill(0)
    }
  }

  function open<A extends As>(value: string, context: SealContext, as: As): Opened<A> {
    let bound: BoundContext | undefined
    try {
      bound = readContext(context)
      const revealed = reveal(value, bound)
      const plaintext = opened<A>(revealed, as)
      if (revealed.kid !== null) core.done('opened', revealed.kid, bound)
      return plaintext
    } catch (error) {
      core.failed(error, bound)
      throw error
    }
  }

  const inspect = (value: string): Inspection => core.inspect(value, keyring.stateOf)

  return Object.freeze({
    primary,
    legacy: core.legacy,
    inspect,
    needsRotation: (value: string) => isStale(inspect(value), primary),

    seal(plaintext: Plaintext, context: SealContext): Sealed {
      const bound = readContext(context)
      const bytes = core.bytesOf(plaintext)
      try {
        return seal(bytes, bound)
      } finally {
        // Bytes are the caller's own.
        if (typeof plaintext === 'string') bytes.fill(0)
      }
    },

    open: <A extends As = 'text'>(value: string, context: SealContext, opts?: OpenOptions<A>) =>
      open<A>(value, context, readAs(opts)),

    safeOpen<A extends As = 'text'>(value: string, context: SealContext, opts?: OpenOptions<A>) {
      const as = readAs(opts)
      return withoutStack((): Result<Opened<A>, EnvelopeError> => {
        try {
          return { ok: true, value: open<A>(value, context, as) }
        } catch (error) {
          return failure(error)
        }
      })
    },

    rewrap(value: string): Sealed {
      const { kid, edk, bodyText } = core.parse(value)
      if (kid === primary) return value as Sealed
      const dek = keys.unwrap(kid, edk)
      try {
        const wrapped = keys.wrap(primary, dek)
        assertSame(dek, keys.unwrap(primary, wrapped))
        core.observe({ type: 'rewrapped', from: kid, kid: primary })
        return format(primary, wrapped, bodyText)
      } finally {
        dek.fill(0)
      }
    },

    reseal(value: string, from: SealContext, to: SealContext = from): Sealed {
      const source = readContext(from)
      const target = readContext(to)
      const { bytes } = reveal(value, source)
      try {
        const sealed = seal(bytes, target)
        assertSame(bytes, reveal(sealed, target).bytes)
        return sealed
      } finally {
        bytes.fill(0)
      }
    },
  })
}
