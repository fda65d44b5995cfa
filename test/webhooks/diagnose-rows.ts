import { createHash, createHmac } from 'node:crypto'
import {
  type DiagnoseInput,
  type FindingCause,
  github,
  meta,
  safravo,
  slack,
  stripe,
  twilio,
  type WebhookScheme,
} from 'waxseal/webhooks'
import { NOW, ORIGIN, secretFor, signedRequest } from './support.js'

export type Row = readonly [cause: FindingCause, what: string, proven: boolean, input: DiagnoseInput]

const secret = secretFor(safravo)
const hexOf = (key: string | Uint8Array, body: string | Uint8Array) =>
  `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
const base = { now: () => NOW }

/** A safravo delivery signed with one key over one body, and received with another body. */
const safravoRow = (
  cause: FindingCause,
  what: string,
  {
    key = secret as string | Uint8Array,
    signed = '{}' as string | Uint8Array,
    received = signed as unknown,
    configured = secret,
  },
  proven = true,
): Row => [
  cause,
  what,
  proven,
  {
    ...base,
    scheme: safravo,
    secrets: [{ id: 'k', secret: configured }],
    request: { headers: { 'x-safravo-signature': hexOf(key, signed) }, body: received },
  },
]

const row = (
  cause: FindingCause,
  what: string,
  proven: boolean,
  scheme: WebhookScheme,
  request: DiagnoseInput['request'],
  more: Partial<DiagnoseInput> = {},
): Row => [
  cause,
  what,
  proven,
  { ...base, scheme, secrets: [{ id: 'k', secret: secretFor(scheme) }], request, ...more },
]

const bare = secret.slice('whsec_'.length)
const value = { b: [1, {}, 'é'], a: 'http://x/<@&>%' }
const metaRequest = (body: string) => signedRequest(meta, body)
const stale = signedRequest(stripe)
const twilioBody = '{"a":1}'
const twilioTarget = `/sms?bodySHA256=${createHash('sha256').update(twilioBody).digest('hex')}`
const twilioSigned = (url: string) => ({
  'x-twilio-signature': createHmac('sha1', secretFor(twilio)).update(url).digest('base64'),
})
const twilioRow = (what: string, url: string, headers = {}, target = twilioTarget): Row =>
  row(
    'url_differs',
    what,
    true,
    twilio,
    { headers: { ...twilioSigned(url), ...headers }, body: twilioBody, target },
    { publicUrl: `${ORIGIN}/wh` },
  )
const inMilliseconds = (scheme: WebhookScheme, text: string) => {
  const { headers, body } = signedRequest(scheme, '{}')
  const key = secretFor(scheme)
  const mac = createHmac('sha256', key)
    .update(text.replace('{ts}', String(NOW)))
    .digest('hex')
  return { headers, body, mac }
}

/** A fixture for every cause: what went wrong, whether it can be proven, and what diagnose is shown. */
export const ROWS: readonly Row[] = [
  row('body_parsed', 'a parsed body', true, meta, { ...metaRequest(JSON.stringify(value)), body: value }),
  row('body_parsed', 'a parsed body that Meta had escaped', true, meta, {
    ...metaRequest('{"b":[1,{},"\\u00e9"],"a":"http:\\/\\/x\\/\\u003c\\u0040\\u0026\\u003e\\u0025"}'),
    body: value,
  }),
  row('body_parsed', 'a parsed body that does not serialise as it was', false, meta, {
    ...metaRequest('{"a":1.0}'),
    body: { a: 1 },
  }),
  row('body_parsed', 'a body that cannot be serialised', false, meta, {
    ...metaRequest('1'),
    body: { a: 1n },
  }),
  row('body_parsed', 'no body', false, meta, { ...metaRequest('{}'), body: undefined }),
  safravoRow('body_reserialised', 'JSON with spaces as Python writes it', {
    signed: '{"b": [1, {}, "é"], "a": "x, y: {}"}',
    received: '{"b":[1,{},"é"],"a":"x, y: {}"}',
  }),
  safravoRow('body_reserialised', 'JSON indented by 2', {
    signed: JSON.stringify(value, null, 2),
    received: JSON.stringify(value),
  }),
  safravoRow('body_reserialised', 'JSON indented by 4, shown indented by 2', {
    signed: JSON.stringify(value, null, 4),
    received: JSON.stringify(value, null, 2),
  }),
  safravoRow('body_reserialised', 'JSON without its escapes', {
    signed: '{"a":"\\u00e9\\ud83d\\udc4b\\/"}',
    received: '{"a":"é👋/"}',
  }),
  safravoRow('body_text_decoded', 'text for bytes on the signer’s side', {
    signed: '{\ufffd}',
    received: Uint8Array.of(0x7b, 0xff, 0x7d),
  }),
  safravoRow('body_text_decoded', 'UTF-8 read as Latin-1', {
    signed: 'é👋',
    received: Buffer.from('é👋').toString('latin1'),
  }),
  safravoRow('body_text_decoded', 'UTF-8 written as Latin-1', {
    signed: 'é',
    received: Uint8Array.of(0xe9),
  }),
  safravoRow('bom_changed', 'a byte order mark removed', { signed: '\ufeff{}', received: '{}' }),
  safravoRow('bom_changed', 'a byte order mark added', { signed: '{}', received: '\ufeff{}' }),
  safravoRow('final_newline_changed', 'a final LF removed', { signed: 'a\n', received: 'a' }),
  safravoRow('final_newline_changed', 'a final CRLF removed', { signed: 'a\r\n', received: 'a' }),
  safravoRow('final_newline_changed', 'a final LF added', { signed: 'a', received: 'a\n' }),
  safravoRow('final_newline_changed', 'a final CRLF for LF', { signed: 'a\n', received: 'a\r\n' }),
  safravoRow('line_endings_changed', 'LF for CRLF', { signed: 'a\r\nb', received: 'a\nb' }),
  safravoRow('line_endings_changed', 'CRLF for LF', { signed: 'a\nb\nc', received: 'a\r\nb\r\nc' }),
  row('content_encoded', 'a compressed body', false, meta, {
    headers: { ...metaRequest('{}').headers, 'content-encoding': 'gzip' },
    body: '{} ',
  }),
  row('content_encoded', 'a body that is right but for the header', false, meta, {
    headers: { ...metaRequest('{}').headers, 'content-encoding': 'gzip' },
    body: '{}',
  }),
  row('body_empty', 'a body that somebody had read', false, meta, { ...metaRequest('{}'), body: '' }),
  safravoRow(
    'secret_malformed',
    'a secret that is none of the scheme',
    { key: 'k', configured: 'whsec_short' },
    false,
  ),
  safravoRow('secret_prefix_stripped', 'a key without its prefix', { key: bare }),
  safravoRow('secret_hex_decoded', 'a key decoded from hex', { key: Buffer.from(bare, 'hex') }),
  safravoRow('secret_base64_decoded', 'a key decoded from base64', { key: Buffer.from(bare, 'base64') }),
  safravoRow('secret_whitespace', 'a key with a line feed', { key: `${secret}\n` }),
  safravoRow('secret_whitespace', 'a secret with a line feed', { configured: `${secret}\n` }),
  safravoRow('secret_quoted', 'a secret in double quotes', { configured: `"${secret}"` }),
  safravoRow('secret_quoted', 'a secret in single quotes', { configured: `'${secret}'` }),
  safravoRow('secret_prefix_missing', 'a secret without whsec_', { configured: bare }),
  row('secret_prefix_missing', 'a secret without whsec_, of a scheme that takes any', true, stripe, stale, {
    secrets: [{ id: 'k', secret: secretFor(stripe).slice(6) }],
  }),
  row('secret_expired', 'the only secret, expired', true, meta, metaRequest('{}'), {
    secrets: [{ id: 'k', secret: secretFor(meta), notAfterAt: NOW - 1 }],
  }),
  row('secret_expired', 'an expired secret beside a live one', true, meta, metaRequest('{}'), {
    secrets: [
      { id: 'live', secret: secretFor(meta, 8) },
      { id: 'k', secret: secretFor(meta), notAfterAt: new Date(NOW - 1) },
    ],
  }),
  row('secret_expired', 'an expired secret that did not sign', false, meta, metaRequest('{}'), {
    secrets: [{ id: 'k', secret: secretFor(meta, 8), notAfterAt: NOW - 1 }],
  }),
  row('other_secret_matches', 'the secret of staging', true, meta, metaRequest('{}'), {
    secrets: [{ id: 'prod', secret: secretFor(meta, 8) }],
    otherSecrets: [
      { id: 'dev', secret: secretFor(meta, 9) },
      { id: 'k', secret: secretFor(meta) },
    ],
  }),
  row('other_scheme_matches', 'the headers of both, signed under the other', true, meta, metaRequest('{}'), {
    secrets: [{ id: 'k', secret: secretFor(meta) }],
    scheme: stripe,
    otherSchemes: [slack, meta],
  }),
  row(
    'other_scheme_headers',
    'the headers of another scheme, signed with an unknown secret',
    false,
    stripe,
    metaRequest('{}'),
    {
      otherSchemes: [slack, github],
    },
  ),
  row('header_missing', 'no signature', false, meta, { headers: {}, body: '{}' }),
  row(
    'header_missing',
    'no timestamp',
    false,
    slack,
    {
      headers: { 'x-slack-signature': `v0=${'0'.repeat(64)}` },
      body: '{}',
    },
    { otherSchemes: [meta] },
  ),
  row('header_duplicated', 'a signature twice', false, meta, {
    headers: { 'x-hub-signature-256': ['a', 'b'] },
    body: '{}',
  }),
  row('legacy_header_only', 'only the SHA-1 header', false, meta, {
    headers: { 'X-Hub-Signature': `sha1=${'a'.repeat(40)}` },
    body: '{}',
  }),
  row('signature_case', 'a signature in upper case', true, safravo, {
    headers: { 'x-safravo-signature': `sha256=${hexOf(secret, '{}').slice(7).toUpperCase()}` },
    body: '{}',
  }),
  row('timestamp_stale', 'a delivery from yesterday', true, stripe, {
    ...stale,
    receivedAt: NOW + 86_400_000,
  }),
  row('timestamp_ahead', 'a delivery from tomorrow', true, stripe, {
    ...stale,
    receivedAt: new Date(NOW - 86_400_000),
  }),
  row('timestamp_in_milliseconds', 'sent in milliseconds, signed in seconds', true, slack, {
    headers: { ...signedRequest(slack, '{}').headers, 'x-slack-request-timestamp': String(NOW) },
    body: '{}',
  }),
  row('timestamp_in_milliseconds', 'sent and signed in milliseconds', true, slack, {
    headers: {
      'x-slack-signature': `v0=${inMilliseconds(slack, 'v0:{ts}:{}').mac}`,
      'x-slack-request-timestamp': String(NOW),
    },
    body: '{}',
  }),
  row('timestamp_in_milliseconds', 'sent and signed in milliseconds in one header', true, stripe, {
    headers: { 'stripe-signature': `t=${NOW},v1=${inMilliseconds(stripe, '{ts}.{}').mac}` },
    body: '{}',
  }),
  twilioRow('http for https', `http://hooks.example.com/wh${twilioTarget}`),
  twilioRow('the internal host', `https://internal:8080/wh${twilioTarget}`, { host: 'internal:8080' }),
  twilioRow('the forwarded host and protocol', `http://edge.example${twilioTarget}`, {
    'x-forwarded-host': 'edge.example',
    'x-forwarded-proto': 'http',
  }),
  twilioRow('no prefix', `${ORIGIN}${twilioTarget}`),
  twilioRow('a slash at the end', `${ORIGIN}/wh${twilioTarget.replace('/sms?', '/sms/?')}`),
  row(
    'url_differs',
    'a URL without the query',
    true,
    twilio,
    {
      headers: twilioSigned(`${ORIGIN}/sms`),
      body: '',
      target: '/sms?utm=1',
    },
    { publicUrl: ORIGIN },
  ),
  row(
    'url_differs',
    'no target',
    false,
    twilio,
    { headers: twilioSigned(ORIGIN), body: '' },
    { publicUrl: ORIGIN },
  ),
  row('unexplained', 'a forgery', false, meta, {
    headers: { 'x-hub-signature-256': hexOf('k', 'x') },
    body: '{}',
  }),
  row('unexplained', 'no secret at all', false, meta, metaRequest('{}'), { secrets: [] }),
]
