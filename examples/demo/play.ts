import { type IncomingMessage, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { ReceiverEvent } from 'waxseal/http'
import type { PlayedScene, Scene, WireRequest } from './scene.js'

/** Sends a scene's request over a connection of its own, and holds the answer against the expected one. */
export async function play(
  scene: Scene,
  port: number,
  observed: readonly ReceiverEvent[],
): Promise<PlayedScene> {
  const startedAt = performance.now()
  const { status, body } = await send(scene.request, port)
  const milliseconds = performance.now() - startedAt
  const why = whyOf(observed)
  const { expected } = scene
  const asExpected =
    status === expected.status &&
    why === expected.why &&
    (expected.body === undefined || body === expected.body)
  return { ...scene, status, why, body, milliseconds, asExpected }
}

/** The true reason, from the backend's own observer: the sender is not told. */
function whyOf(observed: readonly ReceiverEvent[]): string {
  const last = observed.at(-1)
  switch (last?.type) {
    case 'delivery_refused':
      return last.code
    case 'handshake_answered':
      return 'handshake answered'
    case 'delivery_answered': {
      const { report, secretId } = last
      const fates = Object.entries(report ?? {}).filter(([, count]) => typeof count === 'number' && count > 0)
      return `${fates.map(([fate, count]) => `${fate} ${count}`).join(', ')}, secret ${secretId}`
    }
    default:
      return last?.type ?? 'nothing observed'
  }
}

function send(
  { method, path, headers = {}, body }: WireRequest,
  port: number,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...headers, ...length },
      agent: false,
    }
    const outgoing = request(options, (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      )
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
