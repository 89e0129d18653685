import type { Db } from 'mongodb'
import { openFeed } from '../callers/calendar-feeds.ts'
import type { SecretHash } from '../callers/secret-hash.ts'
import { ApiError } from '../errors.ts'
import { dayName } from '../rules/calendar-time.ts'
import { feedEntries } from '../rules/tax/ical-entries.ts'
import type { TaxHistory } from '../rules/tax/tax-history.ts'
import { type FeedReads, READS_AN_HOUR } from '../streams/feed-reads.ts'
import { calendarText } from './calendar-text.ts'
import { entityTag, isKnownTag } from './entity-tag.ts'
import type { Route } from './router.ts'

export interface CalendarRouteOptions {
  db: Db
  secretHash: SecretHash
  taxHistory: TaxHistory
  reads: FeedReads
  /** ms since the epoch */
  clock: () => number
}

const ENDING = '.ics'

/**
 * `GET /calendar/<token>.ics`: a feed as iCalendar. The token is all that it asks for; reads cost no units.
 * Nothing is kept from one read to the next: a feed that was revoked is gone at once.
 */
export function calendarRoute(options: CalendarRouteOptions): Route {
  const { db, taxHistory, reads, clock } = options
  return {
    method: 'GET',
    path: '/calendar/:file',
    async handle(request) {
      const { file = '' } = request.params
      const token = file.endsWith(ENDING) ? file.slice(0, -ENDING.length) : ''
      const feed = await openFeed(db, token, options)
      await demandRead(reads, feed._id)
      const entries = feedEntries(taxHistory, feed.choice, dayName(clock()))
      const body = calendarText(feed.name, entries)
      const tag = entityTag(body)
      const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
      if (isKnownTag(request.header('if-none-match'), tag)) return { status: 304, headers }
      return {
        status: 200,
        headers: {
          ...headers,
          'Content-Type': 'text/calendar; charset=utf-8',
          'Content-Disposition': 'inline; filename="tax-dates.ics"',
        },
        body,
      }
    },
  }
}

/** @throws ApiError RATE_LIMITED */
async function demandRead(reads: FeedReads, feedId: string): Promise<void> {
  const wait = await reads.take(feedId)
  if (wait === 0) return
  const message = `A calendar is read at most ${READS_AN_HOUR} times an hour.`
  throw new ApiError('RATE_LIMITED', message, { retryAfter: Math.max(1, Math.ceil(wait / 1_000)) })
}
