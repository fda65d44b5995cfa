import { describe, expect, it } from 'vitest'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { A, B, keyringError } from './support.js'

const CANARY = 'wxc1.2026a.wbP67uDyx41POm7F7kjcxA'

describe('a canary', () => {
  it('verifies on every keyring in which its key is primary or enabled', () => {
    expect(createKeyring([A]).safeVerifyCanary(CANARY)).toEqual({ ok: true, value: '2026a' })
    expect(createKeyring([B, A]).safeVerifyCanary(CANARY)).toEqual({ ok: true, value: '2026a' })
  })

  it('is 29 to 60 characters long', () => {
    expect(createKeyring([generateKey('k')]).canary()).toHaveLength(29)
    expect(createKeyring([generateKey('k'.repeat(32))]).canary()).toHaveLength(60)
  })

  it.each([
    ['of another root under the same kid', [generateKey('2026a')], 'canary_mismatch'],
    ['of an absent kid', [B], 'unknown_key'],
    ['of a disabled key', [B, `${A}:disabled`], 'key_disabled'],
    ['of a destroyed key', [B, 'wxk1.2026a:destroyed'], 'key_destroyed'],
  ] as const)('%s is refused by name', (_name, list, code) => {
    const keyring = createKeyring(list)
    const error = keyringError(code, { kid: '2026a' })
    expect(() => keyring.verifyCanary(CANARY)).toThrow(error)
    expect(keyring.safeVerifyCanary(CANARY)).toEqual({ ok: false, error })
  })

  it.each<[string, unknown]>([
    ['21 characters of MAC', CANARY.slice(0, -1)],
    ['23 characters of MAC', `${CANARY}A`],
    ['unused bits set', `${CANARY.slice(0, -1)}B`],
    ['nothing', ''],
    ['undefined', undefined],
    ['null', null],
    ['an array', [CANARY]],
    ['a newline behind it', `${CANARY}\n`],
    ['a blank before it', ` ${CANARY}`],
    ['another prefix', CANARY.replace('wxc1', 'wxc2')],
    ['a key string', A],
    ['no kid', CANARY.replace('2026a', '')],
    ['a kid of 33 characters', CANARY.replace('2026a', 'k'.repeat(33))],
    ['an upper-case kid', CANARY.replace('2026a', '2026A')],
    ['standard base64', CANARY.replace('wbP', 'wb+')],
  ])('with %s is malformed', (_name, stored) => {
    const keyring = createKeyring([A])
    const error = keyringError('canary_malformed')
    expect(() => keyring.verifyCanary(stored as string)).toThrow(error)
    expect(keyring.safeVerifyCanary(stored as string)).toEqual({ ok: false, error })
  })

  it('with any other MAC is a mismatch', () => {
    const keyring = createKeyring([A])
    for (let at = 11; at < CANARY.length; at++) {
      // Q is 16, so the low 4 bits of the last character stay zero.
      const other = `${CANARY.slice(0, at)}Q${CANARY.slice(at + 1)}`
      expect(() => keyring.verifyCanary(other)).toThrow(keyringError('canary_mismatch', { kid: '2026a' }))
    }
  })
})
