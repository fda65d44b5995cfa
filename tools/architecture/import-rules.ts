import { FLOORS, floorOf, isHost, type Rule, roomOf, WINGED } from './rooms.js'

const DEPENDENCIES = ['@noble/hashes', '@noble/ciphers', '@noble/curves', 'zod']
/** Bundled into the command line. */
export const BUNDLED = ['commander', 'cli-progress']
/** Optional peers of the command line, which loads one when a command needs it. */
const DRIVERS = ['pg', 'better-sqlite3']
const READS_DOCUMENTS = ['vendors', 'consent', 'api-keys']

const packageOf = (specifier: string): string => /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier

/** `stores/redis` and `stores/postgres` are neighbours, not one room; `stores/*.ts` is what they may share. */
function sameRoom(from: string, to: string): boolean {
  if (roomOf(from) !== roomOf(to)) return false
  const [, wing, ...deeper] = to.split('/')
  const shared = deeper.length === 0
  return !WINGED.includes(roomOf(from)) || shared || from.split('/')[1] === wing
}

export const floors: Rule = ({ file, imports }) => {
  const mine = floorOf(file)
  if (mine === undefined) return [`${file}: no floor is called '${roomOf(file)}'`]
  return imports.flatMap(({ target, line }) => {
    if (target === undefined) return []
    const theirs = floorOf(target)
    if (theirs === undefined) return [`${file}:${line}: leaves src for '${target}'`]
    if (file === 'index.ts' && theirs > 0) return [`${file}:${line}: no feature lives in the root entry`]
    return theirs < mine || sameRoom(file, target)
      ? []
      : [`${file}:${line}: floor ${mine} reaches floor ${theirs} (${target})`]
  })
}

export const storesAndVendorsTakeTypes: Rule = ({ file, imports }) => {
  if (floorOf(file) !== FLOORS['stores']) return []
  return imports.flatMap(({ specifier, target, typeOnly, line }) => {
    if (specifier === '#crypto' && roomOf(file) === 'stores') return [`${file}:${line}: a store uses #crypto`]
    const allowed =
      target === undefined || typeOnly || roomOf(target) === 'internal' || sameRoom(file, target)
    return allowed
      ? []
      : [`${file}:${line}: takes a value of ${target}; only 'import type' may reach a domain`]
  })
}

export const builtins: Rule = ({ file, imports }) =>
  isHost(file)
    ? []
    : imports
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ specifier, line }) => `${file}:${line}: imports ${specifier}`)

export const packages: Rule = ({ file, imports }) =>
  imports.flatMap(({ specifier, target, typeOnly, line }) => {
    if (target !== undefined || specifier === '#crypto' || specifier.startsWith('node:')) return []
    const name = packageOf(specifier)
    const at = `${file}:${line}: imports ${specifier}`
    if (roomOf(file) === 'cli' && [...BUNDLED, ...DRIVERS].includes(name)) return []
    if (!DEPENDENCIES.includes(name)) {
      if (roomOf(file) !== 'adapters') return [`${at}, which is no dependency`]
      return typeOnly ? [] : [`${at}; a framework is named as a type only`]
    }
    if (name === '@noble/curves' && !file.startsWith('internal/crypto/')) return [`${at} outside of #crypto`]
    if (name !== 'zod') return []
    if (specifier !== 'zod/mini') return [`${at}; use zod/mini`]
    return READS_DOCUMENTS.includes(roomOf(file)) ? [] : [`${at}; it parses no outside documents`]
  })

export const cryptoByName: Rule = ({ file, imports }) =>
  file.startsWith('internal/crypto/')
    ? []
    : imports
        .filter(({ target }) => /^internal\/crypto\/(node|portable)\b/.test(target ?? ''))
        .map(({ specifier, line }) => `${file}:${line}: reaches '${specifier}'; import '#crypto'`)
