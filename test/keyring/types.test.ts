import { expectTypeOf, it } from 'vitest'
import type { Duration, Result, WaxsealError } from 'waxseal'
import type { KeyDeriver as IdempotencyKeyDeriver, Keyed } from 'waxseal/idempotency'
import {
  createKeyring,
  editKeys,
  generateKey,
  type KeyDeriver,
  type KeyInfo,
  type Keyring,
  type KeyringError,
  type KeyringErrorCode,
  type KeyringEvent,
  type KeyringOptions,
  type KeyState,
  keyringFromEnv,
  type Purpose,
} from 'waxseal/keyring'
import { A } from './support.js'

const keyring = createKeyring([A])

it('a keyring is what other features ask for', () => {
  expectTypeOf(keyring).toEqualTypeOf<Keyring>()
  expectTypeOf(keyringFromEnv).returns.toEqualTypeOf<Keyring>()
  expectTypeOf<Keyring>().toExtend<KeyDeriver>()
  expectTypeOf<Keyring>().toExtend<Keyed['keyring']>()
  expectTypeOf<KeyDeriver>().toEqualTypeOf<IdempotencyKeyDeriver>()
  expectTypeOf(keyring.derive).returns.toEqualTypeOf<Uint8Array>()
  expectTypeOf(keyring.stateOf).returns.toEqualTypeOf<KeyState | 'unknown'>()
})

it('errors and results are narrow', () => {
  expectTypeOf<KeyringError>().toExtend<WaxsealError>()
  expectTypeOf<KeyringError['code']>().toEqualTypeOf<KeyringErrorCode>()
  expectTypeOf<KeyringError['status']>().toEqualTypeOf<500>()
  expectTypeOf(keyring.safeVerifyCanary).returns.toEqualTypeOf<Result<string, KeyringError>>()
})

it('a reminder and an event narrow by their words', () => {
  const reminder = keyring.dueForRotation()
  if (reminder.status === 'undated') expectTypeOf(reminder.dueAt).toBeNull()
  else expectTypeOf(reminder.dueAt).toBeNumber()
  type Due = Extract<KeyringEvent, { type: 'rotation_due' }>
  expectTypeOf<Due['dueAt']>().toBeNumber()
  expectTypeOf<Extract<KeyringEvent, { type: 'key_refused' }>['kid']>().toEqualTypeOf<string | null>()
})

it('options may be undefined, and process.env is an environment', () => {
  keyring.derive('audit', { kid: undefined, tenant: undefined, context: undefined })
  generateKey('k', { random: undefined })
  const options: KeyringOptions = { rotateEvery: undefined, createdAt: undefined, now: undefined }
  keyringFromEnv({ ...options, env: { ...process.env, WAXSEAL_KEYS: A }, name: undefined })
  expectTypeOf<KeyringOptions['rotateEvery']>().toEqualTypeOf<Duration | undefined>()
})

it('mistakes do not compile', () => {
  const mistakes = () => {
    // @ts-expect-error a bare number
    createKeyring([A], { rotateEvery: 90 })
    // @ts-expect-error one string
    createKeyring(A)
    // @ts-expect-error a purpose that nobody has
    keyring.derive('cookies')
    // @ts-expect-error reserved
    keyring.derive('keyring')
    // @ts-expect-error the tenant as a word of its own
    keyring.derive('audit', 'org_1')
    // @ts-expect-error no inventory
    editKeys(A, { destroy: '2026a' })
    // @ts-expect-error a change that is none
    editKeys(A, { rotate: '2026a' })
    // @ts-expect-error read-only
    keyring.primary = 'x'
  }
  expectTypeOf(mistakes).toBeFunction()
  expectTypeOf<'cookies'>().not.toExtend<Purpose>()
  expectTypeOf<KeyInfo>().not.toHaveProperty('material')
})
