import { toHex } from '../../internal/encoding.js'

/** 32 hex digits: the form of the app, signing and client secrets that vendors issue. */
export function hexText(random: (length: number) => Uint8Array): string {
  return toHex(random(16))
}
