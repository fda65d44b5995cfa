import { readFileSync } from 'node:fs'
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
 * One output file per entry, and one per piece that entries share. Not one per source file: Node takes about half a
 * millisecond for each file that it loads, and `waxseal/webhooks` has forty. `#crypto` stays an import, which each
 * runtime resolves for itself; each backend is one file. Declarations come from `tsc -p tsconfig.build.json`.
 */
export default defineConfig([
  { ...common, entry: entries, splitting: true },
  { ...common, entry: ['src/internal/crypto/node.ts', 'src/internal/crypto/portable.ts'], splitting: false },
])
