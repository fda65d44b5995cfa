/**
 * The promise: what `npm publish` would upload is what a user needs and no more, and it works where users are. The
 * tarball's file list is exact; publint and attw have no objection; installed into an empty folder it loads by import and
 * by require, type-checks under `nodenext` and `bundler` with every library checked, and runs the documents' CommonJS.
 * The command line runs there, without the database clients that nobody installed.
 *
 * Works on `dist`, so build first. Needs no network.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { BUNDLED } from './architecture/import-rules.js'
import { bin, conclude, entries, manifest, missingSources, root, run } from './lib/project.js'
import { allFences, nameOf, PRELUDE, padded, withAssertions } from './lib/snippets.js'

const ALWAYS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']
const COMMAND_LINE = ['dist/cli/main.js', 'dist/cli/licenses.txt']
const BACKENDS = ['internal/crypto/node.ts', 'internal/crypto/portable.ts']

const findings: string[] = []
const temporary = mkdtempSync(join(tmpdir(), 'waxseal-package-'))
try {
  findings.push(...missingSources())
  const { tarball, files } = pack()
  findings.push(...listProblems(files))
  attempt('publint', () => run(bin('publint'), ['run', tarball, '--strict']))
  attempt('attw', () =>
    run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji']),
  )

  const consumer = install(tarball)
  attempt('import', () => load(consumer, 'mjs', (name) => `await import('${name}')`))
  attempt('require', () => load(consumer, 'cjs', (name) => `require('${name}')`))
  attempt('command line', () => runCommandLine(consumer))
  findings.push(...consumerErrors(consumer, 'nodenext'), ...consumerErrors(consumer, 'bundler'))
  const commonjs = runCommonJs(consumer)
  conclude(
    'package',
    findings,
    `${files.length} files, ${entries.length} entries, ${commonjs} CommonJS fences`,
  )
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

function attempt(name: string, work: () => unknown): void {
  try {
    work()
  } catch (error) {
    findings.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function pack(): { tarball: string; files: string[] } {
  const printed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary])
  const [packed] = JSON.parse(printed) as { filename: string; files: { path: string }[] }[]
  if (packed === undefined) throw new Error('npm pack printed nothing')
  return { tarball: join(temporary, packed.filename), files: packed.files.map(({ path }) => path) }
}

/**
 * Exactly the sources and their declarations, an output for each entry and each backend, what those share, the command
 * line, the papers.
 */
function listProblems(packed: readonly string[]): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.\w+$/.test(file))
  // Nobody imports the command line.
  const declared = sources.map((file) => [
    `src/${file}`,
    ...(file.startsWith('cli/') ? [] : outputs(file, '.d.ts')),
  ])
  const loaded = [...entries.map(({ source }) => source.slice('src/'.length)), ...BACKENDS]
  const shared = sharedBy(loaded.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`))
  const groups = [
    ALWAYS,
    ...declared,
    ...loaded.map((file) => outputs(file, '.js')),
    ...shared.map((file) => [file, `${file}.map`]),
    COMMAND_LINE,
  ]
  const expected = new Set(groups.flat())
  const lacking = groups.map((group) => group.filter((file) => !packed.includes(file)))
  return [
    ...packed.filter((file) => !expected.has(file)).map((file) => `tarball: should not hold ${file}`),
    ...lacking.filter((group) => group.length > 0).map((group) => `tarball: lacks ${group.join(' ')}`),
  ]
}

function outputs(source: string, extension: string): string[] {
  return ['', '.map'].map((suffix) => `dist/${source.replace(/\.ts$/, extension)}${suffix}`)
}

/** The chunks that these files load, directly or through one another. */
function sharedBy(files: readonly string[]): string[] {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(join(root, file))) return
    seen.add(file)
    const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'))
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) visit(posix.join(posix.dirname(file), fileName))
    }
  }
  for (const file of files) visit(file)
  return [...seen].filter((file) => file.startsWith('dist/shared/'))
}

/** An empty project with nothing in it but the tarball and, copied from here, what it depends on. */
function install(tarball: string): string {
  const consumer = join(temporary, 'consumer')
  const target = join(consumer, 'node_modules', manifest.name)
  mkdirSync(target, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  const copy = (name: string): void => {
    const to = join(consumer, 'node_modules', name)
    if (existsSync(to)) return
    cpSync(join(root, 'node_modules', name), to, { recursive: true })
    const { dependencies = {} } = JSON.parse(readFileSync(join(to, 'package.json'), 'utf8')) as Partial<
      typeof manifest
    >
    for (const dependency of Object.keys(dependencies)) copy(dependency)
  }
  for (const dependency of Object.keys(manifest.dependencies)) copy(dependency)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }')
  return consumer
}

/** Each entry must load and bring something; warnings, such as the one for requiring ES modules, are no failure. */
function load(consumer: string, extension: 'mjs' | 'cjs', loading: (name: string) => string): void {
  const code = entries.map(
    ({ name }) => `if (Object.keys(${loading(name)}).length === 0) throw new Error('${name} is empty')`,
  )
  writeFileSync(join(consumer, `load.${extension}`), code.join('\n'))
  run(process.execPath, [`load.${extension}`], { cwd: consumer })
}

/** It starts, works, names the client that is not there, and ships the licence of each package inside it. */
function runCommandLine(consumer: string): void {
  const [main = '', licences = ''] = COMMAND_LINE.map((file) =>
    join(consumer, 'node_modules', manifest.name, file),
  )
  if (!readFileSync(main, 'utf8').startsWith('#!/usr/bin/env node\n')) throw new Error('it has no #! line')
  const texts = readFileSync(licences, 'utf8')
  const silent = BUNDLED.filter((name) => !texts.includes(`\n${name} `))
  if (silent.length > 0) throw new Error(`licenses.txt lacks ${silent.join(', ')}`)

  const key = run(process.execPath, [main, 'keys', 'generate', '2026a'], { cwd: consumer }).trim()
  const env = { WAXSEAL_KEYS: key, DATABASE_URL: 'postgres://localhost/none' }
  run(process.execPath, [main, 'keys', 'check'], { cwd: consumer, env })
  let refusal = ''
  try {
    run(process.execPath, [main, 'inventory', '--table', 't', '--column', 'c'], { cwd: consumer, env })
  } catch (error) {
    refusal = String(error)
  }
  if (!refusal.includes('npm install pg')) throw new Error('without pg it does not say what to install')
}

function consumerErrors(consumer: string, resolution: 'nodenext' | 'bundler'): string[] {
  const nodenext = resolution === 'nodenext'
  const write = (file: string, importing: (name: string, alias: string) => string): string => {
    const imports = entries.map(({ name }, at) => importing(name, `entry${at}`))
    const uses = entries.map((_, at) => `entry${at} satisfies object`)
    writeFileSync(join(consumer, file), [...imports, ...uses].join('\n'))
    return join(consumer, file)
  }
  const files = [write('consumer.ts', (name, alias) => `import * as ${alias} from '${name}'`)]
  if (nodenext) files.push(write('consumer.cts', (name, alias) => `import ${alias} = require('${name}')`))
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    module: nodenext ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
    moduleResolution: nodenext ? ts.ModuleResolutionKind.NodeNext : ts.ModuleResolutionKind.Bundler,
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  })
  return ts.getPreEmitDiagnostics(program).map(({ file: where, messageText }) => {
    const at = where === undefined ? '' : where.fileName.slice(consumer.length + 1)
    return `types, ${resolution}: ${at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

/** Packages that a fence requires beside ours, such as express, are the development dependencies of this repository. */
function runCommonJs(consumer: string): number {
  const fences = allFences().filter(({ kind }) => kind === 'commonjs')
  writeFileSync(join(consumer, 'prelude.cjs'), PRELUDE)
  for (const fence of fences) {
    attempt(`${fence.file}:${fence.line}`, () => {
      const file = `${nameOf(fence)}.cjs`
      writeFileSync(join(consumer, file), padded(fence, withAssertions(fence).code))
      const env = { NODE_PATH: join(root, 'node_modules') }
      run(process.execPath, ['--require', './prelude.cjs', file], { cwd: consumer, env })
    })
  }
  return fences.length
}
