import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { hex, keyringError, vectors } from './support.js'

afterAll(() => {
  vi.doUnmock('#crypto')
  vi.resetModules()
})

describe.each(['node', 'portable'] as const)('the published vectors, on the %s crypto', (backend) => {
  const load = async () => {
    vi.resetModules()
    vi.doMock('#crypto', () => import(`../../src/internal/crypto/${backend}.ts`))
    return import('../../src/keyring/index.js')
  }

  it('are what generateKey writes for their roots', async () => {
    const { generateKey } = await load()
    for (const { kid, root, key } of vectors.keys) {
      expect(generateKey(kid, { random: () => new Uint8Array(Buffer.from(root, 'hex')) })).toBe(key)
    }
  })

  it('give the sub-keys, from the primary and from a kid that is named', async () => {
    const { createKeyring, generateKey } = await load()
    for (const { kid, purpose, tenant, context, subkey } of vectors.subkeys) {
      const { key = '' } = vectors.keys.find((one) => one.kid === kid) ?? {}
      expect(hex(createKeyring([key]).derive(purpose, { tenant, context }))).toBe(subkey)
      const second = createKeyring([generateKey('other'), key])
      expect(hex(second.derive(purpose, { kid, tenant, context }))).toBe(subkey)
    }
  })

  it('give the infos', async () => {
    await load()
    const { infoOf } = await import('../../src/keyring/derive.js')
    for (const { kid, purpose, tenant = '', context = [], info } of vectors.subkeys) {
      expect(hex(infoOf(purpose, kid, tenant, context))).toBe(info)
    }
  })

  it('give the canaries, which verify', async () => {
    const { createKeyring } = await load()
    for (const { kid, key, canary } of vectors.keys) {
      const keyring = createKeyring([key])
      expect(keyring.canary()).toBe(canary)
      expect(keyring.verifyCanary(canary)).toBeUndefined()
      expect(keyring.safeVerifyCanary(canary)).toEqual({ ok: true, value: kid })
    }
  })

  it('are refused or accepted as published', async () => {
    const { createKeyring } = await load()
    for (const { entry, code, reason = null } of vectors.refused) {
      const kid = reason === 'trailing_bits' || code === 'key_weak' ? '2026a' : null
      expect(() => createKeyring([entry]), entry).toThrow(keyringError(code, { reason, position: 1, kid }))
    }
    for (const key of vectors.accepted) expect(createKeyring([key]).keys).toHaveLength(1)
  })
})

it('the page on the format shows the vectors of the keys that it publishes', () => {
  const page = readFileSync(new URL('../../docs/formats/keyring.md', import.meta.url), 'utf8')
  const shown = (text: string) => page.includes(text)
  expect(vectors.keys.map(({ key }) => key).filter((key) => !shown(key))).toEqual([])
  expect(
    vectors.subkeys.filter(({ subkey, info }) => !shown(subkey) || !shown(`${info.length / 2} B`)),
  ).toEqual([])
  for (const { canary, canaryKey } of vectors.keys.slice(0, 2)) {
    expect([canary, canaryKey].filter((text) => !shown(text))).toEqual([])
  }
})
