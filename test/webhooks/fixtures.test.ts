import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createVerifier, meta, safravo } from 'waxseal/webhooks'

const read = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url))
const json = (path: string) => JSON.parse(read(path).toString())

interface Fixture {
  readonly file: string
  readonly kind?: string
  readonly hubSignature256?: string
  readonly event?: { readonly deliveryId?: string | null; readonly keyParts?: readonly string[] }
}

const whatsapp = json('whatsapp/index.json') as { secret: string; fixtures: readonly Fixture[] }
const deliveries = json('safravo/index.json') as { secret: string; fixtures: readonly Fixture[] }

describe('bodies of the WhatsApp Cloud API', () => {
  const verifier = createVerifier(meta, {
    secrets: [{ id: 'app', secret: whatsapp.secret }],
    dangerouslyAllowWeakSecrets: true,
  })

  it.each(whatsapp.fixtures.map((fixture) => [fixture.file, fixture] as const))(
    'verify byte for byte: %s',
    (file, { hubSignature256 = '' }) => {
      const body = read(`whatsapp/${file}`)
      const headers = { 'X-Hub-Signature-256': hubSignature256 }
      expect(verifier.safeVerify({ headers, body })).toMatchObject({ ok: true, value: { secretId: 'app' } })
      const altered = Buffer.concat([body, Buffer.from(' ')])
      expect(verifier.safeVerify({ headers, body: altered }).ok).toBe(false)
    },
  )
})

describe('deliveries of Safravo', () => {
  const verifier = createVerifier(safravo, { secrets: [{ id: 'hook', secret: deliveries.secret }] })
  const webhooks = deliveries.fixtures.filter(({ kind }) => kind === 'webhook')

  it.each(webhooks.map((fixture) => [fixture.file, fixture] as const))(
    'verify, with signed material for deduplication: %s',
    (file, { event }) => {
      const delivery = verifier.verify(json(`safravo/${file}`))
      if (event?.keyParts !== undefined) expect(delivery.replayParts()).toEqual(event.keyParts)
      if (event?.deliveryId !== undefined) expect(delivery.unsigned.deliveryId ?? null).toBe(event.deliveryId)
    },
  )
})
