import { describe, expect, it } from 'vitest'
import { hmacScheme, meta, safravo, slack, standardWebhooks, stripe } from 'waxseal/webhooks'
import { standardWebhooksV1a } from 'waxseal/webhooks/ed25519'
import {
  acme,
  eachKind,
  type Kind,
  kindOf,
  NOW,
  outcomeOf,
  secretFor,
  signedRequest,
  verifierFor,
  withHeaders,
} from './support.js'

const withSignature = ({ scheme, header }: Kind, value: string) =>
  outcomeOf(verifierFor(scheme), withHeaders(signedRequest(scheme), { [header]: value }))
const signatureOf = ({ scheme, header, prefix }: Kind) =>
  (signedRequest(scheme).headers[header] as string).slice(prefix.length)
const encode = ({ encoding }: Kind, bytes: Uint8Array) =>
  Buffer.from(bytes).toString(encoding === 'hex_upper' ? 'hex' : encoding)

// Row 5
describe.each(eachKind)('a signature of %s', (_name, kind) => {
  const { prefix, length } = kind
  const right = signatureOf(kind)

  it('is malformed cut, longer, of another length, or with anything around or inside it', () => {
    const wrong = {
      cut: right.slice(0, -1),
      cutByTwo: right.slice(0, -2),
      longer: `${right}a`,
      longerByAPair: `${right}ab`,
      aByteLess: encode(kind, new Uint8Array(length - 1)),
      aByteMore: encode(kind, new Uint8Array(length + 1)),
      multiByte: `é${right.slice(1)}`,
      fullWidth: `\uff41${right.slice(1)}`,
      nul: `${right}\0`,
    }
    for (const [what, value] of Object.entries(wrong)) {
      expect(withSignature(kind, prefix + value), what).toBe('malformed_signature')
    }
  })

  it('is refused with white space around or inside it', () => {
    const wrong = [`${right} `, `${right}\n`, ` ${right}`, `${right.slice(0, 8)} ${right.slice(8)}`]
    for (const value of wrong) {
      expect(withSignature(kind, prefix + value), JSON.stringify(value)).toMatch(
        /^malformed_(?:signature|header)$/,
      )
    }
  })

  it('has one spelling', () => {
    const spellings =
      kind.encoding === 'hex'
        ? [
            right.toUpperCase(),
            `${right.slice(0, -1)}${right.slice(-1) === 'a' ? 'A' : 'G'}`,
            `0x${right.slice(2)}`,
          ]
        : [
            right.replace(/=+$/, '') + (kind.encoding === 'base64url' ? '=' : ''),
            kind.encoding === 'base64'
              ? `${right.replace(/=+$/, '').slice(0, -1)}/${'='.repeat(right.length - right.replace(/=+$/, '').length)}`
              : `${right.slice(0, -1)}_`,
            kind.encoding === 'base64' ? `-_${right.slice(2)}` : `+/${right.slice(2)}`,
          ]
    for (const value of spellings)
      expect(withSignature(kind, prefix + value), value).toBe('malformed_signature')
  })

  it('is a mismatch with the right form and other bytes', () => {
    expect(withSignature(kind, prefix + encode(kind, new Uint8Array(length)))).toBe('signature_mismatch')
  })

  // Row 6
  it('is refused in a header of 4,097 characters', () => {
    const value = prefix + right
    expect(withSignature(kind, value.padEnd(4097, 'a'))).toBe('malformed_header')
    expect(withSignature(kind, value.padEnd(4096, 'a'))).toBe('malformed_signature')
  })
})

// Rows 3, 5 and 6
describe.each([[safravo], [meta], [slack], [acme]])('the prefix of $name', (scheme) => {
  const kind = kindOf(scheme)
  const right = signatureOf(kind)

  it('is there, in its own case, and nothing before it', () => {
    const wrong = [
      right,
      kind.prefix.toUpperCase() + right,
      ` ${kind.prefix}${right}`,
      `sha1=${right}`,
      `sha512=${right}`,
    ]
    for (const value of wrong) expect(withSignature(kind, value), value).toBe('malformed_header')
  })

  it('is there once', () => {
    expect(withSignature(kind, kind.prefix + kind.prefix + right)).toBe('malformed_signature')
  })

  it('is not the start of a list', () => {
    const joined = `${kind.prefix}${right}, ${kind.prefix}${right}`
    expect(withSignature(kind, joined)).toBe('malformed_signature')
    const headers = new Headers(signedRequest(scheme).headers)
    headers.append(kind.header, kind.prefix + right)
    expect(outcomeOf(verifierFor(scheme), { ...signedRequest(scheme), headers })).toBe('malformed_signature')
  })

  // Row 19
  it('is not followed by a second =', () => {
    expect(withSignature(kind, `${kind.prefix}sig=junk`)).toBe('malformed_signature')
  })
})

// Rows 3, 6, 7
describe.each([[standardWebhooks], [standardWebhooksV1a]])('the entries of $name', (scheme) => {
  const kind = kindOf(scheme)
  const right = signatureOf(kind)
  const entry = kind.prefix + right

  it.each([
    ['joined by a comma, as proxies join headers', `${entry}, ${entry}`],
    ['without a comma', kind.prefix.slice(0, -1)],
    ['with junk behind the signature', `${entry},junk`],
    ['without a version', `,${right}`],
    ['with another word for the version', `V1,${right}`],
    ['with a version in two letters', `v1ab,${right}`],
    ['with an empty signature', 'v1,'],
    ['with two spaces between', `${entry}  ${entry}`],
    ['with a space at the end', `${entry} `],
    ['with a tab between', `${entry}\t${entry}`],
    ['eleven in number', Array(11).fill('v1,aa').join(' ')],
    ['eleven in number, all of unknown versions', Array(11).fill('v9,aa').join(' ')],
  ])('are malformed %s', (_what, value) => {
    expect(withSignature(kind, value)).toBe('malformed_header')
  })

  it('may be ten, of which the last one matches', () => {
    const other = kind.prefix + encode(kind, new Uint8Array(kind.length))
    expect(withSignature(kind, [...Array(9).fill(other), entry].join(' '))).toBe('verified')
  })

  it('of unknown versions are passed over, and none but unknown ones is an unsupported version', () => {
    expect(withSignature(kind, `v2,abc ${entry} v7x,!`)).toBe('verified')
    expect(withSignature(kind, 'v2,abc')).toBe('unsupported_version')
    expect(withSignature(kind, `v2,${right}`)).toBe('unsupported_version')
    expect(withSignature(kind, `v01,${right}`)).toBe('unsupported_version')
  })

  it('that match do not excuse one of a known version that is malformed', () => {
    expect(withSignature(kind, `${entry} v1,short`)).toBe('malformed_signature')
  })
})

it('standard webhooks of v1a entries alone are an unsupported version for v1 secrets', () => {
  const signed = signedRequest(standardWebhooksV1a)
  expect(outcomeOf(verifierFor(standardWebhooks), signed)).toBe('unsupported_version')
})

// Rows 6, 9 and 19
describe('the pairs of stripe', () => {
  const kind = kindOf(stripe)
  const t = `t=${NOW / 1000}`
  const v1 = `v1=${signatureOf(kind)}`
  const other = `v1=${'0'.repeat(64)}`

  it.each([
    ['with a space behind the comma', `${t}, ${v1}`],
    ['joined from two headers', `${t},${v1}, ${t},${v1}`],
    ['with a second =', `${t},${v1}=`],
    ['with an empty value', `${t},v1=`],
    ['with __proto__ first', `__proto__=1,${t},${v1}`],
    ['with an upper-case name', `T=1,${t},${v1}`],
    ['with a comma at the end', `${t},${v1},`],
    ['with a space before the time', `t= ${NOW / 1000},${v1}`],
    ['twenty-one in number', [t, v1, ...Array(19).fill('v0=a')].join()],
  ])('are malformed %s', (_what, value) => {
    expect(withSignature(kind, value)).toBe('malformed_header')
  })

  it('may be twenty, in any order, with others to ignore', () => {
    expect(withSignature(kind, [v1, t, ...Array(18).fill('v0=a')].join())).toBe('verified')
    expect(withSignature(kind, `constructor=1,${t},${v1}`)).toBe('verified')
  })

  it('may hold two v1, as while a secret is rolled', () => {
    expect(withSignature(kind, `${t},${other},${v1}`)).toBe('verified')
    expect(withSignature(kind, `${t},${v1},${other}`)).toBe('verified')
    expect(withSignature(kind, `${t},${other},${other}`)).toBe('signature_mismatch')
    expect(withSignature(kind, `${t},${v1},v1=00`)).toBe('malformed_signature')
  })

  it('hold a time, once', () => {
    expect(withSignature(kind, v1)).toBe('malformed_timestamp')
    expect(withSignature(kind, `${t},${t},${v1}`)).toBe('malformed_timestamp')
    expect(withSignature(kind, `${t},t=1,${v1}`)).toBe('malformed_timestamp')
  })

  it('hold a v1, or the version is not supported', () => {
    expect(withSignature(kind, t)).toBe('unsupported_version')
    expect(withSignature(kind, `${t},v0=${signatureOf(kind)}`)).toBe('unsupported_version')
  })
})

it('hmacScheme writes and reads upper-case hex alone where that is its encoding', () => {
  const scheme = hmacScheme({ name: 'shout', signature: { header: 'x-sig', encoding: 'hex_upper' } })
  const signed = signedRequest(scheme)
  const signature = signed.headers['x-sig'] as string
  expect(signature).toMatch(/^[0-9A-F]{64}$/)
  const verifier = verifierFor(scheme)
  expect(outcomeOf(verifier, signed)).toBe('verified')
  for (const value of [signature.toLowerCase(), `a${signature.slice(1)}`]) {
    expect(outcomeOf(verifier, withHeaders(signed, { 'x-sig': value }))).toBe('malformed_signature')
  }
})

it('a prefix that is not empty is no excuse for an empty signature', () => {
  for (const [, kind] of eachKind) {
    const expected = kind.prefix === '' ? 'missing_header' : /^malformed_(?:signature|header)$/
    expect(withSignature(kind, kind.prefix), kind.scheme.name).toMatch(expected)
  }
})

it('a right signature of another secret of the same form is a mismatch', () => {
  for (const [, { scheme }] of eachKind) {
    const request = signedRequest(scheme, '{}', { secret: secretFor(scheme, 8) })
    expect(outcomeOf(verifierFor(scheme), request), scheme.name).toBe('signature_mismatch')
  }
})
