import { fromBase64Url, hmac, sha256, toBase64Url } from '#crypto'
import { lp } from '../internal/lp.js'
import { isKid } from './key-string.js'

/** Bytes of the MAC that are kept. */
const LENGTH = 16

/** A canary that was read. */
interface Canary {
  readonly kid: string
  readonly mac: Uint8Array
}

/** What the key says about itself, under a sub-key that serves nothing else. */
export function canaryMac(kid: string, subkey: Uint8Array): Uint8Array {
  return hmac(sha256, subkey)([lp('wxc1', kid)]).subarray(0, LENGTH)
}

/** The text to store: 29 to 60 characters. */
export function formatCanary({ kid, mac }: Canary): string {
  return `wxc1.${kid}.${toBase64Url(mac)}`
}

/** `undefined` for all that `formatCanary` does not write. */
export function parseCanary(stored: unknown): Canary | undefined {
  const [, kid, text = ''] =
    /^wxc1\.([^.]*)\.([\w-]{22})$/.exec(typeof stored === 'string' ? stored : '') ?? []
  const mac = fromBase64Url(text)
  return mac !== undefined && isKid(kid) ? { kid, mac } : undefined
}
