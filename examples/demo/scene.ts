/** A delivery to play against the backend, and the answer that is expected. */
export interface Scene {
  readonly title: string
  readonly request: WireRequest
  readonly expected: {
    readonly status: number
    /** What the backend's observer must report: a refusal's code, or what became of the events. */
    readonly why: string
    /** The body of the answer, where that matters. */
    readonly body?: string
  }
}

/** Exactly what goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface PlayedScene extends Scene {
  readonly status: number
  readonly why: string
  readonly body: string
  readonly milliseconds: number
  readonly asExpected: boolean
}
