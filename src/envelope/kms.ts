import { assertInteger, assertObject } from '../internal/assert.js'
import { type Duration, milliseconds } from '../internal/duration.js'
import type { Result } from '../internal/result.js'
import type { Keyring } from '../keyring/types.js'
import { type BoundContext, readContext, type SealContext } from './context.js'
import { assertSame, createCore, failure, isStale, opened, type Revealed, readAs } from './core.js'
import type { WrappedKey } from './dek-cache.js'
import type { EnvelopeError } from './errors.js'
import { format, type Parsed, type Sealed } from './format.js'
import { guardProviders } from './guarded-providers.js'
import { type CacheLimits, kmsDataKeys } from './kms-data-keys.js'
import { assertUsable } from './local-keys.js'
import { readOuterKeys } from './outer-keys.js'
import type { KeyProvider } from './provider.js'
import type {
  As,
  CallOptions,
  CommonOptions,
  Inspection,
  KmsEnvelope,
  Opened,
  OpenOptions,
  Plaintext,
} from './types.js'

/** Of the data keys that are kept, so that not every call is one to the KMS. */
export interface CacheOptions {
  /** How long, `1ms` to `1h`: also how long a revoked outer key goes on opening here. */
  readonly ttl: Duration
  /** Data keys at a time, 1 to 100 000; default 1000. */
  readonly entries?: number | undefined
  /**
   * One data key for many seals of a tenant and purpose, instead of a fresh one each: fewer calls, but a record can no
   * longer be shredded by itself. Default: off.
   */
  readonly reuse?:
    | {
        /** Seals under one data key, 1 to 1 048 576; default 10 000. */
        readonly messages?: number | undefined
        /** Bytes under one data key, 1 to 2^36; default 64 MiB. */
        readonly bytes?: number | undefined
      }
    | undefined
}

/** Of `createKmsEnvelope`. */
export interface KmsEnvelopeOptions extends CommonOptions {
  /** The kid that seals: one of `keys`. */
  readonly primary: string
  /** Outer keys by kid. A keyring must hold that kid, and its state there counts. */
  readonly keys: Readonly<Record<string, KeyProvider | Keyring>>
  /** Kids that answer `key_disabled`. Default none. */
  readonly disabled?: readonly string[] | undefined
  /** Kids that answer `key_destroyed`, so that they are not merely unknown. Default none. */
  readonly destroyed?: readonly string[] | undefined
  /** Of each call of a provider, `1ms` to `10m`; default `10s`. */
  readonly timeout?: Duration | undefined
  /** Whether a rewrap is unwrapped and compared; false suits a worker that may only re-encrypt. Default true. */
  readonly verify?: boolean | undefined
  /** Default: no cache, every call is one to the KMS. */
  readonly cache?: CacheOptions | undefined
}

/**
 * `createEnvelope` with the outer keys in a KMS, or several, or still in a keyring: values of all of them open, new ones
 * are sealed under `primary`, and rotating moves the rest. The same texts, the same errors, asynchronous.
 *
 * ```ts
 * import { createKmsEnvelope } from 'waxseal/envelope'
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 *
 * const keyring = createKeyring([generateKey('2026b'), generateKey('2026a')])
 * const envelope = createKmsEnvelope({ primary: '2026b', keys: { '2026a': keyring, '2026b': keyring } })
 * const context = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
 *
 * await envelope.open(await envelope.seal('EAAG-test-token', context), context) // => 'EAAG-test-token'
 * ```
 *
 * @throws TypeError or RangeError that names the option.
 */
export function createKmsEnvelope(options: KmsEnvelopeOptions): KmsEnvelope {
  const core = createCore(options)
  const { primary, timeout = '10s', verify = true, cache } = options
  const keys = readOuterKeys(options)
  const timeoutMs = milliseconds(timeout, 'timeout', '1ms', '10m')
  if (typeof verify !== 'boolean') throw new TypeError('verify: expected a boolean')
  const { now, observe } = core
  const providers = guardProviders({ keys, timeoutMs, now, observe })
  const dataKeys = kmsDataKeys({ primary, keys, providers, cache: readCache(cache), core })

  async function seal(
    bytes: Uint8Array,
    context: BoundContext,
    dataKey: () => Promise<WrappedKey>,
  ): Promise<Sealed> {
    const { dek, edk } = await dataKey()
    try {
      const sealed = format(primary, edk, core.body(dek, bytes, context))
      core.done('sealed', primary, context)
      return sealed
    } finally {
      dek.fill(0)
    }
  }

  async function reveal(value: string, context: BoundContext, signal?: AbortSignal): Promise<Revealed> {
    const found = core.find(value, context)
    if (found.kind === 'legacy') return { bytes: found.bytes, kid: null }
    const { parsed } = found
    const dek = await dataKeys.forOpen(parsed, signal)
    try {
      return { bytes: core.plaintext(dek, parsed, context), kid: parsed.kid }
    } finally {
      dek.fill(0)
    }
  }

  async function open<A extends As>(
    value: string,
    context: SealContext,
    as: As,
    signal?: AbortSignal,
  ): Promise<Opened<A>> {
    let bound: BoundContext | undefined
    try {
      bound = readContext(context)
      const revealed = await reveal(value, bound, signal)
      const plaintext = opened<A>(revealed, as)
      if (revealed.kid !== null) core.done('opened', revealed.kid, bound)
      return plaintext
    } catch (error) {
      core.failed(error, bound)
      throw error
    }
  }

  /** The encrypted data key under the primary; it stays inside the service where that can do it. */
  async function rewrapped({ kid, edk }: Parsed, signal?: AbortSignal): Promise<Uint8Array> {
    const inside = await providers.rewrap(kid, primary, edk, signal)
    if (inside !== undefined && !verify) return inside
    const dek = await providers.unwrap(kid, edk, signal)
    try {
      const wrapped = inside ?? (await providers.wrap(primary, dek, signal))
      if (verify) assertSame(dek, await providers.unwrap(primary, wrapped, signal))
      return wrapped
    } finally {
      dek.fill(0)
    }
  }

  const inspect = (value: string): Inspection => core.inspect(value, keys.stateOf)

  return Object.freeze({
    primary,
    legacy: core.legacy,
    inspect,
    needsRotation: (value: string) => isStale(inspect(value), primary),
    flush: dataKeys.flush,

    async seal(plaintext: Plaintext, context: SealContext, opts: CallOptions = {}) {
      const signal = readSignal(opts)
      const bound = readContext(context)
      // A copy, because the caller's bytes may change while the KMS is asked.
      const bytes = core.bytesOf(plaintext).slice()
      try {
        return await seal(bytes, bound, () => dataKeys.forSeal(bytes.length, bound, signal))
      } finally {
        bytes.fill(0)
      }
    },

    async open<A extends As = 'text'>(
      value: string,
      context: SealContext,
      opts: CallOptions & OpenOptions<A> = {},
    ): Promise<Opened<A>> {
      return open<A>(value, context, readAs(opts), readSignal(opts))
    },

    async safeOpen<A extends As = 'text'>(
      value: string,
      context: SealContext,
      opts: CallOptions & OpenOptions<A> = {},
    ): Promise<Result<Opened<A>, EnvelopeError>> {
      try {
        return { ok: true, value: await open<A>(value, context, readAs(opts), readSignal(opts)) }
      } catch (error) {
        return failure(error)
      }
    },

    async rewrap(
      value: string,
      opts: CallOptions & { readonly always?: boolean | undefined } = {},
    ): Promise<Sealed> {
      const signal = readSignal(opts)
      const parsed = core.parse(value)
      const { kid, bodyText } = parsed
      if (kid === primary && opts.always !== true) return value as Sealed
      assertUsable(kid, keys.stateOf(kid))
      const edk = await rewrapped(parsed, signal)
      observe({ type: 'rewrapped', from: kid, kid: primary })
      return format(primary, edk, bodyText)
    },

    async reseal(
      value: string,
      from: SealContext,
      to: SealContext = from,
      opts: CallOptions = {},
    ): Promise<Sealed> {
      const signal = readSignal(opts)
      const source = readContext(from)
      const target = readContext(to)
      const { bytes } = await reveal(value, source, signal)
      try {
        // Never a data key that was used before: that is what resealing is for.
        const sealed = await seal(bytes, target, () => dataKeys.fresh(signal))
        assertSame(bytes, (await reveal(sealed, target, signal)).bytes)
        return sealed
      } finally {
        bytes.fill(0)
      }
    },
  })
}

/** @throws TypeError. */
function readSignal({ signal }: CallOptions): AbortSignal | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError('signal: expected an AbortSignal')
  }
  return signal
}

/** @throws TypeError or RangeError that names the option. */
function readCache(cache: CacheOptions | undefined): CacheLimits | undefined {
  if (cache === undefined) return undefined
  assertObject(cache, 'cache')
  const { ttl, entries = 1000, reuse } = cache
  const ttlMs = milliseconds(ttl, 'cache.ttl', '1ms', '1h')
  assertInteger(entries, 'cache.entries', 1, 100_000)
  if (reuse === undefined) return { ttlMs, entries, reuse }
  assertObject(reuse, 'cache.reuse')
  const { messages = 10_000, bytes = 64 * 2 ** 20 } = reuse
  assertInteger(messages, 'cache.reuse.messages', 1, 2 ** 20)
  assertInteger(bytes, 'cache.reuse.bytes', 1, 2 ** 36)
  return { ttlMs, entries, reuse: { messages, bytes } }
}
