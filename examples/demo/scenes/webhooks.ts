import { gzipSync } from 'node:zlib'
import type { Scene, WireRequest } from '../scene.js'
import {
  BILLING_OLD_SECRET,
  BILLING_SECRET,
  fixture,
  META_VERIFY_TOKEN,
  SAFRAVO_OLD_SECRET,
  signMeta,
  signSafravo,
  signStandard,
} from '../vendor.js'

const MINUTE = 60_000

const post = (path: string, headers: Record<string, string>, body: Uint8Array): WireRequest => ({
  method: 'POST',
  path,
  headers,
  body,
})

const handshake = (token: string): WireRequest => ({
  method: 'GET',
  path: `/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`,
})

/** What a header becomes when something cuts it. */
const cut = (headers: Record<string, string>, name: string): Record<string, string> => ({
  ...headers,
  [name]: (headers[name] ?? '').slice(0, -1),
})

/** Every line of the webhook part of the demo. */
export function webhookScenes(): readonly Scene[] {
  const whatsapp = fixture('whatsapp/message-text.json')
  const signed = signMeta(whatsapp)
  const twoNumbers = fixture('whatsapp/same-message-two-numbers.json')
  const delivery = JSON.parse(fixture('safravo/webhook-message-created.json').toString())
  const safravo = Buffer.from(delivery.body)
  const rotated = Buffer.from('{"event":"message.created","data":{"message_id":"m_2"}}')
  const invoice = Buffer.from('{"type":"invoice.paid","data":{"id":"in_1"}}')
  const now = Date.now()
  const ran = (secret: string) => `ran 1, secret ${secret}`

  return [
    {
      title: 'Meta: handshake',
      request: handshake(META_VERIFY_TOKEN),
      expected: { status: 200, why: 'handshake answered', body: '1158201444' },
    },
    {
      title: 'Meta: handshake, wrong token',
      request: handshake('guess'),
      expected: { status: 403, why: 'handshake_refused' },
    },
    {
      title: 'WhatsApp: signed message',
      request: post('/hooks/whatsapp', signed, whatsapp),
      expected: { status: 200, why: ran('app-2026') },
    },
    {
      title: 'WhatsApp: the same message again',
      request: post('/hooks/whatsapp', signed, whatsapp),
      expected: { status: 200, why: 'replayed 1, secret app-2026' },
    },
    {
      title: 'WhatsApp: it again, and to a second number',
      request: post('/hooks/whatsapp', signMeta(twoNumbers), twoNumbers),
      expected: { status: 200, why: 'ran 1, replayed 1, secret app-2026' },
    },
    {
      title: 'WhatsApp: forged signature',
      request: post('/hooks/whatsapp', signMeta(whatsapp, 'not the app secret'), whatsapp),
      expected: { status: 401, why: 'signature_mismatch' },
    },
    {
      title: 'WhatsApp: truncated signature',
      request: post('/hooks/whatsapp', cut(signed, 'x-hub-signature-256'), whatsapp),
      expected: { status: 400, why: 'malformed_signature' },
    },
    {
      title: 'WhatsApp: no signature',
      request: post('/hooks/whatsapp', { 'content-type': 'application/json' }, whatsapp),
      expected: { status: 400, why: 'missing_header' },
    },
    {
      title: 'WhatsApp: body parsed and written anew',
      request: post('/hooks/whatsapp', signed, Buffer.from(JSON.stringify(JSON.parse(whatsapp.toString())))),
      expected: { status: 401, why: 'signature_mismatch' },
    },
    {
      title: 'WhatsApp: gzip body',
      request: post('/hooks/whatsapp', { ...signed, 'content-encoding': 'gzip' }, gzipSync(whatsapp)),
      expected: { status: 415, why: 'body_encoded' },
    },
    {
      title: 'WhatsApp: 5 MB body',
      request: post('/hooks/whatsapp', signed, Buffer.alloc(5_000_000, ' ')),
      expected: { status: 413, why: 'body_too_large' },
    },
    {
      title: 'Safravo: signed delivery',
      request: post('/hooks/safravo', delivery.headers, safravo),
      expected: { status: 200, why: ran('current') },
    },
    {
      title: 'Safravo: signed with the old secret',
      request: post('/hooks/safravo', signSafravo(rotated, SAFRAVO_OLD_SECRET), rotated),
      expected: { status: 200, why: ran('previous') },
    },
    {
      title: 'Safravo: below express.json()',
      request: post('/below-the-parser/safravo', delivery.headers, safravo),
      expected: { status: 200, why: 'replayed 1, secret current' },
    },
    {
      title: 'Safravo: forged signature',
      request: post('/hooks/safravo', signSafravo(safravo, `whsec_${'0'.repeat(64)}`), safravo),
      expected: { status: 401, why: 'signature_mismatch' },
    },
    {
      title: 'Safravo: truncated signature',
      request: post('/hooks/safravo', cut(signSafravo(safravo), 'x-safravo-signature'), safravo),
      expected: { status: 400, why: 'malformed_signature' },
    },
    {
      title: 'Standard Webhooks: two rotated secrets',
      request: post(
        '/hooks/billing',
        signStandard('msg_1', invoice, now, [BILLING_SECRET, BILLING_OLD_SECRET]),
        invoice,
      ),
      expected: { status: 200, why: ran('current') },
    },
    {
      title: 'Standard Webhooks: the older secret only',
      request: post('/hooks/billing', signStandard('msg_2', invoice, now, [BILLING_OLD_SECRET]), invoice),
      expected: { status: 200, why: ran('previous') },
    },
    {
      title: 'Standard Webhooks: six minutes old',
      request: post(
        '/hooks/billing',
        signStandard('msg_3', invoice, now - 6 * MINUTE, [BILLING_SECRET]),
        invoice,
      ),
      expected: { status: 401, why: 'timestamp_too_old' },
    },
  ]
}
