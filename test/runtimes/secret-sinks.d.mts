import type { Writable } from 'node:stream'
import type { Secret } from 'waxseal'

type Use = (console: Console) => void

export declare function wrappers(held: typeof Secret): Record<string, () => unknown>
export declare function outcomesOf(
  wrap: () => unknown,
  print: (use: Use, sink: string) => string,
): { sink: string; outcome: string }[]
export declare function written(use: (stream: Writable) => void): string
