import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEnvelope, createKmsEnvelope, kidOf } from 'waxseal/envelope'
import { awsKms } from 'waxseal/envelope/aws-kms'
import { gcpKms } from 'waxseal/envelope/gcp-kms'
import { rotateRows } from 'waxseal/envelope/rotate'
import { vaultTransit } from 'waxseal/envelope/vault'
import { createKeyring, generateKey } from 'waxseal/keyring'
import { memoryRotationStore } from 'waxseal/stores/memory'
import { type FakeAwsKms, startFakeAwsKms } from '../support/fake-aws-kms.js'
import { type FakeGcpKms, startFakeGcpKms } from '../support/fake-gcp-kms.js'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'

const ROWS = 120
const contextOf = (id: string) => ({ tenant: 'org_1', purpose: 'wa.access_token', id })
const tokenOf = (id: string) => `EAAG-${id}-token`

describe('a table of tokens', () => {
  let aws: FakeAwsKms
  let gcp: FakeGcpKms
  let vault: FakeVault
  beforeAll(async () => {
    ;[aws, gcp, vault] = await Promise.all([startFakeAwsKms(), startFakeGcpKms(), startFakeVault()])
  })
  afterAll(() => Promise.all([aws.close(), gcp.close(), vault.close()]))

  it('moves from a keyring into AWS KMS, on to Google, on to Vault, and home again', async () => {
    const home = createKeyring([generateKey('home-b')])
    const local = createKeyring([generateKey('home-a')])
    const [awsKey = ''] = aws.keyIds
    const [gcpKey = ''] = gcp.keyIds
    const [vaultKey = ''] = vault.keys
    const keys = {
      'home-a': local,
      aws: awsKms({ client: aws.client, keyId: awsKey }),
      gcp: gcpKms({ client: gcp.client, keyName: gcpKey }),
      vault: vaultTransit({ address: vault.address, token: vault.token, key: vaultKey }),
      'home-b': home,
    }
    const seal = createEnvelope({ keyring: local }).seal
    const ids = Array.from({ length: ROWS }, (_, n) => `acc_${n}`)
    const rows = new Map(ids.map((id) => [id, { value: seal(tokenOf(id), contextOf(id)) as string }]))
    const bodies = [...rows.values()].map(({ value }) => value.split('.')[3])

    for (const primary of ['aws', 'gcp', 'vault', 'home-b']) {
      const envelope = createKmsEnvelope({ primary, keys })
      const { outcome, inventory, conflicts } = await rotateRows({
        envelope,
        store: memoryRotationStore(rows),
      })
      expect([outcome, conflicts, { ...inventory.byKid }]).toEqual(['done', 0, { [primary]: ROWS }])
      for (const id of ['acc_0', 'acc_77']) {
        expect(await envelope.open(rows.get(id)?.value ?? '', contextOf(id))).toBe(tokenOf(id))
      }
    }

    // The last stop is an ordinary envelope; the bodies have not been touched on the whole way.
    const { open } = createEnvelope({ keyring: home })
    for (const id of ids) expect(open(rows.get(id)?.value ?? '', contextOf(id))).toBe(tokenOf(id))
    expect([...rows.values()].map(({ value }) => value.split('.')[3])).toEqual(bodies)
    expect([...rows.values()].map(({ value }) => kidOf(value))).toEqual(Array(ROWS).fill('home-b'))
  })

  it('is re-encrypted inside AWS KMS, and the data keys stay there, where nothing is to be verified', async () => {
    const [first = '', second = ''] = aws.keyIds
    const keys = {
      'aws-a': awsKms({ client: aws.client, keyId: first }),
      'aws-b': awsKms({ client: aws.client, keyId: second }),
    }
    const before = createKmsEnvelope({ primary: 'aws-a', keys })
    const context = contextOf('acc_1')
    const rows = new Map([['acc_1', { value: (await before.seal(tokenOf('acc_1'), context)) as string }]])

    const after = createKmsEnvelope({ primary: 'aws-b', keys, verify: false })
    const asked = aws.calls.length
    const { outcome } = await rotateRows({ envelope: after, store: memoryRotationStore(rows) })
    expect(outcome).toBe('done')
    expect(aws.calls.slice(asked).map(({ operation }) => operation)).toEqual(['ReEncrypt'])
    expect(await after.open(rows.get('acc_1')?.value ?? '', context)).toBe(tokenOf('acc_1'))
  })
})
