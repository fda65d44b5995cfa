/**
 * `npm run bench [-- names] [-- --save]`: runs the benches named, all of them by default, against the built package, and
 * prints Markdown. With `--save` it also writes `bench/results/<name>.md`.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { cryptoBench } from './crypto.bench.js'
import { envelopeBench } from './envelope.bench.js'
import { machine, print, report } from './harness.js'
import { keyringBench } from './keyring.bench.js'
import { maskingBench } from './masking.bench.js'
import { rotationBench } from './rotation.bench.js'
import { webhooksBench } from './webhooks.bench.js'

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  webhooks: webhooksBench,
  crypto: cryptoBench,
  keyring: keyringBench,
  envelope: envelopeBench,
  rotation: rotationBench,
  masking: maskingBench,
}

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const names = asked.length > 0 ? asked : Object.keys(BENCHES)
for (const name of names) {
  const bench = BENCHES[name]
  if (bench === undefined)
    throw new Error(`no such bench: ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
  print(`# ${name}\n`)
  print(machine())
  await bench()
  print()
}
if (process.argv.includes('--save')) {
  mkdirSync('bench/results', { recursive: true })
  writeFileSync(`bench/results/${names.join('-')}.md`, report())
}
