import type { ChannelKind } from '../../rules/channel-input.ts'

/** What a delivery under way takes up. */
export interface Sending {
  channelId: string
  accountId: string
  kind: ChannelKind
}

/**
 * How much is sent at a time in one process, so that nobody waits for another: one message a channel, a few
 * an account, some for all mails (they share one server), and some for all channels that last failed or were
 * slow. What is left over is there for those that work. To wait costs a socket and little else, so that the
 * whole is large.
 */
export const MOST = { all: 256, account: 8, mail: 16, unwell: 64 }
/** A channel that takes longer counts as unwell. */
const SLOW_MS = 2_000
const MOST_REMEMBERED = 10_000

/** Asked before each delivery, and told of its end. */
export interface Slots {
  /** False while it must wait. */
  fits(sending: Sending): boolean
  begin(sending: Sending): void
  end(sending: Sending, result: { worked: boolean; tookMs: number }): void
  size(): number
}

export function createSlots(most = MOST): Slots {
  const underWay = new Map<string, Sending>()
  /** By what this process has seen itself; the channel that was unwell longest ago is forgotten first. */
  const unwell = new Set<string>()

  function count(matches: (sending: Sending) => boolean): number {
    return [...underWay.values()].filter(matches).length
  }

  return {
    fits({ channelId, accountId, kind }) {
      if (underWay.size >= most.all || underWay.has(channelId)) return false
      if (count((one) => one.accountId === accountId) >= most.account) return false
      if (kind === 'EMAIL' && count((one) => one.kind === 'EMAIL') >= most.mail) return false
      return !unwell.has(channelId) || count((one) => unwell.has(one.channelId)) < most.unwell
    },
    begin(sending) {
      underWay.set(sending.channelId, sending)
    },
    end({ channelId }, { worked, tookMs }) {
      underWay.delete(channelId)
      unwell.delete(channelId)
      if (worked && tookMs < SLOW_MS) return
      unwell.add(channelId)
      const [oldest] = unwell
      if (unwell.size > MOST_REMEMBERED && oldest !== undefined) unwell.delete(oldest)
    },
    size: () => underWay.size,
  }
}
