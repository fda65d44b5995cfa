/**
 * The promise: a clone holds what people wrote, and works anywhere. No path of the machine it was written on, no
 * registry's address, no generated file but the API pages and the lockfile, and a changelog that is open for the next
 * change.
 */

import { readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { conclude, root, run } from './lib/project.js'

// Assembled, so that this file does not find itself.
const MACHINE_PATHS = ['work', 'root', 'home', 'Users'].map((top) => `/${top}/`)
const REGISTRIES = ['registry.npmjs', 'registry.yarnpkg', 'npm.pkg.github'].map((host) =>
  [host, '.'].join(''),
)

const GENERATED =
  /(^|\/)(node_modules|dist|coverage|\.snippets)\/|\.(tgz|log|map|tsbuildinfo)$|\.d\.ts$|(^|\/)\.DS_Store$/
const BINARY = ['.png', '.ico', '.gz', '.bin']

/** The whole of a path counts only where it starts one: `https://example.com/home/` is an address, not a disk. */
const startsPath = (top: string): RegExp => new RegExp(`(^|[\\s"'\`=(:,])(file://)?${top}[\\w.-]`, 'm')

const findings: string[] = []
const files = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  .split('\0')
  .filter(Boolean)

for (const file of files) {
  if (!statSync(join(root, file), { throwIfNoEntry: false })?.isFile()) continue
  if (GENERATED.test(file)) findings.push(`${file}: is generated, and in the repository`)
  if (BINARY.includes(extname(file))) continue
  const text = readFileSync(join(root, file), 'utf8')
  for (const top of MACHINE_PATHS) {
    if (startsPath(top).test(text)) findings.push(`${file}: holds a path of one machine, under ${top}`)
  }
  for (const host of REGISTRIES) {
    if (text.includes(host)) findings.push(`${file}: names a registry, ${host}`)
  }
}

if (!files.includes('CHANGELOG.md')) findings.push('CHANGELOG.md: does not exist')
else if (!/^## \[?Unreleased\b/m.test(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'))) {
  findings.push("CHANGELOG.md: has no section '## Unreleased'")
}

conclude('hygiene', findings, `${files.length} files, all written by hand but docs/api and the lockfile`)
