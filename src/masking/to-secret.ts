import { Secret } from '../internal/secret.js'

/**
 * `new Secret(value)` as a function, for the transforms of a schema: what a parsed configuration holds no longer prints.
 *
 * ```ts
 * import { toSecret } from 'waxseal/masking'
 * import * as z from 'zod'
 *
 * const Environment = z.object({ WA_TOKEN: z.string().min(20).transform(toSecret) })
 * const { WA_TOKEN } = Environment.parse({ WA_TOKEN: 'EAA'.padEnd(40, 'x') })
 * `${WA_TOKEN}` // => '[REDACTED]'
 * ```
 *
 * @throws TypeError unless it is a well-formed string.
 */
export function toSecret(value: string): Secret<string> {
  if (typeof value !== 'string') throw new TypeError('value: expected a well-formed string')
  return new Secret(value)
}
