import { createHmac } from 'node:crypto'
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
    const target = '/sms?msg=2'
    const other = verifier.verify({ headers: { ...signed(target, body), ...form }, body, target })
    expect(other.replayParts()).not.toEqual(original)
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
        const partsOf = (text: string) => {
          const headers = { ...signature, ...form }
          return verifier.verify({ headers, body: text, target: '/sms' }).replayParts()
        }
        expect(partsOf(respelled)).toEqual(partsOf(plain))
      }),
    )
  })
})

describe('before a Twilio signature is known to be right', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `p${String(at).padStart(4, '0')}`)
  /** As the vendor would sign it, whatever our own signer takes. */
  const mac = (content: string) => ({
    'x-twilio-signature': createHmac('sha1', '0123456789abcdef0123456789abcdef')
      .update(content)
      .digest('base64'),
  })

  it('a form of more than a thousand pairs is not taken apart, not even a genuine one', () => {
    const deliver = (count: number) =>
      verify(
        '/sms',
        mac(
          `${origin}/sms${names(count)
            .map((name) => `${name}1`)
            .join('')}`,
        ),
        names(count)
          .map((name) => `${name}=1`)
          .join('&'),
      ).ok
    expect([deliver(1000), deliver(1001)]).toEqual([true, false])
    const body = names(1001).join('&')
    expect(() => signer.sign({ url: `${origin}/sms`, body })).toThrow(TypeError)
  })

  it('nor is a query of more than a thousand, to try how older services would have written it', () => {
    const deliver = (count: number) => {
      const legacy = names(count)
        .map((name) => `${name}=`)
        .join('&')
      return verify(`/sms?${names(count).join('&')}`, mac(`${origin}/sms?${legacy}a1`), 'a=1').ok
    }
    expect([deliver(1000), deliver(1001)]).toEqual([true, false])
  })
})
