import { expect, it } from 'vitest'
import { sha256 } from 'waxseal/webhooks'
import * as node from '../../src/internal/crypto/node.js'
import { knownAnswers } from './vectors-suite.js'

it('runs on node:crypto', () => {
  expect(sha256).toBe(node.sha256)
})

knownAnswers()
