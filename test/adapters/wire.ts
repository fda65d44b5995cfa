/** A client that sends exactly the bytes it is told to, where `fetch` and `node:http` would know better. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pause, sign } from '../http/deliveries.js'

export interface Wire {
  /** Default `POST`. */
  readonly method?: string
  /** Default `/hook`. */
  readonly target?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: Uint8Array
  /** `length`: its true length, the default; a number: that length instead; `none`: no header at all. */
  readonly framing?: 'length' | 'chunked' | 'none' | number
  /** Bytes per write. Default: all at once. */
  readonly pieces?: number
  /** The client falls silent after that many bytes of the body; `hangUp`: it closes the connection instead. */
  readonly stopAfter?: number
  readonly hangUp?: boolean
}

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** A signed delivery. */
export function post(content: Parameters<typeof sign>[0], more: Wire = {}): Wire {
  const { headers, bytes } = sign(content)
  return { body: bytes, ...more, headers: [...headers, ...(more.headers ?? [])] }
}

/** The answer; `undefined` where the connection ended without one. */
export async function send(port: number, wire: Wire): Promise<Answer | undefined> {
  const { method = 'POST', stopAfter, hangUp = false } = wire
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const answer = receive(socket, method === 'HEAD')
  try {
    await once(socket, 'connect')
    await write(socket, wire)
    if (stopAfter !== undefined && hangUp) {
      // What was written has arrived by then.
      await pause(20)
      return undefined
    }
    return await answer
  } catch {
    return await answer
  } finally {
    socket.destroy()
  }
}

async function write(socket: Socket, wire: Wire): Promise<void> {
  const {
    method = 'POST',
    target = '/hook',
    headers = [],
    body = new Uint8Array(),
    framing = 'length',
  } = wire
  const { pieces = body.length, stopAfter = body.length } = wire
  const chunked = framing === 'chunked'
  const all = [['host', 'localhost'], ...headers]
  if (chunked) all.push(['transfer-encoding', 'chunked'])
  else if (framing !== 'none')
    all.push(['content-length', String(framing === 'length' ? body.length : framing)])
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`)

  const end = Math.min(stopAfter, body.length)
  for (let at = 0; at < end; at += pieces) {
    const piece = body.subarray(at, Math.min(at + pieces, end))
    if (chunked) socket.write(`${piece.length.toString(16)}\r\n`)
    socket.write(piece)
    if (chunked) socket.write('\r\n')
    // Otherwise the pieces arrive as one.
    if (pieces < body.length) await pause(1)
  }
  if (chunked && end === body.length) socket.write('0\r\n\r\n')
}

/** Resolves once the answer is complete; a connection that is reset after it has arrived takes nothing back. */
function receive(socket: Socket, bodiless: boolean): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      const answer = parse(received, bodiless)
      if (answer !== undefined) resolve(answer)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(parse(received, bodiless)))
  })
}

function parse(received: Buffer, bodiless: boolean): Answer | undefined {
  const endOfHead = received.indexOf('\r\n\r\n')
  if (endOfHead < 0) return undefined
  const [statusLine = '', ...lines] = received.subarray(0, endOfHead).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const text = bodiless ? '' : bodyOf(received.subarray(endOfHead + 4), headers)
  return text === undefined ? undefined : { status: Number(statusLine.split(' ')[1]), headers, text }
}

function bodyOf(rest: Buffer, headers: Record<string, string>): string | undefined {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? 0)
    return rest.length < length ? undefined : rest.subarray(0, length).toString()
  }
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const endOfSize = rest.indexOf('\r\n', at)
    if (endOfSize < 0) return undefined
    const size = Number.parseInt(rest.subarray(at, endOfSize).toString(), 16)
    if (size === 0) return Buffer.concat(parts).toString()
    const start = endOfSize + 2
    if (rest.length < start + size + 2) return undefined
    parts.push(rest.subarray(start, start + size))
    at = start + size + 2
  }
}
