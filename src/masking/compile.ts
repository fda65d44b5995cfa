import { createLiterals, type Literals } from './literals.js'
import { nameTriggers } from './named-text.js'
import { createNamedValue } from './named-value.js'
import { createNames, detached, fold, isBuiltInName, LONGEST_NAME } from './names.js'
import { personalByName, personalTriggers } from './personal.js'
import { printedBytesTriggers } from './printed-bytes.js'
import { KEY_BEGIN, privateKeyTrigger } from './private-key.js'
import type { Fired, Named, Rules } from './rules.js'
import { createScan } from './scan.js'
import { isBuiltInRule, ruleOf } from './shapes.js'
import { tokenTrigger } from './token-rule.js'
import { TOKEN_RULES, type TokenRule } from './tokens.js'
import type { RedactorOptions } from './types.js'

/** Names of properties that are remembered with what is printed for them. */
const REMEMBERED = 1000
const LONGEST_REMEMBERED = 256
const MOST_ROUNDS = 4
/** The first line alone of a private key is longer. */
const SHORTEST_KEY = 26

/** Rules, and the literals that may still be added to them. */
export interface Compiled {
  readonly rules: Rules
  readonly literals: Literals
}

/** Reads the options that say what is hidden. Throws TypeError or RangeError naming the option. */
export function compile(options: RedactorOptions): Compiled {
  const how = readPersonal(options.personal)
  const keep = readWords(options.keep, 'keep')
  for (const word of keep) {
    if (!isBuiltInRule(word) && (word.startsWith('*') || !isBuiltInName(fold(word)))) {
      throw new RangeError('keep: expected names or token rules that are hidden without it')
    }
  }
  const names = createNames({
    added: readWords(options.names, 'names').map(addedName),
    kept: keep.map(fold),
    personal: how !== 'keep',
  })
  const personal: Rules['personal'] = how === 'keep' ? (_kind, text) => text : personalByName(how)
  const tokenRules = [
    ...TOKEN_RULES.filter(({ name }) => !keep.includes(name)),
    ...readShapes(options.tokens),
  ]
  const hideKeys = createScan([privateKeyTrigger])
  const hideSecrets = createScan([
    ...nameTriggers(names, createNamedValue(personal)),
    ...printedBytesTriggers,
    ...tokenRules.map(tokenTrigger),
  ])
  const hidePersonal = how === 'keep' ? undefined : createScan(personalTriggers(how))

  const remembered = new Map<string, Named>()
  const literals = createLiterals(() => remembered.clear())

  /**
   * What is known exactly goes first, then what takes many lines: a name or a token would take the first of them only.
   * Personal data goes last, because what stands for it could be a part of a name or a token.
   */
  function scrub(text: string, fired: Fired): string {
    let scrubbed = literals.hide(text, fired)
    if (scrubbed.length > SHORTEST_KEY && scrubbed.includes(KEY_BEGIN)) scrubbed = hideKeys(scrubbed, fired)
    if (hidePersonal === undefined) return hideSecrets(scrubbed, fired)
    // A tag is text like any other for the rules around it: once more, until there is nothing left to do.
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = scrubbed
      scrubbed = hidePersonal(hideSecrets(before, fired), fired)
      if (scrubbed === before) break
    }
    return scrubbed
  }

  function named(name: string, fired: Fired): Named {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const printed = scrub(name, fired)
    const answer = { kind: names.kindOf(name) ?? names.kindOf(printed), printed }
    // One that hides something is looked up each time, for `observe` to be told each time.
    if (printed === name && name.length <= LONGEST_REMEMBERED) {
      if (remembered.size >= REMEMBERED) remembered.clear()
      const kept = detached(name)
      remembered.set(kept, { kind: answer.kind, printed: kept })
    }
    return answer
  }

  function number(value: number, fired: Fired): number | string {
    if (!literals.hasNumber()) return value
    const text = String(value)
    const hidden = literals.hide(text, fired)
    return hidden === text ? value : hidden
  }

  return { rules: { named, scrub, number, personal }, literals }
}

function readPersonal(personal: RedactorOptions['personal'] = 'keep') {
  const isFingerprinter =
    typeof personal === 'object' && personal !== null && typeof personal.of === 'function'
  if (personal !== 'keep' && personal !== 'mask' && !isFingerprinter) {
    throw new TypeError("personal: expected 'keep', 'mask' or what createFingerprinter returned")
  }
  return personal
}

function readWords(words: readonly string[] = [], option: string): readonly string[] {
  const copied: readonly unknown[] = Array.isArray(words) ? [...words] : [undefined]
  if (!copied.every((word) => typeof word === 'string')) {
    throw new TypeError(`${option}: expected an array of strings`)
  }
  return copied as readonly string[]
}

/** Folded, with its `*` in front when it names an ending. */
function addedName(name: string): string {
  const star = name.startsWith('*') ? '*' : ''
  const folded = fold(name.slice(star.length))
  if (folded.length > LONGEST_NAME || !/^[a-z0-9\u0080-\uffff]+$/.test(folded)) {
    throw new RangeError(`names: expected 1 to ${LONGEST_NAME} letters and digits, and * only in front`)
  }
  return star + folded
}

function readShapes(shapes: RedactorOptions['tokens'] = []): readonly TokenRule[] {
  if (!Array.isArray(shapes)) throw new TypeError('tokens: expected an array')
  const rules = shapes.map((shape, at) => ruleOf(shape, `tokens[${at}]`))
  if (new Set(rules.map(({ name }) => name)).size < rules.length)
    throw new RangeError('tokens: expected distinct names')
  return rules
}
