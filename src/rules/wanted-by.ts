import type { AlertLevel } from './alert.ts'

/** What a channel says of the alerts that it wants; a ChannelDoc is one. */
export interface ChannelWish {
  enabled: boolean
  /** Only these levels; null: all. */
  levels: readonly AlertLevel[] | null
  /** Only these keys; null: all of the account, those of tomorrow too. */
  apiKeyIds: readonly string[] | null
}

/** Whether a channel of the same account wants to hear of an alert. Whether the key is muted is asked before. */
export function isWanted(
  { enabled, levels, apiKeyIds }: ChannelWish,
  alert: { level: AlertLevel; apiKeyId: string },
): boolean {
  if (!enabled) return false
  return (levels?.includes(alert.level) ?? true) && (apiKeyIds?.includes(alert.apiKeyId) ?? true)
}

/** Those of an account's channels that an alert goes to, in their order. */
export function wantedBy<Channel extends ChannelWish>(
  channels: readonly Channel[],
  alert: { level: AlertLevel; apiKeyId: string },
): Channel[] {
  return channels.filter((channel) => isWanted(channel, alert))
}
