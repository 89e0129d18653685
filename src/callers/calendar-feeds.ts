import type { ClientSession, Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { checkedName } from '../rules/account-input.ts'
import { BadInput } from '../rules/bad-input.ts'
import { checkedFeedChoice, type FeedArguments } from '../rules/tax/feed-choice.ts'
import type { TaxData } from '../rules/tax/tax-data.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { type CalendarFeedDoc, calendarFeeds, REVOKED_KEPT_DAYS } from '../store/calendar-feeds.ts'
import { type KeyScope, type KeyTools, keyIn } from './api-key-commands.ts'
import { randomBase62 } from './base62.ts'
import { isWellFormedFeedToken, newFeedToken } from './calendar-feed-token.ts'
import { guardAccount } from './guard-account.ts'

/** A feed and its token, which is nowhere else and never again. */
export interface CreatedCalendarFeed {
  token: string
  feed: CalendarFeedDoc
}

/** Which feed a command is about. To an owner, another account's feed does not exist. */
export interface FeedScope {
  feedId: string
  /** The caller's account; null: the admin, who reaches every feed. */
  accountId: string | null
}

export const MOST_FEEDS = 20
/** With the revoked ones: so that a loop of making and revoking cannot fill the database. */
const MOST_KEPT = 100

/**
 * The feeds are counted and the new one is inserted in one transaction that first writes to the account:
 * of two creations at the same time the loser counts again.
 * @throws BadInput, or ApiError NOT_FOUND (no such key) or FORBIDDEN (too many feeds)
 */
export async function createCalendarFeed(
  db: Db,
  scope: KeyScope,
  input: { name: string; choice: FeedArguments; data: TaxData },
  tools: Pick<KeyTools, 'clock' | 'random' | 'secretHash'>,
): Promise<CreatedCalendarFeed> {
  const apiKey = await keyIn(db, scope)
  if (apiKey.revokedAt) throw new BadInput('A revoked key can have no calendar feed.')
  const token = newFeedToken(tools.random)
  const feed: CalendarFeedDoc = {
    _id: `feed_${randomBase62(tools.random, 12)}`,
    accountId: apiKey.accountId,
    apiKeyId: apiKey._id,
    name: checkedName(input.name),
    tokenHash: tools.secretHash(token),
    lastFour: token.slice(-4),
    choice: checkedFeedChoice(input.data, input.choice),
    createdAt: new Date(tools.clock()),
    revokedAt: null,
  }
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await guardAccount(db, feed.accountId, session)
      await checkLimits(db, feed.apiKeyId, session)
      await calendarFeeds(db).insertOne(feed, { session })
    }),
  )
  return { token, feed }
}

async function checkLimits(db: Db, apiKeyId: string, session: ClientSession): Promise<void> {
  const count = (more: object) =>
    calendarFeeds(db).countDocuments({ apiKeyId, ...more }, { session })
  if ((await count({ revokedAt: null })) >= MOST_FEEDS) {
    throw new ApiError('FORBIDDEN', `A key has at most ${MOST_FEEDS} feeds; revoke one first.`)
  }
  if ((await count({})) < MOST_KEPT) return
  const why = `Of this key ${MOST_KEPT} feeds are kept; revoked ones go after ${REVOKED_KEPT_DAYS} days.`
  throw new ApiError('FORBIDDEN', why)
}

/**
 * Ends a feed for good; repeated, it answers the same.
 * @throws ApiError NOT_FOUND
 */
export async function revokeCalendarFeed(
  db: Db,
  { feedId, accountId }: FeedScope,
  tools: { clock: () => number },
): Promise<CalendarFeedDoc> {
  const filter = { _id: feedId, ...(accountId !== null && { accountId }) }
  const revoked = await calendarFeeds(db).findOneAndUpdate(
    { ...filter, revokedAt: null },
    { $set: { revokedAt: new Date(tools.clock()) } },
    { returnDocument: 'after' },
  )
  const found = revoked ?? (await calendarFeeds(db).findOne(filter))
  if (!found) throw new ApiError('NOT_FOUND', 'There is no such calendar feed.')
  return found
}

/**
 * A key's feeds, revoked ones as long as they are kept, oldest first.
 * @throws ApiError NOT_FOUND (no such key)
 */
export async function feedsOfKey(db: Db, scope: KeyScope): Promise<CalendarFeedDoc[]> {
  const { _id: apiKeyId } = await keyIn(db, scope)
  return await calendarFeeds(db).find({ apiKeyId }).sort({ createdAt: 1, _id: 1 }).toArray()
}

/**
 * The live feed that a token opens. Looked up each time: feeds are read a few times an hour, and what was
 * revoked must not be answered from memory.
 * @throws ApiError NOT_FOUND: no such token, the feed or its key revoked; KEY_BLOCKED
 */
export async function openFeed(
  db: Db,
  token: string,
  tools: Pick<KeyTools, 'secretHash'>,
): Promise<CalendarFeedDoc> {
  const feed = isWellFormedFeedToken(token)
    ? await calendarFeeds(db).findOne({ tokenHash: tools.secretHash(token), revokedAt: null })
    : null
  const apiKey: ApiKeyDoc | null = feed && (await apiKeys(db).findOne({ _id: feed.apiKeyId }))
  if (!feed || !apiKey || apiKey.revokedAt) {
    throw new ApiError('NOT_FOUND', 'There is no such calendar.')
  }
  if (apiKey.blockedBecause === null) return feed
  // Not why: an address is shared with colleagues, and the reason may be an unpaid invoice.
  throw new ApiError('KEY_BLOCKED', "This calendar's API key is blocked.")
}
