import { expect, it, vi } from 'vitest'
import { sha256 } from 'waxseal/webhooks'
import * as portable from '../../src/internal/crypto/portable.js'
import { knownAnswers } from './vectors-suite.js'

vi.mock('#crypto', () => import('../../src/internal/crypto/portable.js'))

// What waxseal itself exports tells which backend it was given, not only which one this file sees.
it('runs on the portable backend', () => {
  expect(sha256).toBe(portable.sha256)
})

knownAnswers()
