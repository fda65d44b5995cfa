import type { Module } from './graph.js'

/** What is wrong with a module, one sentence per finding; nothing when it keeps the rule. */
export type Rule = (module: Module) => string[]

export const FLOORS: Readonly<Record<string, number>> = {
  internal: 0,
  keyring: 1,
  webhooks: 2,
  envelope: 2,
  masking: 2,
  idempotency: 2,
  scopes: 2,
  'api-keys': 2,
  consent: 2,
  audit: 2,
  'signed-urls': 2,
  vendors: 3,
  stores: 3,
  http: 4,
  adapters: 5,
  cli: 6,
  'index.ts': 7,
}

/** Rooms whose subfolders are neighbours, each an entry of its own. */
export const WINGED = ['vendors', 'stores', 'adapters']

export const roomOf = (file: string): string => file.split('/')[0] as string
export const floorOf = (file: string): number | undefined => FLOORS[roomOf(file)]
export const isHost = (file: string): boolean => file === 'internal/crypto/node.ts' || roomOf(file) === 'cli'
