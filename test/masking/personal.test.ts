import { describe, expect, it } from 'vitest'
import { Secret } from 'waxseal'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { createFingerprinter, createRedactor, type RedactionEvent } from 'waxseal/masking'

const fingerprints = createFingerprinter({ keyring: createKeyring([generateKey('2026a')]), tenant: 'org_1' })
const redactors = {
  keep: createRedactor(),
  mask: createRedactor({ personal: 'mask' }),
  tag: createRedactor({ personal: fingerprints }),
}
const WAMID = 'wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA='
const TEL = '+16505551234'
const MAIL = 'jane.doe+x@mail.example.com'
const tag = (value: string, kind: 'tel' | 'mail' | 'wamid') => fingerprints.of(value, kind)

const telNames = [
  'wa_id',
  'from',
  'To',
  'recipient',
  'recipient_id',
  'PHONE',
  'phone-number',
  'mobile',
  'msisdn',
]
const mailNames = ['email', 'emailAddress', 'E-Mail']
const textNames = [
  'body',
  'text',
  'Caption',
  'first_name',
  'lastName',
  'full_name',
  'formatted_name',
  'pushName',
  'address',
  'street',
  'latitude',
  'longitude',
]

/** The same from value, text, and text of JSON in JSON. */
function outcome(personal: 'mask' | 'tag', data: unknown): unknown {
  const redactor = redactors[personal]
  const copy = redactor.value(data)
  const json = redactor.text(JSON.stringify(data))
  expect(JSON.parse(json)).toEqual(copy)
  expect(redactor.text(json)).toBe(json)
  expect(redactor.value(copy)).toEqual(copy)
  const inJson = redactor.text(JSON.stringify({ raw: JSON.stringify({ raw: JSON.stringify(data) }) }))
  expect(JSON.parse(JSON.parse(JSON.parse(inJson).raw).raw)).toEqual(copy)
  return copy
}

describe('without the option', () => {
  it('everything personal stays', () => {
    const data = {
      from: '16505551234',
      to: 16505551234,
      email: MAIL,
      body: 'hi',
      profile: { name: 'Jane' },
      latitude: 1.5,
      x: `${TEL} ${MAIL} ${WAMID}`,
    }
    expect(redactors.keep.value(data)).toEqual(data)
    expect(redactors.keep.text(JSON.stringify(data))).toBe(JSON.stringify(data))
  })
})

describe('phone numbers', () => {
  it.each(telNames)('go under the name %s, as text and as a number', (name) => {
    for (const value of ['16505551234', TEL, '+1 (650) 555-12.34', 16505551234]) {
      expect(outcome('mask', { [name]: value })).toEqual({ [name]: '+16••••34' })
      expect(outcome('tag', { [name]: value })).toEqual({ [name]: tag(TEL, 'tel') })
    }
  })

  it.each([
    '123456',
    '1'.repeat(21),
    'me',
    '',
    'u_16505551234',
    'x 16505551234',
    '16505551234!',
    '-',
    '12.5e3',
  ])('are told from %j', (value) => {
    expect(outcome('mask', { from: value })).toEqual({ from: value })
  })

  it.each(['1234567', '1'.repeat(20)])('have 7 to 20 digits: %s', (value) => {
    expect(outcome('mask', { from: value })).toEqual({ from: `+${value.slice(0, 2)}••••${value.slice(-2)}` })
  })

  it.each([null, true, false, 12, 0.5, {}, []])('are none of %j', (value) => {
    expect(outcome('mask', { from: value })).toEqual({ from: value })
  })

  it('are looked for inside of what stands under the name', () => {
    const data = { from: { wa_id: '16505551234', a: [TEL, 'b', 16505551234] } }
    expect(outcome('mask', data)).toEqual({
      from: { wa_id: '+16••••34', a: ['+16••••34', 'b', 16505551234] },
    })
  })

  it.each([
    [TEL, '+16••••34'],
    [`call ${TEL}.`, 'call +16••••34.'],
    [`(${TEL})`, '(+16••••34)'],
    [`whatsapp:${TEL}`, 'whatsapp:+16••••34'],
    [`${TEL},${TEL}`, '+16••••34,+16••••34'],
    ['+1234567', '+12••••67'],
    ['+123456789012345', '+12••••45'],
    ['"\\n+16505551234\\n"', '"\\n+16••••34\\n"'],
    ['From=whatsapp%3A%2B14155238886&x=1', 'From=whatsapp%3A+14••••86&x=1'],
    ['To=%2B16505551234', 'To=+16••••34'],
    ['wa_id=16505551234&b=2', 'wa_id=+16••••34&b=2'],
    ["{ from: '16505551234', b: 2 }", "{ from: '+16••••34', b: 2 }"],
    ['x-from: 16505551234', 'x-from: 16505551234'],
  ])('go by their shape: %s', (input, expected) => {
    expect(redactors.mask.text(input)).toBe(expected)
    expect(redactors.mask.text(expected)).toBe(expected)
  })

  it.each([
    '16505551234',
    '+123456',
    '+1234567890123456',
    '+06505551234',
    'x+16505551234',
    '1+16505551234',
    '1+2',
    '+1.5',
  ])('are told by their shape from %s', (input) => {
    expect(redactors.mask.text(input)).toBe(input)
  })

  it('of the business stay', () => {
    const data = { display_phone_number: '15550001111', phone_number_id: '106540352242922' }
    expect(outcome('mask', data)).toEqual(data)
  })
})

describe('addresses', () => {
  it.each(mailNames)('go under the name %s', (name) => {
    expect(outcome('mask', { [name]: MAIL })).toEqual({ [name]: '[PERSONAL]' })
    expect(outcome('tag', { [name]: ` ${MAIL.toUpperCase()} ` })).toEqual({ [name]: tag(MAIL, 'mail') })
  })

  it('that are none go too, for who knows what somebody typed', () => {
    for (const value of ['jane at example', 'a@b@c', 12]) {
      expect(outcome('mask', { email: value })).toEqual({ email: '[PERSONAL]' })
      expect(outcome('tag', { email: value })).toEqual({ email: '[PERSONAL]' })
    }
    for (const value of ['', null, true]) expect(outcome('tag', { email: value })).toEqual({ email: value })
  })

  it.each([
    [MAIL, '[PERSONAL]'],
    [`Jane <${MAIL}>, x`, 'Jane <[PERSONAL]>, x'],
    [`mailto:${MAIL}?subject=x`, 'mailto:[PERSONAL]?subject=x'],
    [`to ${MAIL}.`, 'to [PERSONAL].'],
    [`"\\n${MAIL}"`, '"\\n[PERSONAL]"'],
    ['a@b.co a@b.co', '[PERSONAL] [PERSONAL]'],
    [`${'x'.repeat(200)}@b.co`, '[PERSONAL]'],
    ['email=jane%40example.com&b=2', 'email=[PERSONAL]&b=2'],
    ['email="jane@example.com" b=2', 'email="[PERSONAL]" b=2'],
  ])('go by their shape: %s', (input, expected) => {
    expect(redactors.mask.text(input)).toBe(expected)
    expect(redactors.mask.text(expected)).toBe(expected)
  })

  it.each(['a@b', '@b.co', 'a@', '@', 'a @b.co', 'a@ b.co', 'a@.co', '@waxseal/core', 'x@1'])(
    'are told from %s',
    (input) => {
      expect(redactors.mask.text(input)).toBe(input)
    },
  )
})

describe('wamid ids', () => {
  it('go by their shape, for they hold a phone number', () => {
    for (const input of [WAMID, `id ${WAMID}, x`, `"\\n${WAMID}"`, `/messages/${WAMID}`]) {
      expect(redactors.mask.text(input)).toBe(input.replace(WAMID, 'wamid.[PERSONAL]'))
      expect(redactors.tag.text(input)).toBe(input.replace(WAMID, tag(WAMID, 'wamid')))
    }
    expect(outcome('mask', { id: WAMID })).toEqual({ id: 'wamid.[PERSONAL]' })
    expect(outcome('tag', { id: WAMID })).toEqual({ id: tag(WAMID, 'wamid') })
  })

  it.each([`wamid.${'A'.repeat(19)}`, `xwamid.${'A'.repeat(40)}`, 'wamid.[PERSONAL]', 'WAMID.x'])(
    'are told from %s',
    (input) => {
      expect(redactors.mask.text(input)).toBe(input)
    },
  )
})

describe('message text and people', () => {
  it.each(textNames)('go under the name %s', (name) => {
    for (const value of ['Hello "there"\n\\', '1', 12.5, '[x']) {
      expect(outcome('mask', { a: 1, [name]: value, z: 2 })).toEqual({ a: 1, [name]: '[PERSONAL]', z: 2 })
      expect(outcome('tag', { [name]: value })).toEqual({ [name]: '[PERSONAL]' })
    }
    for (const value of ['', null, true, false])
      expect(outcome('mask', { [name]: value })).toEqual({ [name]: value })
  })

  it('are looked for in what is no text', () => {
    const data = { body: { entry: [{ from: '16505551234', text: { body: 'hi' }, id: 'x' }] }, text: ['a'] }
    expect(outcome('mask', data)).toEqual({
      body: { entry: [{ from: '+16••••34', text: { body: '[PERSONAL]' }, id: 'x' }] },
      text: ['a'],
    })
  })

  it('go with the whole profile', () => {
    for (const value of [{ name: 'Jane', a: [{ b: '}' }] }, ['x'], 'Jane', 12]) {
      expect(outcome('mask', { profile: value, b: 1 })).toEqual({ profile: '[PERSONAL]', b: 1 })
    }
    for (const value of [null, true]) expect(outcome('mask', { profile: value })).toEqual({ profile: value })
  })

  it.each([
    ["{ body: 'hi there', b: 1 }", "{ body: '[PERSONAL]', b: 1 }"],
    ['{ body: "it\'s me", b: 1 }', '{ body: "[PERSONAL]", b: 1 }'],
    ["{'first_name': 'Jane'}", "{'first_name': '[PERSONAL]'}"],
    ['Body=Hello+there&NumMedia=0', 'Body=[PERSONAL]&NumMedia=0'],
    ['first_name="Jane" b=1', 'first_name="[PERSONAL]" b=1'],
    ['the body: is prose', 'the body: is prose'],
  ])('go in other notations: %s', (input, expected) => {
    expect(redactors.mask.text(input)).toBe(expected)
    expect(redactors.mask.text(expected)).toBe(expected)
  })
})

describe('what vendors send', () => {
  const whatsapp = {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '102290129340398',
        changes: [
          {
            value: {
              metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
              contacts: [{ profile: { name: 'Sheena Nelson' }, wa_id: '16505551234' }],
              messages: [
                {
                  from: '16505551234',
                  id: WAMID,
                  timestamp: '1749416383',
                  type: 'text',
                  text: { body: 'Does it?' },
                },
                { from: '16505551234', type: 'image', image: { caption: 'Taj', sha256: 'x', id: '1' } },
                { type: 'location', location: { latitude: 28.6, longitude: -77.2, name: 'x', address: 'y' } },
              ],
              statuses: [{ recipient_id: '16505551234', status: 'sent' }],
            },
          },
        ],
      },
    ],
  }

  it.each(['mask', 'tag'] as const)('holds nothing personal, with %s', (personal) => {
    const shown = JSON.stringify(outcome(personal, whatsapp))
    for (const hidden of ['16505551234', 'Sheena', 'Does it', 'Taj', '28.6', '77.2', WAMID.slice(6, 20)]) {
      expect(shown).not.toContain(hidden)
    }
    for (const kept of [
      '15550783881',
      '106540352242922',
      '102290129340398',
      '1749416383',
      '"status":"sent"',
    ]) {
      expect(shown).toContain(kept)
    }
  })

  it.each(['mask', 'tag'] as const)('holds nothing personal as a form, with %s', (personal) => {
    const form = new URLSearchParams({
      SmsMessageSid: `SM${'0123456789abcdef'.repeat(2)}`,
      From: 'whatsapp:+16505551234',
      To: 'whatsapp:+14155238886',
      WaId: '16505551234',
      Body: 'Does it come & go? jane@example.com',
      Address: 'Main St. 5',
      Latitude: '28.6',
      NumMedia: '0',
    }).toString()
    const redactor = redactors[personal]
    const scrubbed = redactor.text(form)
    expect(scrubbed).not.toMatch(/6505551234|4155238886|Does|jane|Main|28\.6/)
    expect(scrubbed).toContain(`SmsMessageSid=SM${'0123456789abcdef'.repeat(2)}&`)
    expect([...new URLSearchParams(scrubbed).keys()]).toEqual([...new URLSearchParams(form).keys()])
    expect(redactor.text(scrubbed)).toBe(scrubbed)
    const logged = redactor.text(JSON.stringify({ raw: form }))
    expect(JSON.parse(logged).raw).toBe(scrubbed)
  })
})

describe('tags', () => {
  it('are the same wherever the value was found', () => {
    const seen = redactors.tag.text(
      `${TEL} {"from":"16505551234","to":16505551234} wa_id=%2B1+650+555+1234&x`,
    )
    const expected = tag(TEL, 'tel')
    expect(seen).toBe(`${expected} {"from":"${expected}","to":"${expected}"} wa_id=${expected}&x`)
  })

  it('stay as they are, beside and inside of anything', () => {
    for (const value of [tag(TEL, 'tel'), tag(MAIL, 'mail'), tag(WAMID, 'wamid')]) {
      for (const name of ['from', 'email', 'x', 'wa_id']) {
        for (const input of [
          `{"${name}":"${value}"}`,
          `${name}=${value}&b=1`,
          `{ ${name}: '${value}' }`,
          `a ${value}.`,
          `${value},${value}`,
        ]) {
          expect(redactors.tag.text(input)).toBe(input)
        }
        expect(redactors.tag.value({ [name]: value })).toEqual({ [name]: value })
      }
    }
  })

  it.each([
    'a@b.coa@b.co',
    'a@b.co@b.co',
    `${TEL}@b.co`,
    `a@b.co${TEL}`,
    `a@b.co.${TEL}`,
    `://from=%2B16505551234(@b.co`,
    `a@b.coacme_live_k7Qp2ZxAbc12_${'aB3d'.repeat(10)}`,
    `from=${TEL}:A${'aB3d'.repeat(9)}`,
    'from=%2B16505551234-----BEGIN PRIVATE KEY-----',
    '{"from":16505551234{"0":1,"1":2,"2":3}}',
    '{"from":16505551234{"type":"Buffer","data":[1]}}',
    `${WAMID}@b.co`,
  ])('and masks change nothing around them when they are read again: %s', (input) => {
    for (const redactor of [redactors.mask, redactors.tag]) {
      const once = redactor.text(input)
      expect(redactor.text(once)).toBe(once)
    }
  })

  it('bind the tenant', () => {
    const other = createFingerprinter({ keyring: createKeyring([generateKey('2026a')]), tenant: 'org_1' })
    expect(createRedactor({ personal: other }).text(TEL)).not.toBe(redactors.tag.text(TEL))
  })
})

describe('the option', () => {
  it('leaves secrets to the other rules', () => {
    const data = { token: '16505551234', from_password: 'x', email: new Secret('jane@example.com') }
    expect(redactors.mask.value(data)).toEqual({
      token: '[REDACTED]',
      from_password: '[REDACTED]',
      email: '[REDACTED]',
    })
  })

  it('tells the observer what was found', () => {
    const rulesFor = (input: string): readonly string[] => {
      const events: RedactionEvent[] = []
      createRedactor({ personal: 'mask', observe: (event) => void events.push(event) }).text(input)
      return events.flatMap((event) => (event.type === 'redacted' ? [...event.rules] : []))
    }
    expect(rulesFor(TEL)).toEqual(['tel'])
    expect(rulesFor('{"from":"16505551234"}')).toEqual(['tel'])
    expect(rulesFor(MAIL)).toEqual(['mail'])
    expect(rulesFor('{"email":"x"}')).toEqual(['mail'])
    expect(rulesFor(WAMID)).toEqual(['wamid'])
    expect(rulesFor('{"body":"x","profile":{"a":1}}')).toEqual(['text'])
    expect(rulesFor('{"from":"me","email":"","body":null}')).toEqual([])
    expect(rulesFor('{"from":"+16••••34","email":"[PERSONAL]","profile":"[PERSONAL]"}')).toEqual([])
  })

  it('lets the surface fail when a fingerprinter throws, and shows nothing', () => {
    const broken = createRedactor({
      personal: {
        of() {
          throw new Error(TEL)
        },
      },
    })
    expect(broken.text(TEL)).toBe('[Unreadable]')
    expect(broken.text('nothing personal')).toBe('nothing personal')
    expect(JSON.stringify(broken.value({ from: TEL, b: 1 }))).not.toContain('555')
  })

  it.each<[unknown]>([['all'], [''], [true], [null], [{}], [{ of: 'x' }], [() => '']])(
    'is refused at creation: %s',
    (personal) => {
      expect(() => createRedactor({ personal: personal as 'mask' })).toThrow(
        new TypeError("personal: expected 'keep', 'mask' or what createFingerprinter returned"),
      )
    },
  )
})

it('a version of a package is no address', () => {
  const frame =
    'at x (/app/node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/proto.js:1:2), lodash@4.17.21'
  expect(createRedactor({ personal: 'mask' }).text(frame)).toBe(frame)
})

it('the number that a send was asked for is hidden too', () => {
  const answer = { contacts: [{ input: '16505551234', wa_id: '16505551234' }] }
  const hidden = { contacts: [{ input: '+16••••34', wa_id: '+16••••34' }] }
  expect(createRedactor({ personal: 'mask' }).value(answer)).toEqual(hidden)
})

it('what a Fingerprinter returns that is no tag is not printed', () => {
  for (const of of [() => 'x"y', (value: unknown) => String(value), () => 5 as unknown as string]) {
    const redactor = createRedactor({ personal: { of } })
    expect(redactor.text('{"m":"call +16505551234"}')).toBe('{"m":"call [PERSONAL]"}')
    expect(redactor.value({ from: '16505551234' })).toEqual({ from: '[PERSONAL]' })
  }
})
