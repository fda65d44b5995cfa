import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const entries = Object.values<Record<string, string>>(exports).flatMap(
  (target) => target['waxseal-source'] ?? [],
)

const common: Options = {
  format: 'esm',
  target: ['node20', 'es2023'],
  external: ['#crypto'],
  dts: false,
  removeNodeProtocol: false,
  sourcemap: true,
  esbuildOptions(options) {
    options.outbase = 'src'
    options.chunkNames = 'shared/[name]-[hash]'
    // `src` ships beside `dist`, so a second copy of it inside every map would only be weight.
    options.sourcesContent = false
  },
}

/**
 * The command line is one file with the packages that it stands on, so that they are nobody's dependencies; their licences
 * go beside it. Database clients stay outside: whoever needs one has it.
 */
const commandLine: Options = {
  ...common,
  entry: ['src/cli/main.ts'],
  splitting: false,
  sourcemap: false,
  external: ['#crypto', 'pg', 'better-sqlite3'],
  // CommonJS packages require Node's modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)",
  },
  esbuildPlugins: [
    {
      name: 'licences',
      setup(build) {
        build.initialOptions.metafile = true
        build.onEnd(({ metafile }) => {
          mkdirSync('dist/cli', { recursive: true })
          writeFileSync('dist/cli/licenses.txt', licencesOf(Object.keys(metafile?.inputs ?? {})))
        })
      },
    },
  ],
}

/** Name, version and licence text of every package that has a file among these. */
function licencesOf(inputs: readonly string[]): string {
  const folders = inputs.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${folder}: no licence to ship`)
    return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`
  })
  return ['main.js holds code of these packages.\n', ...texts].join(`\n${'-'.repeat(80)}\n\n`)
}

/**
 * One output file per entry, and one per piece that entries share. Not one per source file: Node takes about half a
 * millisecond for each file that it loads, and `waxseal/webhooks` has forty. `#crypto` stays an import, which each
 * runtime resolves for itself; each backend is one file. Declarations come from `tsc -p tsconfig.build.json`.
 */
export default defineConfig([
  { ...common, entry: entries, splitting: true },
  { ...common, entry: ['src/internal/crypto/node.ts', 'src/internal/crypto/portable.ts'], splitting: false },
  commandLine,
])
