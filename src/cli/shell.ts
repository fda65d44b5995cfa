import { styleText } from 'node:util'
import { fromUtf8 } from '../internal/bytes.js'
import { Failure, usage } from './exit.js'

/** The streams and the environment that the command line runs in. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
}

/** A stream to write to; `columns` where it is a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** What a command does with the outside. Data goes to standard output, all that is for people to standard error. */
export interface Shell {
  readonly env: Host['env']
  readonly stderr: Output
  /** Whether `--json` was given. */
  readonly json: boolean
  /** Aborted when nobody reads standard output any longer. */
  readonly unread: AbortSignal
  /** Data, and a newline. */
  print(data: string | Uint8Array): void
  /** A line for people. */
  say(line?: string): void
  /** A line of the answer itself: to standard output, or beside a document of `--json` to standard error. */
  answer(line: string): void
  /** With `--json` the document, else nothing. */
  printJson(document: object): void
  /** Escape codes around the text when standard error is a terminal. */
  style(format: Parameters<typeof styleText>[0], text: string): string
  /** A variable that must be there. Failure 2 naming it. */
  variable(name: string): string
  /** Standard input without the one newline that ends it. Failure 2 when it is empty or longer than 2 MiB. */
  read(what: string): Promise<Uint8Array>
  /** The same as text. Failure 2 when it is no UTF-8. */
  readText(what: string): Promise<string>
}

const MAX_INPUT = 2 << 20

/** A shell over these streams. */
export function createShell(host: Host, json: boolean): Shell {
  const { env, stdin, stdout, stderr } = host
  const colour = stderr.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const unread = new AbortController()
  // A pipe that was closed, `| head`, is no failure of ours: what is still written goes nowhere.
  stdout.on('error', () => unread.abort())
  stderr.on('error', () => {})

  const print = (data: string | Uint8Array): void => {
    if (unread.signal.aborted) return
    stdout.write(data)
    stdout.write('\n')
  }

  const say = (line = ''): void => void stderr.write(`${line}\n`)

  const read = async (what: string): Promise<Uint8Array> => {
    if (stdin.isTTY) stderr.write(`${what}, from the terminal; end with a new line and Ctrl-D:\n`)
    const chunks: Uint8Array[] = []
    let length = 0
    try {
      for await (const chunk of stdin) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
        length += bytes.length
        if (length > MAX_INPUT) throw usage(`standard input: ${what} is longer than ${MAX_INPUT} bytes`)
        chunks.push(bytes)
      }
    } catch (thrown) {
      throw thrown instanceof Failure ? thrown : usage('standard input cannot be read')
    }
    const bytes = withoutNewline(Buffer.concat(chunks))
    if (bytes.length === 0) throw usage(`standard input is empty; expected ${what}`)
    return bytes
  }

  return Object.freeze({
    env,
    stderr,
    json,
    unread: unread.signal,
    print,
    say,
    answer: json ? say : print,
    printJson: (document) => {
      if (json) print(JSON.stringify(document))
    },
    style: (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text),
    variable: (name) => {
      const value = env[name]
      if (value === undefined || value.trim() === '')
        throw usage(`the environment variable ${name} is not set`)
      return value
    },
    read,
    readText: async (what) => {
      const text = fromUtf8(await read(what))
      if (text === undefined) throw usage(`standard input: ${what} is not UTF-8`)
      return text
    },
  } satisfies Shell)
}

/** Exactly one, as `echo` adds it. */
function withoutNewline(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1)
}
