/** Whether the bytes are those that the sender had before any compression. (RFC 9110 §8.4.1) */
export function isIdentity(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || /^\s*identity\s*$/i.test(contentEncoding)
}
