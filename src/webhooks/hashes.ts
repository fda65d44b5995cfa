import * as crypto from '#crypto'
import type { HmacHash } from './schemes/hmac.js'

/** SHA-256 (FIPS 180-4), the default of `hmacScheme`. */
export const sha256: HmacHash = crypto.sha256

/** SHA-512 (FIPS 180-4). */
export const sha512: HmacHash = crypto.sha512

/** SHA-1, for vendors who still sign with it; as an HMAC it is not broken, but choose another for your own scheme. */
export const sha1: HmacHash = crypto.sha1
