import { createEnvelope, EnvelopeError } from 'waxseal/envelope'
import { rotateRows } from 'waxseal/envelope/rotate'
import { createKeyring, editKeys, generateKey, KeyringError } from 'waxseal/keyring'
import { memoryRotationStore } from 'waxseal/stores/memory'

/** Something to try with stored tokens, and what is to come of it. */
export interface TokenScene {
  readonly title: string
  /** What came of it, in a word or two; a refusal is its code. */
  readonly run: () => string | Promise<string>
  readonly expected: string
}

const TOKEN = 'EAAG-demo-token-of-one-account'

/** A table of tokens through the life of two root keys. */
export function tokenScenes(): readonly TokenScene[] {
  const older = generateKey('2026-05')
  const newer = generateKey('2026-11')
  const keys = { before: older, added: editKeys(older, { add: newer }) }
  const promoted = editKeys(keys.added, { promote: '2026-11' })

  const before = createEnvelope({ keyring: createKeyring(keys.before.split(' ')) })
  const after = createEnvelope({ keyring: createKeyring(promoted.split(' ')) })
  const contextOf = (id: string) => ({ tenant: 'org_1', purpose: 'wa.access_token', id })
  const rows = new Map(
    Array.from({ length: 500 }, (_, n) => {
      const id = `acc_${n}`
      return [id, { value: before.seal(TOKEN, contextOf(id)) as string }]
    }),
  )
  const storedIn = (id: string): string => rows.get(id)?.value ?? ''
  const mine = contextOf('acc_1')

  return [
    { title: 'open under its own context', run: () => before.open(storedIn('acc_1'), mine), expected: TOKEN },
    {
      title: "open under another tenant's",
      run: () => before.open(storedIn('acc_1'), { ...mine, tenant: 'org_2' }),
      expected: 'context_mismatch',
    },
    {
      title: "another row's value in this row",
      run: () => before.open(storedIn('acc_2'), mine),
      expected: 'context_mismatch',
    },
    {
      title: 'one character changed',
      run: () => before.open(`${storedIn('acc_1').slice(0, -2)}AA`, mine),
      expected: 'tampered',
    },
    { title: 'a plaintext in the column', run: () => before.open(TOKEN, mine), expected: 'not_sealed' },
    {
      title: 'a root key mistyped',
      run: () => createKeyring([older.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A'))]).primary,
      expected: 'key_checksum_mismatch',
    },
    {
      title: 'rotate 500 rows to the new key',
      async run() {
        const { outcome, inventory } = await rotateRows({ envelope: after, store: memoryRotationStore(rows) })
        return `${outcome}, ${JSON.stringify(inventory.byKid)}`
      },
      expected: 'done, {"2026-11":500}',
    },
    { title: 'open after the rotation', run: () => after.open(storedIn('acc_1'), mine), expected: TOKEN },
    {
      title: 'an instance without the new key',
      run: () => before.open(storedIn('acc_1'), mine),
      expected: 'unknown_key',
    },
  ]
}

/** Runs a scene; what waxseal refuses is its code. */
export async function outcomeOf(scene: TokenScene): Promise<string> {
  try {
    return await scene.run()
  } catch (error) {
    if (error instanceof EnvelopeError || error instanceof KeyringError) return error.code
    throw error
  }
}
