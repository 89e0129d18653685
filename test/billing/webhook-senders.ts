import { type OutgoingHttpHeaders, request } from 'node:http'
import type { BillingProvider } from '../../src/rules/billing/fact.ts'
import { paddleEvent, paddleSubscription } from './paddle-events.ts'
import { stripeEvent, stripeSubscription } from './stripe-events.ts'
import { type Body, hmacHex } from './webhook-signature.ts'

/** How one provider sends web hooks, in parts that an attack can exchange one by one. */
export interface WebhookSender {
  provider: BillingProvider
  path: string
  header: string
  /** Names and separators of the signature header. */
  time: string
  scheme: string
  separator: string
  /** What the signature is made over. */
  digest(body: Body, secret: string, seconds: number | string): string
  /** A good event of a subscription, as a body. */
  event(id: string, link?: Record<string, unknown>): string
}

export const stripeSender: WebhookSender = {
  provider: 'STRIPE',
  path: '/webhooks/stripe',
  header: 'stripe-signature',
  ...{ time: 't', scheme: 'v1', separator: ',' },
  digest: (body, secret, seconds) => hmacHex(secret, `${seconds}.`, body),
  event(id, metadata = {}) {
    const created = Math.floor(Date.now() / 1_000) - 60
    const about = stripeSubscription({ id: `sub_${id}`, created, metadata })
    return JSON.stringify(stripeEvent(id, 'customer.subscription.created', created, about))
  },
}

export const paddleSender: WebhookSender = {
  provider: 'PADDLE',
  path: '/webhooks/paddle',
  header: 'paddle-signature',
  ...{ time: 'ts', scheme: 'h1', separator: ';' },
  digest: (body, secret, seconds) => hmacHex(secret, `${seconds}:`, body),
  event(id, customData = {}) {
    const at = Date.now() - 60_000
    const about = paddleSubscription({ id: `sub_${id}`, createdAt: at, customData })
    return JSON.stringify(paddleEvent(id, 'subscription.created', at, about))
  },
}

/** `t=…,v1=…` with these signatures in this order. */
export function signatureLine(
  { time, scheme, separator }: WebhookSender,
  seconds: number | string,
  digests: readonly string[],
): string {
  return [`${time}=${seconds}`, ...digests.map((hex) => `${scheme}=${hex}`)].join(separator)
}

/** The header of a good web hook. */
export function signedNow(sender: WebhookSender, body: Body, secret: string, offset = 0): string {
  const seconds = Math.floor(Date.now() / 1_000) + offset
  return signatureLine(sender, seconds, [sender.digest(body, secret, seconds)])
}

export interface Sent {
  /** 0: the connection broke before an answer. */
  status: number
  text: string
  ms: number
}

/**
 * Over a connection of its own, with each header line as it is given.
 * @param chunked in how many pieces; 0: at once, with its length
 */
export function send(
  url: string,
  { path, method = 'POST', headers = {}, body, chunked = 0 }: Sending,
): Promise<Sent> {
  const begun = performance.now()
  const bytes = Buffer.from(body)
  const length = chunked > 0 ? {} : { 'content-length': bytes.length }
  return new Promise((resolve) => {
    const done = (status: number, text: string) =>
      resolve({ status, text, ms: performance.now() - begun })
    const outgoing = request(
      `${url}${path}`,
      { method, agent: false, headers: { ...length, ...headers } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => done(response.statusCode ?? 0, text))
        response.on('error', () => done(0, 'broken'))
      },
    )
    outgoing.on('error', (error) => done(0, error.message))
    const size = Math.ceil(bytes.length / Math.max(chunked, 1))
    for (let at = 0; at < bytes.length; at += size) outgoing.write(bytes.subarray(at, at + size))
    outgoing.end()
  })
}

export interface Sending {
  path: string
  method?: string
  headers?: OutgoingHttpHeaders
  body: Body
  chunked?: number
}
