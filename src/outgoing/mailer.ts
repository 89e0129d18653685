import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { OutgoingError } from './outgoing-error.ts'

/** One message to one address. */
export interface Mail {
  /** Stable over repeats; becomes the Message-ID, and the name of the file. */
  id: string
  /** One address, without a name. */
  to: string
  /** One line. */
  subject: string
  text: string
  html: string
  at: Date
  attachments?: readonly Attachment[]
}

/** A file that goes with a mail. */
export interface Attachment {
  /** Plain ASCII. */
  filename: string
  contentType: string
  content: Uint8Array
}

/**
 * Hands a mail over; settles with the reply code of the mail server, null where it went into a file.
 * @throws MailError
 */
export type SendMail = (mail: Mail) => Promise<number | null>

/** The message is for the owner of the address: it names nothing of our mail server. */
export class MailError extends OutgoingError {
  /** SMTP reply; null where none came. */
  readonly code: number | null
  /** The recipient or the mail itself was refused for good: another try changes nothing. */
  readonly permanent: boolean

  constructor(message: string, code: number | null, permanent: boolean, cause: unknown) {
    super(message, { cause })
    this.code = code
    this.permanent = permanent
  }
}

/** Who mails come from. */
export interface Sender {
  /** May be empty. */
  name: string
  address: string
}

export interface MailerOptions {
  /** `smtp://user:password@host:587` (STARTTLS wherever it is offered), `smtps://…`; null: files. */
  smtpUrl: string | null
  from: Sender
  /** Mails go to the folder `mail` in it where there is no SMTP server. */
  dataDir: string
  /** For one mail altogether. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000
const STEP_MS = 10_000

export function createMailer({
  smtpUrl,
  from,
  dataDir,
  timeoutMs = TIMEOUT_MS,
}: MailerOptions): SendMail {
  return smtpUrl === null
    ? createMailFolder(from, join(dataDir, 'mail'))
    : createSmtpMailer(smtpUrl, from, timeoutMs)
}

/** A connection a mail: nothing is shared that one mail could leave broken for the next. */
function createSmtpMailer(smtpUrl: string, from: Sender, timeoutMs: number): SendMail {
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    dnsTimeout: STEP_MS / 2,
    ...withoutFiles,
    // On the machine itself nobody stands between, and nobody vouches for a certificate. The URL can say otherwise.
    ...(isLoopback(smtpUrl) && { tls: { rejectUnauthorized: false } }),
  })
  return async (mail) => {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const { response } = await transport.sendMail({ ...messageOf(mail, from), signal })
      return Number.parseInt(response, 10) || null
    } catch (error) {
      throw mailError(error)
    }
  }
}

/** Repeated, it writes the same file again; readers see whole files only. */
function createMailFolder(from: Sender, folder: string): SendMail {
  const transport = createTransport({ streamTransport: true, buffer: true, ...withoutFiles })
  return async (mail) => {
    const { message } = await transport.sendMail(messageOf(mail, from))
    const path = join(folder, `${withoutSpecials(mail.id)}.eml`)
    const next = `${path}.${randomUUID()}.new`
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(next, message as Buffer, { mode: 0o600, flush: true })
      await rename(next, path)
    } catch (error) {
      await rm(next, { force: true }).catch(() => {})
      throw new MailError('the mail could not be written to its folder', null, false, error)
    }
    return null
  }
}

/** A text that begins like a path or a URL is text, not something to read in. */
const withoutFiles = { disableFileAccess: true, disableUrlAccess: true }

function messageOf({ id, to, subject, text, html, at, attachments = [] }: Mail, from: Sender) {
  return {
    from,
    // As an object it is one address, whatever it looks like.
    to: { name: '', address: to },
    subject,
    text,
    html,
    date: at,
    attachments: attachments.map(({ content, ...named }) => ({
      ...named,
      content: Buffer.from(content),
    })),
    messageId: `<${withoutSpecials(id)}@${from.address.split('@').at(-1)}>`,
    // RFC 3834: keeps absence notes from answering.
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

/** Distinct for distinct ids; fit for a Message-ID and for the name of a file. */
function withoutSpecials(id: string): string {
  return id.replace(/[^\w-]/gu, (one) => encodeURIComponent(one).replace(/^[^%]$/, percentCode))
}

function percentCode(one: string): string {
  return `%${one.charCodeAt(0).toString(16).toUpperCase()}`
}

function isLoopback(smtpUrl: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(smtpUrl).hostname)
}

const words: Readonly<Record<string, string>> = {
  EABORT: 'our mail server did not answer in time',
  ETIMEDOUT: 'our mail server did not answer in time',
  EAUTH: 'our mail server did not let us in',
  ETLS: 'our mail server could not be reached safely',
}

function mailError(error: unknown): MailError {
  const { code, response, responseCode, command } = Object(error) as {
    [name in 'code' | 'response' | 'responseCode' | 'command']?: unknown
  }
  const reply = typeof responseCode === 'number' ? responseCode : null
  // What is said about the sender, or before it, is about us: the recipient may be fine.
  const aboutMail = command === 'RCPT TO' || command === 'DATA'
  if (reply !== null && aboutMail) {
    return new MailError(String(response ?? reply), reply, reply >= 500, error)
  }
  const known = words[String(code)] ?? 'our mail server could not be reached'
  const message = reply === null ? known : `our mail server refused to send (${reply})`
  return new MailError(message, reply, false, error)
}
