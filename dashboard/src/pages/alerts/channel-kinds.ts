import type { ChannelKind } from '../../gql/graphql.ts'

export const kinds: readonly ChannelKind[] = ['EMAIL', 'SLACK', 'DISCORD', 'WEBHOOK']

interface Words {
  label: string
  /** What its target is called. */
  target: string
  example: string
  hint: string
}

export const kindWords: Readonly<Record<ChannelKind, Words>> = {
  EMAIL: {
    ...{ label: 'E-mail', target: 'Address', example: 'ops@example.com' },
    hint: 'One address.',
  },
  SLACK: {
    ...{ label: 'Slack', target: 'Address of the incoming web hook' },
    example: 'https://hooks.slack.com/services/…',
    hint: 'In Slack: Apps, Incoming Webhooks, Add to Slack.',
  },
  DISCORD: {
    ...{ label: 'Discord', target: 'Address of the web hook' },
    example: 'https://discord.com/api/webhooks/…',
    hint: 'In Discord: Channel settings, Integrations, Webhooks.',
  },
  WEBHOOK: {
    ...{ label: 'Web hook', target: 'Address', example: 'https://example.com/hooks/usage' },
    hint: 'Over https, on port 443 of a public host. Requests are signed with a secret that you see once.',
  },
}
