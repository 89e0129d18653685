import type { Notice } from './notice.ts'

/** The parts of a mail that say something. */
export interface MailMessage {
  subject: string
  text: string
  html: string
}

/** Whatever the facts hold, it stays text: in the subject one line, in HTML escaped. */
export function mailMessage({ title, text, facts, tone, link }: Notice): MailMessage {
  const rows = facts.map(
    ({ label, value }) => html`<tr><td style="padding:2px 16px 2px 0;color:#666">${label}</td>
<td style="padding:2px 0">
${wrapped(value)}</td></tr>`,
  )
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8">
<title>${title}</title></head>
<body style="margin:24px;font:15px/1.5 sans-serif;color:#222">
<h1 style="border-left:4px solid ${colours[tone]};padding-left:10px;font-size:18px">
${title}</h1>
<p>
${wrapped(text)}</p>
<table style="border-collapse:collapse">
${rows}
</table>
<p><a href="${link}">Open the dashboard</a></p>
<p style="color:#666;font-size:12px">
GetComplical sends this because a notification channel of your account
names this address.</p>
</body></html>
`
  const widest = Math.max(...facts.map(({ label }) => label.length))
  const lines = facts.map(({ label, value }) => `${label.padEnd(widest)}  ${oneLine(value)}`)
  return {
    subject: oneLine(title),
    text: `${wrapped(text)}\n\n${lines.join('\n')}\n\n${link}\n`,
    html: page.markup,
  }
}

const colours: Readonly<Record<Notice['tone'], string>> = {
  calm: '#2f7d4f',
  warning: '#b7791f',
  critical: '#b32d2d',
}

interface Markup {
  markup: string
}

/** Text put in is escaped, for content and for quoted attributes alike; markup stays as it is. */
function html(
  literal: TemplateStringsArray,
  ...values: readonly (string | readonly Markup[])[]
): Markup {
  const parts = values.map((value) =>
    typeof value === 'string' ? escaped(value) : value.map((one) => one.markup).join('\n'),
  )
  return { markup: String.raw({ raw: literal }, ...parts) }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => entities[one] ?? '')
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** Lines that travel as they are: longer ones would be encoded, which no log of mails shows readably. */
function wrapped(text: string): string {
  return oneLine(text).replace(/(?=.{73})(.{1,72}) /g, '$1\n')
}
