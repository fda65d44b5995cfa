import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReceiver, type ReceiverEvent, readBody } from 'waxseal/http'
import { idempotencyOver, request, sign, verifier } from './deliveries.js'

/** Bytes, cut at any places, empty chunks included. */
const chunked = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 8 }))
  .map(([whole, cuts]) => {
    const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
    return { whole, chunks: places.slice(1).map((end, at) => whole.subarray(places[at], end)) }
  })

/** Chunks that come at once, or each after a turn of the event loop. */
async function* flowing(chunks: readonly Uint8Array[], slowly: boolean): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (slowly) await new Promise((resolve) => setImmediate(resolve))
    yield chunk
  }
}

/** Signature headers as anybody might send them. */
const headersOf = (whole: Uint8Array) =>
  fc.oneof(
    fc.constant(sign(whole).headers),
    fc.constant(sign('another').headers),
    fc.constant([]),
    fc.constant([...sign(whole).headers, ...sign(whole).headers]),
    fc.string().map((value) => [['x-hub-signature-256', value] as const]),
    fc.constant([...sign(whole).headers, ['content-encoding', 'br'] as const]),
    fc.constant([...sign(whole).headers, ['content-length', '7'] as const]),
  )

const sent = chunked.chain((body) =>
  fc.tuple(headersOf(body.whole), fc.boolean()).map(([headers, slowly]) => ({ ...body, headers, slowly })),
)

describe('any bytes in any chunks', () => {
  it('are read as they were sent', async () => {
    await fc.assert(
      fc.asyncProperty(chunked, fc.boolean(), async ({ whole, chunks }, slowly) => {
        const body = { kind: 'stream', chunks: flowing(chunks, slowly) } as const
        const read = await readBody(request({ body }), { limit: 300, within: '10s' })
        expect(Buffer.from(read).equals(whole)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('are refused beyond the limit, and only there', async () => {
    await fc.assert(
      fc.asyncProperty(chunked, fc.integer({ min: 1, max: 320 }), async ({ whole, chunks }, limit) => {
        const body = { kind: 'stream', chunks: flowing(chunks, false) } as const
        const reading = readBody(request({ body }), { limit, within: '10s' })
        const outcome = await reading.then(
          () => 'read',
          (error) => error.code,
        )
        expect(outcome).toBe(whole.length > limit ? 'body_too_large' : 'read')
      }),
      { numRuns: 200 },
    )
  })

  it('have the verdict of safeVerify on the whole', async () => {
    await fc.assert(
      fc.asyncProperty(sent, async ({ whole, chunks, headers, slowly }) => {
        const observed: ReceiverEvent[] = []
        const seen: Uint8Array[] = []
        const receiver = createReceiver({
          verifier,
          idempotency: idempotencyOver(),
          tenant: 'org_1',
          events(delivery) {
            seen.push(delivery.body)
            return []
          },
          handle: () => {},
          observe: (event) => void observed.push(event),
        })
        const body = { kind: 'stream', chunks: flowing(chunks, slowly) } as const
        const { status } = await receiver.handle(request({ headers, body }))

        const verdict = verifier.safeVerify({ headers, body: whole })
        expect(status).toBe(verdict.ok ? 200 : verdict.error.status)
        expect(seen.map((bytes) => [...bytes])).toEqual(verdict.ok ? [[...whole]] : [])
        expect(observed).toEqual([
          verdict.ok
            ? expect.objectContaining({ type: 'delivery_answered', secretId: verdict.value.secretId })
            : { type: 'delivery_refused', status: verdict.error.status, code: verdict.error.code },
        ])
      }),
      { numRuns: 300 },
    )
  })
})
