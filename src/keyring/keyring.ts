import { equalBytes, fromBase64Url, hkdfSha256Extract } from '#crypto'
import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import type { Expand } from '../internal/crypto/types.js'
import { milliseconds } from '../internal/duration.js'
import { readClock } from '../internal/instant.js'
import { notify } from '../internal/observe.js'
import type { Result } from '../internal/result.js'
import { datedAt, readInstants } from './age.js'
import { canaryMac, formatCanary, parseCanary } from './canary.js'
import { type DeriveOptions, infoOf, type Purpose, readDerivation } from './derive.js'
import { KeyringError } from './errors.js'
import { isKid } from './key-string.js'
import { parseList } from './list.js'
import type { KeyInfo, Keyring, KeyringOptions, RotationReminder } from './types.js'

/**
 * A keyring of key strings as `generateKey` makes them, `:disabled` behind those that may not be used and
 * `wxk1.<kid>:destroyed` for those that are gone. The first is primary. At most 64; bytes: docs/formats/keyring.md.
 *
 * ```ts
 * import { createKeyring, generateKey } from 'waxseal/keyring'
 *
 * const keyring = createKeyring([generateKey('2026-05'), `${generateKey('2026-02')}:disabled`, 'wxk1.2025-11:destroyed'])
 * keyring.primary // => '2026-05'
 * keyring.keys.map((key) => key.state) // => ['primary', 'disabled', 'destroyed']
 * keyring.derive('audit', { tenant: 'org_1' }).length // => 32
 * ```
 *
 * @throws KeyringError on the content of the list; TypeError or RangeError that names the argument or option.
 */
export function createKeyring(keys: readonly string[], options: KeyringOptions = {}): Keyring {
  assertObject(options, 'options')
  const { rotateEvery = '90d', createdAt = {}, now = Date.now, observe } = options
  const maxAge = milliseconds(rotateEvery, 'rotateEvery')
  const instants = readInstants(createdAt)
  assertOptionalFunction(now, 'now')
  assertOptionalFunction(observe, 'observe')
  // A copy, in which a hole is an undefined.
  const texts = Array.isArray(keys) ? [...keys] : undefined
  if (!texts?.every((text) => typeof text === 'string')) {
    throw new TypeError('keys: expected an array of strings')
  }

  const entries = parseList(texts)
  const primary = entries[0].kid
  const infos = new Map<string, KeyInfo>()
  const expands = new Map<string, Expand>()
  for (const { kid, state, material, check } of entries) {
    const bornAt = instants.get(kid) ?? datedAt(kid)
    infos.set(
      kid,
      Object.freeze({ kid, state: kid === primary ? 'primary' : state, check, createdAt: bornAt }),
    )
    if (state === 'enabled' && material !== null) expands.set(kid, extract(material))
  }
  if (![...instants.keys()].every((kid) => infos.has(kid))) {
    throw new RangeError('createdAt: expected kids of the list')
  }
  const list = Object.freeze([...infos.values()])

  const stateOf = (kid: string) => infos.get(kid)?.state ?? 'unknown'

  function refuse(kid: string): KeyringError {
    const state = stateOf(kid)
    const code = state === 'disabled' || state === 'destroyed' ? (`key_${state}` as const) : 'unknown_key'
    const named = isKid(kid) ? kid : null
    notify(observe, { type: 'key_refused', kid: named, code })
    return new KeyringError(code, { kid: named })
  }

  function canaryOf(kid: string, expand: Expand): Uint8Array {
    return canaryMac(kid, expand(infoOf('keyring', kid, '', ['canary']), 32))
  }

  function safeVerifyCanary(stored: string): Result<string, KeyringError> {
    const canary = parseCanary(stored)
    if (canary === undefined) return { ok: false, error: new KeyringError('canary_malformed') }
    const { kid, mac } = canary
    const expand = expands.get(kid)
    if (expand === undefined) return { ok: false, error: refuse(kid) }
    if (equalBytes(mac, canaryOf(kid, expand))) return { ok: true, value: kid }
    return { ok: false, error: new KeyringError('canary_mismatch', { kid }) }
  }

  function dueForRotation(): RotationReminder {
    const { createdAt } = list[0] as KeyInfo
    if (createdAt === null) return { kid: primary, status: 'undated', createdAt, dueAt: null }
    const dueAt = createdAt + maxAge
    return { kid: primary, status: readClock(now) < dueAt ? 'ok' : 'due', createdAt, dueAt }
  }

  const reminder = dueForRotation()
  if (reminder.status === 'due') {
    notify(observe, {
      type: 'rotation_due',
      kid: primary,
      createdAt: reminder.createdAt,
      dueAt: reminder.dueAt,
    })
  }

  return printable({
    primary,
    keys: list,
    stateOf,
    derive(purpose: Purpose, options: DeriveOptions = {}) {
      const { kid = primary, tenant, context } = readDerivation(purpose, options)
      const expand = expands.get(kid)
      if (expand === undefined) throw refuse(kid)
      return expand(infoOf(purpose, kid, tenant, context), 32)
    },
    canary: () => formatCanary({ kid: primary, mac: canaryOf(primary, expands.get(primary) as Expand) }),
    verifyCanary(stored: string) {
      const result = safeVerifyCanary(stored)
      if (!result.ok) throw result.error
    },
    safeVerifyCanary,
    dueForRotation,
  })
}

/** Frozen, without a prototype, and the same wherever it is printed: kids, states and checks. */
function printable(keyring: Keyring): Keyring {
  const { primary, keys } = keyring
  const view = { value: () => ({ primary, keys }) }
  const bare: Keyring = Object.assign(Object.create(null), keyring)
  return Object.freeze(
    Object.defineProperties(bare, {
      toJSON: view,
      toString: { value: () => JSON.stringify(view.value()) },
      [Symbol.for('nodejs.util.inspect.custom')]: view,
    }),
  )
}

/** The root's PRK, ready for many sub-keys. An empty salt stands for 32 zero bytes. (RFC 5869 §2.2) */
function extract(material: string): Expand {
  const root = fromBase64Url(material) as Uint8Array
  const expand = hkdfSha256Extract(root, new Uint8Array())
  root.fill(0)
  return expand
}
