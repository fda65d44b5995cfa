import { generateSecret, meta, safravo, standardWebhooks } from 'waxseal/webhooks'
import { createApp } from './app.js'

/** From the environment, or made up for this run so that the example starts without any. */
function secrets(variable: string, generate: () => string) {
  return [{ id: 'current', secret: process.env[variable] ?? generate() }]
}

const { app } = createApp({
  metaSecrets: secrets('META_APP_SECRET', () => generateSecret(meta)),
  metaVerifyTokens: secrets('META_VERIFY_TOKEN', () => generateSecret(meta)),
  safravoSecrets: secrets('SAFRAVO_WEBHOOK_SECRET', () => generateSecret(safravo)),
  billingSecrets: secrets('BILLING_WEBHOOK_SECRET', () => generateSecret(standardWebhooks)),
  observe: (event) => console.log(JSON.stringify(event)),
})

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  console.log('listening on', server.address())
})
