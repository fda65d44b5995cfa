/**
 * The promise: the walls of the house stand where CONTRIBUTING.md draws them. A file imports from lower floors or from
 * its own folder, domains do not know each other, and what only one room may do (builtins, frameworks, SQL, zod) no other
 * room does. Loading an entry does nothing, so bundlers may drop what is not used and CommonJS may require() it.
 *
 * Every rule is also shown samples that break it: a guard that cannot fail guards nothing.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as code from '../tools/architecture/code-rules.js'
import * as file from '../tools/architecture/file-rules.js'
import { parseModule } from '../tools/architecture/graph.js'
import * as imports from '../tools/architecture/import-rules.js'
import type { Rule } from '../tools/architecture/rooms.js'

type Sample = readonly [file: string, code: string]

const TABLE: readonly {
  readonly promise: string
  readonly rule: Rule
  readonly breaks: readonly Sample[]
  readonly keeps: readonly Sample[]
}[] = [
  {
    promise: 'a file imports from lower floors or from its own folder, and domains never import each other',
    rule: imports.floors,
    breaks: [
      ['webhooks/verify.ts', "import { once } from '../idempotency/index.js'"],
      ['webhooks/verify.ts', "import type { Once } from '../idempotency/index.js'"],
      ['webhooks/verify.ts', "export * from '../http/index.js'"],
      ['webhooks/verify.ts', "type T = import('../http/index.js').T"],
      ['webhooks/verify.ts', "const f = () => import('../http/index.js')"],
      ['internal/bytes.ts', "import { WaxsealError } from '../index.js'"],
      ['internal/bytes.ts', "import { x } from '../keyring/index.js'"],
      ['webhooks/verify.ts', "import manifest from '../../package.json'"],
      ['stores/redis/index.ts', "import { x } from '../postgres/sql.js'"],
      ['adapters/express/index.ts', "import { x } from '../fastify/index.js'"],
      ['index.ts', "export { createVerifier } from './webhooks/index.js'"],
      ['utils/bytes.ts', ''],
    ],
    keeps: [
      [
        'webhooks/schemes/meta.ts',
        "import { x } from '../verify.js'; import { y } from '../../internal/bytes.js'",
      ],
      ['stores/redis/index.ts', "import { x } from '../clean.js'; import { y } from './scripts.js'"],
      ['http/receive.ts', "import { x } from '../webhooks/index.js'"],
      ['index.ts', "export { Secret } from './internal/secret.js'"],
    ],
  },
  {
    promise: "stores and vendors take a domain's types, never its values",
    rule: imports.storesAndVendorsTakeTypes,
    breaks: [
      ['stores/memory/index.ts', "import { x } from '../../idempotency/store.js'"],
      ['stores/memory/index.ts', "import { type X } from '../../idempotency/store.js'"],
      ['stores/memory/index.ts', "import { randomBytes } from '#crypto'"],
      ['vendors/safravo.ts', "export { x } from '../webhooks/index.js'"],
    ],
    keeps: [
      ['stores/memory/index.ts', "import type { X } from '../../idempotency/store.js'"],
      ['stores/memory/index.ts', "import { utf8 } from '../../internal/bytes.js'"],
      ['vendors/safravo.ts', "import { digest } from '#crypto'"],
    ],
  },
  {
    promise: 'only internal/crypto/node.ts and cli import Node',
    rule: imports.builtins,
    breaks: [
      ['http/body.ts', "import { Readable } from 'node:stream'"],
      ['adapters/express/index.ts', "import type { IncomingMessage } from 'node:http'"],
      ['internal/crypto/portable.ts', "import 'node:crypto'"],
    ],
    keeps: [
      ['internal/crypto/node.ts', "import { createHmac } from 'node:crypto'"],
      ['cli/main.ts', "import { readFile } from 'node:fs/promises'"],
    ],
  },
  {
    promise:
      'packages: four dependencies, each in its rooms; frameworks as types, in adapters; cli has its own',
    rule: imports.packages,
    breaks: [
      ['http/body.ts', "import express from 'express'"],
      ['http/body.ts', "import type { Request } from 'express'"],
      ['http/body.ts', "import { readFile } from 'fs'"],
      ['http/body.ts', 'const load = (name: string) => import(name)'],
      ['http/body.ts', "const x = () => require('express')"],
      ['adapters/express/index.ts', "import { Router } from 'express'"],
      ['adapters/express/index.ts', "import { type Request } from 'express'"],
      ['webhooks/ed25519.ts', "import { ed25519 } from '@noble/curves/ed25519.js'"],
      ['webhooks/verify.ts', "import * as z from 'zod/mini'"],
      ['consent/read.ts', "import * as z from 'zod'"],
      ['http/body.ts', "import { Command } from 'commander'"],
      ['stores/postgres/client.ts', "import { Pool } from 'pg'"],
      ['cli/main.ts', "import chalk from 'chalk'"],
    ],
    keeps: [
      ['adapters/express/index.ts', "import type { Request } from 'express'"],
      ['internal/crypto/portable.ts', "import { ed25519 } from '@noble/curves/ed25519.js'"],
      ['consent/read.ts', "import * as z from 'zod/mini'"],
      ['masking/fingerprint.ts', "import { x } from '@noble/hashes/hmac.js'; import { hmac } from '#crypto'"],
      ['cli/main.ts', "import { Command } from 'commander'; const load = () => import('pg')"],
    ],
  },
  {
    promise: "crypto is reached as '#crypto', never by path",
    rule: imports.cryptoByName,
    breaks: [
      ['webhooks/verify.ts', "import { hmac } from '../internal/crypto/node.js'"],
      ['webhooks/verify.ts', "import type { Mac } from '../internal/crypto/portable.js'"],
    ],
    keeps: [
      ['webhooks/verify.ts', "import type { Hash } from '../internal/crypto/types.js'"],
      ['internal/crypto/node.ts', "import { x } from './portable.js'"],
    ],
  },
  {
    promise: 'only stores speak SQL or Lua',
    rule: code.storageLanguages,
    breaks: [
      ['consent/gate.ts', "const q = 'SELECT * FROM consent'"],
      ['consent/gate.ts', 'const q = `INSERT INTO consent VALUES ($1)`'],
      ['consent/gate.ts', ['const q = `UPDATE $', '{table} SET a = 1`'].join('')],
      ['consent/gate.ts', "const q = 'DELETE FROM consent'"],
      ['consent/gate.ts', "const q = 'CREATE TABLE consent (id text)'"],
      ['consent/gate.ts', "const q = `return redis.call('GET', KEYS[1])`"],
    ],
    keeps: [
      ['stores/postgres/consent.ts', "const q = 'SELECT * FROM consent'"],
      ['consent/gate.ts', "// SELECT * FROM consent\nconst q = 'select one from the list; UPDATE it'"],
    ],
  },
  {
    promise: 'exports have names',
    rule: code.namedExports,
    breaks: [
      ['masking/mask.ts', 'export default 1'],
      ['masking/mask.ts', 'export default function mask() {}'],
      ['masking/mask.ts', 'const a = 1; export { a as default }'],
      ['masking/mask.ts', "export * as default from './other.js'"],
    ],
    keeps: [['masking/mask.ts', 'export function f(x: string) { switch (x) { default: return 1 } }']],
  },
  {
    promise: 'nothing awaits at the top level, so require() works',
    rule: code.noTopLevelAwait,
    breaks: [
      ['masking/mask.ts', 'const a = await load()'],
      ['masking/mask.ts', 'for await (const a of all) a()'],
    ],
    keeps: [['masking/mask.ts', 'export const f = async () => { await g() }']],
  },
  {
    promise: 'loading a module does nothing',
    rule: code.noSideEffects,
    breaks: [
      ['masking/mask.ts', 'register()'],
      ['masking/mask.ts', 'if (x) y = 1'],
      ['masking/mask.ts', "import './polyfill.js'"],
      ['masking/mask.ts', 'const a = new Map()'],
      ['masking/mask.ts', 'const a = Object.freeze({})'],
      ['masking/mask.ts', 'const a = /* @__PURE__ */ Object.freeze({ b: new Map() })'],
      ['masking/mask.ts', 'const a = { b: tag`x` }'],
      ['masking/mask.ts', 'class A { static b = f() }'],
      ['masking/mask.ts', 'class A { static { f() } }'],
      ['masking/mask.ts', 'class A extends mixin(B) {}'],
      ['masking/mask.ts', 'class A { [f()]() {} }'],
    ],
    keeps: [
      ['masking/mask.ts', 'const a = /* @__PURE__ */ Object.freeze({ b: /* @__PURE__ */ new Map() })'],
      [
        'masking/mask.ts',
        'const f = () => g(); function h() { return new Map() }\nlet cache: Map<string, string>',
      ],
      ['masking/mask.ts', "class A { b = f(); [Symbol.for('x')]() { return g() } }"],
      ['masking/mask.ts', 'declare global { interface Window { x: 1 } }'],
      ['cli/main.ts', 'run()'],
    ],
  },
  {
    promise: 'an adapter translates: at most 60 lines, and no status code of its own',
    rule: code.thinAdapters,
    breaks: [
      ['adapters/express/index.ts', 'x\n'.repeat(61)],
      ['adapters/express/index.ts', 'const f = (res: R) => res.status(401)'],
    ],
    keeps: [
      ['adapters/express/index.ts', 'x\n'.repeat(60)],
      ['http/problem.ts', 'const unauthorized = 401'],
    ],
  },
  {
    promise: 'no Buffer and no process outside the Node backend and the command line',
    rule: code.noHostGlobals,
    breaks: [
      ['http/body.ts', "const f = () => Buffer.from('')"],
      ['http/body.ts', 'const f = (x: Buffer) => x'],
      ['http/body.ts', 'const f = () => globalThis.process'],
      ['http/body.ts', 'const f = () => (globalThis as Host).process?.env'],
      ['http/body.ts', 'const f = () => ({ process })'],
    ],
    keeps: [
      ['internal/crypto/node.ts', "const f = () => Buffer.from('')"],
      ['http/body.ts', 'const f = (x: { process: string }) => x.process + ({ process: 1 }).process'],
    ],
  },
  {
    promise: 'files are kebab-case',
    rule: file.kebabCase,
    breaks: [
      ['http/readBody.ts', ''],
      ['apiKeys/index.ts', ''],
      ['http/read_body.ts', ''],
    ],
    keeps: [['webhooks/schemes/standard-webhooks.ts', '']],
  },
]

const src = new URL('../src/', import.meta.url)
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .sort()
const house = files.map((path) => parseModule(path, readFileSync(new URL(path, src), 'utf8')))
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

describe.each(TABLE)('$promise', ({ rule, breaks, keeps }) => {
  test('in src', () => {
    expect(house.length).toBeGreaterThan(0)
    expect(house.flatMap(rule)).toEqual([])
  })

  test('in samples: refused and accepted', () => {
    const refused = ([path, text]: Sample) => rule(parseModule(path, text)).length > 0
    expect(breaks.filter((sample) => !refused(sample))).toEqual([])
    expect(keeps.filter(refused)).toEqual([])
  })
})

describe('exports and src name the same entries', () => {
  const entry = (stem: string) => ({
    'waxseal-source': `./src/${stem}.ts`,
    types: `./dist/${stem}.d.ts`,
    default: `./dist/${stem}.js`,
  })
  const { types, ...rest } = entry('http/index')

  test('in package.json', () => {
    expect(file.exportsMatchSource(manifest.exports, files)).toEqual([])
  })

  test('refused: a subpath or an entry alone, output elsewhere, another order of conditions', () => {
    const broken: readonly (readonly [exports: object, files: readonly string[]])[] = [
      [{ './http': entry('http/index') }, []],
      [{}, ['http/index.ts']],
      [{}, ['stores/redis/index.ts']],
      [{ './http': { ...entry('http/index'), default: './dist/http.js' } }, ['http/index.ts']],
      [{ './http': { ...rest, types } }, ['http/index.ts']],
      [{ './http': './dist/http/index.js' }, []],
    ]
    for (const [exports, sources] of broken) {
      expect(file.exportsMatchSource(exports as Record<string, string>, sources)).not.toEqual([])
    }
  })

  test('accepted: a subpath for each entry', () => {
    const exports = { './http': entry('http/index'), './package.json': './package.json' }
    expect(
      file.exportsMatchSource(exports, ['http/index.ts', 'http/body/index.ts', 'internal/index.ts']),
    ).toEqual([])
  })
})
