import { pino } from 'pino'
import { Secret } from 'waxseal'
import { createRedactor, mask, pinoRedaction, type Redactor } from 'waxseal/masking'

/** Something that is printed, and what is to be read there. */
export interface MaskingScene {
  readonly title: string
  /** What is printed of it. */
  readonly run: () => string | Promise<string>
  readonly expected: string
}

const TOKEN = `EAA${'demo'.repeat(10)}kf89`

/** A token on its way to places where nobody should read it. */
export function maskingScenes(): readonly MaskingScene[] {
  const redactor = createRedactor({ literals: ['a verify token'] })
  const careful = createRedactor({ personal: 'mask' })
  const token = new Secret(TOKEN)

  return [
    { title: 'a Secret in a template', run: () => `Bearer ${token}`, expected: 'Bearer [REDACTED]' },
    { title: 'the token in the dashboard', run: () => mask(token), expected: '••••kf89' },
    {
      title: 'a WhatsApp delivery, through pino',
      run: () =>
        logLine(redactor, {
          'x-hub-signature-256': 'sha256=01234567',
          statuses: [{ id: 'wamid.1', status: 'read' }],
        }),
      expected:
        '{"level":30,"x-hub-signature-256":"[REDACTED]","statuses":[{"id":"wamid.1","status":"read"}]}',
    },
    {
      title: 'an error of an HTTP client',
      run: () => JSON.stringify(redactor.error(refusedCall())),
      expected:
        '{"code":"ERR_BAD_REQUEST","http":{"method":"get","url":"https://graph.facebook.com/me","status":401}}',
    },
    {
      title: 'the body of a form',
      run: () => redactor.text('grant_type=authorization_code&client_secret=s3cret&code=4711'),
      expected: 'grant_type=authorization_code&client_secret=[REDACTED]&code=[REDACTED]',
    },
    {
      title: 'JSON within JSON',
      run: () =>
        redactor.text(JSON.stringify({ body: JSON.stringify({ api_key: 'a "quoted" one', ok: 1 }) })),
      expected: '{"body":"{\\"api_key\\":\\"[REDACTED]\\",\\"ok\\":1}"}',
    },
    {
      title: 'a stream, cut inside the token',
      run: () => streamed(redactor, [`with ${TOKEN.slice(0, 9)}`, `${TOKEN.slice(9)}: expired\n`]),
      expected: 'with EAA[REDACTED]: expired',
    },
    {
      title: "a customer's message",
      run: () =>
        JSON.stringify(
          careful.value({ from: '16505551234', type: 'text', text: { body: 'My name is Ana' } }),
        ),
      expected: '{"from":"+16••••34","type":"text","text":{"body":"[PERSONAL]"}}',
    },
    {
      title: 'a registered value',
      run: () => redactor.text('expected "a verify token" in the handshake'),
      expected: 'expected "[REDACTED]" in the handshake',
    },
    {
      title: 'no name, no shape, not registered',
      run: () => redactor.text('id 0123456789abcdef0123456789abcdef'),
      expected: 'id 0123456789abcdef0123456789abcdef',
    },
  ]
}

function logLine(redactor: Redactor, delivery: object): string {
  const lines: string[] = []
  const options = { base: null, timestamp: false, ...pinoRedaction(redactor) }
  pino(options, { write: (line) => void lines.push(line.trimEnd()) }).info(delivery)
  return lines.join('\n')
}

async function streamed(redactor: Redactor, parts: readonly string[]): Promise<string> {
  const { readable, writable } = redactor.stream()
  const written = new Response(readable).text()
  const writer = writable.getWriter()
  for (const part of parts) await writer.write(new TextEncoder().encode(part))
  await writer.close()
  return (await written).trimEnd()
}

/** As axios makes it. */
function refusedCall(): Error {
  const url = `https://graph.facebook.com/me?access_token=${TOKEN}`
  const config = { method: 'get', url, headers: { Authorization: `Bearer ${TOKEN}` } }
  return Object.assign(new Error('401'), {
    code: 'ERR_BAD_REQUEST',
    config,
    response: { status: 401, config },
  })
}
