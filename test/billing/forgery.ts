import { randomBytes } from 'node:crypto'
import { integer } from '../faults/random.ts'
import type { Random } from './random-histories.ts'
import { signatureLine, type WebhookSender } from './webhook-senders.ts'

/** A good web hook with something exchanged, as `fetch` sends it. */
export interface Forgery {
  name: string
  sending: { headers: Record<string, string>; body: string | Uint8Array<ArrayBuffer> }
}

interface Good {
  sender: WebhookSender
  secret: string
  body: string
  seconds: number
  hex: string
}

type Forge = (
  good: Good,
  random: Random,
) => { line?: string; body?: string | Uint8Array<ArrayBuffer> }

/** @param secret the right one, which no forger has: what is made with it is broken afterwards */
export function forgery(sender: WebhookSender, secret: string, random: Random): Forgery {
  const body = sender.event(`evt_${Math.floor(random() * 2 ** 48).toString(36)}`)
  const seconds = Math.floor(Date.now() / 1_000) + integer(random, -290, 290)
  const good = { sender, secret, body, seconds, hex: sender.digest(body, secret, seconds) }
  const names = Object.keys(forgeries)
  const name = names[integer(random, 0, names.length - 1)] ?? ''
  const made = forgeries[name]?.(good, random) ?? {}
  const line = made.line ?? signatureLine(sender, seconds, [good.hex])
  return { name, sending: { headers: { [sender.header]: line }, body: made.body ?? body } }
}

const place = (random: Random, length: number) => integer(random, 0, length - 1)

const forgeries: Readonly<Record<string, Forge>> = {
  'a flipped bit in the body': ({ body }, random) => {
    const bytes = Uint8Array.from(Buffer.from(body))
    const at = place(random, bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << integer(random, 0, 7))
    return { body: bytes }
  },
  'a body that is cut': ({ body }, random) => ({ body: body.slice(0, place(random, body.length)) }),
  'a body with more in it': ({ body }, random) => {
    const at = integer(random, 0, body.length)
    const more = [' ', '\n', '0', '\ufeff', '}'][place(random, 5)] ?? ' '
    return { body: body.slice(0, at) + more + body.slice(at) }
  },
  'another body': ({ sender }, random) => ({
    body: sender.event(`evt_other${Math.floor(random() * 2 ** 48).toString(36)}`),
  }),
  'a body written anew': ({ body }) => ({ body: JSON.stringify(JSON.parse(body), null, 1) }),
  'another digit in the signature': ({ sender, seconds, hex }, random) => {
    const at = place(random, hex.length)
    const digit = ((Number.parseInt(hex[at] ?? '0', 16) + integer(random, 1, 15)) % 16).toString(16)
    return { line: signatureLine(sender, seconds, [hex.slice(0, at) + digit + hex.slice(at + 1)]) }
  },
  'a signature of another length': ({ sender, seconds, hex }, random) => {
    const wrong =
      random() < 0.5 ? hex.slice(0, place(random, 64)) : `${hex}${hex[place(random, 64)]}`
    return { line: signatureLine(sender, seconds, [wrong]) }
  },
  'random signatures': ({ sender, seconds }, random) => {
    const digests = Array.from({ length: integer(random, 1, 10) }, () =>
      randomBytes(32).toString('hex'),
    )
    return { line: signatureLine(sender, seconds, digests) }
  },
  'another time': ({ sender, seconds, hex }, random) => ({
    line: signatureLine(sender, seconds + integer(random, 1, 100) * (random() < 0.5 ? 1 : -1), [
      hex,
    ]),
  }),
  'a time too far away': ({ sender, secret, body }, random) => {
    const off = integer(random, 302, 10_000_000) * (random() < 0.5 ? 1 : -1)
    const seconds = Math.floor(Date.now() / 1_000) + off
    return { line: signatureLine(sender, seconds, [sender.digest(body, secret, seconds)]) }
  },
  'another secret': ({ sender, secret, body, seconds }, random) => {
    const other =
      ['', ' ', `${secret}\n`, ` ${secret}`, secret.slice(1), secret.toUpperCase(), 'undefined'][
        place(random, 7)
      ] ?? ''
    return { line: signatureLine(sender, seconds, [sender.digest(body, other, seconds)]) }
  },
  'the signature in upper case': ({ sender, seconds, hex }) => ({
    line: signatureLine(sender, seconds, [hex.toUpperCase()]),
  }),
  'a character of the header exchanged': ({ sender, seconds, hex }, random) => {
    const line = signatureLine(sender, seconds, [hex])
    const at = place(random, line.length)
    // Another one in any case, and one that a header may hold.
    const other = String.fromCharCode(
      0x21 + ((line.charCodeAt(at) - 0x21 + integer(random, 1, 93)) % 94),
    )
    return { line: line.slice(0, at) + other + line.slice(at + 1) }
  },
  'no signature': ({ sender, seconds }) => ({ line: `${sender.time}=${seconds}` }),
  'nothing but noise': (_, random) => ({
    line: randomBytes(integer(random, 1, 60)).toString('base64url'),
  }),
}
