import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BlindIndexOptions, createBlindIndex } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { A, B } from './support.js'

const PHONE = '+15550001111'
const purpose = 'contact.phone'
const over = (...keys: string[]) => createBlindIndex({ keyring: createKeyring(keys), purpose })
const phones = over(A)

describe('a blind index', () => {
  it('is one text for one value of a tenant, of the primary', () => {
    const index = phones.of(PHONE, 'org_1')
    expect(index).toMatch(/^wxb1\.2026a\.[\w-]{22}$/)
    expect(phones.of(PHONE, 'org_1')).toBe(index)
    expect(over(B, A).of(PHONE, 'org_1')).toMatch(/^wxb1\.2026b\./)
  })

  it('is another for another value, tenant, purpose or key', () => {
    const keyring = createKeyring([A])
    const indexes = [
      phones.of(PHONE, 'org_1'),
      phones.of('+15550001112', 'org_1'),
      phones.of(PHONE, 'org_2'),
      phones.of(PHONE, null),
      phones.of(PHONE, 'null'),
      createBlindIndex({ keyring, purpose: 'contact.email' }).of(PHONE, 'org_1'),
      over(B).of(PHONE, 'org_1'),
    ].map((index) => index.slice(-22))
    expect(new Set(indexes).size).toBe(7)
  })

  it('does not normalise: another spelling is another text', () => {
    expect(phones.of('caf\u00e9', null)).not.toBe(phones.of('cafe\u0301', null))
    expect(phones.of('A', null)).not.toBe(phones.of('a', null))
    expect(phones.of('a', null)).not.toBe(phones.of('a ', null))
  })

  it('differs for any two values', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        expect(phones.of(a, 'org_1') === phones.of(b, 'org_1')).toBe(a === b)
      }),
    )
  })

  it('is looked up across all enabled keys, primary first', () => {
    const rotated = over(B, A)
    expect(rotated.candidates(PHONE, 'org_1')).toEqual([
      over(B).of(PHONE, 'org_1'),
      phones.of(PHONE, 'org_1'),
    ])
    expect(over(A, B).candidates(PHONE, null)).toEqual([phones.of(PHONE, null), over(B).of(PHONE, null)])
    expect(over(B, `${A}:disabled`, 'wxk1.gone:destroyed').candidates(PHONE, 'org_1')).toEqual([
      over(B).of(PHONE, 'org_1'),
    ])
  })

  it('takes values of 1 to 65 536 bytes and tenants of 1 to 256', () => {
    const texts = [phones.of('\0', null), phones.of('x'.repeat(65_536), '\u{1f5dd}'.repeat(64))]
    for (const text of texts) expect(text).toMatch(/^wxb1\.2026a\.[\w-]{22}$/)
  })

  it.each<[string, unknown, unknown, string]>([
    ['no value', '', 'org_1', 'value'],
    ['an absent value', undefined, 'org_1', 'value'],
    ['null for a value', null, 'org_1', 'value'],
    ['a number', 15550001111, 'org_1', 'value'],
    ['a lone surrogate', '\ud800', 'org_1', 'value'],
    ['65 537 bytes', 'x'.repeat(65_537), 'org_1', 'value'],
    ['65 538 bytes in fewer characters', '\u00e9'.repeat(32_769), 'org_1', 'value'],
    ['a tenant that was forgotten', PHONE, undefined, 'tenant'],
    ['an empty tenant', PHONE, '', 'tenant'],
    ['a number for a tenant', PHONE, 42, 'tenant'],
    ['a tenant of 257 bytes', PHONE, 't'.repeat(257), 'tenant'],
    ['a tenant that is no text', PHONE, '\udfff', 'tenant'],
  ])('refuses %s by name, and does not show it', (_name, value, tenant, argument) => {
    for (const call of [phones.of, phones.candidates]) {
      const attempt = () => call(value as string, tenant as string)
      expect(attempt).toThrow(TypeError)
      expect(attempt).toThrow(new RegExp(`^${argument}: expected text of 1 to \\d+ bytes(, or null)?$`))
    }
  })

  it.each<[string, unknown, string]>([
    ['no options', undefined, 'options'],
    ['no keyring', { purpose }, 'keyring'],
    ['no purpose', { keyring: createKeyring([A]) }, 'purpose'],
    ['an empty purpose', { keyring: createKeyring([A]), purpose: '' }, 'purpose'],
    ['a purpose of 513 bytes', { keyring: createKeyring([A]), purpose: 'p'.repeat(513) }, 'purpose'],
  ])('is not created with %s', (_name, options, option) => {
    const create = () => createBlindIndex(options as BlindIndexOptions)
    expect(create).toThrow(TypeError)
    expect(create).toThrow(new RegExp(`^${option}: expected`))
  })

  it('is frozen', () => {
    expect(Object.isFrozen(phones)).toBe(true)
  })
})
