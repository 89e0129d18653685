import type { Notice } from './notice.ts'

/** Slack's own limits, in characters. */
const HEADER = 150
const TEXT = 3_000
const FIELD = 2_000

/**
 * For an incoming web hook, as Block Kit. What customers typed stands in plain text, where nothing mentions
 * anybody; the fallback for notifications is mrkdwn, and escaped.
 */
export function slackMessage({ title, text, facts, link }: Notice): object {
  return {
    text: escaped(`${title}\n${text}`),
    blocks: [
      { type: 'header', text: plain(title, HEADER) },
      { type: 'section', text: plain(text, TEXT) },
      {
        type: 'section',
        fields: facts.map(({ label, value }) => plain(`${label}\n${value}`, FIELD)),
      },
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: `<${escaped(link)}|Open the dashboard>` }],
      },
    ],
  }
}

function plain(text: string, limit: number): object {
  return { type: 'plain_text', text: [...text].slice(0, limit).join(''), emoji: false }
}

/** Slack's three: without them there is neither a link nor a mention (`<!channel>`, `<@U1>`). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
