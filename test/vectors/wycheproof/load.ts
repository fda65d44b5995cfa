import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * The Wycheproof vectors lie beside the repository, and its NOTICE.md asks that they be read there and not copied in.
 * Where the folder is missing these tests are skipped, visibly; the RFC vectors and the properties always run.
 */
const FOLDER = fileURLToPath(new URL('../../../../shared/vectors/wycheproof/', import.meta.url))

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** What the cases of every file have. */
export interface Case {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** One test per file: every case of the groups that `only` keeps goes through `check`, and `count` of them must run. */
export function wycheproof<Group, Test>(
  file: string,
  count: number,
  check: (test: Test & Case, group: Group) => void,
  only: (group: Group) => boolean = () => true,
): void {
  describe.skipIf(!existsSync(FOLDER + file))('against Wycheproof', () => {
    it(`holds for the ${count} cases of ${file}`, () => {
      const groups: (Group & { tests: (Test & Case)[] })[] = JSON.parse(readFileSync(FOLDER + file, 'utf8')).testGroups.filter(only)
      let seen = 0
      for (const group of groups) {
        for (const test of group.tests) {
          try {
            check(test, group)
          } catch (error) {
            throw new Error(`tcId ${test.tcId}: ${test.comment}`, { cause: error })
          }
          seen++
        }
      }
      expect(seen).toBe(count)
    })
  })
}
