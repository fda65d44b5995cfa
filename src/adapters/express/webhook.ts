import type { WebhookReceiver } from '../../http/index.js'
import type { ExpressHandler } from './handlers.js'
import { send, toRequest } from './translate.js'

/**
 * Mounts a receiver: `app.all('/hooks/whatsapp', webhook(receiver))`. Best above every body parser; below one, give the
 * parser `keepRawBody`. TypeError for anything but a receiver.
 */
export function webhook(receiver: WebhookReceiver): ExpressHandler {
  if (typeof receiver?.handle !== 'function') throw new TypeError('receiver: expected createReceiver({ … })')
  return (req, res, next) => {
    receiver
      .handle(toRequest(req, res))
      .then((response) => send(res, response))
      // Also what `send` throws, which Express 4 would not see.
      .catch(next)
  }
}
