import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SealContext } from 'waxseal/envelope'
import { onBackend, partsOf } from './support.js'

interface Golden {
  keys: string[]
  envelopes: { name: string; context: SealContext; text?: string; base64?: string; sealed: string }[]
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../vectors/envelope-golden.json', import.meta.url), 'utf8'),
)

it('the golden file has what it had, and more', () => {
  expect(golden.envelopes.length).toBeGreaterThanOrEqual(44)
  expect(new Set(golden.envelopes.map(({ name }) => name)).size).toBe(golden.envelopes.length)
  expect(new Set(golden.envelopes.map(({ sealed }) => partsOf(sealed).kid)).size).toBe(golden.keys.length)
})

describe.each(['node', 'portable'] as const)('golden envelopes, on the %s crypto', (backend) => {
  let lib: Awaited<ReturnType<typeof onBackend>>
  beforeAll(async () => {
    lib = await onBackend(backend)
  })

  it.each(golden.envelopes)('$name opens', ({ context, text, base64 = '', sealed }) => {
    const envelope = lib.createEnvelope({ keyring: lib.createKeyring(golden.keys) })
    const bytes = new Uint8Array(Buffer.from(text ?? base64, text === undefined ? 'base64' : 'utf8'))
    expect(envelope.open(sealed, context, { as: 'bytes' })).toEqual(bytes)
    if (text !== undefined) expect(envelope.open(sealed, context)).toBe(text)

    const { kid } = partsOf(sealed)
    const edkBytes = 40
    expect(envelope.inspect(sealed)).toMatchObject({
      kind: 'sealed',
      kid,
      edkBytes,
      plaintextBytes: bytes.length,
    })
    expect(sealed).toHaveLength(lib.sealedLength(bytes.length, { kidLength: kid.length }))
    expect(envelope.safeOpen(sealed, { ...context, tenant: 'another' })).toMatchObject({
      error: { code: 'context_mismatch', kid },
    })
  })
})
