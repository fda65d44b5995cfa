/**
 * Verifying a delivery, beside the least it can cost and beside the libraries that people use for it: each on its own
 * scheme, in the same process and run. `npm run bench webhooks`.
 */

import { execFileSync } from 'node:child_process'
import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto'
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import { createSigner, createVerifier, github, meta, standardWebhooks, stripe } from 'waxseal/webhooks'
import { check, medianOf, medians, row, section } from './harness.js'

const SECRET = '0123456789abcdef'.repeat(2)
const STANDARD_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const ONE_SHOT_LIMIT = 32_768

/** As a server hands them over: a handful of headers that are none of ours. */
const CARRIED: Record<string, string> = {
  host: 'hooks.example.com',
  'user-agent': 'facebookexternalua',
  'content-length': '1024',
  accept: '*/*',
  'accept-encoding': 'deflate, gzip',
  'content-type': 'application/json',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
}

const bodyOf = (length: number): Buffer => Buffer.alloc(length, '{"object":"whatsapp_business_account"} ')

/** Two one-shot hashes below 32 KiB, `createHmac` with a KeyObject above, the header decoded, `timingSafeEqual`. */
function bareVerify(secret: string): (header: string, body: Uint8Array) => boolean {
  const keyObject = createSecretKey(Buffer.from(secret))
  const scratch = Buffer.alloc(64 + ONE_SHOT_LIMIT)
  const outer = Buffer.alloc(96)
  const key = Buffer.alloc(64)
  key.write(secret)
  for (let i = 0; i < 64; i++) {
    scratch[i] = (key[i] as number) ^ 0x36
    outer[i] = (key[i] as number) ^ 0x5c
  }
  return (header, body) => {
    const given = Buffer.from(header.slice('sha256='.length), 'hex')
    if (body.length > ONE_SHOT_LIMIT) {
      return timingSafeEqual(createHmac('sha256', keyObject).update(body).digest(), given)
    }
    scratch.set(body, 64)
    outer.set(hash('sha256', new Uint8Array(scratch.buffer, 0, 64 + body.length), 'buffer'), 64)
    return timingSafeEqual(hash('sha256', outer, 'buffer'), given)
  }
}

async function bySize(): Promise<void> {
  section(
    'Verify one Meta delivery: ns, and ratio to the limit',
    'body',
    'limit: two one-shot hashes, or createHmac(KeyObject) above 32 KiB',
    'waxseal, accepted',
    'waxseal, refused',
  )
  const secrets = [{ id: 'app', secret: SECRET }]
  const verifier = createVerifier(meta, { secrets })
  const signer = createSigner(meta, { secrets })
  const bare = bareVerify(SECRET)
  for (const length of [256, 1_024, 4_096, 65_536, 1_048_576, 3_145_728]) {
    const body = bodyOf(length)
    const headers = { ...CARRIED, ...signer.sign({ body }).headers }
    const forged = { ...headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    const header = headers['x-hub-signature-256'] as string
    check(bare(header, body) && !bare(`sha256=${'0'.repeat(64)}`, body), 'limit')
    check(
      verifier.safeVerify({ headers, body }).ok && !verifier.safeVerify({ headers: forged, body }).ok,
      'waxseal',
    )
    const times = await medians({
      limit: () => bare(header, body),
      accepted: () => verifier.safeVerify({ headers, body }),
      refused: () => verifier.safeVerify({ headers: forged, body }),
    })
    const limit = times.get('limit') as number
    const cell = (name: string): string => {
      const ns = times.get(name) as number
      return `${Math.round(ns)} (${(ns / limit).toFixed(2)})`
    }
    row(`${length} B`, Math.round(limit), cell('accepted'), cell('refused'))
  }
}

async function byPeer(): Promise<void> {
  section(
    'Verify 1 KiB, each library on its own scheme: ns, and how many times faster waxseal is',
    'scheme',
    'peer',
    'peer, ns',
    'waxseal, ns',
    'ratio',
  )
  const text = bodyOf(1_024).toString()
  const body = Buffer.from(text)
  const against = async (
    scheme: string,
    peer: string,
    theirs: () => unknown,
    ours: () => unknown,
  ): Promise<void> => {
    const times = await medians({ theirs, ours })
    const [a = 0, b = 0] = times.values()
    row(scheme, peer, Math.round(a), Math.round(b), `${(a / b).toFixed(1)}×`)
  }

  const plain = [{ id: 'k', secret: SECRET }]
  const hub = { ...CARRIED, ...createSigner(github, { secrets: plain }).sign({ body }).headers }
  const githubVerifier = createVerifier(github, { secrets: plain })
  const hubHeader = hub['x-hub-signature-256'] as string
  check(
    (await octokitSign(SECRET, text)) === hubHeader && (await octokitVerify(SECRET, text, hubHeader)),
    'octokit',
  )
  await against(
    'github',
    '@octokit/webhooks-methods',
    () => octokitVerify(SECRET, text, hubHeader),
    () => githubVerifier.safeVerify({ headers: hub, body }),
  )

  const client = new Stripe('sk_test_0')
  const stripeVerifier = createVerifier(stripe, { secrets: plain })
  const stripeHeaders = { ...CARRIED, ...createSigner(stripe, { secrets: plain }).sign({ body }).headers }
  const stripeHeader = stripeHeaders['stripe-signature'] as string
  const verifyStripe = () => client.webhooks.signature?.verifyHeader(text, stripeHeader, SECRET, 300)
  check(verifyStripe() === true && stripeVerifier.safeVerify({ headers: stripeHeaders, body }).ok, 'stripe')
  await against('stripe', 'stripe', verifyStripe, () =>
    stripeVerifier.safeVerify({ headers: stripeHeaders, body }),
  )

  const standardSecrets = [{ id: 'k', secret: STANDARD_SECRET }]
  const standardVerifier = createVerifier(standardWebhooks, { secrets: standardSecrets })
  const standardHeaders = {
    ...CARRIED,
    ...createSigner(standardWebhooks, { secrets: standardSecrets }).sign({ body }).headers,
  }
  const json = JSON.stringify({ text: 'x'.repeat(1_013) })
  const jsonBody = Buffer.from(json)
  const jsonHeaders = {
    ...CARRIED,
    ...createSigner(standardWebhooks, { secrets: standardSecrets }).sign({ body: jsonBody }).headers,
  }
  check(standardVerifier.safeVerify({ headers: standardHeaders, body }).ok, 'waxseal')
  const ours = () => standardVerifier.safeVerify({ headers: jsonHeaders, body: jsonBody })
  const standard = new StandardWebhook(STANDARD_SECRET)
  await against('standard_webhooks', 'standardwebhooks', () => standard.verify(json, jsonHeaders), ours)
  const svix = new SvixWebhook(STANDARD_SECRET)
  await against('standard_webhooks', 'svix', () => svix.verify(json, jsonHeaders), ours)
}

async function signing(): Promise<void> {
  section('Sign 1 KiB: ns', 'scheme', 'waxseal', 'standardwebhooks')
  const text = bodyOf(1_024).toString()
  const body = Buffer.from(text)
  const signer = createSigner(standardWebhooks, { secrets: [{ id: 'k', secret: STANDARD_SECRET }] })
  const standard = new StandardWebhook(STANDARD_SECRET)
  const now = new Date()
  const times = await medians({
    ours: () => signer.sign({ id: 'msg_1', body }),
    theirs: () => standard.sign('msg_1', now, text),
  })
  row('standard_webhooks', Math.round(times.get('ours') as number), Math.round(times.get('theirs') as number))
}

/** A process of its own each time, in turns; the median of what importing adds to an empty start. */
function importing(): void {
  section('Process start: ms, median of 21', 'what', 'ms')
  const starts = {
    'node, nothing imported': '0',
    'waxseal/webhooks': "import('waxseal/webhooks')",
    'waxseal/express': "import('waxseal/express')",
    standardwebhooks: "import('standardwebhooks')",
    svix: "import('svix')",
    stripe: "import('stripe')",
  }
  const samples = new Map(Object.keys(starts).map((name) => [name, [] as number[]]))
  for (let round = 0; round < 21; round++) {
    for (const [name, code] of Object.entries(starts)) {
      const startedAt = performance.now()
      execFileSync(process.execPath, ['-e', code])
      samples.get(name)?.push(performance.now() - startedAt)
    }
  }
  const bare = medianOf(samples.get('node, nothing imported') ?? [])
  for (const [name, times] of samples) {
    const added = medianOf(times) - bare
    row(name, added === 0 ? bare.toFixed(1) : `+ ${added.toFixed(1)}`)
  }
}

export async function webhooksBench(): Promise<void> {
  await bySize()
  await byPeer()
  await signing()
  importing()
}
