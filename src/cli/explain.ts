import { CommanderError } from 'commander'
import { EnvelopeError, type EnvelopeErrorCode } from '../envelope/errors.js'
import { WaxsealError } from '../internal/error.js'
import { StoreError, type StoreReason } from '../internal/store-error.js'
import { KeyringError, type KeyringErrorCode } from '../keyring/errors.js'
import { EXIT, type ExitCode, Failure } from './exit.js'

/** How a command that threw ends. */
export interface Explanation {
  readonly exitCode: ExitCode
  /** For `--json`. */
  readonly code: string
  /** For people; empty when help has said it all. */
  readonly message: string
}

/** The keyring is good and says no. All its other codes are about the list in WAXSEAL_KEYS, or a canary's form. */
const KEYRING_SAYS_NO: readonly KeyringErrorCode[] = /* @__PURE__ */ Object.freeze<KeyringErrorCode[]>([
  'unknown_key',
  'key_disabled',
  'key_destroyed',
  'canary_mismatch',
  'key_change_refused',
])

/** All other codes say that this value does not open here. */
const ENVELOPE: Partial<Record<EnvelopeErrorCode, ExitCode>> = /* @__PURE__ */ Object.freeze({
  invalid_context: EXIT.usage,
  invalid_plaintext: EXIT.usage,
  too_large: EXIT.usage,
  already_sealed: EXIT.usage,
  provider_unavailable: EXIT.unavailable,
  provider_denied: EXIT.unavailable,
  provider_invalid_response: EXIT.unavailable,
  aborted: EXIT.interrupted,
})

/** All other reasons may pass by themselves. */
const STORE_IS_SET_UP_WRONGLY: readonly StoreReason[] = /* @__PURE__ */ Object.freeze<StoreReason[]>([
  'read_only',
  'schema_missing',
  'schema_drift',
  'schema_newer',
  'wrong_type',
  'corrupt',
  'constraint',
])

/** Syntax, names and rights, values of another type, no such database or schema; SQLite has one code for all of them. */
const WRONG_STATEMENT = /^((42|22|3D|3F)[0-9A-Z]{3}|SQLITE_ERROR)$/

/**
 * Turns whatever was thrown into an exit code and one sentence. What is not an error of ours is named by its class only:
 * a driver's message may hold a URL, a query or a row.
 */
export function explain(thrown: unknown): Explanation {
  if (thrown instanceof Failure) return thrown
  if (thrown instanceof CommanderError) {
    const message = thrown.code === 'commander.help' ? '' : withoutValues(thrown.message)
    return { exitCode: EXIT.usage, code: 'usage', message }
  }
  if (thrown instanceof WaxsealError) return { code: thrown.code, ...explainOurs(thrown) }
  if (isBadOption(thrown)) return { exitCode: EXIT.usage, code: 'usage', message: thrown.message }
  const name = thrown instanceof Error ? thrown.constructor.name : typeof thrown
  return { exitCode: EXIT.usage, code: 'unexpected', message: `failed in a way nobody expected (${name})` }
}

function explainOurs(error: WaxsealError): Omit<Explanation, 'code'> {
  if (error instanceof StoreError) {
    const { reason, driver = '' } = error
    const wrong = STORE_IS_SET_UP_WRONGLY.includes(reason) || WRONG_STATEMENT.test(driver)
    const more = reason === 'timeout' ? '; a longer --timeout may help' : ''
    const message = `the database: ${error.message} (${[reason, driver].filter(Boolean).join(', ')})${more}`
    return { exitCode: wrong ? EXIT.usage : EXIT.unavailable, message }
  }
  if (error instanceof KeyringError) {
    if (KEYRING_SAYS_NO.includes(error.code)) return { exitCode: EXIT.no, message: error.message }
    const where = error.code === 'canary_malformed' ? '--canary' : 'WAXSEAL_KEYS'
    return { exitCode: EXIT.usage, message: `${where}: ${error.message}` }
  }
  const code = error instanceof EnvelopeError ? ENVELOPE[error.code] : undefined
  return { exitCode: code ?? EXIT.no, message: error.message }
}

/** Options are checked everywhere with `<option>: <what it takes>`, which never holds the value. */
function isBadOption(thrown: unknown): thrown is Error {
  const isBad = thrown instanceof TypeError || thrown instanceof RangeError
  return isBad && /^(--)?[A-Za-z][\w.[\]-]*: /.test(thrown.message)
}

/** The parser quotes what it was given. A name is worth quoting, a value may be a password at the wrong place. */
function withoutValues(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s+\(Did (you mean .*)\)$/s, '; did $1')
    .replace(/^command-argument value '.*' is invalid for argument '(\w+)'\. A/s, '<$1>: a')
    .replace(/ (?:argument|value) '.*' (?:from .* )?is invalid/s, ' is invalid')
    .replace(/^(unknown (?:command|option)) '(.*?)'(;|$)/s, (_, what, given: string, end) => {
      const name = /^-{0,2}[a-z][a-z-]{0,23}(?==|$)/.exec(given)
      return `${what}${name ? ` '${name[0]}'` : ''}${end}`
    })
}
