/** What a value is, which decides how it is spelled before it is fingerprinted. */
export type FingerprintKind = 'secret' | 'tel' | 'mail' | 'wamid'

/** What people write between the digits of a phone number. */
const TEL_MARKS = /[+().\s-]/g
const TEL = /^\d{7,20}$/
const MAIL = /^[^\s@]+@[^\s@]+$/
const WAMID = 'wamid.'

/**
 * The one spelling of a value of this kind (docs/formats/fingerprints.md); `undefined` for what is none: empty or
 * ill-formed text, a phone number without 7 to 20 digits or with other characters than digits, `+ ( ) - .` and white
 * space, an address without exactly one `@` between two texts free of white space, an id that does not go on after `wamid.`.
 */
export function normalForm(kind: FingerprintKind, text: string): string | undefined {
  if (!text.isWellFormed()) return undefined
  switch (kind) {
    case 'tel': {
      const digits = text.replace(TEL_MARKS, '')
      return TEL.test(digits) ? digits : undefined
    }
    case 'mail': {
      const address = text.trim().toLowerCase()
      return MAIL.test(address) ? address : undefined
    }
    case 'wamid':
      return text.startsWith(WAMID) && text !== WAMID ? text : undefined
    case 'secret':
      return text === '' ? undefined : text
  }
}
