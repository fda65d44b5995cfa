/** The command line in this process, where coverage sees it, and in a process of its own, where users do. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll } from 'vitest'
import { createEnvelope, type Sealed } from 'waxseal/envelope'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { run } from '../../src/cli/run.js'

export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>
  /** Default: closed. */
  readonly stdin?: string | Uint8Array
  /** Columns of a terminal behind standard error. Default: none. */
  readonly columns?: number
}

/** Runs it in this process. */
export async function waxseal(
  args: readonly string[],
  { env = {}, stdin = '', columns }: Given = {},
): Promise<Ended> {
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  const [stdout, stderr] = [capture(), capture()]
  const exitCode = await run(args, {
    env,
    stdin: Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: Object.assign(stderr.stream, terminal),
  })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

function capture() {
  const stream = new PassThrough()
  const chunks: Buffer[] = []
  stream.on('data', (chunk) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** The lines of JSON that were printed. */
export const documents = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

export interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
}

/** Starts the command line as a process; as `sh` a line of shell in which `$waxseal` stands for it. */
export interface Starter {
  (args: readonly string[], given?: Given): Started
  sh(line: string, given?: Given): Started
}

/** Bundles the sources once, and starts processes of them. At the top level of a test file. */
export async function processes(): Promise<Starter> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  // Inside of node_modules, so that the bundle finds the drivers.
  const folder = mkdtempSync(join(root, 'node_modules/.waxseal-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const outfile = join(folder, 'main.js')
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['waxseal-source'],
    external: ['pg', 'better-sqlite3'],
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url)" },
    logLevel: 'error',
  })
  const start = (file: string, args: readonly string[], { env = {}, stdin = '' }: Given = {}): Started => {
    const child = spawn(file, args, { env: { PATH: process.env['PATH'], ...env } })
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      return () => Buffer.concat(chunks).toString()
    }) as [() => string, () => string]
    // It may end without having read.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    const ended = once(child, 'close').then(([code]) => ({
      exitCode: code ?? -1,
      stdout: stdout(),
      stderr: stderr(),
    }))
    return { child, ended }
  }
  return Object.assign(
    (args: readonly string[], given?: Given) => start(process.execPath, [outfile, ...args], given),
    {
      sh: (line: string, { env = {}, ...given }: Given = {}) =>
        start('sh', ['-c', line], { ...given, env: { ...env, waxseal: `${process.execPath} ${outfile}` } }),
    },
  )
}

export const OLD = generateKey('2026a')
export const NEW = generateKey('2026b')
/** The new key is primary. */
export const WAXSEAL_KEYS = `${NEW} ${OLD}`
export const TOKEN = 'EAAGm0PX4ZCpsBAxyzSecretToken'

/** Seals under the old key. */
export function sealOld(value: string, id: string, tenant = 'org_1'): Sealed {
  const envelope = createEnvelope({ keyring: createKeyring([OLD]) })
  return envelope.seal(value, { tenant, purpose: 'wa.access_token', id })
}

/** Every run of eight characters of the keys' material, and the token. */
export function secretsIn(text: string): readonly string[] {
  const materials = [OLD, NEW].map((key) => key.split('.')[2] ?? '')
  const windows = materials.flatMap((material) =>
    Array.from({ length: material.length - 7 }, (_, at) => material.slice(at, at + 8)),
  )
  return [...windows, TOKEN].filter((secret) => text.includes(secret))
}
