const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|(["\\/]))/g
const PERCENT = /%([0-7][0-9A-Fa-f])/g
/** How deep JSON lies within JSON, at most. */
const LAYERS = 7

export const asWritten = (written: string): string => written

/** What a JSON string of any level says, as far as phone numbers and addresses need it. */
export function unescaped(written: string): string {
  let value = written
  for (let layer = 0; layer < LAYERS && value.includes('\\'); layer++) {
    value = value.replace(ESCAPE, (_, hex: string, itself: string) => itself ?? character(hex))
  }
  return value
}

/** What a parameter says, likewise. */
export function percentDecoded(written: string): string {
  return written.replaceAll('+', ' ').replace(PERCENT, (_, hex: string) => character(hex))
}

const character = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))
