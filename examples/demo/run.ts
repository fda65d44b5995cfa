/**
 * `npm run demo`: starts a small Express backend on a free port, with no outside service, plays good and bad deliveries
 * against it over real HTTP, and prints what it answered and why; then takes a table of sealed tokens through a rotation
 * of keys, and a token to places where it must not be read. Exit code 1 if anything is not as expected.
 *
 * To add lines: a file in `scenes/` that returns scenes, and a call below.
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ReceiverEvent } from 'waxseal/http'
import { createApp } from '../express-quickstart/app.js'
import { play } from './play.js'
import { maskingScenes } from './scenes/masking.js'
import { outcomeOf, tokenScenes } from './scenes/tokens.js'
import { webhookScenes } from './scenes/webhooks.js'
import { type Line, printTable } from './table.js'
import {
  BILLING_OLD_SECRET,
  BILLING_SECRET,
  META_SECRET,
  META_VERIFY_TOKEN,
  SAFRAVO_OLD_SECRET,
  SAFRAVO_SECRET,
} from './vendor.js'

const observed: ReceiverEvent[] = []
const { app } = createApp({
  metaSecrets: [{ id: 'app-2026', secret: META_SECRET }],
  metaVerifyTokens: [{ id: 'subscription', secret: META_VERIFY_TOKEN }],
  safravoSecrets: [
    { id: 'current', secret: SAFRAVO_SECRET },
    { id: 'previous', secret: SAFRAVO_OLD_SECRET },
  ],
  billingSecrets: [
    { id: 'current', secret: BILLING_SECRET },
    { id: 'previous', secret: BILLING_OLD_SECRET },
  ],
  observe: (event) => {
    observed.push(event)
  },
})
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const deliveries: Line[] = []
for (const scene of webhookScenes()) {
  observed.length = 0
  const { title, status, why, milliseconds, asExpected, expected } = await play(scene, port, observed)
  const wanted = `${expected.status}, ${expected.why}`
  deliveries.push({ asExpected, title, cells: [String(status), why], expected: wanted, milliseconds })
}
server.close()
server.closeAllConnections()

interface Tried {
  readonly title: string
  readonly expected: string
}

/** One line for each scene, played one after the other. */
async function linesOf<S extends Tried>(
  scenes: readonly S[],
  run: (scene: S) => Promise<string>,
): Promise<Line[]> {
  const lines: Line[] = []
  for (const scene of scenes) {
    const startedAt = performance.now()
    const outcome = await run(scene)
    const milliseconds = performance.now() - startedAt
    const { title, expected } = scene
    lines.push({ asExpected: outcome === expected, title, cells: [outcome], expected, milliseconds })
  }
  return lines
}

const tokens = await linesOf(tokenScenes(), outcomeOf)
const printed = await linesOf(maskingScenes(), async ({ run }) => run())

printTable(['delivery', 'answer', 'why'], deliveries)
printTable(['stored token', 'outcome'], tokens)
printTable(['on its way to a log', 'what is read there'], printed)
process.exitCode = [...deliveries, ...tokens, ...printed].every(({ asExpected }) => asExpected) ? 0 : 1
