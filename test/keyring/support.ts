import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { KeyringError, KeyringErrorCode, KeyringReason, Purpose } from 'waxseal/keyring'

interface Vectors {
  keys: { kid: string; root: string; key: string; canaryKey: string; canary: string }[]
  subkeys: {
    kid: string
    purpose: Purpose
    tenant?: string
    context?: string[]
    info: string
    subkey: string
  }[]
  refused: { entry: string; code: KeyringErrorCode; reason?: KeyringReason }[]
  accepted: string[]
  dated: Record<string, number | null>
}

/** What docs/formats/keyring.md publishes. */
export const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/keyring.json', import.meta.url), 'utf8'),
)

/** Root 00 01 … 1f. */
export const A = 'wxk1.2026a.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.TWR0Bh'
/** Root a0 a1 … bf. */
export const B = 'wxk1.2026b.oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8.4tpktL'
/** The root of B under a dated kid: 1778976000000. */
export const DATED = 'wxk1.2026-05-17.oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8.KtQegK'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** For `toThrow`: a KeyringError with these members, and null for those that are not named. */
export const keyringError = (code: KeyringErrorCode, details: Partial<KeyringError> = {}): Error =>
  expect.objectContaining({
    name: 'KeyringError',
    code,
    status: 500,
    reason: null,
    position: null,
    kid: null,
    ...details,
  })

/** What a call throws; it must throw. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('expected the call to throw')
}
