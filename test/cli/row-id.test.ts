import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, shellWord } from '../../src/cli/row-id.js'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('\u001b', '[', '\n', '\u009b', '\u202e', "'", '"', '\\', '$', ';', ' ', 'é'),
  }),
)

describe('an id for people', () => {
  it.each(['41', '6463a098-fa7c-4d1f-bbc4-368398bc6627', 'acc_1:eu.west@x'])('%s is shown as it is', (id) => {
    expect([printable(id), shellWord(id)]).toEqual([id, id])
  })

  it.each([
    ['\u001b[2J', String.raw`"\u001b[2J"`],
    ['a\nrow 2: fine', String.raw`"a\nrow 2: fine"`],
    ['\u009b2J\u007f', String.raw`"\u009b2J\u007f"`],
    ['\u202egpj', String.raw`"\u202egpj"`],
    ['\u{e0041}\ud800', String.raw`"\udb40\udc41\ud800"`],
    ['Zoë 1', '"Zoë 1"'],
    ['', '""'],
  ])('%j is shown as %s', (id, shown) => {
    expect(printable(id)).toBe(shown)
  })

  it('never holds what a terminal acts on, and is the id for whoever reads it as JSON', () => {
    fc.assert(
      fc.property(anyText, (id) => {
        const shown = printable(id)
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(shown.startsWith('"') ? JSON.parse(shown) : shown).toBe(id)
      }),
    )
  })

  it.each(["x'; touch pwned; '", '$(id)', '`id`', 'a b', '\\', '-x*', '!!', ''])(
    '%j is one word of a shell',
    (id) => {
      const out = execFileSync('sh', ['-c', `printf %s ${shellWord(id)}`], { encoding: 'utf8' })
      expect(out).toBe(id)
    },
  )

  it('what cannot be shown is no word', () => {
    expect(['a\nb', '\u001b', '\u202e'].map(shellWord)).toEqual([undefined, undefined, undefined])
  })
})
