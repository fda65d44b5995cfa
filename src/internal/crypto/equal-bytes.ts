/**
 * Equality of secret bytes in constant time; the lengths are not secret. Neither a branch nor an index depends on a
 * byte.
 *
 * Both backends use it, Node too: `timingSafeEqual` is made for Buffers outside the JavaScript heap. Handed a tag of
 * 32 bytes, which V8 keeps inside, it first moves it out, and that takes as long as hashing a kilobyte.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
