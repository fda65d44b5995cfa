/** Compiled: the SDKs' own clients are assigned without a cast, what does not fit is expected not to be. */

import { KMS } from '@aws-sdk/client-kms'
import { KeyManagementServiceClient } from '@google-cloud/kms'
import { expect, expectTypeOf, it } from 'vitest'
import type { KeyProvider } from 'waxseal/envelope'
import { type AwsKmsLike, awsKms } from 'waxseal/envelope/aws-kms'
import { type GcpKmsLike, gcpKms } from 'waxseal/envelope/gcp-kms'
import { type VaultTransitOptions, vaultTransit } from 'waxseal/envelope/vault'

const keyName = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

it("the SDKs' clients are what the providers take", () => {
  const kms: AwsKmsLike = new KMS({ region: 'eu-central-1' })
  const google: GcpKmsLike = new KeyManagementServiceClient({ projectId: 'p' })
  const aws = awsKms({ client: new KMS({ region: 'eu-central-1' }), keyId: 'alias/wx' })
  const gcp = gcpKms({ client: google, keyName })
  expectTypeOf(aws).toEqualTypeOf<KeyProvider>()
  expectTypeOf(gcp).toEqualTypeOf<KeyProvider>()
  expect([awsKms({ client: kms, keyId: 'alias/wx' }).kind, aws.kind, gcp.kind]).toEqual([
    'aws-kms',
    'aws-kms',
    'gcp-kms',
  ])
})

it('a client without ReEncrypt is one, too', () => {
  expectTypeOf<Pick<KMS, 'encrypt' | 'decrypt'>>().toExtend<AwsKmsLike>()
  expectTypeOf<Pick<KMS, 'encrypt'>>().not.toExtend<AwsKmsLike>()
})

it('an option may be undefined, which is its default', () => {
  const options: VaultTransitOptions = {
    address: 'https://vault.test',
    token: () => 'hvs.x',
    key: 'wx',
    mount: undefined,
    namespace: undefined,
    fetch: undefined,
    dangerouslyAllowHttp: undefined,
  }
  expect(vaultTransit(options).kind).toBe('vault')
  expectTypeOf<typeof fetch>().toExtend<NonNullable<VaultTransitOptions['fetch']>>()
})

it('what would not work does not compile', () => {
  const client = new KMS({ region: 'eu-central-1' })
  // @ts-expect-error the key is named
  const unnamed = () => awsKms({ client })
  // @ts-expect-error a client of another service
  const swapped = () => gcpKms({ client, keyName })
  // @ts-expect-error a token is required
  const open = () => vaultTransit({ address: 'https://vault.test', key: 'wx' })
  expect([unnamed, swapped, open]).toHaveLength(3)
})
