/**
 * Redacting a webhook's log record, beside those who also do it: `npm run bench masking`. How many of its secrets each
 * candidate hides is counted in the output of this very run. Below that, the worst that a text of 1 MB can do to us.
 */

import { createRequire } from 'node:module'
import { DeepRedact } from '@hackylabs/deep-redact'
import pinojsRedact from '@pinojs/redact'
import fastRedact from 'fast-redact'
import pino from 'pino'
import { createRedactor, pinoRedaction } from 'waxseal/masking'
import { adversarialInputs } from '../test/masking/adversarial.js'
import { check, medians, print, row, section } from './harness.js'

/** Made up, and each another one, so that each can be looked for. */
const secrets = {
  authorization: `abcDEF${'0123456789'.repeat(2)}`,
  cookie: `s%3A${'c00k1e'.repeat(5)}.${'Zq9'.repeat(8)}`,
  signature: '7d38cdd689735b008b3c702edd92eea2'.repeat(2),
  accessToken: `EAAG${'m1n2b3v4'.repeat(8)}`,
  appSecret: '614fc2afde15eee07a26b2fe3eaee9b9',
  inUrl: `EAAJ${'q9w8e7r6'.repeat(6)}`,
  inText: `EAAK${'p0o9i8u7'.repeat(6)}`,
  inStack: `EAAL${'l1k2j3h4'.repeat(6)}`,
} as const

const record = {
  reqId: 'req-1f4',
  req: {
    method: 'POST',
    url: `/webhooks/whatsapp?org=42&access_token=${secrets.inUrl}`,
    headers: {
      host: 'api.example.com',
      accept: '*/*',
      'accept-encoding': 'deflate, gzip',
      'content-length': '612',
      'x-forwarded-for': '173.252.127.23',
      'x-forwarded-proto': 'https',
      'x-request-id': '0f8fad5b-d9cd-469f-a165-70867728950e',
      'user-agent': 'facebookexternalua',
      'content-type': 'application/json',
      authorization: `Bearer ${secrets.authorization}`,
      cookie: `sid=${secrets.cookie}; theme=dark`,
      'x-hub-signature-256': `sha256=${secrets.signature}`,
    },
  },
  body: {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '236484624622562',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '15550001111', phone_number_id: '106540352242922' },
              contacts: [{ profile: { name: 'Ana' }, wa_id: '16505551234' }],
              messages: [
                {
                  from: '16505551234',
                  id: 'wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=',
                  timestamp: '1749416383',
                  type: 'text',
                  text: { body: `It says my token is ${secrets.inText}, is that right?` },
                },
              ],
            },
          },
        ],
      },
    ],
  },
  account: { id: 'acc_1', access_token: secrets.accessToken, app_secret: secrets.appSecret, hasToken: true },
  err: {
    type: 'GraphError',
    message: 'Request failed with status code 400',
    stack: `GraphError: Request failed with status code 400\n    at GET https://graph.facebook.com/v21.0/me?access_token=${secrets.inStack}\n    at settle (/srv/app/node_modules/graph/lib/settle.js:19:12)\n    at IncomingMessage.handleStreamEnd (/srv/app/node_modules/graph/lib/http.js:589:11)`,
  },
  responseTime: 12.4173058,
}

const EXACT = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-hub-signature-256"]',
  'req.url',
  'account.access_token',
  'account.app_secret',
]
const WILDCARD = [
  'req.*.authorization',
  'req.*.cookie',
  'req.*["x-hub-signature-256"]',
  '*.url',
  '*.access_token',
  '*.app_secret',
]

const RECORD_BYTES = 1_830

/** What a candidate writes for the record. */
type Candidate = () => unknown

/** A logger to nowhere, and what it wrote last. */
function logged(options: pino.LoggerOptions): Candidate {
  let last = ''
  const log = pino(options, {
    write(line) {
      last = line
    },
  })
  return () => {
    log.info(record)
    return last
  }
}

function candidates(): Readonly<Record<string, Candidate>> {
  const redactor = createRedactor()
  const line = JSON.stringify(record)
  const exact = fastRedact({ paths: EXACT })
  const [pinojsExact, pinojsWildcard] = [pinojsRedact({ paths: EXACT }), pinojsRedact({ paths: WILDCARD })]
  const hide = (value: string, pattern: RegExp): string => value.replace(pattern, '$1[REDACTED]')
  const deep = new DeepRedact({
    serialise: true,
    blacklistedKeys: ['authorization', 'cookie', 'x-hub-signature-256', 'access_token', 'app_secret'],
    stringTests: [
      { pattern: /(access_token=)[^&\s"]+/g, replacer: hide },
      { pattern: /(EAA)[A-Za-z0-9]{30,}/g, replacer: hide },
    ],
  })
  return {
    'JSON.stringify alone': () => JSON.stringify(record),
    'waxseal value, JSON.stringify': () => JSON.stringify(redactor.value(record)),
    'waxseal text of the line': () => redactor.text(line),
    'fast-redact, 6 exact paths': () => exact(record),
    '@pinojs/redact, 6 exact paths': () => pinojsExact(record),
    '@pinojs/redact, 6 wildcard paths': () => pinojsWildcard(record),
    '@hackylabs/deep-redact, 5 keys, 2 patterns': () => deep.redact(record),
    'pino plain': logged({}),
    'pino, redact with 6 exact paths': logged({ redact: EXACT }),
    'pino, redact with 6 wildcard paths': logged({ redact: WILDCARD }),
    'pino, pinoRedaction of waxseal': logged({ ...pinoRedaction(redactor) }),
  }
}

const hiddenIn = (output: string): number =>
  Object.values(secrets).filter((secret) => !output.includes(secret)).length

const versionOf = (name: string): string =>
  createRequire(import.meta.url)(`../node_modules/${name}/package.json`).version

async function records(): Promise<void> {
  const line = JSON.stringify(record)
  check(Buffer.byteLength(line) === RECORD_BYTES, `the record takes ${Buffer.byteLength(line)} bytes`)
  const all = candidates()
  const hidden: Record<string, number> = {}
  for (const [name, run] of Object.entries(all)) {
    // Twice: a pattern may remember where it was.
    const outputs = [String(run()), String(run())]
    check(JSON.parse(outputs[0] as string).account.id === 'acc_1', name)
    hidden[name] = Math.min(...outputs.map(hiddenIn))
  }
  check(JSON.stringify(record) === line, 'the record was changed')

  const short =
    '{"level":30,"time":1749416383000,"pid":7,"hostname":"api-1","reqId":"req-1f4","msg":"request completed"}'
  const { text } = createRedactor()
  check(text(short) === short, 'the short line was changed')
  const times = await medians({ ...all, 'waxseal text of a short clean line': () => text(short) })
  const limit = times.get('JSON.stringify alone') ?? Number.NaN
  section('One record of 1 830 bytes', '', 'p50 µs', '× JSON.stringify', 'hidden of 8')
  for (const [name, ns] of times) {
    row(name, (ns / 1e3).toFixed(1), (ns / limit).toFixed(1), hidden[name] ?? '–')
  }
}

/** Milliseconds for each text of 1 MB, worst first. Once each, after a warm-up: nobody sends it a thousand times. */
function adversarial(): readonly (readonly [name: string, ms: number])[] {
  const { text: redact } = createRedactor({ personal: 'mask' })
  return adversarialInputs()
    .map(({ name, text }) => {
      redact(text.slice(0, 131_072))
      const start = performance.now()
      redact(text)
      return [name, performance.now() - start] as const
    })
    .sort(([, a], [, b]) => b - a)
}

export async function maskingBench(): Promise<void> {
  const packages = ['fast-redact', '@pinojs/redact', '@hackylabs/deep-redact', 'pino']
  print(packages.map((name) => `${name} ${versionOf(name)}`).join(', '))
  await records()

  const worst = adversarial()
  section(`Adversarial texts of 1 MB, the worst of ${worst.length}`, 'repeated', 'ms')
  for (const [name, ms] of worst.slice(0, 10)) row(`\`${name.replaceAll('|', '\\|')}\``, ms.toFixed(0))
  const median = worst[worst.length >> 1]?.[1] ?? Number.NaN
  print(`\nMedian of all: ${median.toFixed(0)} ms.`)
}
