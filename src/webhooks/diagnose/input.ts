import type { HeadersLike } from '../headers.js'
import type { WebhookScheme } from '../scheme.js'
import type { WebhookSecret } from '../secrets.js'
import type { Tolerance } from '../verify.js'

/** What `diagnose` looks at. Secrets that a verifier would refuse are taken, and are a finding. */
export interface DiagnoseInput {
  /** The scheme that was expected. */
  readonly scheme: WebhookScheme
  /** As for the verifier. */
  readonly secrets: readonly WebhookSecret[]
  /** As for the verifier; where this or one of `otherSchemes` signs the URL. */
  readonly publicUrl?: string | undefined
  /** As for the verifier. */
  readonly tolerance?: Tolerance | undefined
  /** As for the verifier. */
  readonly now?: (() => number) | undefined
  /** The request as your code has it; a parsed body is itself a finding. */
  readonly request: {
    readonly headers: HeadersLike
    readonly body: unknown
    readonly target?: string | undefined
    readonly receivedAt?: number | Date | undefined
  }
  /** Of other environments and endpoints; the first 20 are tried. */
  readonly otherSecrets?: readonly WebhookSecret[] | undefined
  /** Others that the sender may use; the first 20 are tried. */
  readonly otherSchemes?: readonly WebhookScheme[] | undefined
}
