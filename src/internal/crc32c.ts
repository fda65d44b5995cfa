/**
 * CRC-32C (Castagnoli, RFC 3720 §12.1 and appendix B.4) as an unsigned integer of 32 bits. Without a table and without a
 * branch on the data, because data keys go through it: what it takes does not depend on them.
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & 0x82f63b78)
  }
  return ~crc >>> 0
}
