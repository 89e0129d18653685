import { createHmac } from 'node:crypto'

/** As it goes over the wire. */
export type Body = string | Uint8Array

export function hmacHex(secret: string, before: string, body: Body): string {
  return createHmac('sha256', secret).update(before).update(body).digest('hex')
}
