import type { Notice } from './notice.ts'

/** Discord's own limits are 256, 4,096 and 1,024: half, because escapes count too. */
const TITLE = 128
const TEXT = 2_048
const FIELD = 512

/** For a web hook, as one embed. Nobody is mentioned, whatever it says, and no markup comes through. */
export function discordMessage({ title, text, facts, tone, link }: Notice): object {
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: escaped(title, TITLE),
        description: escaped(text, TEXT),
        url: link,
        color: colours[tone],
        fields: facts.map(({ label, value }) => ({
          name: label,
          value: escaped(value, FIELD),
          inline: true,
        })),
      },
    ],
  }
}

const colours: Readonly<Record<Notice['tone'], number>> = {
  calm: 0x2f7d4f,
  warning: 0xb7791f,
  critical: 0xb32d2d,
}

/** Every character that begins markup, a mention, or (`:`) a link or an emoji. */
function escaped(text: string, limit: number): string {
  const cut = [...text].slice(0, limit).join('')
  return cut.replace(/[\\`*_~|<>@#:[\](){}+!-]/g, '\\$&')
}
