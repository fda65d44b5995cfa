/**
 * The promise: what the documents show works. Every `ts` fence of README, SECURITY, CONTRIBUTING and docs is a module
 * that type-checks under a strict consumer's settings and runs, importing the package by its public name; every
 * `expression // => value` in it is true. A fence that cannot run says so (`ts no-run`) and is type-checked all the same.
 * `js commonjs` fences run against the built package, in tools/check-package.ts.
 */

import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../tools/lib/project.js'
import {
  allFences,
  type Fence,
  fencesOf,
  nameOf,
  PRELUDE,
  padded,
  withAssertions,
} from '../tools/lib/snippets.js'

/** An opt-out is an exception. Raise this only with a fence that truly needs what a test machine lacks. */
const MOST_NOT_RUN = 10

/** Inside the repository, where the package's own name resolves; it ignores itself, and each run has its own. */
const snippets = join(root, '.snippets')
const folder = join(snippets, String(process.pid))
const prelude = join(folder, 'prelude.cjs')

beforeAll(() => {
  mkdirSync(join(folder, 'run'), { recursive: true })
  writeFileSync(join(snippets, '.gitignore'), '*\n')
  writeFileSync(prelude, PRELUDE)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What TypeScript says about the fences as a consumer would compile them, by the document's lines. */
function typeErrors(fences: readonly Fence[]): string[] {
  const origin = new Map<string, Fence>()
  for (const fence of fences) {
    const path = join(folder, `${nameOf(fence)}.ts`)
    writeFileSync(path, `${padded(fence, fence.code)}\nexport {}\n`)
    origin.set(path, fence)
  }
  const program = ts.createProgram([...origin.keys()], {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['waxseal-source'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  })
  return [...origin].flatMap(([path, fence]) => {
    const source = program.getSourceFile(path)
    return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start = 0 }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
      return `${fence.file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  })
}

/** Runs a fence as a program of its own and returns what went wrong, if anything did. */
async function failure(fence: Fence): Promise<string | undefined> {
  const path = join(folder, 'run', `${nameOf(fence)}.ts`)
  writeFileSync(path, `${padded(fence, withAssertions(fence).code)}\nexport {}\n`)
  const flags = ['--conditions=waxseal-source', '--require', prelude, '--import', 'tsx', path]
  const ended = promisify(execFile)(process.execPath, flags, { cwd: root, timeout: 20_000 })
  ended.child.stdin?.end()
  return ended.then(
    () => undefined,
    ({ killed, stderr }) => (killed ? 'did not end within 20 s' : String(stderr)),
  )
}

const fences = allFences()
const modules = fences.filter(({ kind }) => kind !== 'commonjs')
const runnable = fences.filter(({ kind }) => kind === 'run')
const notRun = modules.length - runnable.length

describe('the documents', () => {
  test(`type-check: ${modules.length} fences`, { timeout: 120_000 }, () => {
    expect(typeErrors(modules)).toEqual([])
  })

  test(`run all but a few: ${notRun} of ${modules.length} fences are not run`, () => {
    expect(notRun).toBeLessThanOrEqual(MOST_NOT_RUN)
  })

  if (runnable.length > 0) {
    test.concurrent.for(runnable.map((fence) => [`${fence.file}:${fence.line}`, fence] as const))(
      'run: %s',
      async ([, fence], { expect }) => {
        expect(await failure(fence)).toBeUndefined()
      },
    )
  }
})

describe('the guard can fail', () => {
  const fence = (code: string): Fence => ({ kind: 'run', file: 'sample.md', line: 1, code })

  test('a false assertion, a throw, and a true one', async () => {
    const samples = [
      "import { Secret } from 'waxseal'\nconst s = new Secret('a')\ns.expose() // => 'b'",
      'const [a] = await Promise.all([1]) // => [2]',
      'if (1 < 2) {\n  ({ a: 1 }) // => { a: 2 }\n}',
      "throw new Error('no')",
      "import { Secret } from 'waxseal'\nconst b: Uint8Array = Buffer.from('a')\nb // => new Uint8Array([97])\n;[\n  1,\n] // => [1]",
    ]
    const outcomes: (string | undefined)[] = []
    for (const [line, code] of samples.entries()) outcomes.push(await failure({ ...fence(code), line }))
    expect(outcomes).toEqual([
      expect.stringContaining("sample.md:3: s.expose() // => 'b'\n  is 'a'"),
      expect.stringContaining('sample.md:2: '),
      expect.stringContaining('sample.md:4: '),
      expect.stringContaining('no'),
      undefined,
    ])
  })

  test('a type error, told by the line of the document', { timeout: 120_000 }, () => {
    const code = "import { type Duration } from 'waxseal'\nconst lease: Duration = 30"
    expect(typeErrors([fence(code)])).toEqual([expect.stringMatching(/^sample\.md:3: Type '30' is not/)])
  })

  test('an assertion that belongs to nothing', () => {
    expect(() => withAssertions(fence('function f() {} // => 1'))).toThrow('sample.md:2')
    expect(() => withAssertions(fence('f( // => 1\n)'))).toThrow('sample.md:2')
    expect(withAssertions(fence('f() // => 1')).assertions).toBe(1)
  })

  test('a fence by another name', () => {
    const document = (info: string) => `text\n\n\`\`\`${info}\ncode()\n\`\`\`\n`
    expect(fencesOf('a.md', document('ts'))).toEqual([{ kind: 'run', file: 'a.md', line: 3, code: 'code()' }])
    expect(fencesOf('a.md', document('ts no-run'))).toMatchObject([{ kind: 'check' }])
    expect(fencesOf('a.md', document('js commonjs'))).toMatchObject([{ kind: 'commonjs' }])
    expect(fencesOf('a.md', document('sh'))).toEqual([])
    for (const info of ['typescript', 'js', 'ts norun', 'tsx', 'TS']) {
      expect(() => fencesOf('a.md', document(info))).toThrow('a.md:3')
    }
  })
})
