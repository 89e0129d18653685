import { type Sending, signatureLine, signedNow, type WebhookSender } from './webhook-senders.ts'

/** What the API of the attacks knows: either may sign. */
export const attackedSecrets = ['whsec_first_of_two', 'whsec_second_of_two'] as const
export const [secret, second] = attackedSecrets
export const foreign = 'whsec_of_somebody_else'
export const now = () => Math.floor(Date.now() / 1_000)

/** What a row does with a good body and its sender. */
export type Attack = (sender: WebhookSender, body: string) => Omit<Sending, 'path'>
export type Row = [name: string, status: number, attack: Attack]

export const line =
  (make: (sender: WebhookSender, body: string) => string): Attack =>
  (sender, body) => ({ headers: { [sender.header]: make(sender, body) }, body })

/** A header whose time is written like this, signed over what is written. */
export const withTime = (time: (now: number) => string) =>
  line((sender, body) => {
    const text = time(now())
    return signatureLine(sender, text, [sender.digest(body, secret, text)])
  })

/** A body of this kind, rightly signed. */
export const signed =
  (make: (body: string) => string | Uint8Array): Attack =>
  (sender, body) => {
    const other = make(body)
    return { headers: { [sender.header]: signedNow(sender, other, secret) }, body: other }
  }

/** A good header over the body that the provider made, and another body. */
export const exchanged =
  (make: (body: string) => string | Uint8Array): Attack =>
  (sender, body) => ({
    headers: { [sender.header]: signedNow(sender, body, secret) },
    body: make(body),
  })

export const parts = (sender: WebhookSender, body: string, by = secret) => {
  const seconds = now()
  return { seconds, hex: sender.digest(body, by, seconds), ...sender }
}
