import { sign, verify, verifyWithFallback } from '@octokit/webhooks-methods'
import { describe, expect, it } from 'vitest'
import { createSigner, createVerifier, github, meta } from 'waxseal/webhooks'
import { outcomeOf, secretFor } from '../webhooks/support.js'
import { texts } from './bodies.js'

const secret = secretFor(github)
const secrets = [{ id: 'k', secret }]
const verifier = createVerifier(github, { secrets })
const ours = (signature: string, body: string | Uint8Array) =>
  outcomeOf(verifier, { headers: { 'x-hub-signature-256': signature }, body })

// It takes text alone, and no empty one: GitHub sends neither bytes that are no text nor empty bodies.
describe('@octokit/webhooks-methods 6.0.0', () => {
  it('signs what we verify', async () => {
    for (const body of texts(31)) {
      const signature = await sign(secret, body)
      expect(ours(signature, body), JSON.stringify(body.slice(0, 80))).toBe('verified')
      expect(ours(signature, `${body} `)).toBe('signature_mismatch')
    }
  })

  // Meta signs in the same form, so the same peer checks it.
  it.each([[github], [meta]])('verifies what we sign for $name', async (scheme) => {
    const signer = createSigner(scheme, { secrets })
    for (const text of texts(32)) {
      const signature = signer.sign({ body: text }).headers['x-hub-signature-256'] as string
      expect(await verify(secret, text, signature), JSON.stringify(text.slice(0, 80))).toBe(true)
      expect(await verify(secret, `${text} `, signature)).toBe(false)
    }
  })

  // https://github.com/octokit/webhooks-methods.js/issues/80
  it('takes junk between hex pairs in its web build; we refuse it', async () => {
    const build = '../../node_modules/@octokit/webhooks-methods/dist-web/index.js'
    const web: { verify: typeof verify } = await import(new URL(build, import.meta.url).href)
    const signature = await sign(secret, '{}')
    const hex = signature.slice('sha256='.length)
    for (const junk of [`sha256=zz${hex}`, `sha256=${hex.slice(0, 2)} ${hex.slice(2)}`, `sha256=${hex}z`]) {
      expect(await web.verify(secret, '{}', junk)).toBe(true)
      expect(ours(junk, '{}')).toBe('malformed_signature')
    }
  })

  // https://github.com/octokit/webhooks.js/issues/770: rotation means asking with each secret in turn.
  it('verifies with a list of further secrets; we take them all at once', async () => {
    const next = secretFor(github, 8)
    const signature = await sign(next, '{}')
    expect(await verifyWithFallback(secret, '{}', signature, [next])).toBe(true)
    const rotating = createVerifier(github, { secrets: [...secrets, { id: 'next', secret: next }] })
    const delivery = rotating.verify({ headers: { 'x-hub-signature-256': signature }, body: '{}' })
    expect(delivery.secretId).toBe('next')
  })

  // The negative rows of webhooks-methods.js/test/verify.test.ts.
  it('refuses, as we do, signatures of other secrets, hashes and bodies', async () => {
    const signature = await sign(secret, '{}')
    const rows = [
      ['foo', 'malformed_header'],
      [signature.replace('sha256=', 'sha1='), 'malformed_header'],
      [signature.slice(7), 'malformed_header'],
      [signature.toUpperCase(), 'malformed_header'],
      [`sha256=${signature.slice(7).toUpperCase()}`, 'malformed_signature'],
      [await sign(secretFor(github, 8), '{}'), 'signature_mismatch'],
      [await sign(secret, '{ }'), 'signature_mismatch'],
    ] as const
    for (const [bad, code] of rows) {
      expect(await verify(secret, '{}', bad), code).toBe(false)
      expect(ours(bad, '{}')).toBe(code)
    }
    await expect(sign('', '{}')).rejects.toThrow(TypeError)
    expect(() => createVerifier(github, { secrets: [{ id: 'k', secret: '' }] })).toThrow(TypeError)
  })
})
