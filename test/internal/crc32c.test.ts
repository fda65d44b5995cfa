import { expect, it } from 'vitest'
import { crc32c } from '../../src/internal/crc32c.js'

const ascending = Uint8Array.from({ length: 32 }, (_, at) => at)

it.each([
  ['nothing', new Uint8Array(0), 0],
  ['the check value "123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 ascending bytes', ascending, 0x46dd794e],
  ['32 descending bytes', ascending.toReversed(), 0x113fdb5c],
])('CRC-32C of %s is as in RFC 3720, appendix B.4', (_what, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})
