import type { Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import type { CustomerAnswer, PostToCustomer } from '../../outgoing/customer-http.ts'
import { type Attachment, MailError, type SendMail } from '../../outgoing/mailer.ts'
import { OutgoingError, withoutSecrets } from '../../outgoing/outgoing-error.ts'
import { parseRetryAfter } from '../../rules/retry-schedule.ts'
import { alerts } from '../../store/alerts.ts'
import { apiKeys } from '../../store/api-keys.ts'
import { type BillingNotice, billingNotices } from '../../store/billing-notices.ts'
import type { ChannelDoc } from '../../store/channels.ts'
import type { DeliveryDoc } from '../../store/deliveries.ts'
import type { Encryption } from '../../store/encryption.ts'
import { invoiceFiles } from '../../store/invoices.ts'
import type { InvoiceNoticeData } from '../../store/issue-invoice.ts'
import { noticeOfBilling } from './messages/billing-notice.ts'
import { discordMessage } from './messages/discord-message.ts'
import { mailMessage } from './messages/mail-message.ts'
import { type Notice, noticeOfAlert, noticeOfTest } from './messages/notice.ts'
import { slackMessage } from './messages/slack-message.ts'
import {
  signedWebhook,
  type WebhookEvent,
  webhookOfAlert,
  webhookOfTest,
} from './messages/webhook-message.ts'

/** What a try needs. */
export interface SendingTools {
  db: Db
  clock: () => number
  log: Logger
  encryption: Pick<Encryption, 'decrypt'>
  post: PostToCustomer
  sendMail: SendMail
  /** Origin, for links. */
  publicUrl: string
}

/** Of one try. `error` is in words, without secrets. */
export type Outcome =
  | { kind: 'delivered'; code: number | null }
  | { kind: 'failed'; code: number | null; error: string; retryAfterMs: number | null }
  /** Another try would change nothing. `gone`: the receiver wants no further message either. */
  | { kind: 'dead'; code: number | null; error: string; gone: boolean }

interface Event {
  notice: Notice
  /** Null: of a kind that goes by mail alone. */
  webhook: WebhookEvent | null
  attachments?: Attachment[]
}

const USER_AGENT = 'GetComplical-Alerts/1'

/**
 * One try to hand the delivery to its channel (null: removed). Rejects only where MongoDB does: then nothing
 * was sent.
 */
export async function sendDelivery(
  tools: SendingTools,
  delivery: DeliveryDoc,
  channel: ChannelDoc | null,
): Promise<Outcome> {
  if (!channel) return dead('the channel was removed before this could be sent')
  // Alerts may be switched off; who owes money is told all the same.
  if (!channel.enabled && delivery.event.kind !== 'billing') {
    return dead('the channel was disabled before this could be sent')
  }
  const event = await eventOf(tools, delivery, channel)
  if (!event) return dead('what this tells of does not exist any more')
  const secrets = readSecrets(tools, channel)
  if (!secrets) return failed('the address of the channel cannot be read at the moment')
  const { target, secret } = secrets
  try {
    if (channel.kind === 'EMAIL') return await mail(tools, delivery, target, event)
    const content = httpContent(tools, channel, delivery, event, secret)
    const answer = await tools.post({ url: target, ...content })
    return outcomeOf(answer, [target, secret ?? ''], tools.clock())
  } catch (error) {
    return outcomeOfError(tools, error, [target])
  }
}

function dead(error: string): Outcome {
  return { kind: 'dead', code: null, error, gone: false }
}

function failed(error: string): Outcome {
  return { kind: 'failed', code: null, error, retryAfterMs: null }
}

/** Null: what it tells of is gone. */
async function eventOf(
  { db, publicUrl }: SendingTools,
  { event, createdAt }: DeliveryDoc,
  channel: ChannelDoc,
): Promise<Event | null> {
  if (event.kind === 'test') {
    const notice = noticeOfTest(channel.name, publicUrl)
    return { notice, webhook: webhookOfTest(channel, createdAt) }
  }
  if (event.kind === 'billing') {
    const told = await billingNotices(db).findOne({ _id: event.noticeId })
    const key = told?.apiKeyId ? await apiKeys(db).findOne({ _id: told.apiKeyId }) : null
    const notice = told && noticeOfBilling(told, key, publicUrl)
    const attachments = told && (await attachmentsOf(db, told))
    return notice && attachments && { notice, webhook: null, attachments }
  }
  const alert = await alerts(db).findOne({ _id: event.alertId })
  if (!alert) return null
  const key = await apiKeys(db).findOne({ _id: alert.apiKeyId })
  const named = { prefix: key?.prefix ?? alert.apiKeyId, name: key?.name ?? alert.apiKeyId }
  return {
    notice: noticeOfAlert(alert, named, publicUrl),
    webhook: webhookOfAlert(alert, named.prefix),
  }
}

/** A document that was issued, as it was; null: it is gone. */
async function attachmentsOf(
  db: Db,
  { type, data }: Pick<BillingNotice, 'type' | 'data'>,
): Promise<Attachment[] | null> {
  if (type !== 'invoice-issued') return []
  const { invoiceId, number } = data as InvoiceNoticeData
  const file = await invoiceFiles(db).findOne({ _id: invoiceId })
  if (!file) return null
  return [{ filename: `${number}.pdf`, contentType: 'application/pdf', content: file.pdf.buffer }]
}

/** Null: its key is not known here; an operator can mend that, so that the delivery waits. */
function readSecrets(
  { encryption, log }: SendingTools,
  { _id, target, secret }: ChannelDoc,
): { target: string; secret: string | null } | null {
  try {
    return {
      target: encryption.decrypt(target, _id, 'target'),
      secret: secret && encryption.decrypt(secret, _id, 'secret'),
    }
  } catch (error) {
    log.error({ err: error, channelId: _id }, 'a channel cannot be decrypted')
    return null
  }
}

async function mail(
  { sendMail, clock }: SendingTools,
  { _id: id }: DeliveryDoc,
  to: string,
  { notice, attachments = [] }: Event,
): Promise<Outcome> {
  const message = { id, to, at: new Date(clock()), ...mailMessage(notice), attachments }
  return { kind: 'delivered', code: await sendMail(message) }
}

function httpContent(
  { clock }: SendingTools,
  { kind }: ChannelDoc,
  { _id: id }: DeliveryDoc,
  { notice, webhook }: Event,
  secret: string | null,
): { headers: Record<string, string>; body: string } {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': USER_AGENT }
  if (kind === 'WEBHOOK') {
    if (secret === null) throw new OutgoingError('the channel has no secret to sign with')
    if (webhook === null) throw new OutgoingError('this goes by mail alone')
    const signed = signedWebhook(webhook, { id, secret, at: new Date(clock()) })
    return { headers: { ...headers, ...signed.headers }, body: signed.body }
  }
  const message = kind === 'SLACK' ? slackMessage(notice) : discordMessage(notice)
  return { headers: { ...headers, 'webhook-id': id }, body: JSON.stringify(message) }
}

/** As Standard Webhooks advises: 2xx is received, 410 ends it, whatever else is tried again. */
function outcomeOf(
  { status, retryAfter, text }: CustomerAnswer,
  secrets: readonly string[],
  now: number,
): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', code: status }
  const redirect = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
  const said = withoutSecrets(text, secrets)
  const error = `it answered ${status}${redirect}${said && `: ${said}`}`
  if (status === 410) return { kind: 'dead', code: status, error, gone: true }
  const retryAfterMs = retryAfter === null ? null : parseRetryAfter(retryAfter, now)
  return { kind: 'failed', code: status, error, retryAfterMs }
}

function outcomeOfError(
  { log }: SendingTools,
  error: unknown,
  secrets: readonly string[],
): Outcome {
  if (!(error instanceof OutgoingError)) {
    log.error({ err: error }, 'a message could not be made')
    return failed('the message could not be made')
  }
  const words = withoutSecrets(error.message, secrets)
  if (!(error instanceof MailError)) return failed(words)
  // Ours to mend: the recipient is told no more than that.
  if (error.code === null) log.warn({ err: error.cause }, 'the mail server cannot be reached')
  return error.permanent
    ? { kind: 'dead', code: error.code, error: words, gone: false }
    : { kind: 'failed', code: error.code, error: words, retryAfterMs: null }
}
