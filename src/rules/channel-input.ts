import { checkedEmail } from './account-input.ts'
import { BadInput } from './bad-input.ts'
import { checkedCustomerUrl, isAllowed, type OutboundAllow } from './public-address.ts'

/** What a channel leads to. */
export const CHANNEL_KINDS = ['EMAIL', 'SLACK', 'DISCORD', 'WEBHOOK'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** Where a channel leads, and what of it may be shown: its host, and an address's first character. */
export interface ChannelTarget {
  /** An address, or a URL as its parser writes it. */
  target: string
  /** `a…@example.com`, `https://hooks.slack.com/…` */
  shown: string
}

/** More than an account has keys that work: revoked ones may be named too. */
const MOST_NAMED_KEYS = 100
const URL_LENGTH = 2_000

/**
 * The chat services whose incoming web hooks are called: elsewhere a message in their format means nothing.
 * What stands in their paths is a secret, so that nothing of it is ever shown.
 */
const chats = {
  SLACK: {
    hosts: ['hooks.slack.com'],
    path: /^\/services\/\w{1,40}\/\w{1,40}\/\w{1,100}$/,
    query: /^$/,
    example: 'https://hooks.slack.com/services/T…/B…/…',
  },
  DISCORD: {
    hosts: ['discord.com', 'discordapp.com'],
    path: /^\/api\/(?:v\d{1,2}\/)?webhooks\/\d{1,20}\/[\w-]{1,200}$/,
    query: /^(?:\?thread_id=\d{1,20})?$/,
    example: 'https://discord.com/api/webhooks/…/…',
  },
} as const

/**
 * Judges the target of a channel. An e-mail address is one plain ASCII address: no display name, no list, no
 * line break could reach a header; an international domain is written as its punycode. A URL is https on
 * port 443 of a public name or address, without credentials; `allow` (OUTBOUND_ALLOW) exempts what it names
 * from all of this but the credentials.
 * @throws BadInput saying what would be right; it shows nothing of the target, which may be a secret
 */
export function checkedTarget(
  kind: ChannelKind,
  text: string,
  allow: OutboundAllow,
): ChannelTarget {
  if (kind === 'EMAIL') {
    const target = checkedEmail(text, 'target')
    return { target, shown: shownOfAddress(target) }
  }
  if (text.length > URL_LENGTH) {
    throw new BadInput(`"target" must have at most ${URL_LENGTH} characters.`)
  }
  const url = checkedUrl(text, allow)
  // A stand-in may have any path.
  if (kind !== 'WEBHOOK' && !isAllowed(url, allow)) checkChat(kind, url)
  return { target: url.href, shown: `${url.origin}/…` }
}

/** What may be shown of an e-mail address: its first character and its domain. */
export function shownOfAddress(address: string): string {
  return `${address.slice(0, 1)}…${address.slice(address.lastIndexOf('@'))}`
}

/** The field is named as the client knows it. */
function checkedUrl(text: string, allow: OutboundAllow): URL {
  try {
    return checkedCustomerUrl(text, allow)
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    throw new BadInput(error.message.replace('"url"', '"target"'))
  }
}

function checkChat(kind: keyof typeof chats, url: URL): void {
  const { hosts, path, query, example } = chats[kind]
  const isHook =
    hosts.some((host) => host === url.host) && path.test(url.pathname) && query.test(url.search)
  if (!isHook || url.hash) throw new BadInput(`"target" must be a URL like ${example}`)
}

/**
 * A filter without doubles; null stays null and means all. An empty one would be a channel that is silent
 * for ever and looks as if it were not.
 * @throws BadInput
 */
export function checkedFilter<Value>(
  field: 'levels' | 'apiKeyIds',
  values: readonly Value[] | null,
): Value[] | null {
  if (values === null) return null
  const distinct = [...new Set(values)]
  if (distinct.length === 0) {
    throw new BadInput(`"${field}" must not be empty; null means all, and enabled: false none.`)
  }
  if (distinct.length > MOST_NAMED_KEYS) {
    throw new BadInput(`"${field}" must name at most ${MOST_NAMED_KEYS}.`)
  }
  return distinct
}
