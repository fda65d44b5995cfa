import type { WebhookErrorCode } from '../webhooks/index.js'
import type { HttpErrorCode } from './errors.js'
import type { EventsReport } from './events-report.js'

/** What a receiver's `observe` is told; nothing secret, and of the payload only the vendor's word for an event. */
export type ReceiverEvent =
  | {
      readonly type: 'delivery_answered'
      readonly status: number
      readonly scheme: string
      readonly secretId: string
      readonly durationMs: number
      /** Absent where nothing ran, or where the answer did not wait for it. */
      readonly report?: EventsReport
    }
  | {
      readonly type: 'delivery_refused'
      readonly status: number
      /** The true one; the sender is told `webhook_refused`. */
      readonly code: WebhookErrorCode | HttpErrorCode
      /** Arrival minus the signed instant in milliseconds; with `timestamp_*`. */
      readonly skewMs?: number
    }
  | { readonly type: 'handshake_answered'; readonly ok: boolean }
  | { readonly type: 'event_failed' | 'event_stale' | 'event_unrouted'; readonly kind: string }
  | { readonly type: 'limiter_unavailable' }
