import type { EnvelopeErrorCode } from './errors.js'

/** What an observer is told. No secret is in it; a tenant and a purpose are, '' where the context could not be read. */
export type EnvelopeEvent =
  | {
      /** `legacy_read` and `plaintext_read`: `open` read what a legacy reader recognised; it is time to rotate. */
      readonly type: 'sealed' | 'opened' | 'legacy_read' | 'plaintext_read'
      readonly kid: string | null
      readonly tenant: string
      readonly purpose: string
    }
  | {
      readonly type: 'open_failed'
      readonly code: EnvelopeErrorCode
      readonly kid: string | null
      readonly tenant: string
      readonly purpose: string
    }
  | {
      /** A call of a KMS; `ms` by `now`. */
      readonly type: 'provider_call'
      readonly kid: string
      readonly operation: 'wrap' | 'unwrap' | 'rewrap'
      readonly ok: boolean
      readonly ms: number
    }
  | {
      /** Of the cache of data keys. */
      readonly type: 'cache'
      readonly kid: string
      readonly result: 'hit' | 'miss' | 'evicted' | 'expired'
    }
  | { readonly type: 'rewrapped'; readonly from: string; readonly kid: string }
