/**
 * Sealing and opening a token of 200 bytes, beside those who also do it and beside the bare primitives that the format
 * needs: `npm run bench envelope`. What each candidate gives is said in the table: not all of them wrap a data key, bind a
 * context, or commit to their key.
 */

import * as crypto from 'node:crypto'
import { createRequire } from 'node:module'
import {
  decryptStringSync,
  encryptStringSync,
  generateKey as generateCloakKey,
  parseKeySync,
} from '@47ng/cloak'
import * as esdk from '@aws-crypto/client-node'
import * as hapiIron from '@hapi/iron'
import * as iron from 'iron-webcrypto'
import * as jose from 'jose'
import { LocalProtocol } from 'paseto'
import { DecryptFactory, EncryptFactory, GenerateKeyFactory } from 'paseto/v3/local'
import { createEnvelope } from 'waxseal/envelope'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { check, medians, print, row, section } from './harness.js'

interface Candidate {
  readonly gives: string
  /** The token sealed, as text or bytes. */
  readonly seal: () => unknown
  readonly open: (sealed: never) => unknown
}

const token = `EAAG${crypto.randomBytes(147).toString('base64url')}`.slice(0, 200)
const context = { tenant: 'org_1', purpose: 'wa.access_token', id: 'acc_1' }
const key = crypto.randomBytes(32)
const password = crypto.randomBytes(32).toString('base64url')

const ours = createEnvelope({ keyring: createKeyring([generateKey('2026a')]) })

function writeBinary(target: Uint8Array, start: number, text: string): void {
  for (let i = 0; i < text.length; i++) target[start + i] = text.charCodeAt(i)
}

/**
 * The floor: what the format computes, each primitive once and in the cheapest way that was measured, with nothing
 * checked, nothing general, and every length known: random bytes from a pool, SHA-256 of the context, HKDF-Expand by
 * three HMACs of two one-shot hashes each, AES-KW, AES-GCM, base64url.
 */
function floor(): Candidate {
  const kek = crypto.createSecretKey(key)
  const kwIv = Buffer.alloc(8, 0xa6)
  const gcm = { authTagLength: 16 } as const
  const pool = Buffer.alloc(8_192)
  let at = pool.length
  const random = (length: number): Uint8Array => {
    if (at + length > pool.length) {
      crypto.randomFillSync(pool)
      at = 0
    }
    at += length
    return Uint8Array.prototype.slice.call(pool, at - length, at)
  }
  const framed = Buffer.from('000000026964000000056163635f3100000007707572706f73650000000f77612e', 'hex')
  const info = Buffer.alloc(75)
  const inner = Buffer.alloc(64 + 32 + 75 + 1)
  const outer = Buffer.alloc(96)
  const expand = (dek: Uint8Array): Buffer => {
    inner.fill(0x36, 0, 64)
    outer.fill(0x5c, 0, 64)
    for (let i = 0; i < 32; i++) {
      inner[i] = 0x36 ^ (dek[i] as number)
      outer[i] = 0x5c ^ (dek[i] as number)
    }
    const okm = Buffer.allocUnsafe(96)
    for (let block = 0; block < 3; block++) {
      const start = block === 0 ? 64 : 96
      if (block > 0) inner.set(okm.subarray(block * 32 - 32, block * 32), 64)
      inner.set(info, start)
      inner[start + 75] = block + 1
      writeBinary(outer, 64, crypto.hash('sha256', inner.subarray(0, start + 76), 'binary'))
      writeBinary(okm, block * 32, crypto.hash('sha256', outer, 'binary'))
    }
    return okm
  }
  return {
    gives: 'the bare primitives',
    seal() {
      const dek = random(32)
      const salt = random(24)
      info.set(salt, 15)
      writeBinary(info, 43, crypto.hash('sha256', framed, 'binary'))
      const okm = expand(dek)
      const edk = crypto.createCipheriv('aes256-wrap', kek, kwIv).update(dek)
      const cipher = crypto.createCipheriv(
        'aes-256-gcm',
        crypto.createSecretKey(okm.subarray(32, 64)),
        okm.subarray(64, 76),
        gcm,
      )
      cipher.setAAD(info)
      const body = Buffer.allocUnsafe(72 + 200)
      body.set(salt)
      body.set(okm.subarray(0, 32), 24)
      body.set(cipher.update(token, 'utf8'), 56)
      cipher.final()
      body.set(cipher.getAuthTag(), 256)
      return `wx1.2026a.${edk.toString('base64url')}.${body.toString('base64url')}`
    },
    open(sealed: string) {
      const edk = Buffer.from(sealed.slice(10, 64), 'base64url')
      const body = Buffer.from(sealed.slice(65), 'base64url')
      const dek = crypto.createDecipheriv('aes256-wrap', kek, kwIv).update(edk)
      info.set(body.subarray(0, 24), 15)
      writeBinary(info, 43, crypto.hash('sha256', framed, 'binary'))
      const okm = expand(dek)
      if (!crypto.timingSafeEqual(okm.subarray(0, 32), body.subarray(24, 56))) throw new Error('commitment')
      const decipher = crypto.createDecipheriv(
        'aes-256-gcm',
        crypto.createSecretKey(okm.subarray(32, 64)),
        okm.subarray(64, 76),
        gcm,
      )
      decipher.setAAD(info)
      decipher.setAuthTag(body.subarray(256))
      const text = decipher.update(body.subarray(56, 256), undefined, 'utf8')
      decipher.final()
      return text
    },
  }
}

/** What AWS calls a raw AES keyring: the wrapping key is here, as ours is. */
function awsEncryptionSdk(caching: boolean): Candidate {
  const client = esdk.buildClient(esdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const keyring = new esdk.RawAesKeyringNode({
    keyName: '2026a',
    keyNamespace: 'waxseal',
    unencryptedMasterKey: Uint8Array.from(key),
    wrappingSuite: esdk.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })
  const manager = caching
    ? new esdk.NodeCachingMaterialsManager({
        backingMaterials: keyring,
        cache: esdk.getLocalCryptographicMaterialsCache(1_000),
        maxAge: 3_600_000,
        maxMessagesEncrypted: 2 ** 30,
      })
    : keyring
  // Without a signature: nobody else offers one, and it would cost milliseconds.
  const suiteId = esdk.AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
  return {
    gives: 'envelope, context, commitment',
    seal: async () => (await client.encrypt(manager, token, { suiteId, encryptionContext: context })).result,
    open: async (sealed: Buffer) => (await client.decrypt(manager, sealed)).plaintext.toString(),
  }
}

async function candidates(): Promise<Readonly<Record<string, Candidate>>> {
  const paseto = new LocalProtocol(GenerateKeyFactory, EncryptFactory, DecryptFactory)
  const pasetoKey = await paseto.GenerateKey()
  const cloakKey = parseKeySync(generateCloakKey())
  return {
    waxseal: {
      gives: 'envelope, context, commitment',
      seal: () => ours.seal(token, context),
      open: (sealed: string) => ours.open(sealed, context),
    },
    'bare primitives': floor(),
    'jose JWE A256KW': {
      gives: 'envelope',
      seal: () =>
        new jose.CompactEncrypt(new TextEncoder().encode(token))
          .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
          .encrypt(key),
      open: async (sealed: string) =>
        new TextDecoder().decode((await jose.compactDecrypt(sealed, key)).plaintext),
    },
    'AWS Encryption SDK': awsEncryptionSdk(false),
    'AWS Encryption SDK, caching': awsEncryptionSdk(true),
    'iron-webcrypto': {
      gives: 'password',
      seal: () => iron.seal(token, password, iron.defaults),
      open: (sealed: string) => iron.unseal(sealed, password, iron.defaults),
    },
    '@hapi/iron': {
      gives: 'password',
      seal: () => hapiIron.seal(token, password, hapiIron.defaults),
      open: (sealed: string) => hapiIron.unseal(sealed, password, hapiIron.defaults),
    },
    'paseto v3.local': {
      gives: 'commitment, context',
      seal: () => paseto.Encrypt(pasetoKey, { token }),
      open: async (sealed: string) => (await paseto.Decrypt(pasetoKey, sealed as never)).claims['token'],
    },
    '@47ng/cloak': {
      gives: 'one key for all rows',
      seal: () => encryptStringSync(token, cloakKey),
      open: (sealed: string) => decryptStringSync(sealed, cloakKey),
    },
  }
}

const versionOf = (name: string): string =>
  createRequire(import.meta.url)(`../node_modules/${name}/package.json`).version

export async function envelopeBench(): Promise<void> {
  const all = await candidates()
  const sealed: Record<string, unknown> = {}
  for (const [name, { seal, open }] of Object.entries(all)) {
    sealed[name] = await seal()
    check((await open(sealed[name] as never)) === token, name)
  }
  const packages = [
    'jose',
    '@aws-crypto/client-node',
    'iron-webcrypto',
    '@hapi/iron',
    'paseto',
    '@47ng/cloak',
  ]
  print(packages.map((name) => `${name} ${versionOf(name)}`).join(', '))

  const seals = await medians(Object.fromEntries(Object.entries(all).map(([name, { seal }]) => [name, seal])))
  const opens = await medians(
    Object.fromEntries(
      Object.entries(all).map(([name, { open }]) => [name, () => open(sealed[name] as never)]),
    ),
  )
  section(
    'One token of 200 bytes',
    '',
    'seal µs',
    'open µs',
    'seal, × waxseal',
    'open, × waxseal',
    'length',
    'gives',
  )
  const times = (of: ReadonlyMap<string, number>, name: string): number => of.get(name) ?? Number.NaN
  for (const [name, { gives }] of Object.entries(all)) {
    const [seal, open] = [times(seals, name), times(opens, name)]
    const length = (sealed[name] as { readonly length: number }).length
    row(
      name,
      (seal / 1e3).toFixed(1),
      (open / 1e3).toFixed(1),
      (seal / times(seals, 'waxseal')).toFixed(2),
      (open / times(opens, 'waxseal')).toFixed(2),
      length,
      gives,
    )
  }
}
