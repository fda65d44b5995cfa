import { expectTypeOf, it } from 'vitest'
import { Secret } from 'waxseal'
import type { Keyring } from 'waxseal/keyring'
import {
  createFingerprinter,
  type Fingerprinter,
  type FingerprinterOptions,
  type FingerprintKind,
  hint,
  mask,
  toSecret,
} from 'waxseal/masking'

const token = new Secret<string>('EAAGtest')
const bytes = new Secret(new Uint8Array(4))

it('a Secret is no text, and text no Secret', () => {
  expectTypeOf<Secret>().not.toExtend<string>()
  expectTypeOf<Secret<Uint8Array>>().not.toExtend<string>()
  expectTypeOf<Secret<Uint8Array>>().not.toExtend<Uint8Array>()
  expectTypeOf<string>().not.toExtend<Secret>()
  expectTypeOf<Secret>().not.toExtend<HeadersInit>()
  expectTypeOf<{ authorization: Secret }>().not.toExtend<HeadersInit>()
})

it('what a Secret holds is known by its type', () => {
  expectTypeOf<Secret>().toEqualTypeOf<Secret<string>>()
  expectTypeOf(token.expose()).toEqualTypeOf<string>()
  expectTypeOf(bytes.expose()).toExtend<Uint8Array>()
  expectTypeOf<Secret<Uint8Array>>().not.toExtend<Secret<string>>()
  expectTypeOf<Secret<string>>().not.toExtend<Secret<Uint8Array>>()
})

it('toSecret takes text and gives a Secret of text', () => {
  expectTypeOf(toSecret).toEqualTypeOf<(value: string) => Secret<string>>()
})

it('mask and hint take text or a Secret of it, and give text', () => {
  expectTypeOf(mask).parameters.toEqualTypeOf<[value: string | Secret<string>]>()
  expectTypeOf(hint).toEqualTypeOf<typeof mask>()
  expectTypeOf(mask).returns.toEqualTypeOf<string>()
  expectTypeOf<Secret<Uint8Array>>().not.toExtend<Parameters<typeof mask>[0]>()
})

it('a fingerprinter is made of a keyring, or of the two members that it uses', () => {
  expectTypeOf<{ keyring: Keyring }>().toExtend<FingerprinterOptions>()
  expectTypeOf<{ keyring: Pick<Keyring, 'primary' | 'derive'> }>().toExtend<FingerprinterOptions>()
  expectTypeOf<{ keyring: Pick<Keyring, 'derive'> }>().not.toExtend<FingerprinterOptions>()
  expectTypeOf<{ keyring: Keyring; kid: undefined; tenant: undefined }>().toExtend<FingerprinterOptions>()
  expectTypeOf<{ keyring: Keyring; tenant: null }>().not.toExtend<FingerprinterOptions>()
  expectTypeOf(createFingerprinter).returns.toEqualTypeOf<Fingerprinter>()
})

it('a fingerprint is of text and of a closed list of kinds', () => {
  expectTypeOf<Fingerprinter['of']>().parameters.toEqualTypeOf<
    [value: string | Secret<string>, kind?: FingerprintKind | undefined]
  >()
  expectTypeOf<FingerprintKind>().toEqualTypeOf<'secret' | 'tel' | 'mail' | 'wamid'>()
  expectTypeOf<Fingerprinter['of']>().returns.toEqualTypeOf<string>()
})

it('mistakes do not compile', () => {
  const mistakes = () => {
    // @ts-expect-error a Secret where text is meant
    const text: string = token
    // @ts-expect-error a Secret as a header
    new Headers({ authorization: token })
    // @ts-expect-error bytes have no characters to show
    mask(bytes)
    // @ts-expect-error neither has a number
    hint(1234)
    // @ts-expect-error bytes
    toSecret(new Uint8Array(4))
    // @ts-expect-error a Secret already
    toSecret(token)
    return text
  }
  expectTypeOf(mistakes).toBeFunction()
})
