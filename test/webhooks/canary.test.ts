import { format, type InspectOptions, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import {
  createSigner,
  createVerifier,
  diagnose,
  generateSecret,
  metaHandshake,
  type WebhookRequest,
  type WebhookVerifierEvent,
} from 'waxseal/webhooks'
import { publicKeyOf, standardWebhooksV1a } from 'waxseal/webhooks/ed25519'
import { eachKind, NOW, ORIGIN, signedRequest, verifierFor } from './support.js'

const BODY = '{"canary":"BODY-CANARY-6b1f"}'
const OPTIONS: readonly InspectOptions[] = [
  {},
  { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, showProxy: true },
  { depth: Number.POSITIVE_INFINITY, customInspect: false, showHidden: true },
  { depth: 0, compact: false, sorted: true, breakLength: 1 },
]

/** Everything that a log could make of a value. */
function prints(value: unknown): string {
  const inspected = OPTIONS.map((options) => inspect(value, options))
  const stack = value instanceof Error ? [value.stack, String(value), value.message] : []
  return [
    JSON.stringify(value),
    format('%s %o %O %j', value, value, value, value),
    String(value),
    ...inspected,
    ...stack,
  ].join('\n')
}

/** No window of eight characters of any of them is in the text. */
function expectNone(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      const window = secret.slice(at, at + 8)
      if (text.includes(window)) expect.fail(`${window} of a canary is in ${text.slice(0, 2_000)}`)
    }
  }
}

describe.each(eachKind)('what %s lets be printed', (_name, { scheme, header, prefix }) => {
  // Bytes that do not repeat: a window of eight equal characters could turn up anywhere.
  const canary = generateSecret(scheme, {
    random: (length) => Uint8Array.from({ length }, (_, at) => (at * 89 + 41) & 0xff),
  })
  const request = signedRequest(scheme, BODY, { secret: canary })
  const signature = (request.headers[header] as string).slice(prefix.length)
  const hidden = [canary, signature, BODY.slice(11, -2)]
  const arrival = { now: () => NOW }
  const events: WebhookVerifierEvent[] = []
  const verifier = verifierFor(scheme, {
    secrets: [{ id: 'k1', secret: canary }],
    observe: (event) => events.push(event),
  })

  const requests: readonly WebhookRequest[] = [
    request,
    { ...request, body: `${BODY} ` },
    { ...request, body: JSON.parse(BODY) },
    { ...request, headers: {} },
    { ...request, headers: { ...request.headers, [header]: [signature, signature] } },
    { ...request, headers: { ...request.headers, [header]: signature.slice(1) } },
    { ...request, headers: { ...request.headers, [header]: `${prefix}${signature.toUpperCase()}x` } },
    { ...request, headers: { ...request.headers, 'content-encoding': BODY } },
    { ...request, headers: { ...request.headers, 'webhook-id': BODY } },
    { ...request, receivedAt: NOW + 1e9 },
    { ...request, target: BODY },
    signedRequest(scheme, 'not json BODY-CANARY-6b1f', { secret: canary }),
  ]

  it('are refusals and events without a secret, a signature or a body', () => {
    for (const each of requests) {
      const result = verifier.safeVerify(each)
      if (!result.ok) expectNone(prints(result.error), hidden)
      try {
        verifier.verify(each).json()
      } catch (error) {
        expectNone(prints(error), hidden)
        expect(
          Object.keys(error as Error).filter((key) => !['code', 'status', 'skewMs'].includes(key)),
        ).toEqual([])
        expect((error as Error).cause).toBeUndefined()
      }
    }
    expect(events.length).toBe(2 * requests.length)
    expectNone(prints(events), hidden)
  })

  it('are findings without them', () => {
    const others = [{ id: 'o1', secret: new Secret(`${canary}\n`) }]
    const secrets = [
      { id: 'k1', secret: canary },
      { id: 'k2', secret: `"${canary}"` },
    ]
    const publicUrl = scheme.signs.includes('url') ? { publicUrl: ORIGIN } : {}
    for (const each of requests) {
      for (const some of [secrets, secrets.slice(1)]) {
        const diagnosis = diagnose({
          scheme,
          secrets: some,
          request: each,
          otherSecrets: others,
          ...publicUrl,
          ...arrival,
        })
        expectNone(prints(diagnosis), hidden)
      }
    }
  })

  it('are mistakes in options without them', () => {
    const bad = [
      `${canary}\n`,
      `"${canary}"`,
      canary.slice(0, 15),
      [canary],
      { secret: canary },
      `v1,${canary}`,
    ]
    for (const wrong of [...bad, new Secret(`${canary} `)]) {
      const secrets = [
        { id: 'k1', secret: canary },
        { id: 'k2', secret: wrong as string },
      ]
      const badId = [{ id: canary.repeat(9), secret: canary }]
      for (const list of [secrets, badId, { k1: canary }]) {
        for (const create of [createVerifier, createSigner]) {
          try {
            create(scheme, { secrets: list, publicUrl: ORIGIN, tolerance: canary } as never)
          } catch (error) {
            expectNone(prints(error), hidden)
          }
        }
      }
    }
  })

  it('are verifiers, signers and deliveries that show no secret', () => {
    const signer = createSigner(scheme, { secrets: [{ id: 'k1', secret: canary }] })
    expectNone(prints(verifier), [canary])
    expectNone(prints(signer), [canary])
    expectNone(prints(verifier.verify(request)), [canary, signature])
  })

  it('are signing mistakes without the message', () => {
    const signer = createSigner(scheme, { secrets: [{ id: 'k1', secret: canary }] })
    const messages = [
      { body: JSON.parse(BODY) },
      { body: `${BODY}\ud800` },
      { body: BODY, id: BODY },
      { body: BODY, signedAt: BODY },
      { body: BODY, url: BODY, contentType: BODY },
    ]
    for (const message of messages) {
      try {
        signer.sign(message as never)
      } catch (error) {
        expectNone(prints(error), hidden)
      }
    }
  })

  it('means something: the canaries are found where they are', () => {
    for (const value of hidden) expect(() => expectNone(`x${value}y`, hidden)).toThrow()
  })
})

it('handshakes and key errors show no token', () => {
  const token = 'TOKEN-CANARY-77aa-x1'
  const handshake = metaHandshake({ verifyTokens: [{ id: 't', secret: token }] })
  const target = `/?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=<b>`
  expectNone(prints([handshake, handshake.answer(target)]), [token])
  for (const secret of [token, `whsk_${token}`, `whpk_${token}`]) {
    try {
      publicKeyOf(secret)
    } catch (error) {
      expectNone(prints(error), [token])
    }
    try {
      verifierFor(standardWebhooksV1a, { secrets: [{ id: 'k', secret }] })
    } catch (error) {
      expectNone(prints(error), [token])
    }
  }
})
