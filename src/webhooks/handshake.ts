import { digest, equalBytes, sha256 } from '#crypto'
import { assertObject, assertOptionalFunction } from '../internal/assert.js'
import { utf8 } from '../internal/bytes.js'
import { readClock } from '../internal/instant.js'
import type { Result } from '../internal/result.js'
import { refusal, type WebhookError } from './errors.js'
import { importSecrets, liveAt, type WebhookSecret } from './secrets.js'

/** Answers the GET by which a sender asks whether a subscription is wanted. */
export interface Handshake {
  /**
   * The challenge to echo as `text/plain`, or WebhookError `handshake_refused`. Never throws.
   *
   * @param target path and query as received
   */
  answer(target: string): Result<string, WebhookError>
}

/** Options of {@link metaHandshake}. */
export interface MetaHandshakeOptions {
  /** 1–10 of your own choosing, each at least 16 bytes; any live one is taken. */
  readonly verifyTokens: readonly WebhookSecret[]
  /** Clock in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const CHALLENGE = /^[A-Za-z0-9_.=-]{1,256}$/

/**
 * Meta's handshake: a GET with `hub.mode=subscribe`, `hub.verify_token` and `hub.challenge`, each exactly once. The
 * verify token authenticates nothing else; deliveries are signed with the App Secret.
 *
 * Source: Meta, Graph API, Webhooks, Verification requests.
 *
 * @throws TypeError | RangeError on a bad option, naming it and never its value.
 */
export function metaHandshake(options: MetaHandshakeOptions): Handshake {
  assertObject(options, 'options')
  const { now = Date.now } = options
  assertOptionalFunction(now, 'now')
  // Hashed, so that comparing takes the same time whatever the length of the guess.
  const hashed = (token: string) => ({ length: utf8(token).length, hash: digest(sha256, [token]) })
  const tokens = importSecrets(options.verifyTokens, 'verifyTokens', hashed, false)

  return Object.freeze({
    answer(target: string): Result<string, WebhookError> {
      const query = new URLSearchParams(typeof target === 'string' ? target.replace(/^[^?]*\??/, '') : '')
      const once = (name: string): string | undefined => {
        const values = query.getAll(name)
        return values.length === 1 ? values[0] : undefined
      }
      const guess = digest(sha256, [once('hub.verify_token') ?? ''])
      let known = false
      for (const { key } of liveAt(tokens, readClock(now))) known = equalBytes(key.hash, guess) || known

      const challenge = once('hub.challenge')
      const granted =
        known && once('hub.mode') === 'subscribe' && challenge !== undefined && CHALLENGE.test(challenge)
      return granted ? { ok: true, value: challenge } : { ok: false, error: refusal('handshake_refused') }
    },
  })
}
