import { type Rule, WINGED } from './rooms.js'

export const kebabCase: Rule = ({ file }) =>
  file.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.ts)?$/.test(part))
    ? []
    : [`${file}: is not kebab-case`]

type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>

/** `exports` and `src` say the same: each subpath has its source, its output paths mirror it, each entry is exported. */
export function exportsMatchSource(exports: Exports, files: readonly string[]): string[] {
  const found: string[] = []
  const exported = new Set<string>()
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') {
      if (subpath !== './package.json') found.push(`exports '${subpath}': expected conditions`)
      continue
    }
    const source = target['waxseal-source'] ?? ''
    const stem = /^\.\/src\/(.*)\.ts$/.exec(source)?.[1]
    exported.add(`${stem}.ts`)
    const expected = JSON.stringify({
      'waxseal-source': source,
      types: `./dist/${stem}.d.ts`,
      default: `./dist/${stem}.js`,
    })
    if (JSON.stringify(target) !== expected) found.push(`exports '${subpath}': expected ${expected}`)
    if (!files.includes(`${stem}.ts`)) found.push(`exports '${subpath}': ${source} does not exist`)
  }
  for (const file of files) {
    if (isEntry(file) && !exported.has(file)) found.push(`src/${file}: is not in exports`)
  }
  return found
}

/** `webhooks/index.ts` and `stores/redis/index.ts`; an index deeper in a room is the room's own business. */
function isEntry(file: string): boolean {
  const [room = '', ...inside] = file.split('/')
  if (room === 'index.ts') return true
  if (room === 'internal' || inside.at(-1) !== 'index.ts') return false
  return inside.length === 1 || (inside.length === 2 && WINGED.includes(room))
}
