import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './project.js'

export interface Fence {
  /** `run`: a module that is checked and run. `check`: checked only. `commonjs`: run against the built package. */
  readonly kind: 'run' | 'check' | 'commonjs'
  /** `docs/guide/webhooks.md` */
  readonly file: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  readonly code: string
}

const KINDS: Readonly<Record<string, Fence['kind']>> = {
  ts: 'run',
  'ts no-run': 'check',
  'js commonjs': 'commonjs',
}

/** What a fence may not be called, because then nobody would run it. */
const EVADES = /^(ts|tsx|js|jsx|mjs|cjs|mts|cts|typescript|javascript)\b/i

/** The fences of one document. Code in any other language is none of ours. */
export function fencesOf(file: string, markdown: string): Fence[] {
  const fences: Fence[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const opening = /^([ \t>]*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(lines[at] as string)
    if (opening === null) continue
    const [, indent = '', mark = '', info = ''] = opening
    const body: string[] = []
    const line = at + 1
    for (at++; at < lines.length && !(lines[at] as string).trim().startsWith(mark); at++) {
      const text = lines[at] as string
      body.push(text.startsWith(indent) ? text.slice(indent.length) : text.trimStart())
    }
    const kind = KINDS[info]
    if (kind !== undefined) fences.push({ kind, file, line, code: body.join('\n') })
    else if (EVADES.test(info)) {
      throw new Error(`${file}:${line}: a fence is 'ts', 'ts no-run' or 'js commonjs', not '${info}'`)
    }
  }
  return fences
}

/** The fences of README, SECURITY, CONTRIBUTING and docs, as far as they exist; not of the generated API pages. */
export function allFences(): Fence[] {
  const guides = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
        .map((file) => `docs/${file.replaceAll('\\', '/')}`)
        .filter((file) => file.endsWith('.md') && !file.startsWith('docs/api/'))
        .sort()
    : []
  return ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...guides]
    .filter((file) => existsSync(join(root, file)))
    .flatMap((file) => fencesOf(file, readFileSync(join(root, file), 'utf8')))
}

/** A file name that says where the fence stands, and lines that are those of the document. */
export const nameOf = ({ file, line }: Fence): string =>
  `${file.replace(/\.md$/, '').replaceAll('/', '-').toLowerCase()}-${line}`
export const padded = ({ line }: Fence, code: string): string => '\n'.repeat(line) + code

const ARROW = /\/\/ => (.*)$/

/**
 * Turns each `expression // => value` into an assertion that both are deeply equal; also after a declaration of one
 * name, whose value is then meant. A mark that belongs to no statement is refused: it would promise and not be held.
 */
export function withAssertions(fence: Fence): { code: string; assertions: number } {
  const { code } = fence
  const source = ts.createSourceFile('fence.ts', code, ts.ScriptTarget.ESNext, true)
  const edits: { from: number; to: number; text: string }[] = []
  let offset = 0
  code.split('\n').forEach((text, index) => {
    const arrow = ARROW.exec(text)
    const mark = offset + (arrow?.index ?? 0)
    offset += text.length + 1
    if (arrow === null) return
    const at = `${fence.file}:${fence.line + 1 + index}`
    const asserted = statementBefore(source, mark)
    if (asserted === undefined) throw new Error(`${at}: '// =>' follows no expression and no declaration`)
    const { from, lead, expression } = asserted
    const where = JSON.stringify(`${at}: ${text.trim()}`)
    edits.push({
      from,
      to: mark,
      text: `${lead}globalThis.__equals((${expression}), (${arrow[1]}), ${where});`,
    })
  })
  let edited = code
  for (const { from, to, text } of edits.reverse()) edited = edited.slice(0, from) + text + edited.slice(to)
  return { code: edited, assertions: edits.length }
}

interface Asserted {
  /** Where the assertion takes over: an expression is replaced, a declaration stays. */
  readonly from: number
  readonly lead: '' | '; '
  readonly expression: string
}

/** What ends where the mark begins. Ends of expressions count: the next line's `;[` belongs to the statement above. */
function statementBefore(source: ts.SourceFile, mark: number): Asserted | undefined {
  let found: Asserted | undefined
  const ends = (node: ts.Node) =>
    ['', ';'].includes(source.text.slice(node.end, Math.max(node.end, mark)).trim())
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && node.expression.end <= mark && ends(node.expression)) {
      found = { from: node.getStart(), lead: '', expression: node.expression.getText() }
    }
    if (ts.isVariableStatement(node) && node.declarationList.end <= mark && ends(node.declarationList)) {
      const [declared, ...others] = node.declarationList.declarations
      const name = others.length === 0 && declared !== undefined ? declared.name.getText() : undefined
      if (name !== undefined) found = { from: node.declarationList.end, lead: '; ', expression: name }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/**
 * Defines what the assertions call. Prototypes do not count, so that `{ a: 1 }` may describe an object without one and
 * `new Uint8Array([1])` a Buffer; a class, a function or an error must be the very thing.
 */
export const PRELUDE = `
const { isDeepStrictEqual, inspect } = require('node:util')
const plain = (value) => { try { return structuredClone(value) } catch { return undefined } }
globalThis.__equals = (actual, expected, where) => {
  if (isDeepStrictEqual(actual, expected)) return
  const isData = (value) => typeof value === 'object' && value !== null && !(value instanceof Error)
  if (isData(actual) && isData(expected)) {
    const copy = plain(actual)
    if (copy !== undefined && isDeepStrictEqual(copy, plain(expected))) return
  }
  console.error(where + '\\n  is ' + inspect(actual, { depth: 6 }))
  process.exit(1)
}
`
