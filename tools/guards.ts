/** Runs every guard that is not a test, cheapest first, and all of them even when one fails: one run tells all. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bin, root } from './lib/project.js'

const GUARDS = ['licences', 'hygiene', 'size', 'api-docs', 'package']

const failed = GUARDS.filter((guard) => {
  const script = join(root, 'tools', `check-${guard}.ts`)
  return spawnSync(bin('tsx'), [script], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
})
if (failed.length > 0) {
  console.error(`guards: failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
