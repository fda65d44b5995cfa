/** Bodies that peers and we must agree on: a fixed list of the awkward ones, then a seeded stream of others. */

const AWKWARD: readonly string[] = [
  '{}',
  '{"a":1}',
  ' ',
  '\n',
  '\r\n',
  '\0',
  '.',
  '..',
  '=',
  ',',
  '$$',
  '$&',
  '%s %d',
  '{timestamp}',
  '\\u00e9\\/',
  '{"text":"héllo 👋"}',
  '👋🏽👨‍👩‍👧‍👦',
  'e\u0301 \u00e9',
  '\u2028\u2029',
  '\ufeff{"a":1}',
  '\ufeff\ufeff',
  '\ufffd',
  '{\r\n  "a": 1\r\n}\r\n',
  '{\n  "a": 1\n}\n',
  '{"__proto__":{"x":1}}',
  'x'.repeat(63),
  'x'.repeat(64),
  'x'.repeat(65),
  '漢字'.repeat(1_000),
  `{"a":"${'x'.repeat(1_048_576)}"}`,
  'é👋\n'.repeat(40_000),
]

/** mulberry32: 32 bits at a time, the same on every run. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

const ALPHABETS: readonly string[] = [
  'abcXYZ019',
  '{}[]":, \n',
  'éüßñ',
  '👋🎉漢字',
  '\r\n\t\0\u0085',
  '=&%+?/#.;',
]

/** At least 200 texts, none of them empty. */
export function texts(seed = 1, count = 220): readonly string[] {
  const next = generator(seed)
  const generated = Array.from({ length: count - AWKWARD.length }, () => {
    let text = ''
    for (let left = 1 + (next() % 200); left > 0; left--) {
      const characters = [...(ALPHABETS[next() % ALPHABETS.length] as string)]
      text += characters[next() % characters.length]
    }
    return text
  })
  return [...AWKWARD, ...generated]
}

/** Bytes, most of them no UTF-8; the first is empty. */
export function binaries(seed = 2, count = 60): readonly Uint8Array<ArrayBuffer>[] {
  const next = generator(seed)
  return Array.from({ length: count }, (_, at) => {
    const length = at === 1 ? 1_048_576 : at === 0 ? 0 : 1 + (next() % 300)
    return Uint8Array.from({ length }, () => next() & 0xff)
  })
}
