import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { tally } from './tools/tally-reporter.js'

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** Tests, like users, import the package by its public name; Vite does not resolve a package's own name by itself. */
const alias = Object.entries<Record<string, string> | string>(manifest.exports).flatMap(
  ([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
            replacement: fileURLToPath(new URL(target['waxseal-source'] as string, import.meta.url)),
          },
        ],
)

export default defineConfig({
  resolve: { alias, conditions: ['waxseal-source', 'node'] },
  ssr: { resolve: { conditions: ['waxseal-source', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    reporters: ['default', tally],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/types.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
})
