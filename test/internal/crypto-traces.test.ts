import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

/** What the node backend handed to OpenSSL or got from it, kept to see what is left there afterwards. */
const seen: { hashed: Uint8Array[]; pool: Uint8Array | undefined; decrypted: Uint8Array[] } = {
  hashed: [],
  pool: undefined,
  decrypted: [],
}

let node: typeof import('../../src/internal/crypto/node.js')

beforeAll(async () => {
  vi.resetModules()
  vi.doMock('node:crypto', async (importOriginal) => {
    const original = await importOriginal<typeof import('node:crypto')>()
    const hash = (...[name, data, encoding]: Parameters<typeof original.hash>) => {
      if (typeof data !== 'string') seen.hashed.push(data as Uint8Array)
      return original.hash(name, data, encoding)
    }
    const randomFillSync = (pool: Uint8Array) => {
      seen.pool = pool
      return original.randomFillSync(pool)
    }
    const createDecipheriv = (...given: Parameters<typeof original.createDecipheriv>) => {
      const decipher = original.createDecipheriv(...given)
      const update = decipher.update.bind(decipher) as (data: Uint8Array) => Buffer
      return Object.assign(decipher, {
        update(data: Uint8Array) {
          const part = update(data)
          seen.decrypted.push(part)
          return part
        },
      })
    }
    return { ...original, hash, randomFillSync, createDecipheriv }
  })
  node = await import('../../src/internal/crypto/node.js')
})

afterAll(() => vi.doUnmock('node:crypto'))

const zero = (length: number) => new Uint8Array(length)
const secret = new TextEncoder().encode('a secret of thirty-two bytes ...')

describe('the node backend', () => {
  it('wipes the scratch in which it gathers a message', () => {
    node.hmac(node.sha256, secret)(['user data ', secret])
    node.digest(node.sha256, ['user data ', secret])
    const [inner, , gathered] = seen.hashed
    expect(inner).toEqual(zero(64 + 42))
    expect(gathered).toEqual(zero(42))
  })

  it('wipes from its pool every random byte that it hands out', () => {
    const given = node.randomBytes(32)
    expect(given).not.toEqual(zero(32))
    const pool = seen.pool as Uint8Array
    expect(pool.subarray(0, 32)).toEqual(zero(32))
    expect(pool.subarray(32, 64)).not.toEqual(zero(32))
  })

  it('wipes what it decrypted before the tag or the padding turned out wrong', () => {
    const aes = node.aesGcm(secret)
    const sealed = aes.seal(zero(12), secret, zero(0))
    expect(aes.open(zero(12), sealed.with(47, (sealed[47] as number) ^ 1), zero(0))).toBeUndefined()
    expect(seen.decrypted.splice(0)).toEqual([Buffer.alloc(32)])

    expect(node.aesCbcDecrypter(secret)(zero(16), sealed)).toBeUndefined()
    expect(seen.decrypted.splice(0)).toEqual([Buffer.alloc(32)])
  })
})
