import { expect, expectTypeOf, it } from 'vitest'
import * as node from '../../src/internal/crypto/node.js'
import * as portable from '../../src/internal/crypto/portable.js'
import type { Crypto } from '../../src/internal/crypto/types.js'

it('both backends satisfy one interface', () => {
  expectTypeOf(node satisfies Crypto).toExtend<Crypto>()
  expectTypeOf(portable satisfies Crypto).toExtend<Crypto>()
})

it('both backends export exactly the names of the interface', () => {
  expectTypeOf<keyof typeof node>().toEqualTypeOf<keyof Crypto>()
  expectTypeOf<keyof typeof portable>().toEqualTypeOf<keyof Crypto>()
  expect(Object.keys(node).sort()).toEqual(Object.keys(portable).sort())
})
