import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Secret } from 'waxseal'
import { hint, mask, toSecret } from 'waxseal/masking'
import * as z from 'zod'

const HIDDEN = '••••'
const FAMILY = '👨‍👩‍👧‍👦'
const FLAG = '🇿🇦'
const ACCENTED = 'e\u0301'
const META = 'EAAN6tcBzAUBOwDtTtfmZCJ9n3FHpSDcDTH86ekf89'
const API_KEY = 'acme_live_k7Qp2ZxAbc12_aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA3Bfvns'
const X38 = 'aB3'.repeat(13).slice(0, 38)

const graphemes = (text: string): string[] =>
  Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment)

/** What the last four are by definition: of all graphemes, however many. */
function lastFour(text: string): string {
  const all = graphemes(text)
  return all.length < 16 ? '' : all.slice(-4).join('')
}

describe('mask', () => {
  it.each<[string, string, string]>([
    ['nothing', '', HIDDEN],
    ['two characters', 'ab', HIDDEN],
    ['fifteen', '123456789012345', HIDDEN],
    ['three graphemes of twelve code points', FAMILY + FLAG + ACCENTED, HIDDEN],
    ['sixteen', '1234567890123456', '••••3456'],
    ['a token of Meta, whose prefix is no secret kept apart', META, '••••kf89'],
    ['a known prefix with a short rest', 'saf_live_7b58495bc9fc', 'saf_live_••••'],
    ['a known prefix', 'wapi_live_aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3xy', 'wapi_live_••••B3xy'],
    ['an API key of ours, whose id is public', API_KEY, 'acme_live_k7Qp2ZxAbc12_••••fvns'],
  ])('shows of %s: %s → %s', (_what, value, masked) => {
    expect(mask(value)).toBe(masked)
    expect(mask(new Secret(value))).toBe(masked)
  })

  it.each([
    'whsec_',
    'whsk_',
    ...['sk', 'rk', 'saf', 'wapi'].flatMap((kind) => [`${kind}_live_`, `${kind}_test_`]),
    ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    ...[...'abceoprs'].map((kind) => `xox${kind}-`),
    ...['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    'npm_',
    'SG.',
    'acme_test_0123456789aB_',
    'a1_live_0123456789aB_',
    `${'a'.repeat(16)}_live_0123456789aB_`,
  ])('keeps the prefix %s readable, and counts behind it', (prefix) => {
    expect(mask(prefix + X38)).toBe(`${prefix}••••${X38.slice(-4)}`)
    if (!prefix.endsWith('B_')) {
      expect(mask(`${prefix}${'x'.repeat(11)}abcd`)).toBe(`${prefix}••••`)
      expect(mask(`${prefix}${'x'.repeat(12)}abcd`)).toBe(`${prefix}••••abcd`)
    }
  })

  it.each([
    ['a prefix that nobody uses', `pk_live_${X38}`],
    ['a prefix in capitals', `SK_LIVE_${X38}`],
    ['a prefix that begins later', ` sk_live_${X38}`],
    ['a prefix of another letter', `xoxd-${X38}`],
    ['SG without its dot', `SGx${X38}`],
    ['an API key with 37 characters', API_KEY.slice(0, -1)],
    ['an API key with 39 characters', `${API_KEY}x`],
    ['an API key with a line end', `${API_KEY}\n`],
    ['an API key with a short id', `acme_live_k7Qp2ZxAbc1_${X38}`],
    ['an API key with a sign in its secret', `acme_live_k7Qp2ZxAbc12_${X38.slice(1)}-`],
    ['an API key of a brand of one letter', `a_live_k7Qp2ZxAbc12_${X38}`],
    ['an API key of a brand of 17 letters', `${'a'.repeat(17)}_live_k7Qp2ZxAbc12_${X38}`],
    ['an API key of a brand that begins with a digit', `1acme_live_k7Qp2ZxAbc12_${X38}`],
  ])('takes no prefix from %s', (_what, value) => {
    expect(mask(value)).toBe(HIDDEN + value.slice(-4))
  })

  it.each<[string, unknown]>([
    ['a number', 1234567890123456],
    ['undefined', undefined],
    ['null', null],
    ['an object', { toString: () => META }],
    ['a String', new String(META)],
    ['an array of strings', [META]],
    ['bytes', new TextEncoder().encode(META)],
    ['a Secret of bytes', new Secret(new TextEncoder().encode(META))],
    ['something that inherits from a Secret', Object.create(new Secret(META))],
    ['a Proxy of a Secret', new Proxy(new Secret(META), {})],
    ['a symbol', Symbol(META)],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate at the end of a long value', `${META}\ud83d`],
    ['a lone surrogate behind a prefix', `sk_live_\udc00${META}`],
  ])('is four bullets for %s', (_what, value) => {
    expect(mask(value as string)).toBe(HIDDEN)
    expect(hint(value as string)).toBe('')
  })

  it('is four bullets for a Secret that was disposed of', () => {
    const secret = new Secret<string>(META)
    secret.dispose()
    expect(mask(secret)).toBe(HIDDEN)
    expect(hint(secret)).toBe('')
  })

  it('does not tell how long a value is', () => {
    expect(mask('x'.repeat(16))).toBe(mask('x'.repeat(10_000)))
    expect(mask('')).toBe(mask('x'.repeat(15)))
  })

  it.each([
    ['combining marks', ACCENTED],
    ['families', FAMILY],
    ['flags', FLAG],
    ['keycaps', '1\ufe0f\u20e3'],
    ['skin tones', '👍🏽'],
    ['Hangul in parts', '\u1112\u1161\u11ab'],
    ['line ends of two', '\r\n'],
  ])('counts %s as one, and never cuts one in half', (_what, one) => {
    expect(mask(one.repeat(15))).toBe(HIDDEN)
    expect(mask(one.repeat(16))).toBe(HIDDEN + one.repeat(4))
    expect(mask(`x${one.repeat(500)}`)).toBe(HIDDEN + one.repeat(4))
    expect(mask(`${'x'.repeat(500)}${one}`)).toBe(`••••xxx${one}`)
    expect(mask(`whsec_${one.repeat(500)}xyz`)).toBe(`whsec_••••${one}xyz`)
  })
})

describe('hint', () => {
  it('is what mask shows at the end', () => {
    expect(hint(META)).toBe('kf89')
    expect(hint(new Secret(META))).toBe('kf89')
    expect(hint(API_KEY)).toBe('fvns')
    expect(hint('saf_live_7b58495bc9fc')).toBe('')
    expect(hint('123456789012345')).toBe('')
  })
})

/** Text whose graphemes join in every way there is, some of them longer than what is looked at first. */
const joining = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', '-', '中', '\r\n', '\n', '\r', '\u0301', '\u200d', '\u200c', '\ufe0f', '\u0600'),
      fc.constantFrom(FAMILY, FLAG, '🇩', '👍🏽', '\u{1f3fb}', '❤️', ACCENTED, 'क्', 'षि', 'ക', '\u0d4d', '각'),
      fc.constantFrom('\u1100', '\u1161', '\uff9e', '\u{e0067}', '\u{1112c}'),
      fc
        .tuple(fc.constantFrom('a', '\u0301', '🇩', FAMILY, 'क्', '\u1100', '\u{1f3fb}'), fc.nat(400))
        .map(([one, times]) => one.repeat(times)),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

const anyText = fc.oneof(
  joining,
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .tuple(fc.constantFrom('sk_live_', 'SG.', 'acme_live_'), fc.string({ maxLength: 60 }))
    .map((parts) => parts.join('')),
  fc
    .array(fc.integer({ min: 0xd700, max: 0xe100 }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
)

describe('of any text', () => {
  it('hint is the last four graphemes, as if all of it were split', () => {
    fc.assert(
      fc.property(joining, (text) => {
        expect(hint(text)).toBe(lastFour(text))
      }),
      { numRuns: 500 },
    )
  })

  it('mask shows at most a prefix and four graphemes, while twelve stay hidden', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = hint(text)
        const masked = mask(text)
        const prefix = masked.slice(0, masked.length - shown.length - HIDDEN.length)
        expect(masked).toBe(prefix + HIDDEN + shown)
        expect(text.startsWith(prefix)).toBe(true)
        expect(prefix.length).toBeLessThanOrEqual(35)
        if (shown === '') return
        expect(text.endsWith(shown)).toBe(true)
        expect(graphemes(shown)).toHaveLength(4)
        expect(graphemes(text.slice(prefix.length)).length).toBeGreaterThanOrEqual(16)
      }),
      { numRuns: 500 },
    )
  })

  it('mask holds no lone surrogate', () => {
    fc.assert(fc.property(anyText, (text) => mask(text).isWellFormed() && hint(text).isWellFormed()))
  })
})

describe('the Segmenter', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  /** The functions, newly loaded over this `Intl`. */
  async function over(intl: unknown) {
    vi.resetModules()
    const fresh = await import('../../src/masking/mask.js')
    vi.stubGlobal('Intl', intl)
    return fresh
  }

  /** One that keeps a record of what it is asked. */
  function recorded() {
    const seen = { made: 0, lengths: [] as number[] }
    class Recorder extends Intl.Segmenter {
      constructor() {
        super('en')
        seen.made++
      }
      override segment(text: string): Intl.Segments {
        seen.lengths.push(text.length)
        return super.segment(text)
      }
    }
    return { seen, intl: { Segmenter: Recorder } }
  }

  it('is made once, and only for a value that is not plain', async () => {
    const { seen, intl } = recorded()
    const { mask } = await over(intl)
    expect([mask(META), mask('é')]).toEqual(['••••kf89', HIDDEN])
    expect(seen.made).toBe(0)
    for (let i = 0; i < 3; i++) expect(mask(FLAG.repeat(20))).toBe(HIDDEN + FLAG.repeat(4))
    expect(seen.made).toBe(1)
  })

  it.each([
    ['families', FAMILY],
    ['umlauts', 'ü'],
    ['mixed text', `x${FLAG}${ACCENTED}`],
  ])('sees no more of 10 MB of %s than the two ends', async (_what, one) => {
    const { seen, intl } = recorded()
    const { mask } = await over(intl)
    const value = one.repeat(Math.ceil(10_485_760 / one.length))
    expect(mask(value)).toBe(HIDDEN + lastFour(one.repeat(16)))
    expect(Math.max(...seen.lengths)).toBeLessThanOrEqual(256)
  })

  it.each([
    ['Intl has none', {}],
    ['there is no Intl', undefined],
  ])('is replaced by code points where %s', async (_what, intl) => {
    const { hint, mask } = await over(intl)
    expect(mask('👍'.repeat(15))).toBe(HIDDEN)
    expect(mask('👍'.repeat(16))).toBe(HIDDEN + '👍'.repeat(4))
    expect(mask(`é${'x'.repeat(14)}`)).toBe(HIDDEN)
    expect(mask(`${'x'.repeat(15)}é`)).toBe('••••xxxé')
    expect(mask(API_KEY)).toBe('acme_live_k7Qp2ZxAbc12_••••fvns')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const points = [...text]
        expect(hint(text)).toBe(points.length < 16 ? '' : points.slice(-4).join(''))
      }),
    )
  })
})

describe('toSecret', () => {
  it('is new Secret as a function', () => {
    const secret = toSecret(META)
    expect(secret).toBeInstanceOf(Secret)
    expect(secret.expose()).toBe(META)
    expect(`${secret}`).toBe('[REDACTED]')
  })

  it('is a transform of a schema', () => {
    const schema = z.object({ WA_TOKEN: z.string().min(20).transform(toSecret) })
    const { WA_TOKEN } = schema.parse({ WA_TOKEN: META })
    expect(WA_TOKEN.expose()).toBe(META)
    expect(JSON.stringify({ WA_TOKEN })).toBe('{"WA_TOKEN":"[REDACTED]"}')
    expect(schema.safeParse({ WA_TOKEN: 'short' }).success).toBe(false)
  })

  it.each([[undefined], [null], [42], [new Uint8Array(2)], ['\ud800'], [new Secret(META)]])(
    'refuses what is no well-formed string: row %#',
    (value) => {
      expect(() => toSecret(value as string)).toThrow(TypeError)
      expect(() => toSecret(value as string)).toThrow(/^value: expected a well-formed string/)
    },
  )
})
