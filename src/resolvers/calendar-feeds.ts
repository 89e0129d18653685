import {
  createCalendarFeed,
  type FeedScope,
  feedsOfKey,
  MOST_FEEDS,
  revokeCalendarFeed,
} from '../callers/calendar-feeds.ts'
import { commandScope } from '../callers/ownership.ts'
import type { Caller } from '../context.ts'
import { access } from '../rules/access.ts'
import { builder } from '../schema/builder.ts'
import {
  CalendarFeed,
  CreateCalendarFeedInput,
  CreatedCalendarFeed,
} from '../schema/calendar-feed.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.queryField('calendarFeeds', (t) =>
  t.field({
    type: [CalendarFeed],
    nullable: true,
    description: "A key's calendar feeds, oldest first.",
    extensions: ownerOrAdmin,
    args: { apiKeyId: t.arg.id({ required: true }) },
    resolve: (_root, { apiKeyId }, { deps, caller }) =>
      feedsOfKey(deps.db, commandScope(caller, apiKeyId)),
  }),
)

builder.mutationField('createCalendarFeed', (t) =>
  t.field({
    type: CreatedCalendarFeed,
    nullable: true,
    description: `At most ${MOST_FEEDS} live feeds a key. Reading a feed costs no units; at most 60 reads an hour.`,
    extensions: ownerOrAdmin,
    args: { input: t.arg({ type: CreateCalendarFeedInput, required: true }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const { apiKeyId, name, ...choice } = input
      const wanted = { name, choice, data: deps.taxHistory.current() }
      const scope = commandScope(caller, apiKeyId)
      const { token, feed } = await createCalendarFeed(deps.db, scope, wanted, deps)
      return { token, feed, url: `${deps.publicUrl}/calendar/${token}.ics` }
    },
  }),
)

builder.mutationField('revokeCalendarFeed', (t) =>
  t.field({
    type: CalendarFeed,
    nullable: true,
    description: 'Its address is not found from now on.',
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) =>
      revokeCalendarFeed(deps.db, feedScope(caller, id), deps),
  }),
)

function feedScope(caller: Caller, feedId: string): FeedScope {
  const { accountId } = commandScope(caller, feedId)
  return { feedId, accountId }
}
