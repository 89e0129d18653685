import { Eta } from 'eta/core'
import type { Notice } from './notice.ts'

/** The parts of a mail that say something. */
export interface MailMessage {
  subject: string
  text: string
  html: string
}

/** Whatever the facts hold, it stays text: in the subject one line, in HTML escaped. */
export function mailMessage(notice: Notice): MailMessage {
  const { title, text, facts, link } = notice
  const widest = Math.max(...facts.map(({ label }) => label.length))
  const lines = facts.map(({ label, value }) => `${label.padEnd(widest)}  ${oneLine(value)}`)
  return {
    subject: oneLine(title),
    text: `${wrapped(text)}\n\n${lines.join('\n')}\n\n${link}\n`,
    html: page(notice),
  }
}

/** `<%=` escapes for content and for quoted attributes alike; nothing is put in otherwise. */
const engine = new Eta({ autoEscape: true, autoTrim: false })

const template = engine.compile(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8">
<title><%= it.title %></title></head>
<body style="margin:24px;font:15px/1.5 sans-serif;color:#222">
<h1 style="border-left:4px solid <%= it.colour %>;padding-left:10px;font-size:18px">
<%= it.title %></h1>
<p>
<%= it.text %></p>
<table style="border-collapse:collapse"><% for (const { label, value } of it.facts) { %>
<tr><td style="padding:2px 16px 2px 0;color:#666"><%= label %></td>
<td style="padding:2px 0">
<%= value %></td></tr><% } %>
</table>
<p><a href="<%= it.link %>">Open the dashboard</a></p>
<p style="color:#666;font-size:12px">
GetComplical sends this because <%= it.reason %>.</p>
</body></html>
`)

const reasons = {
  channel: 'a notification channel of your account\nnames this address',
  billing: 'it is about the payment for your account,\nwhose address this is',
} as const

function page({ title, text, facts, tone, link, about }: Notice): string {
  return engine.render(template, {
    ...{ title, link, text: wrapped(text), colour: colours[tone] },
    reason: reasons[about ?? 'channel'],
    facts: facts.map(({ label, value }) => ({ label, value: wrapped(value) })),
  })
}

const colours: Readonly<Record<Notice['tone'], string>> = {
  calm: '#2f7d4f',
  warning: '#b7791f',
  critical: '#b32d2d',
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** Lines that travel as they are: longer ones would be encoded, which no log of mails shows readably. */
function wrapped(text: string): string {
  return oneLine(text).replace(/(?=.{73})(.{1,72}) /g, '$1\n')
}
