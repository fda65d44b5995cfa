/** Meta's own batches through a receiver, split the way an application would before `waxseal/whatsapp` does it. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createReceiver, type EventsReport, type ReceiverEvent } from 'waxseal/http'
import { createIdempotency } from 'waxseal/idempotency'
import { memoryIdempotencyStore } from 'waxseal/stores/memory'
import { createSigner, createVerifier, type Delivery, type InboundEvent, meta } from 'waxseal/webhooks'
import { bytes, chunksOf, request, textOf } from './deliveries.js'

const folder = new URL('../fixtures/whatsapp/', import.meta.url)
const fixture = (file: string): Uint8Array => readFileSync(new URL(file, folder))
const index: { fixtures: { file: string; hubSignature256: string; eventCount?: number }[] } = JSON.parse(
  readFileSync(new URL('index.json', folder), 'utf8'),
)

// The fixtures were signed with it; it is shorter than what we take from anybody else.
const keys = { secrets: [{ id: 'meta', secret: 'TEST_APP_SECRET' }], dangerouslyAllowWeakSecrets: true }
const signer = createSigner(meta, keys)

interface Item {
  readonly id: string
  readonly timestamp?: string
  readonly status?: string
}
interface Change {
  readonly field: string
  readonly value: Readonly<Record<string, unknown>> & {
    readonly metadata?: { readonly phone_number_id: string }
  }
}
interface Payload {
  readonly entry: readonly { readonly id: string; readonly changes: readonly Change[] }[]
}
const LISTS = ['messages', 'message_echoes', 'statuses', 'calls']

/** One event per item of a list; a change without lists is one event. */
function split(delivery: Delivery): readonly InboundEvent[] {
  return (delivery.json() as Payload).entry.flatMap((entry) =>
    entry.changes.flatMap(({ field, value }): InboundEvent[] => {
      const account = value.metadata?.phone_number_id ?? `waba:${entry.id}`
      const items = LISTS.flatMap((list) =>
        ((value[list] as readonly Item[] | undefined) ?? []).map((item): InboundEvent => {
          const { id, status } = item
          const state: string[] = status === undefined ? [] : [`status=${status}`]
          return { kind: list, account, data: item, keyParts: ['whatsapp', list, account, id, ...state] }
        }),
      )
      const whole = JSON.stringify(value).slice(0, 1000)
      return items.length > 0
        ? items
        : [{ kind: field, account, data: value, keyParts: ['whatsapp', 'change', field, account, whole] }]
    }),
  )
}

/** Two tenants with a phone number each; what has no number belongs to the first. */
const tenantOf = ({ account }: InboundEvent): string | undefined =>
  account === '206540352242999' ? 'org_2' : account === '106540352242923' ? undefined : 'org_1'

function newHook() {
  const ran: string[] = []
  const reports: (EventsReport | undefined)[] = []
  const observe = (event: ReceiverEvent) => {
    if (event.type === 'delivery_answered') reports.push(event.report)
  }
  const receiver = createReceiver({
    verifier: createVerifier(meta, keys),
    events: split,
    idempotency: createIdempotency({ store: memoryIdempotencyStore() }),
    tenant: tenantOf,
    observe,
    handle: ({ kind }, { tenant }) => void ran.push(`${tenant} ${kind}`),
  })
  const send = async (body: Uint8Array) => {
    const { headers } = signer.sign({ body })
    const middle = body.length >> 1
    const chunks = chunksOf(body.subarray(0, middle), body.subarray(middle))
    const { status, body: text } = await receiver.handle(
      request({ headers: Object.entries(headers), body: { kind: 'stream', chunks } }),
    )
    return { status, text: textOf(text) }
  }
  return { send, ran, reports }
}

describe('a batch of Meta', () => {
  it.each(['batch-1000.json', 'batch-18-fields.json', 'mixed-lists.json', 'two-accounts.json'])(
    'is signed by us as by Meta: %s',
    (file) => {
      const { headers } = signer.sign({ body: fixture(file) })
      const known = index.fixtures.find((entry) => entry.file === file)
      expect(headers['x-hub-signature-256']).toBe(known?.hubSignature256)
    },
  )

  it('of 1,000 events runs each once, also when it is delivered again', async () => {
    const { send, ran, reports } = newHook()
    expect(await send(fixture('batch-1000.json'))).toEqual({ status: 200, text: '' })
    expect(await send(fixture('batch-1000.json'))).toEqual({ status: 200, text: '' })
    expect(ran).toHaveLength(1000)
    expect(ran.filter((entry) => entry === 'org_1 messages')).toHaveLength(500)
    expect(ran.filter((entry) => entry === 'org_1 statuses')).toHaveLength(500)
    expect(reports).toMatchObject([
      { settled: true, ran: 1000, replayed: 0 },
      { settled: true, ran: 0, replayed: 1000 },
    ])
  })

  it('of 18 different fields runs them all', async () => {
    const { send, ran, reports } = newHook()
    expect(await send(fixture('batch-18-fields.json'))).toEqual({ status: 200, text: '' })
    expect(reports).toMatchObject([{ settled: true, failed: 0 }])
    const expected =
      (JSON.parse(fixture('batch-18-fields.json').toString()) as Payload).entry[0]?.changes ?? []
    expect(expected).toHaveLength(18)
    expect(ran.length).toBeGreaterThanOrEqual(18)
    expect(new Set(ran)).toContain('org_1 account_alerts')
  })

  it('with four lists in one value is four events', async () => {
    const { send, ran } = newHook()
    await send(fixture('mixed-lists.json'))
    expect(ran).toEqual(LISTS.map((list) => `org_1 ${list}`))
  })

  it('with one message twice runs it once', async () => {
    const { send, ran, reports } = newHook()
    expect(await send(fixture('same-message-twice.json'))).toEqual({ status: 200, text: '' })
    expect(ran).toEqual(['org_1 messages'])
    expect(reports).toMatchObject([{ ran: 1, replayed: 1 }])
  })

  it('for two tenants runs for each, and what is nobody’s is settled', async () => {
    const { send, ran, reports } = newHook()
    await send(fixture('two-accounts.json'))
    expect(ran).toEqual(['org_1 messages', 'org_2 messages'])
    expect(await send(fixture('same-message-two-numbers.json'))).toEqual({ status: 200, text: '' })
    expect(reports).toMatchObject([{ ran: 2 }, { ran: 1, unrouted: 1 }])
  })

  it.each([
    'bad-top-level-array.json',
    'bad-top-level-null.json',
    'bad-entry-missing.json',
    'bad-entry-item-null.json',
  ])('that is none is 422, so that Meta repeats it: %s', async (file) => {
    const { send, ran } = newHook()
    expect(await send(fixture(file))).toMatchObject({ status: 422 })
    expect(ran).toEqual([])
  })

  it('that was parsed and serialised anew is not what Meta signed', async () => {
    const { send } = newHook()
    const original = fixture('mixed-lists.json')
    const { headers } = signer.sign({ body: original })
    const again = bytes(JSON.stringify(JSON.parse(original.toString())))
    const verdict = createVerifier(meta, keys).safeVerify({ headers, body: again })
    expect(verdict).toMatchObject({ ok: false, error: { code: 'signature_mismatch' } })
    expect((await send(original)).status).toBe(200)
  })
})
