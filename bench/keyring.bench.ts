/**
 * Deriving a sub-key, beside HKDF in one go on the same backend, with the same info: `npm run bench keyring`.
 */

import { hkdfSync } from 'node:crypto'
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { build } from 'esbuild'
import * as keyringEntry from 'waxseal/keyring'
import { check, medians, row, section } from './harness.js'

const root = Uint8Array.from({ length: 32 }, (_, i) => i)
const none = new Uint8Array()
const options = { tenant: 'org_1' }

/** The info of `audit` for `org_1`, made beforehand: the peers are given what the keyring has to make each time. */
const info = new Uint8Array(
  Buffer.concat(
    ['waxseal/v1', 'audit', '2026a', 'org_1'].flatMap((field) => [
      Buffer.from([0, 0, 0, field.length]),
      Buffer.from(field),
    ]),
  ),
)

/** The entry as a bundler makes it for browsers and workers: `#crypto` is JavaScript. */
async function portableEntry(): Promise<typeof keyringEntry> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from 'waxseal/keyring'", resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  })
  const code = Buffer.from(outputFiles[0]?.contents ?? none).toString('base64')
  return import(`data:text/javascript;base64,${code}`)
}

async function derives(): Promise<void> {
  section(
    'derive with a tenant: ns, and how many times faster than HKDF in one go',
    'backend',
    'HKDF',
    'waxseal',
    'ratio',
  )
  const expected = Buffer.from(hkdfSync('sha256', root, none, info, 32))
  const backends = [
    ['node, hkdfSync', keyringEntry, () => new Uint8Array(hkdfSync('sha256', root, none, info, 32))],
    ['portable, noble hkdf', await portableEntry(), () => nobleHkdf(nobleSha256, root, none, info, 32)],
  ] as const
  for (const [name, { createKeyring, generateKey }, hkdf] of backends) {
    const keyring = createKeyring([generateKey('2026a', { random: () => root })])
    const derive = () => keyring.derive('audit', options)
    check(expected.equals(derive()) && expected.equals(hkdf()), name)
    const times = await medians({ hkdf, derive })
    const [slow = Number.NaN, fast = Number.NaN] = times.values()
    row(name, Math.round(slow), Math.round(fast), `${(slow / fast).toFixed(1)}×`)
  }
}

async function creation(): Promise<void> {
  section('keyringFromEnv with 8 keys: µs', 'backend', 'µs')
  const backends = { node: keyringEntry, portable: await portableEntry() }
  for (const [name, { generateKey, keyringFromEnv }] of Object.entries(backends)) {
    const env = { WAXSEAL_KEYS: Array.from({ length: 8 }, (_, i) => generateKey(`k${i}`)).join(' ') }
    check(keyringFromEnv({ env }).keys.length === 8, name)
    const [ns = Number.NaN] = (await medians({ create: () => keyringFromEnv({ env }) })).values()
    row(name, (ns / 1000).toFixed(0))
  }
}

export async function keyringBench(): Promise<void> {
  await derives()
  await creation()
}
