import { describe, expect, it } from 'vitest'
import { createRedactor, type RedactionEvent, type RedactorOptions, type TokenShape } from 'waxseal/masking'
import { TOKEN_RULES } from '../../src/masking/tokens.js'

/** Assembled, so that no scanner of repositories takes one for real. */
const run = (length: number, of = 'aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC'): string =>
  of.repeat(Math.ceil(length / of.length)).slice(0, length)
const LOWER_HEX = '0123456789abcdef'
const BASE32 = 'ABCDEFGH234567'

interface Sample {
  readonly rule: string
  /** What stays, what goes, and what stays again. */
  readonly shown: string
  readonly hidden: string
  readonly rest?: string
  /** What looks like it and is none. */
  readonly near: readonly string[]
}

const samples: readonly Sample[] = [
  { rule: 'meta_or_square', shown: 'EAA', hidden: run(30), near: [`EAA${run(29)}`, `eaa${run(30)}`] },
  { rule: 'meta_or_square', shown: 'EAA', hidden: run(400), near: [`xEAA${run(30)}`] },
  {
    rule: 'meta_app_token',
    shown: '123456789012345|',
    hidden: run(20),
    near: [`123456789012345|${run(19)}`, `12345678901234|${run(20)}`, `123456789012345678|${run(20)}`],
  },
  { rule: 'meta_app_token', shown: 'x=12345678901234567%7C', hidden: run(32), near: [`a%7C${run(32)}`] },
  { rule: 'meta_app_token', shown: '1234567890123456%7c', hidden: run(32), near: [] },
  { rule: 'webhook_secret', shown: 'whsec_', hidden: `${run(22)}+/=_-`, near: [`whsec_${run(23)}`] },
  { rule: 'webhook_secret', shown: 'whsk_', hidden: run(24), near: [`whs_${run(24)}`] },
  ...['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_'].map((shown) => ({
    rule: 'stripe',
    shown,
    hidden: run(10),
    near: [shown + run(9), `p${shown}${run(20)}`],
  })),
  {
    rule: 'safravo',
    shown: 'saf_live_',
    hidden: run(48, LOWER_HEX),
    near: [`saf_live_${run(31, LOWER_HEX)}`, `saf_live_${run(48, 'XYZ')}`],
  },
  {
    rule: 'safravo',
    shown: 'saf_test_',
    hidden: run(32, LOWER_HEX),
    near: [`saf_dev_${run(48, LOWER_HEX)}`],
  },
  { rule: 'wapisnap', shown: 'wapi_live_', hidden: run(24), near: [`wapi_live_${run(23)}`] },
  { rule: 'wapisnap', shown: 'wapi_test_', hidden: run(32), near: [`wapi_dev_${run(32)}`] },
  {
    rule: 'waxseal_api_key',
    shown: `acme_live_${run(12)}_`,
    hidden: run(38),
    near: [
      `acme_live_${run(12)}_${run(37)}`,
      `acme_live_${run(11)}_${run(38)}`,
      `a_live_${run(12)}_${run(38)}`,
    ],
  },
  {
    rule: 'waxseal_api_key',
    shown: `p2_test_${run(12)}_`,
    hidden: run(38),
    near: [`22_test_${run(12)}_${run(38)}`],
  },
  ...['wxk1.', 'wxct1.', 'wxu1.'].map((kind) => ({
    rule: 'waxseal_artefact',
    shown: `${kind}2026a.`,
    hidden: `${run(18)}.-`,
    near: [`${kind}2026a.${run(19)}`, `${kind}2026A.${run(30)}`, `wx1.2026a.${run(30)}`],
  })),
  ...[
    'xoxa-',
    'xoxb-',
    'xoxc-',
    'xoxe-',
    'xoxo-',
    'xoxp-',
    'xoxr-',
    'xoxs-',
    'xoxe.xoxb-',
    'xoxe.xoxp-',
    'xapp-1-',
  ].map((shown) => ({
    rule: 'slack',
    shown,
    hidden: `${run(9)}-`,
    near: [shown + run(9), `${shown.replace('x', 'ax').replace('.x', '.ax')}${run(30)}`],
  })),
  {
    rule: 'sendgrid',
    shown: 'SG.',
    hidden: `${run(22)}.${run(43)}`,
    near: [`SG.${run(15)}.${run(43)}`, `SG.${run(22)}.${run(31)}`, `SG.${run(22)}-${run(9)}`],
  },
  {
    rule: 'jwt',
    shown: 'ey',
    hidden: `J${run(20)}.eyJ${run(40)}.${run(43)}`,
    near: [
      `eyJ${run(9)}.${run(4)}.`,
      `eyJ${run(20)}.${run(3)}.${run(9)}`,
      `eyJ${run(20)}.${run(20)}`,
      `eyK${run(20)}.${run(9)}.`,
    ],
  },
  { rule: 'jwt', shown: 'ey', hidden: `I${run(20)}.${run(4)}.`, near: [] },
  { rule: 'jwt', shown: 'ey', hidden: `J${run(20)}.${run(9)}.${run(9)}.${run(9)}.${run(9)}`, near: [] },
  ...[
    'Bearer ',
    'bearer ',
    'Basic ',
    'basic ',
    'Token ',
    'token ',
    'BEARER ',
    'BASIC ',
    'TOKEN ',
    'Bearer    ',
    'Bearer%20',
    'bearer%20',
    'Basic%20',
    'basic%20',
    'Bearer+',
    'bearer+',
    'Basic+',
    'basic+',
  ].map((shown) => ({
    rule: 'auth_scheme',
    shown,
    hidden: `${run(8)}._~+/=-`,
    near: [
      `${shown}${run(11)}`,
      `${shown}authentication-required`,
      `x${shown}${run(20)}`,
      `${shown}    ${run(20)}`,
    ],
  })),
  {
    rule: 'auth_scheme',
    shown: 'Basic ',
    hidden: 'abcdefghijklmnop==',
    near: ['basic requirements are met'],
  },
  {
    rule: 'url_userinfo',
    shown: 'redis://',
    hidden: 'user:p4ss',
    rest: '@h:6379/0',
    near: ['redis://user@h', 'redis://h:6379/a@b', 'redis://h:6379?a@b', 'a //user:p4ss@h'],
  },
  { rule: 'url_userinfo', shown: 'amqp://', hidden: ':p4ss', rest: '@h', near: ['amqp://user@h:5672'] },
  {
    rule: 'url_parameter',
    shown: '/cb?code=',
    hidden: 'AQB',
    rest: '&state=x',
    near: ['code=AQB', '/cb?code=', '/cb?zipcode=12'],
  },
  { rule: 'url_parameter', shown: '/m?a=b&sig=', hidden: 'x%3D', rest: '#f', near: ['/m?mysig=x'] },
  { rule: 'url_parameter', shown: '/m?a=b;sig=', hidden: 'x', near: [] },
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'].map((shown) => ({
    rule: 'github',
    shown,
    hidden: `${run(35)}_`,
    near: [shown + run(35), `x${shown}${run(36)}`],
  })),
  { rule: 'npm', shown: 'npm_', hidden: run(36), near: [`npm_${run(35)}`, `npm_${run(20)}_${run(20)}`] },
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((shown) => ({
    rule: 'aws_key_id',
    shown,
    hidden: run(16, BASE32),
    near: [
      shown + run(15, BASE32),
      shown + run(17, BASE32),
      `${shown}${run(16, BASE32)}9`,
      shown + run(16, '0189'),
    ],
  })),
  { rule: 'google_api_key', shown: 'AIza', hidden: run(35), near: [`AIza${run(34)}`, `Aiza${run(35)}`] },
  ...['shpat_', 'shpca_', 'shppa_', 'shpss_'].map((shown) => ({
    rule: 'shopify',
    shown,
    hidden: run(32, 'aB0fF9'),
    near: [shown + run(31, LOWER_HEX), shown + run(32, 'g')],
  })),
  ...['12345678:', '123456789:', '1234567890:'].map((shown) => ({
    rule: 'telegram',
    shown,
    hidden: `A${run(34)}`,
    near: [`${shown}A${run(33)}`, `${shown}B${run(34)}`, `x:A${run(34)}`],
  })),
  {
    rule: 'telegram',
    shown: 'https://t.example/bot1234567890:',
    hidden: `A${run(34)}`,
    rest: '/getMe',
    near: [`12345678901:A${run(34)}`],
  },
  { rule: 'telnyx', shown: 'KEY', hidden: run(55), near: [`KEY${run(54)}`, `MONKEY${run(55)}`] },
]

function withEvents(options: RedactorOptions = {}) {
  const events: RedactionEvent[] = []
  const redactor = createRedactor({ ...options, observe: (event) => void events.push(event) })
  return { redactor, events }
}

describe.each(samples)('$rule: $shown', ({ rule, shown, hidden, rest = '', near }) => {
  const token = shown + hidden + rest
  const scrubbed = `${shown}[REDACTED]${rest}`

  it('hides the token, and names the rule', () => {
    const { redactor, events } = withEvents()
    expect(redactor.text(token)).toBe(scrubbed)
    expect(events).toEqual([{ type: 'redacted', surface: 'text', rules: [rule] }])
    expect(redactor.text(scrubbed)).toBe(scrubbed)
    expect(events).toHaveLength(1)
  })

  it('hides it wherever a word begins and ends', () => {
    const { redactor } = withEvents()
    for (const [before, behind] of [
      ['a ', ' b'],
      ['(', ' )'],
      ['"', '"'],
      ["'", "'"],
      ['<', '>'],
      ['é', ' é'],
      ['\n', '\r\n'],
      ['\\n', '\\n'],
      ['\\u000a', '\\u0022'],
      ['[REDACTED]', ' [REDACTED]'],
      ['', ','],
    ] as const) {
      expect(redactor.text(before + token + behind)).toBe(before + scrubbed + behind)
    }
  })

  it('hides it in JSON within JSON', () => {
    const { redactor } = withEvents()
    const data = (text: string) =>
      JSON.stringify({ a: JSON.stringify({ note: `a\n${text}\nb`, c: '"' }), d: [text] })
    expect(redactor.text(data(token))).toBe(data(scrubbed))
    expect(redactor.value({ note: token, [`x ${token}`]: [token] })).toEqual({
      note: scrubbed,
      [`x ${scrubbed}`]: [scrubbed],
    })
  })

  it.each(near)('leaves %s', (text) => {
    expect(createRedactor().text(text)).toBe(text)
  })

  it('leaves it when the rule is kept', () => {
    const { redactor, events } = withEvents({ keep: [rule] })
    redactor.text(token)
    expect(events.flatMap((event) => (event.type === 'redacted' ? event.rules : []))).not.toContain(rule)
  })
})

it('has a sample of every rule and every cue', () => {
  const missing = TOKEN_RULES.flatMap(({ name, cues }) =>
    cues
      .filter(
        (cue) => !samples.some(({ rule, shown, hidden }) => rule === name && (shown + hidden).includes(cue)),
      )
      .map((cue) => `${name} ${cue}`),
  )
  // The prefixes of Slack's rotating tokens are combined from two lists; two of the products are real.
  expect(missing.filter((each) => !/^slack xox[abcoprs]\.|^url_userinfo :\\/.test(each))).toEqual([])
})

it('finds userinfo where slashes are escaped, as PHP and Meta write JSON', () => {
  const escaped = '{"url":"redis:\\/\\/user:p4ss@h:6379\\/0"}'
  expect(createRedactor().text(escaped)).toBe(escaped.replace('user:p4ss', '[REDACTED]'))
})

describe('shapes of the user', () => {
  const shape: TokenShape = { name: 'acme', prefix: 'acme_', min: 24 }

  it('hide what is behind the prefix', () => {
    const { redactor, events } = withEvents({ tokens: [shape] })
    expect(redactor.text(`a acme_${run(24)}, acme_${run(23)}, xacme_${run(24)}`)).toBe(
      `a acme_[REDACTED], acme_${run(23)}, xacme_${run(24)}`,
    )
    expect(events).toEqual([{ type: 'redacted', surface: 'text', rules: ['acme'] }])
  })

  it('take several prefixes, of which one may begin another', () => {
    const { redactor } = withEvents({
      tokens: [{ name: 'own', prefix: ['own_', 'own_live_', 'o.w:n-'], min: 8 }],
    })
    expect(redactor.text(`own_live_${run(8)} own_${run(8)} o.w:n-${run(8)}`)).toBe(
      'own_live_[REDACTED] own_[REDACTED] o.w:n-[REDACTED]',
    )
  })

  it.each<[string, string, string]>([
    ['0-9a-f', '0123abcdef', 'xyz'],
    ['A-Z', 'ABCDEFGHIJ', 'abc'],
    ['~+/=.', '~+/=.~+/=.', 'abc'],
    ['a-z-', 'a-b-c-d-e-', 'ABC'],
    ['_', '__________', 'abc'],
  ])('take the characters of the class %s', (chars, hidden, behind) => {
    const { redactor } = withEvents({ tokens: [{ name: 'own', prefix: 'own:', min: 10, chars }] })
    expect(redactor.text(`own:${hidden}${behind}`)).toBe(`own:[REDACTED]${behind}`)
    expect(redactor.text(`own:${hidden.slice(1)}`)).toBe(`own:${hidden.slice(1)}`)
  })

  it('are told apart by name', () => {
    const tokens = [shape, { name: 'other', prefix: 'oth_', min: 8 }]
    const { redactor, events } = withEvents({ tokens })
    expect(redactor.text(`oth_${run(8)} acme_${run(24)}`)).toBe('oth_[REDACTED] acme_[REDACTED]')
    expect(events).toMatchObject([{ rules: ['other', 'acme'] }])
  })

  it('are read once', () => {
    const tokens = [{ ...shape }]
    const redactor = createRedactor({ tokens })
    tokens[0] = { ...shape, prefix: 'zzz_' }
    expect(redactor.text(`acme_${run(24)}`)).toBe('acme_[REDACTED]')
  })

  it.each<[string, unknown]>([
    ['no object', 'acme_'],
    ['null', null],
    ['no name', { ...shape, name: undefined }],
    ['an empty name', { ...shape, name: '' }],
    ['a name of 33 characters', { ...shape, name: 'a'.repeat(33) }],
    ['a name with a capital', { ...shape, name: 'Acme' }],
    ['a name with a dash', { ...shape, name: 'a-b' }],
    ['the name of a built-in rule', { ...shape, name: 'jwt' }],
    ['the name of another rule', { ...shape, name: 'literal' }],
    ['no prefix', { ...shape, prefix: undefined }],
    ['no prefixes', { ...shape, prefix: [] }],
    ['an empty prefix', { ...shape, prefix: '' }],
    ['a prefix of 2 characters', { ...shape, prefix: 'ab' }],
    ['a prefix of 33 characters', { ...shape, prefix: 'a'.repeat(33) }],
    ['a prefix with a blank', { ...shape, prefix: 'ab c' }],
    ['a prefix with a quote', { ...shape, prefix: 'ab"' }],
    ['a prefix that is not ASCII', { ...shape, prefix: 'abé' }],
    ['one bad prefix of two', { ...shape, prefix: ['abc', ''] }],
    ['a prefix that is a pattern', { ...shape, prefix: /abc/ }],
    ['no minimum', { ...shape, min: undefined }],
    ['a minimum of 0', { ...shape, min: 0 }],
    ['a minimum of 7', { ...shape, min: 7 }],
    ['a minimum of 1025', { ...shape, min: 1025 }],
    ['a minimum of 8.5', { ...shape, min: 8.5 }],
    ['a minimum that is text', { ...shape, min: '24' }],
    ['empty characters', { ...shape, chars: '' }],
    ['characters that are a pattern', { ...shape, chars: '.*' }],
    ['negated characters', { ...shape, chars: '^a-z' }],
    ['an escape', { ...shape, chars: '\\w' }],
    ['a quote', { ...shape, chars: 'a"' }],
    ['a bracket', { ...shape, chars: 'a]' }],
    ['a blank', { ...shape, chars: 'a b' }],
    ['a descending range', { ...shape, chars: 'z-a' }],
    ['a range across kinds', { ...shape, chars: 'A-z' }],
    ['a range to nowhere', { ...shape, chars: '+-/' }],
    ['characters that are not ASCII', { ...shape, chars: 'aé' }],
    ['characters that are no text', { ...shape, chars: 12 }],
  ])('are refused at creation with %s, by the name of the option', (_name, bad) => {
    const create = () => createRedactor({ tokens: [shape, bad as TokenShape] })
    expect(create).toThrow(/^tokens\[1\][.:]/)
    expect(create).toThrow(expect.objectContaining({ name: expect.stringMatching(/^(Type|Range)Error$/) }))
  })

  it('are refused when two have one name, or when they are no list', () => {
    expect(() => createRedactor({ tokens: [shape, { ...shape, prefix: 'zzz_' }] })).toThrow(RangeError)
    expect(() => createRedactor({ tokens: shape as never })).toThrow(
      new TypeError('tokens: expected an array'),
    )
    expect(() => createRedactor({ tokens: null as never })).toThrow(TypeError)
  })

  it('are not what keep is for', () => {
    expect(() => createRedactor({ tokens: [shape], keep: ['acme'] })).toThrow(RangeError)
  })
})
