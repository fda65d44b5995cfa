/**
 * The promise: docs/api says what the code says. Every export, down to the members of interfaces, has its comment, and
 * the committed pages are those that the sources give: this guard generates them again and compares. With `--write` it
 * writes them instead (`npm run docs:api`).
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Application,
  Comment,
  type DeclarationReflection,
  type ProjectReflection,
  type Reflection,
  ReflectionKind,
  TSConfigReader,
  TypeDocReader,
} from 'typedoc'
import { conclude, entries, manifest, missingSources, root } from './lib/project.js'

const PAGES = 'docs/api'

const findings = missingSources()
const write = process.argv.includes('--write')
const target = write ? join(root, PAGES) : mkdtempSync(join(tmpdir(), 'waxseal-api-'))
try {
  await generate(target)
  if (findings.length === 0 && !write) findings.push(...differences(target))
} finally {
  if (!write) rmSync(target, { recursive: true, force: true })
}
conclude('api docs', findings, write ? `${PAGES} written` : `${entries.length} entries documented, no drift`)

async function generate(out: string): Promise<void> {
  const sources = entries.filter(({ source }) => existsSync(join(root, source)))
  const app = await Application.bootstrapWithPlugins(
    { options: join(root, 'typedoc.json'), entryPoints: sources.map(({ source }) => join(root, source)) },
    [new TypeDocReader(), new TSConfigReader()],
  )
  const project = await app.convert()
  if (project === undefined) {
    findings.push('the sources do not compile; see above')
    return
  }
  // A page is called what its entry is called, wherever the file lies: `adapters/express` is `waxseal/express`.
  for (const module of project.children ?? []) {
    const entry = entries.find(({ source }) => source === sourceOf(module.name))
    if (entry !== undefined) module.name = entry.name.slice(manifest.name.length + 1) || manifest.name
  }
  const lent = toldElsewhere(project)
  for (const member of lent) member.comment = new Comment([{ kind: 'text', text: 'see the type' }])
  app.validate(project)
  for (const member of lent) delete member.comment
  if (app.logger.hasErrors() || app.logger.hasWarnings()) findings.push('typedoc complains; see above')
  else await app.outputs.writeOutput({ name: 'markdown', path: out }, project)
}

/**
 * Members that another comment tells about: those of a type without a name (`{ ok: true }` in a union), and accessors
 * that override one, as `name` does of Error. For the validation they are lent a comment.
 */
function toldElsewhere(project: ProjectReflection): Reflection[] {
  const isAnonymous = (member: Reflection) => member.parent?.kind === ReflectionKind.TypeLiteral
  const overrides = (member: DeclarationReflection) => member.getSignature?.overwrites !== undefined
  return (
    project.getReflectionsByKind(ReflectionKind.Property | ReflectionKind.Accessor) as DeclarationReflection[]
  )
    .filter((member) => isAnonymous(member) || overrides(member))
    .map((member) => member.getSignature ?? member)
    .filter((member) => !member.hasComment())
}

/** TypeDoc names a module after its file, without `index`. */
function sourceOf(name: string): string | undefined {
  return [`src/${name}.ts`, `src/${name}/index.ts`].find((path) =>
    entries.some(({ source }) => source === path),
  )
}

function differences(fresh: string): string[] {
  const committed = join(root, PAGES)
  const read = (folder: string): Map<string, string> =>
    new Map(
      (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [])
        .filter((file) => file.endsWith('.md'))
        .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
    )
  const before = read(committed)
  const after = read(fresh)
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((file) => before.get(file) !== after.get(file))
    .map((file) => `${PAGES}/${file} is not what the sources give; run npm run docs:api`)
}
