import type { Collection, Db } from 'mongodb'
import { DAY } from '../rules/calendar-time.ts'
import type { FeedChoice } from '../rules/tax/feed-choice.ts'

export interface CalendarFeedDoc {
  /** `feed_` + 12 base62. */
  _id: string
  /** The key's; a feed ends with its key. */
  accountId: string
  apiKeyId: string
  name: string
  /** HMAC-SHA-256 of the token under the pepper, base64url. The token itself is kept nowhere. */
  tokenHash: string
  lastFour: string
  choice: FeedChoice
  createdAt: Date
  /** Null while it is live. 30 days later the document goes. */
  revokedAt: Date | null
}

export const REVOKED_KEPT_DAYS = 30

export function calendarFeeds(db: Db): Collection<CalendarFeedDoc> {
  return db.collection('calendarFeeds')
}

/** Idempotent; called at start by every process. */
export async function createCalendarFeedIndexes(db: Db): Promise<void> {
  const feeds = calendarFeeds(db)
  await feeds.createIndex({ tokenHash: 1 }, { unique: true })
  await feeds.createIndex({ apiKeyId: 1, createdAt: 1, _id: 1 })
  // What is live has no date there, and stays.
  await feeds.createIndex(
    { revokedAt: 1 },
    { expireAfterSeconds: (REVOKED_KEPT_DAYS * DAY) / 1_000 },
  )
}
