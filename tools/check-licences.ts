/**
 * The promise: what installs with waxseal, or is bundled into its command line, is under a licence that any product may
 * ship, every version is pinned exactly, nothing of ours runs during an install, and the lockfile names no registry, so
 * that any mirror will do.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUNDLED } from './architecture/import-rules.js'
import { conclude, manifest, root } from './lib/project.js'

const ALLOWED = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']
const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly resolved?: string }>>
}

interface Installed {
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The licence of every package that a user of waxseal runs, by the folder it was found in. */
function runtimeLicences(): Map<string, string> {
  const licences = new Map<string, string>()
  const visit = (name: string, from: string): void => {
    const folder = locate(name, from)
    if (licences.has(folder)) return
    const installed: Installed = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    licences.set(folder, String(installed.license))
    for (const dependency of Object.keys(installed.dependencies ?? {})) visit(dependency, folder)
  }
  for (const name of [...Object.keys(manifest.dependencies), ...BUNDLED]) visit(name, '')
  return licences
}

/** Node's way of looking: the package's own node_modules first, then those of the folders above it. */
function locate(name: string, from: string): string {
  const folder = join(from, 'node_modules', name)
  if (existsSync(join(root, folder))) return folder
  if (from === '') throw new Error(`${name} is not installed; run npm ci`)
  return locate(name, from.slice(0, from.lastIndexOf('node_modules')).replace(/[\\/]$/, ''))
}

const findings: string[] = []

const licences = runtimeLicences()
for (const [folder, licence] of licences) {
  if (!ALLOWED.includes(licence)) findings.push(`${folder}: its licence is ${licence}`)
}
for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
  if (!EXACT.test(version)) findings.push(`package.json: ${name} ${version} is no exact version`)
}
for (const script of INSTALL_SCRIPTS) {
  if (script in manifest.scripts) findings.push(`package.json: the script '${script}' runs during an install`)
}
const lockfile: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
for (const [folder, { resolved }] of Object.entries(lockfile.packages)) {
  if (resolved !== undefined)
    findings.push(`package-lock.json: ${folder} is tied to a registry by 'resolved'`)
}

conclude(
  'licences',
  findings,
  `${licences.size} runtime packages (${[...new Set(licences.values())].join(', ')})`,
)
