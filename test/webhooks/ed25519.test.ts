import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { createSigner, createVerifier, generateSecret, standardWebhooks } from 'waxseal/webhooks'
import { publicKeyOf, standardWebhooksV1a as v1a } from 'waxseal/webhooks/ed25519'
import { NOW, outcomeOf, secretFor, signedRequest, verifierFor, withHeaders } from './support.js'

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const secretKey = secretFor(v1a)
const publicKey = publicKeyOf(secretKey)
const seed = Buffer.from(secretKey.slice(5), 'base64').subarray(0, 32)
const shared = secretFor(standardWebhooks)
const verifierOf = (...secrets: readonly string[]) =>
  verifierFor(v1a, { secrets: secrets.map((secret, at) => ({ id: `k${at}`, secret })) })

describe('keys of v1a', () => {
  it('verify as public key, as private key, and as a seed alone', () => {
    const request = signedRequest(v1a)
    for (const key of [publicKey, secretKey, `whsk_${base64(seed)}`]) {
      expect(outcomeOf(verifierOf(key), request)).toBe('verified')
    }
    expect(signedRequest(v1a, '{}', { secret: `whsk_${base64(seed)}` }).headers).toEqual(
      signedRequest(v1a, '{}').headers,
    )
  })

  it('may stand beside shared secrets, each checking the version of its kind', () => {
    const both = verifierOf(publicKey, shared)
    expect(both.verify(signedRequest(v1a)).secretId).toBe('k0')
    expect(both.verify(signedRequest(standardWebhooks)).secretId).toBe('k1')
    const signer = createSigner(v1a, {
      secrets: [
        { id: 'new', secret: secretKey },
        { id: 'old', secret: shared },
      ],
      now: () => NOW,
    })
    const { headers, body } = signer.sign({ id: 'msg_1', body: '{}' })
    expect(headers['webhook-signature']).toMatch(/^v1a,[A-Za-z0-9+/]{86}== v1,[A-Za-z0-9+/]{43}=$/)
    for (const verifier of [verifierOf(publicKey), verifierOf(shared), verifierFor(standardWebhooks)]) {
      expect(outcomeOf(verifier, { headers, body })).toBe('verified')
    }
  })

  // Row 8
  it('are never tried as a shared secret, although a public key is known to everybody', () => {
    const asHmac = `whsec_${publicKey.slice(5)}`
    const forged = signedRequest(standardWebhooks, '{}', { secret: asHmac })
    expect(outcomeOf(verifierOf(publicKey), forged)).toBe('unsupported_version')
    expect(outcomeOf(verifierOf(publicKey, shared), forged)).toBe('signature_mismatch')
    const renamed = forged.headers['webhook-signature']?.replace('v1,', 'v1a,')
    expect(outcomeOf(verifierOf(publicKey), withHeaders(forged, { 'webhook-signature': renamed }))).toBe(
      'malformed_signature',
    )
  })

  // Row 25, and 5.4
  const weak = [
    ['y = 0', `${'00'.repeat(32)}`],
    ['y = 0, sign set', `${'00'.repeat(31)}80`],
    ['y = 1', `01${'00'.repeat(31)}`],
    ['y = 1, sign set', `01${'00'.repeat(30)}80`],
    ['y = p − 1', `ec${'ff'.repeat(30)}7f`],
    ['y = p − 1, sign set', `ec${'ff'.repeat(31)}`],
    ['y = p', `ed${'ff'.repeat(30)}7f`],
    ['y = p + 1', `ee${'ff'.repeat(30)}7f`],
    ['y = 2²⁵⁵ − 1', `${'ff'.repeat(31)}7f`],
    ['y of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['y of order 8, sign set', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['−y of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['−y of order 8, sign set', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ] as const
  it.each(weak)('are refused at creation with %s', (_what, hex) => {
    expect(() => verifierOf(`whpk_${base64(Buffer.from(hex, 'hex'))}`)).toThrow(TypeError)
    expect(() => verifierOf(shared, `whpk_${base64(Buffer.from(hex, 'hex'))}`)).toThrow(
      /^secrets\[1\]\.secret: /,
    )
  })

  it.each([
    ['31 bytes', `whpk_${base64(new Uint8Array(31).fill(9))}`],
    ['33 bytes', `whpk_${base64(new Uint8Array(33).fill(9))}`],
    ['no bytes', 'whpk_'],
    ['no base64', `whpk_${'!'.repeat(44)}`],
    ['base64 without padding', publicKey.replace(/=+$/, '')],
    ['a seed of 31 bytes', `whsk_${base64(seed.subarray(1))}`],
    ['half a public key', `whsk_${base64(Buffer.concat([seed, seed.subarray(16)]))}`],
    ['no seed', 'whsk_'],
    ['no prefix', publicKey.slice(5)],
    ['another prefix', `whxx_${publicKey.slice(5)}`],
    ['a prefix in upper case', `WHPK_${publicKey.slice(5)}`],
    ['two prefixes', `whsec_${publicKey}`],
    ['a short shared secret', `whsec_${base64(new Uint8Array(23).fill(9))}`],
  ])('are refused at creation with %s', (_what, secret) => {
    expect(() => verifierOf(secret)).toThrow(TypeError)
    expect(() => verifierOf(secret)).toThrow(/^secrets\[0\]\.secret: expected /)
  })

  it('are refused where the halves of a private key belong to different keys', () => {
    const other = Buffer.from(secretFor(v1a, 8).slice(5), 'base64').subarray(32)
    const mixed = `whsk_${base64(Buffer.concat([seed, other]))}`
    expect(() => verifierOf(mixed)).toThrow(TypeError)
    expect(() => publicKeyOf(mixed)).toThrow(TypeError)
  })

  it('sign only where they are private', () => {
    const secrets = [{ id: 'pub', secret: publicKey }]
    expect(() => createSigner(v1a, { secrets })).toThrow(
      new TypeError('secrets: expected a key that can sign, pub can only verify'),
    )
  })

  it('are refused by standardWebhooks, and shared ones without their prefix here', () => {
    for (const secret of [publicKey, secretKey, `v1,${shared}`, `v1a,${shared}`]) {
      const create = () => createVerifier(standardWebhooks, { secrets: [{ id: 'k', secret }] })
      expect(create).toThrow(TypeError)
    }
    expect(() => verifierOf(shared.slice(6))).toThrow(TypeError)
  })
})

describe('signatures of v1a', () => {
  const request = signedRequest(v1a)
  const bytes = Buffer.from((request.headers['webhook-signature'] as string).slice(4), 'base64')
  const withBytes = (changed: Uint8Array) =>
    outcomeOf(verifierOf(publicKey), withHeaders(request, { 'webhook-signature': `v1a,${base64(changed)}` }))

  // Row 25
  it('are refused with S + L, which is the same S to a lenient verifier', () => {
    const L = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`)
    const shifted = Buffer.from((s + L).toString(16).padStart(64, '0'), 'hex').reverse()
    expect(withBytes(Buffer.concat([bytes.subarray(0, 32), shifted]))).toBe('signature_mismatch')
    expect(withBytes(bytes)).toBe('verified')
  })

  it('are malformed with 63 and 65 bytes', () => {
    expect(withBytes(bytes.subarray(1))).toBe('malformed_signature')
    expect(withBytes(Buffer.concat([bytes, Buffer.of(0)]))).toBe('malformed_signature')
  })

  it('are a mismatch all zero, and with R and S exchanged', () => {
    expect(withBytes(new Uint8Array(64))).toBe('signature_mismatch')
    expect(withBytes(Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]))).toBe('signature_mismatch')
  })
})

describe('publicKeyOf', () => {
  it('gives the key that verifies what the secret key signs, of a Secret as well', () => {
    const generated = generateSecret(v1a)
    expect(generated).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/)
    const request = signedRequest(v1a, '{}', { secret: generated })
    expect(outcomeOf(verifierOf(publicKeyOf(generated)), request)).toBe('verified')
    expect(publicKeyOf(new Secret(generated))).toBe(publicKeyOf(generated))
  })

  it.each([[publicKey], [shared], ['whsk_'], [''], [5], [undefined], [` ${secretKey}`]])(
    'refuses %j',
    (key) => {
      expect(() => publicKeyOf(key as string)).toThrow(TypeError)
      expect(() => publicKeyOf(key as string)).toThrow(/^secretKey: /)
    },
  )
})
