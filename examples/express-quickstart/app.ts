/**
 * A messaging backend's inbox: three vendors' webhooks, verified over the raw body, each event handled once.
 */

import express, { type Express } from 'express'
import { keepRawBody, problems, webhook } from 'waxseal/express'
import { createReceiver, type ReceiverEvent } from 'waxseal/http'
import { createIdempotency } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import {
  createVerifier,
  type Delivery,
  type InboundEvent,
  meta,
  metaHandshake,
  safravo,
  standardWebhooks,
  type WebhookSecret,
} from 'waxseal/webhooks'

export interface AppOptions {
  readonly metaSecrets: readonly WebhookSecret[]
  readonly metaVerifyTokens: readonly WebhookSecret[]
  readonly safravoSecrets: readonly WebhookSecret[]
  readonly billingSecrets: readonly WebhookSecret[]
  readonly observe?: (event: ReceiverEvent) => void
}

/** The messages that arrived, newest last; a real backend has a table here. */
export type Inbox = { readonly from: string; readonly data: unknown }[]

export function createApp(options: AppOptions): { readonly app: Express; readonly inbox: Inbox } {
  const inbox: Inbox = []
  // One process, one memory. With more than one, take the Redis or PostgreSQL store.
  const idempotency = createIdempotency({ store: memoryIdempotencyStore() })
  const shared = {
    idempotency,
    tenant: 'acme',
    handle: (event: InboundEvent) => {
      inbox.push({ from: event.account, data: event.data })
    },
    observe: options.observe,
  }

  const whatsapp = createReceiver({
    ...shared,
    verifier: createVerifier(meta, { secrets: options.metaSecrets }),
    handshake: metaHandshake({ verifyTokens: options.metaVerifyTokens }),
    events: whatsappMessages,
  })
  const safravoInbox = createReceiver({
    ...shared,
    verifier: createVerifier(safravo, { secrets: options.safravoSecrets }),
  })
  const billing = createReceiver({
    ...shared,
    verifier: createVerifier(standardWebhooks, { secrets: options.billingSecrets, tolerance: '5m' }),
  })

  const app = express()
  app.disable('x-powered-by')
  app.all('/hooks/whatsapp', webhook(whatsapp))
  app.post('/hooks/safravo', webhook(safravoInbox))
  app.post('/hooks/billing', webhook(billing))

  // A webhook below the parser works too, as long as the parser keeps the bytes.
  app.use(express.json({ verify: keepRawBody }))
  app.post('/below-the-parser/safravo', webhook(safravoInbox))
  app.get('/inbox', (_req, res) => {
    res.json(inbox)
  })
  app.use(problems())
  return { app, inbox }
}

/** Meta's batches, message by message, so that each is deduplicated by its own id. */
function whatsappMessages(delivery: Delivery): readonly InboundEvent[] {
  const { entry = [] } = delivery.json() as { entry?: { changes?: { value?: WhatsAppValue }[] }[] }
  const values = entry.flatMap(({ changes = [] }) => changes.map(({ value }) => value))
  return values.flatMap((value) => {
    // In the key as well: two numbers may receive one message, and those are two events.
    const account = value?.metadata?.phone_number_id ?? 'unknown'
    return (value?.messages ?? []).map((message) => ({
      kind: 'message',
      account,
      keyParts: ['meta', 'message', account, message.id] as const,
      data: message,
    }))
  })
}

interface WhatsAppValue {
  readonly metadata?: { readonly phone_number_id?: string }
  readonly messages?: readonly { readonly id: string }[]
}
