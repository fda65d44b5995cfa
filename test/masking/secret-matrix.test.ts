/**
 * The promise: a Secret leaks nowhere. Here with the source under Node; test/runtimes/secret-matrix.mjs does the same with
 * the built package under Bun and Deno.
 */

import { Console } from 'node:console'
import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { outcomesOf, wrappers, written } from '../runtimes/secret-sinks.mjs'

type Outcome = 'hidden' | 'lost' | 'refused'

/** `hidden` shows the marker, `lost` neither marker nor value, `refused` is a TypeError. */
const SECRET: Readonly<Record<string, Outcome>> = {
  'template literal': 'hidden',
  concatenation: 'hidden',
  'String()': 'hidden',
  'Array.join': 'hidden',
  'JSON.stringify': 'hidden',
  'JSON.stringify, nested': 'hidden',
  'JSON.stringify, as a key': 'hidden',
  'format %s': 'hidden',
  'format %o': 'hidden',
  'format %O': 'hidden',
  'format %j': 'hidden',
  'format %d': 'lost',
  inspect: 'hidden',
  "the runtime's own inspect": 'hidden',
  'inspect showHidden': 'hidden',
  'inspect customInspect: false': 'lost',
  'inspect depth: 0': 'hidden',
  'inspect getters': 'hidden',
  'inspect showProxy': 'hidden',
  'inspect a Proxy of it': 'hidden',
  'inspect a Map': 'hidden',
  'inspect a Set': 'hidden',
  'Error message': 'hidden',
  'Error cause': 'hidden',
  'Error property': 'hidden',
  'AssertionError message': 'lost',
  spread: 'lost',
  'Object.assign': 'lost',
  'Object.entries': 'lost',
  structuredClone: 'lost',
  'v8.serialize': 'lost',
  Headers: 'hidden',
  URLSearchParams: 'hidden',
  TextEncoder: 'hidden',
  encodeURIComponent: 'hidden',
  localeCompare: 'hidden',
  'Buffer.from': 'refused',
  'HMAC key': 'refused',
  'HMAC data': 'refused',
  'noble utf8ToBytes': 'refused',
  'pino, in an object': 'hidden',
  'pino, as an argument': 'hidden',
  'winston, json': 'hidden',
  'winston, splat and simple': 'hidden',
  'console.log': 'hidden',
  'console.log, within an object': 'hidden',
  'console.error, with a format': 'hidden',
  // Node's console.dir asks no object how it wants to be printed.
  'console.dir': 'lost',
  'console.table': 'hidden',
}

/** Newer Nodes print the target of a WeakRef, older ones do not. */
const EITHER = 'inspect a WeakRef'

/** Where a property that TypeScript calls private comes to light, though toString and toJSON hide it. */
const PRIVATE_LEAKS = [
  'format %o',
  'format %O',
  'inspect',
  "the runtime's own inspect",
  'inspect showHidden',
  'inspect customInspect: false',
  'inspect getters',
  'inspect showProxy',
  'inspect a Proxy of it',
  'inspect a Map',
  'inspect a Set',
  'Error cause',
  'Error property',
  'AssertionError message',
  'spread',
  'Object.assign',
  'Object.entries',
  'structuredClone',
  'v8.serialize',
  'winston, splat and simple',
  'console.log',
  'console.log, within an object',
  'console.error, with a format',
  'console.dir',
  'console.table',
]

const outcomes = new Map(
  Object.entries(wrappers(Secret)).map(([name, wrap]) => {
    const rows = outcomesOf(wrap, (use) =>
      written((stream) => use(new Console({ stdout: stream, stderr: stream }))),
    )
    return [name, new Map(rows.map(({ sink, outcome }) => [sink, outcome]))]
  }),
)
const outcome = (wrapper: string, sink: string) => outcomes.get(wrapper)?.get(sink)
const leaksOf = (wrapper: string) =>
  [...(outcomes.get(wrapper) ?? [])].flatMap(([sink, outcome]) => (outcome === 'leaks' ? [sink] : []))

describe.each(['Secret', 'Secret of bytes'])('a %s', (wrapper) => {
  it.each(Object.entries(SECRET))('at %s is %s', (sink, expected) => {
    expect(outcome(wrapper, sink)).toBe(expected)
  })

  it('leaks nowhere, and no sink was left out', () => {
    expect(leaksOf(wrapper)).toEqual([])
    expect(['hidden', 'lost']).toContain(outcome(wrapper, EITHER))
    expect([...(outcomes.get(wrapper)?.keys() ?? [])].sort()).toEqual([...Object.keys(SECRET), EITHER].sort())
  })
})

describe('the matrix can fail', () => {
  it('where a string is itself: everywhere, but for a number and a reference', () => {
    const open = Object.keys(SECRET).filter((sink) => sink !== 'format %d')
    expect(
      leaksOf('string')
        .filter((sink) => sink !== EITHER)
        .sort(),
    ).toEqual(open.sort())
  })

  it('where a property is private to TypeScript only', () => {
    expect(
      leaksOf('private value')
        .filter((sink) => sink !== EITHER)
        .sort(),
    ).toEqual([...PRIVATE_LEAKS].sort())
  })

  it('and a private field of JavaScript does not leak there, but is no longer told from nothing', () => {
    expect(leaksOf('#value')).toEqual([])
    expect(outcome('#value', 'inspect')).toBe('lost')
  })
})
