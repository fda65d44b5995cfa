import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

export const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

export interface Entry {
  /** As a user imports it: `waxseal/webhooks`. */
  readonly name: string
  /** Relative to the repository: `src/webhooks/index.ts`. */
  readonly source: string
}

/** The entries of `exports`, whether or not their source exists. */
export const entries: readonly Entry[] = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [
        {
          name: manifest.name + subpath.slice(1),
          source: (target['waxseal-source'] ?? '').replace('./', ''),
        },
      ],
)

/** Findings for the entries that package.json promises and `src` does not hold. */
export function missingSources(): string[] {
  return entries
    .filter(({ source }) => source === '' || !existsSync(join(root, source)))
    .map(
      ({ name, source }) => `${name}: package.json exports it, but ${source || 'its source'} does not exist`,
    )
}

/** Runs a program and returns what it printed; a failure carries both of its outputs. */
export function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: object } = {},
): string {
  const env = { ...process.env, NO_COLOR: '1', ...options.env }
  try {
    return execFileSync(file, args, {
      cwd: options.cwd ?? root,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 << 20,
    })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${file} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}

/** Where npm put the executable of a development dependency. */
export const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

/** How every guard ends: what it saw when all is well, each finding and exit code 1 when it is not. */
export function conclude(guard: string, findings: readonly string[], summary: string): void {
  for (const finding of findings) console.error(`${guard}: ${finding}`)
  if (findings.length > 0) process.exitCode = 1
  else console.log(`${guard}: ${summary}`)
}
