/**
 * Prints, as Markdown, what becomes of a hidden value at every sink of the runtime that runs this, for `Secret` and for
 * what people use instead. Exits with 1 where a Secret shows what it holds, or is taken for a key. Wants a build:
 *
 *     node test/runtimes/secret-matrix.mjs
 *     bun test/runtimes/secret-matrix.mjs
 *     deno run -A test/runtimes/secret-matrix.mjs
 */

import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Secret } from 'waxseal'
import { CONSOLE_SINKS, outcomesOf, wrappers } from './secret-sinks.mjs'

const { Bun, Deno } = globalThis
const runtime =
  (Bun && `Bun ${Bun.version}`) || (Deno && `Deno ${Deno.version.deno}`) || `Node ${process.versions.node}`
const self = [...(Deno ? ['run', '-A'] : []), fileURLToPath(import.meta.url)]

/** The marker would be one key for all secrets. */
const KEYS = ['Buffer.from', 'HMAC key', 'HMAC data', 'noble utf8ToBytes']

const [, , wrapper, sink] = process.argv
if (sink !== undefined) CONSOLE_SINKS[sink](wrappers(Secret)[wrapper](), console)
else process.exitCode = matrix()

/** The runtime's own console, which cannot be listened to from within. */
function printed(wrapper, sink) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...self, wrapper, sink], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${sink}: ${stderr}`)
  return stdout + stderr
}

function matrix() {
  const columns = Object.entries(wrappers(Secret)).map(([name, wrap]) => ({
    name,
    rows: outcomesOf(wrap, (_use, sink) => printed(name, sink)),
  }))
  const lines = columns[0].rows.map(({ sink }, at) => [sink, ...columns.map(({ rows }) => rows[at].outcome)])
  const header = [`${runtime}, ${lines.length} sinks`, ...columns.map(({ name }) => name)]
  const table = [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`)
  process.stdout.write(table.join(''))
  const isFine = ({ sink, outcome }) =>
    outcome === 'refused' || (!KEYS.includes(sink) && ['hidden', 'lost'].includes(outcome))
  const secrets = columns.filter(({ name }) => name.startsWith('Secret'))
  return secrets.every(({ rows }) => rows.every(isFine)) ? 0 : 1
}
