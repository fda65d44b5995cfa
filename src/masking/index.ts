/**
 * `waxseal/masking`: secrets that do not print, and one redactor for every surface.
 *
 * @module
 */

export type { Secret } from '../internal/secret.js'
export {
  createFingerprinter,
  type Fingerprinter,
  type FingerprinterOptions,
  type FingerprintKind,
} from './fingerprint.js'
export { hint, mask } from './mask.js'
export { type PinoRedaction, pinoRedaction } from './pino.js'
export { createRedactor } from './redactor.js'
export { toSecret } from './to-secret.js'
export type { RedactionEvent, RedactionSurface, Redactor, RedactorOptions, TokenShape } from './types.js'
export { type WinstonFormat, type WinstonInfo, winstonRedaction } from './winston.js'
