/**
 * The promise: an entry costs a browser or a worker no more than its ceiling, and brings nothing that was not asked for.
 * Each row is bundled from `dist` with the portable `#crypto`, minified, and gzipped; a row with `over` is charged only
 * for what it adds. A ceiling moves only in the commit that explains it. And the README gives the sizes as they are.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { conclude, entries, root } from './lib/project.js'

interface Row {
  readonly name: string
  readonly code: string
  /** Code whose size is taken off: the row is measured as what it adds to this. */
  readonly over?: string
  readonly ceiling: number
  readonly forbidden: readonly string[]
}

const KB = 1024
/** The README gives one digit behind the point. */
const ROUNDING = 0.05 * KB
/** Two builds of the same sources name and order their shared pieces differently, which gzip notices. */
const JITTER = 32
/** As an import has it: a message may name `node:sqlite`. */
const NODE = '"node:'
const ZOD = '_zod'
const SHA512_CONSTANTS = '428a2f98d728ae22'
const CURVES = ['ed25519', 'Ed25519', 'edwards']

const SEVEN = 'safravo, meta, standardWebhooks, stripe, github, slack, shopify'
const verifier = `export { createVerifier, ${SEVEN} } from 'waxseal/webhooks'`
const handlers = "export * from 'waxseal/webhooks'; export * from 'waxseal/idempotency'"
const envelope = "export * from 'waxseal/envelope'"
const http = "export * from 'waxseal/http'"
const lean = [NODE, ZOD, SHA512_CONSTANTS, ...CURVES]

/**
 * The four webhook ceilings stand higher than first planned (5.5, 6.5, 7.6 and 15 KB). noble's SHA-256 is 2.7 KB of each,
 * and its curve 13.3 KB of the last; what is ours bought, for its bytes: every option checked at creation by name, headers
 * of any framework read once, refusals by closed codes, freshness, rotation and observers.
 *
 * So do keyring and envelope (3.5 and 9 KB). SHA-256, HMAC and HKDF of noble are 3.5 KB of both, AES-GCM and AES-KW another
 * 4.3 KB of the latter: `createEnvelope` itself is 4 KB.
 */
const TABLE: readonly Row[] = [
  { name: 'root', code: "export * from 'waxseal'", ceiling: 1 * KB, forbidden: lean },
  {
    name: 'keyring',
    code: "export * from 'waxseal/keyring'",
    ceiling: 7.5 * KB,
    forbidden: lean,
  },
  {
    name: 'envelope: createEnvelope',
    code: "export { createEnvelope } from 'waxseal/envelope'",
    ceiling: 12 * KB,
    forbidden: lean,
  },
  {
    name: 'envelope',
    code: envelope,
    ceiling: 15.25 * KB,
    forbidden: lean,
  },
  ...['aws-kms', 'gcp-kms', 'vault', 'legacy', 'rotate'].map((name) => ({
    name: `envelope/${name}`,
    code: `${envelope}; export * from 'waxseal/envelope/${name}'`,
    over: envelope,
    ceiling: 4 * KB,
    forbidden: lean,
  })),
  {
    name: 'masking: createRedactor',
    code: "export { createRedactor, pinoRedaction, winstonRedaction } from 'waxseal/masking'",
    ceiling: 16.5 * KB,
    forbidden: lean,
  },
  {
    name: 'masking',
    code: "export * from 'waxseal/masking'",
    ceiling: 20.75 * KB,
    forbidden: lean,
  },
  {
    name: 'stores/postgres',
    code: "export * from 'waxseal/stores/postgres'",
    ceiling: 4.5 * KB,
    forbidden: lean,
  },
  {
    name: 'stores/sqlite',
    code: "export * from 'waxseal/stores/sqlite'",
    ceiling: 3 * KB,
    forbidden: lean,
  },
  {
    name: 'webhooks: verifier, one scheme',
    code: "export { createVerifier, meta } from 'waxseal/webhooks'",
    ceiling: 7 * KB,
    forbidden: lean,
  },
  { name: 'webhooks: verifier, seven schemes', code: verifier, ceiling: 8.25 * KB, forbidden: lean },
  {
    name: 'webhooks: and twilio, signer, secrets',
    code: `export { createVerifier, createSigner, generateSecret, twilio, ${SEVEN} } from 'waxseal/webhooks'`,
    ceiling: 10 * KB,
    forbidden: lean,
  },
  {
    name: 'webhooks: diagnose, added',
    code: `${verifier}; export { diagnose } from 'waxseal/webhooks'`,
    over: verifier,
    ceiling: 3.5 * KB,
    forbidden: [NODE, ZOD, ...CURVES],
  },
  {
    name: 'webhooks/ed25519',
    code: "export * from 'waxseal/webhooks/ed25519'",
    ceiling: 17 * KB,
    forbidden: [NODE, ZOD],
  },
  {
    name: 'idempotency: deriveKey',
    code: "export { deriveKey } from 'waxseal/idempotency'",
    ceiling: 4 * KB,
    forbidden: lean,
  },
  {
    name: 'stores/memory',
    code: "export * from 'waxseal/stores/memory'",
    ceiling: 2.5 * KB,
    forbidden: lean,
  },
  {
    name: 'http, over webhooks and idempotency',
    code: `${handlers}; export { createReceiver, renderProblem, readBody } from 'waxseal/http'`,
    over: handlers,
    ceiling: 9 * KB,
    forbidden: [NODE, ZOD, ...CURVES],
  },
  {
    name: 'express, over http',
    code: `${http}; export * from 'waxseal/express'`,
    over: http,
    ceiling: 2.5 * KB,
    forbidden: [NODE, ZOD, ...CURVES],
  },
]

/** Minified and gzipped bytes of a bundle. Without Node's condition, `#crypto` is the portable one. */
async function measure(code: string): Promise<{ text: string; min: number; gzip: number }> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    legalComments: 'none',
    logLevel: 'silent',
  })
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  return {
    text: new TextDecoder().decode(bytes),
    min: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
  }
}

const importedBy = (row: Row): string[] =>
  [...row.code.matchAll(/'([^']+)'/g)].map((match) => match[1] as string)
const cells = (...all: (string | number)[]) =>
  all.map((cell, i) => (i === 0 ? String(cell).padEnd(40) : String(cell).padStart(9))).join('')

/** What the README's table gives for a row, behind the mark that names the row. */
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const saidOf = (name: string): string | undefined =>
  readme.split(`<!-- size: ${name} -->`)[1]?.match(/^[\d.]+/)?.[0]

const findings: string[] = []
const lines = [cells('min+gzip, portable', 'min', 'gzip', 'ceiling')]
let skipped = 0
for (const row of TABLE) {
  const absent = entries.filter(
    (entry) => importedBy(row).includes(entry.name) && !existsSync(join(root, entry.source)),
  )
  if (absent.length > 0) {
    skipped++
    lines.push(cells(row.name, '-', '-', row.ceiling))
    continue
  }
  try {
    const { text, min, gzip } = await measure(row.code)
    const base = row.over === undefined ? { min: 0, gzip: 0 } : await measure(row.over)
    const added = gzip - base.gzip
    lines.push(cells(row.name, min - base.min, added, row.ceiling))
    if (added > row.ceiling) findings.push(`${row.name}: ${added} bytes, over its ceiling of ${row.ceiling}`)
    const said = saidOf(row.name)
    if (said !== undefined && Math.abs(added - Number(said) * KB) > ROUNDING + JITTER) {
      findings.push(`${row.name}: README says ${said} KB, it is ${(added / KB).toFixed(1)} KB`)
    }
    for (const string of row.forbidden) {
      if (text.includes(string)) findings.push(`${row.name}: the bundle holds '${string}'`)
    }
  } catch (error) {
    findings.push(`${row.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
for (const { name } of entries) {
  if (!TABLE.some((row) => importedBy(row).includes(name))) findings.push(`${name}: has no row in the table`)
}

console.log(lines.join('\n'))
conclude(
  'size',
  findings,
  `${TABLE.length - skipped} bundles under their ceilings, ${skipped} without source yet`,
)
