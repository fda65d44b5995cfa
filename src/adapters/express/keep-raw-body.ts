import { isIdentity } from '../../internal/content-encoding.js'

/**
 * Keeps the bytes that a parser is about to consume, as `req.rawBody`: `express.json({ verify: keepRawBody })`. Nothing
 * is kept of a compressed body, because the parser has inflated it and those are not the bytes signed.
 */
export function keepRawBody(req: object, _res: object, bytes: Uint8Array): void {
  if (bytes === undefined) throw new TypeError('keepRawBody: pass it as verify, do not call it')
  const { headers } = req as { readonly headers: { readonly 'content-encoding'?: string } }
  if (isIdentity(headers['content-encoding'])) (req as { rawBody?: Uint8Array }).rawBody = bytes
}
