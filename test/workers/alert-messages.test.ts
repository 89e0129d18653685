import fc from 'fast-check'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import { ALERT_LEVELS } from '../../src/rules/alert.ts'
import { discordMessage } from '../../src/workers/deliver-alerts/messages/discord-message.ts'
import { mailMessage } from '../../src/workers/deliver-alerts/messages/mail-message.ts'
import {
  type Notice,
  noticeOfAlert,
  noticeOfTest,
} from '../../src/workers/deliver-alerts/messages/notice.ts'
import { slackMessage } from '../../src/workers/deliver-alerts/messages/slack-message.ts'
import { sampleAlert } from './sample-alert.ts'

const publicUrl = 'https://api.example.com'
const at = Date.UTC(2026, 10, 22, 20, 38)
const alert = sampleAlert(at)

/** What an attacker calls a key, in the hope that it becomes more than a name. */
const hostile = [
  'a\r\nBcc: victim@example.com',
  'a\n\n<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><a href="https://evil.example">click</a>',
  "' onmouseover='alert(1)",
  '&lt;b&gt;',
  '@everyone @here <@123> <@&456> <#789>',
  '<!channel> <!here> <!everyone> <@U012> <https://evil.example|click>',
  '[click](https://evil.example) **bold** `code` ~~no~~ ||spoiler||',
  '# heading\n> quote\n- list\n1. one',
  'https://evil.example/login',
  '=?utf-8?q?x?=',
  '\u202egnp.exe',
  '{{7*7}} <%= 7*7 %> #{7*7}',
]
const names = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'`*_~|[]()@#!:/\\\r\n\u2028'), maxLength: 60 }),
)
const noticeFor = (name: string): Notice => ({
  ...noticeOfAlert(alert, { prefix: 'gc_live_abcd', name }, publicUrl),
  text: `About ${name}.`,
})

describe('the subject', () => {
  test.each([
    ['WARNING', { percent: 80 }, "gc_live_abcd: 80% of the month's calls used"],
    ['CRITICAL', { percent: 95 }, "gc_live_abcd: 95% of the month's calls used"],
    ['EXCEEDED', { percent: 100 }, "gc_live_abcd: 100% of the month's calls used"],
    ['THRESHOLD', { percent: 60 }, 'gc_live_abcd: your threshold of 60% is reached'],
    ['THRESHOLD', { percent: null }, 'gc_live_abcd: 800 calls used, over your threshold'],
    ['ANOMALY', { percent: null }, 'gc_live_abcd: unusual number of calls today'],
    ['EXPECTED_PEAK', { percent: null }, /many calls today, as expected before a due date/],
    ['SILENCE', { percent: null }, 'gc_live_abcd: no calls, which is unusual'],
  ] as const)('of %s says it', (level, changes, expected) => {
    const key = { prefix: 'gc_live_abcd', name: 'x' }
    const { title } = noticeOfAlert({ ...alert, level, ...changes }, key, publicUrl)
    expect(mailMessage(noticeFor('x')).subject).toContain('gc_live_abcd')
    expect(title).toMatch(expected)
  })

  test('is plain ASCII for every level, whatever the key is called', () => {
    fc.assert(
      fc.property(names, fc.constantFrom(...ALERT_LEVELS), (name, level) => {
        const key = { prefix: 'gc_live_abcd', name }
        const { subject } = mailMessage(noticeOfAlert({ ...alert, level }, key, publicUrl))
        expect(subject).toMatch(/^[ -~]{10,78}$/)
      }),
    )
  })
})

describe('a hostile name', () => {
  test('adds no element, attribute or entity to the HTML of a mail', () => {
    const tags = (markup: string) => markup.match(/<[^>]*>/g)
    const plain = tags(mailMessage(noticeFor('x')).html)
    fc.assert(
      fc.property(names, (name) => {
        const { html } = mailMessage(noticeFor(name))
        expect(tags(html)).toEqual(plain)
        const rest = html.replace(/<[^>]*>|&(amp|lt|gt|quot|#39);/g, '')
        expect(rest).not.toMatch(/[<>&"]/)
      }),
      { numRuns: 1_000 },
    )
  })

  test('stands in the HTML as the text that it is, also where it looks like a template', () => {
    const blanks = (text: string) => text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
    for (const name of hostile) {
      const { html } = mailMessage(noticeFor(name))
      const shown = html.replace(/&(amp|lt|gt|quot|#39);/g, (_, entity) => characters[entity] ?? '')
      expect(blanks(shown)).toContain(` ${blanks(name)}</td>`)
    }
  })

  test('adds no line to the facts of the text', () => {
    const lines = mailMessage(noticeFor('x')).text.split('\n').length
    fc.assert(
      fc.property(names, (name) => {
        const { text } = mailMessage({ ...noticeFor(name), text: 'About.' })
        expect(text.split(/\r\n|[\r\n\u2028\u2029]/)).toHaveLength(lines)
      }),
    )
  })

  test('adds no header and no recipient to a mail', async () => {
    const transport = createTransport({ streamTransport: true, buffer: true })
    for (const name of hostile) {
      const { envelope, message } = await transport.sendMail({
        from: 'alerts@example.com',
        to: { name: '', address: 'owner@example.com' },
        ...mailMessage(noticeFor(name)),
      })
      expect(envelope.to).toEqual(['owner@example.com'])
      const [head = ''] = message.toString().split(/\r?\n\r?\n/)
      const headers = [...head.matchAll(/^([\w-]+):/gm)].map(([, header]) => header)
      expect(headers).toEqual(
        expect.arrayContaining(['From', 'To', 'Subject', 'Message-ID', 'Date', 'Content-Type']),
      )
      expect(headers).toHaveLength(7)
    }
  })

  test('mentions nobody and links nowhere in Slack', () => {
    fc.assert(
      fc.property(names, (name) => {
        const { text, blocks } = slackMessage(noticeFor(name)) as {
          text: string
          blocks: { type: string; text?: { type: string }; fields?: { type: string }[] }[]
        }
        expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
        const texts = blocks.flatMap((block) => [block.text, ...(block.fields ?? [])])
        expect(new Set(texts.map((one) => one?.type))).toEqual(new Set(['plain_text', undefined]))
        const contexts = blocks.filter(({ type }) => type === 'context')
        expect(JSON.stringify(contexts)).toBe(
          JSON.stringify([
            {
              type: 'context',
              elements: [
                { type: 'mrkdwn', text: '<https://api.example.com/dashboard|Open the dashboard>' },
              ],
            },
          ]),
        )
      }),
    )
  })

  test('mentions nobody and has no markup in Discord', () => {
    fc.assert(
      fc.property(names, (name) => {
        const message = discordMessage(noticeFor(name)) as {
          allowed_mentions: unknown
          embeds: { title: string; description: string; fields: { value: string }[] }[]
        }
        expect(message.allowed_mentions).toEqual({ parse: [] })
        for (const { title, description, fields } of message.embeds) {
          for (const text of [title, description, ...fields.map(({ value }) => value)]) {
            expect(text.replace(/\\[\\`*_~|<>@#:[\](){}+!-]/g, '')).not.toMatch(
              /[\\`*_~|<>@#:[\]()]/,
            )
          }
        }
      }),
    )
  })

  test('keeps within the limits of Slack and Discord', () => {
    const long = noticeFor('*'.repeat(10_000))
    const slack = slackMessage(long) as { blocks: { text?: { text: string } }[] }
    expect(Math.max(...slack.blocks.map(({ text }) => text?.text.length ?? 0))).toBe(3_000)
    const discord = discordMessage(long) as {
      embeds: { description: string; fields: { value: string }[] }[]
    }
    expect(discord.embeds[0]?.description.length).toBeLessThanOrEqual(4_096)
    for (const { value } of discord.embeds[0]?.fields ?? []) {
      expect(value.length).toBeLessThanOrEqual(1_024)
    }
  })

  test('of a channel is as harmless in its test message', () => {
    for (const name of hostile) {
      const { html, subject } = mailMessage(noticeOfTest(name, publicUrl))
      expect(html).not.toMatch(/<script|<img|href="https:\/\/evil/)
      expect(subject).toBe('Test message of GetComplical')
    }
  })
})
