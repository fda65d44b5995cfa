/**
 * What `src/internal/crypto` costs, beside the plain ways of doing the same in the same process: `npm run bench crypto`.
 */

import * as crypto from 'node:crypto'
import { gcm } from '@noble/ciphers/aes.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import * as node from '../src/internal/crypto/node.js'
import * as portable from '../src/internal/crypto/portable.js'
import { check, compare, section as table } from './harness.js'

/** The first candidate of a row is what its ratios refer to. */
const section = (title: string, columns: number): void =>
  table(title, '', 'first: the limit', ...new Array<string>(columns - 1).fill(''))

/** The least that two one-shot hashes can cost: one body, one key, nothing wiped, nothing general. */
function bareOneShots(key: Uint8Array): (body: Uint8Array) => Uint8Array {
  const scratch = new Uint8Array(64 + 1_048_576)
  const outer = new Uint8Array(96).fill(0x5c, 0, 64)
  const inner = new Uint8Array(64).fill(0x36)
  for (let i = 0; i < key.length; i++) {
    inner[i] = (inner[i] as number) ^ (key[i] as number)
    outer[i] = (outer[i] as number) ^ (key[i] as number)
  }
  return (body) => {
    scratch.set(inner)
    scratch.set(body, 64)
    const digest = crypto.hash('sha256', new Uint8Array(scratch.buffer, 0, 64 + body.length), 'binary')
    for (let i = 0; i < 32; i++) outer[64 + i] = digest.charCodeAt(i)
    const text = crypto.hash('sha256', outer, 'binary')
    const tag = new Uint8Array(32)
    for (let i = 0; i < 32; i++) tag[i] = text.charCodeAt(i)
    return tag
  }
}

const key = crypto.randomBytes(32)
const keyObject = crypto.createSecretKey(key)
const none = new Uint8Array()

async function hmacs(): Promise<void> {
  section('HMAC-SHA-256, verify one tag (ns, ratio to two bare one-shots)', 3)
  const bare = bareOneShots(key)
  const mac = node.hmac(node.sha256, key)
  for (const length of [256, 1_024, 4_096, 65_536, 1_048_576]) {
    const body = Uint8Array.from(crypto.randomBytes(length))
    const tag = crypto.createHmac('sha256', keyObject).update(body).digest()
    const ways: Record<string, (tag: Uint8Array) => boolean> = {
      'two crypto.hash': (tag) => crypto.timingSafeEqual(bare(body), tag),
      'node.ts': (tag) => node.equalBytes(mac([body]), tag),
      'createHmac(KeyObject)': (tag) =>
        crypto.timingSafeEqual(crypto.createHmac('sha256', keyObject).update(body).digest(), tag),
    }
    for (const [name, verify] of Object.entries(ways)) {
      check(verify(tag) && !verify(tag.map((byte) => byte ^ 1)), name)
    }
    await compare(
      `${length} B`,
      Object.fromEntries(Object.entries(ways).map(([name, verify]) => [name, () => verify(tag)])),
    )
  }
}

async function portableHmacs(): Promise<void> {
  section('HMAC-SHA-256 in JavaScript (ns, ratio to bare noble)', 2)
  const mac = portable.hmac(portable.sha256, key)
  for (const length of [256, 1_024, 4_096, 65_536]) {
    const body = Uint8Array.from(crypto.randomBytes(length))
    check(portable.equalBytes(mac([body]), nobleHmac(nobleSha256, key, body)), 'portable.ts')
    await compare(`${length} B`, {
      'noble hmac': () => nobleHmac(nobleSha256, key, body),
      'portable.ts': () => mac([body]),
      'portable.ts, key prepared each time': () => portable.hmac(portable.sha256, key)([body]),
    })
  }
}

async function digests(): Promise<void> {
  section('SHA-256 of three short texts (ns)', 3)
  const parts = ['tenant_42', 'whatsapp', 'wamid.HBgLMTU1NTAwMDExMTEVAgASGBQzQTk2']
  const stream = () => {
    const hash = crypto.createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const whole = () => crypto.hash('sha256', parts.join(''), 'binary')
  check(Buffer.from(node.digest(node.sha256, parts)).equals(stream()), 'digest')
  await compare('digest', {
    'crypto.hash of one text': whole,
    'node.ts': () => node.digest(node.sha256, parts),
    createHash: stream,
  })
}

async function hkdfs(): Promise<void> {
  section('HKDF-SHA-256, 32 bytes, info of 41 (ns)', 4)
  const info = Uint8Array.from(crypto.randomBytes(41))
  const sync = () => new Uint8Array(crypto.hkdfSync('sha256', key, none, info, 32))
  const expand = node.hkdfSha256Extract(key, none)
  const portableExpand = portable.hkdfSha256Extract(key, none)
  check(node.equalBytes(expand(info, 32), sync()), 'node.ts')
  check(node.equalBytes(portableExpand(info, 32), sync()), 'portable.ts')
  await compare('derive', {
    hkdfSync: sync,
    'node.ts, prepared': () => expand(info, 32),
    'node.ts': () => node.hkdfSha256(key, none, info, 32),
    'node.ts, 76 bytes of a fresh PRK': () => node.hkdfSha256Expand(key, info, 76),
  })
  await compare('derive', {
    'noble hkdf': () => nobleHkdf(nobleSha256, key, none, info, 32),
    'portable.ts, prepared': () => portableExpand(info, 32),
    'portable.ts': () => portable.hkdfSha256(key, none, info, 32),
    'portable.ts, 76 bytes of a fresh PRK': () => portable.hkdfSha256Expand(key, info, 76),
  })
}

async function aes(): Promise<void> {
  section('AES-256, 200 bytes sealed and opened, a key wrapped (ns)', 3)
  const nonce = Uint8Array.from(crypto.randomBytes(12))
  const text = Uint8Array.from(crypto.randomBytes(200))
  const aad = Uint8Array.from(crypto.randomBytes(75))
  const usual = () => {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(aad)
    return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  }
  const [n, p] = [node.aesGcm(key), portable.aesGcm(key)]
  const sealed = usual()
  check(sealed.equals(n.seal(nonce, text, aad)) && sealed.equals(p.seal(nonce, text, aad)), 'seal')
  check(Buffer.from(text).equals(n.open(nonce, sealed, aad) ?? none), 'open')
  await compare('seal', {
    'usual code': usual,
    'node.ts': () => n.seal(nonce, text, aad),
    'node.ts, fresh key': () => node.aesGcm(key).seal(nonce, text, aad),
  })
  await compare('seal', {
    'noble gcm': () => gcm(key, nonce, aad).encrypt(text),
    'portable.ts': () => p.seal(nonce, text, aad),
    'node.ts': () => n.seal(nonce, text, aad),
  })
  await compare('open', {
    'node.ts': () => n.open(nonce, sealed, aad),
    'portable.ts': () => p.open(nonce, sealed, aad),
    'node.ts, one bit wrong': () => n.open(nonce, sealed, text),
  })
  const [kw, slow] = [node.aesKw(key), portable.aesKw(key)]
  const wrapped = kw.wrap(key)
  check(node.equalBytes(kw.unwrap(wrapped) ?? none, key), 'unwrap')
  await compare('KW', {
    'wrap, node.ts': () => kw.wrap(key),
    'unwrap, node.ts': () => kw.unwrap(wrapped),
    'unwrap, portable.ts': () => slow.unwrap(wrapped),
  })
}

async function others(): Promise<void> {
  section('Random bytes and Ed25519 over 1 KiB (ns)', 3)
  await compare('12 random bytes', {
    'crypto.randomBytes': () => crypto.randomBytes(12),
    'node.ts': () => node.randomBytes(12),
    'portable.ts': () => portable.randomBytes(12),
  })
  const body = Uint8Array.from(crypto.randomBytes(1_024))
  const publicKey = node.ed25519PublicKey(key)
  const signature = node.ed25519Signer(key)([body])
  const [n, p] = [node.ed25519Verifier(publicKey), portable.ed25519Verifier(publicKey)]
  check(n([body], signature) && p([body], signature) && !p([body, 'x'], signature), 'ed25519')
  await compare('Ed25519 verify', {
    'node.ts': () => n([body], signature),
    'portable.ts': () => p([body], signature),
    'noble verify': () => ed25519.verify(signature, body, publicKey, { zip215: false }),
  })
  const sign = node.ed25519Signer(key)
  await compare('Ed25519 sign', {
    'node.ts': () => sign([body]),
    'noble sign': () => ed25519.sign(body, key),
    'prepare a verifier, node.ts': () => node.ed25519Verifier(publicKey),
  })
}

export async function cryptoBench(): Promise<void> {
  await hmacs()
  await portableHmacs()
  await digests()
  await hkdfs()
  await aes()
  await others()
}
