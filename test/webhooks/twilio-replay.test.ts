import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, twilio } from 'waxseal/webhooks'

const secrets = [{ id: 'k', secret: '0123456789abcdef0123456789abcdef' }]
const origin = 'https://hooks.example.com'
const verifier = createVerifier(twilio, { secrets, publicUrl: origin })
const signer = createSigner(twilio, { secrets })
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const signed = (target: string, body: string) => signer.sign({ url: origin + target, body }).headers
const verify = (target: string, headers: Record<string, string>, body: string) =>
  verifier.safeVerify({ headers: { ...headers, ...form }, body, target })

describe('a captured Twilio form', () => {
  const body = 'MessageSid=SM1&Body=hi+there&From=%2B14158675309'
  const headers = signed('/sms', body)
  const original = verifier.verify({ headers: { ...headers, ...form }, body, target: '/sms' }).replayParts()

  it.each([
    ['an empty pair in front', `&${body}`],
    ['empty pairs behind', `${body}&&`],
    ['its pairs in another order', 'Body=hi+there&From=%2B14158675309&MessageSid=SM1'],
    ['a letter percent-encoded', body.replace('Body', '%42ody')],
    ['a blank percent-encoded', body.replace('+there', '%20there')],
    ['a pair twice', `${body}&MessageSid=SM1`],
    ['a border between name and value moved', body.replace('MessageSid=SM1', 'MessageSi=dSM1')],
  ])('verifies with %s, and is the same delivery to the deduplication', (_what, spelling) => {
    const result = verify('/sms', headers, spelling)
    expect(result.ok && result.value.replayParts()).toEqual(original)
  })

  it('is another delivery at another URL', () => {
    const other = verify('/sms?msg=2', signed('/sms?msg=2', body), body)
    expect(other.ok && other.value.replayParts()).not.toEqual(original)
  })

  it('keeps its replay parts through any spelling that still verifies', () => {
    const pair = fc.tuple(
      fc.stringMatching(/^[A-Za-z]{1,8}$/),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    )
    const encoded = (text: string) =>
      [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 6 }), fc.boolean(), (pairs, reversed) => {
        const plain = new URLSearchParams(pairs).toString()
        const order = reversed ? [...pairs].reverse() : pairs
        const respelled = order.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&&')
        const signature = signed('/sms', plain)
        const [a, b] = [verify('/sms', signature, plain), verify('/sms', signature, respelled)]
        expect(a.ok && b.ok && [a.value.replayParts(), b.value.body]).toEqual(
          a.ok && [b.ok && b.value.replayParts(), new TextEncoder().encode(respelled)],
        )
      }),
    )
  })
})

describe('before a Twilio signature is known to be right', () => {
  it('a form or a query of more than a thousand pairs is not taken apart', () => {
    const pairs = (count: number) => Array.from({ length: count }, (_, at) => `p${at}=1`).join('&')
    expect(verify('/sms', signed('/sms', pairs(1000)), pairs(1000)).ok).toBe(true)
    expect(() => signed('/sms', pairs(1001))).toThrow(TypeError)
    const forged = verify('/sms', signed('/sms', 'a=1'), pairs(100_000))
    expect(!forged.ok && forged.error.code).toBe('signature_mismatch')
  })

  it('equal names of a query are grouped without copying what was grouped before', () => {
    // Quadratic once: seven seconds for this. The limit of pairs holds it now, whatever grouping costs.
    const target = `/sms?${'a&'.repeat(32_000)}`
    const headers = signed('/sms', 'a=1')
    const result = verify(target, headers, 'a=1')
    expect(!result.ok && result.error.code).toBe('signature_mismatch')
  })
})
