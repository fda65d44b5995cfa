/**
 * Base of every error that waxseal throws or returns.
 *
 * `code` is stable and machine-readable, `status` is the HTTP status that the adapters answer, and `message` says the code
 * in words, for some errors with a key's name or a hint behind it: no secret, token, signature, body or phone number ever
 * enters it.
 */
export class WaxsealError extends Error {
  /** Stable `lower_snake_case` code; each domain's subclass narrows it to a closed union. */
  readonly code: string
  /** HTTP status that an adapter answers with. */
  readonly status: number

  /** @internal */
  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }

  override get name(): string {
    return 'WaxsealError'
  }

  /** What an outsider is told instead of `code`: the same, unless the code is only the operator's affair. */
  get publicCode(): string {
    return this.code
  }
}

/**
 * Runs something whose errors are made without walking the stack, which costs more than verifying a signature: whoever
 * floods us with forgeries must not be given that lever. `Reflect.set` because a host may have frozen `Error`.
 */
export function withoutStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
  }
}
