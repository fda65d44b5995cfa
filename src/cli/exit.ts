/** What the process answers. */
export const EXIT = /* @__PURE__ */ Object.freeze({
  /** Done. */
  done: 0,
  /** The answer is no: refused, or rows left or failed. */
  no: 1,
  /** Usage or configuration; nothing was done. */
  usage: 2,
  /** A service was unavailable; the same command may succeed later. */
  unavailable: 3,
  /** Interrupted, after the word on how to go on. */
  interrupted: 130,
})

/** One of the five. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command with a sentence for the operator. The message must hold no value that may be a secret. */
export class Failure extends Error {
  /** What the process answers. */
  readonly exitCode: ExitCode
  /** For `--json`, `lower_snake_case`. */
  readonly code: string

  /** Exit code, machine-readable code, sentence. */
  constructor(exitCode: ExitCode, code: string, message: string) {
    super(message)
    this.exitCode = exitCode
    this.code = code
  }
}

/** A mistake in the command line, the environment or a file that it names. */
export const usage = (message: string): Failure => new Failure(EXIT.usage, 'usage', message)
