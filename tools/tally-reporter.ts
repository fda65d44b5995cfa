import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/**
 * Ends a test run with one plain line, `tests: 412 passed, 0 failed, 3 skipped`, which a person, a log and a script read
 * alike. A file that does not load, and an error outside of any test, count as failures: a run is not green because its
 * tests never began.
 */
export const tally: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    let passed = 0
    let failed = errors.length
    let skipped = 0
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'skipped') skipped++
        else failed++
      }
    }
    const tail = skipped > 0 ? `, ${skipped} skipped` : ''
    process.stdout.write(`\ntests: ${passed} passed, ${failed} failed${tail}\n`)
  },
}
