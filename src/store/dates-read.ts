import type { Collection, Db } from 'mongodb'
import { DAY } from '../rules/calendar-time.ts'
import { type DatesRead, datesReadBy } from '../rules/tax/dates-read.ts'
import { choiceStillKnown } from '../rules/tax/feed-choice.ts'
import type { TaxData } from '../rules/tax/tax-data.ts'
import { calendarFeeds } from './calendar-feeds.ts'
import { DAYS_LIVE_MS } from './usage-cells.ts'

/** Whose dates a key has asked for; nothing that is counted depends on it. */
export interface DatesReadDoc {
  /** The API key. */
  _id: string
  /** By country or obligation (rules/tax/dates-read.ts): when it was last asked for, by the day. */
  last: Record<string, Date>
  /** The latest of them. */
  at: Date
}

export function datesRead(db: Db): Collection<DatesReadDoc> {
  return db.collection('datesRead')
}

/** Idempotent; called at start by every process. What nobody asks for any more goes. */
export async function createDatesReadIndexes(db: Db): Promise<void> {
  const expireAfterSeconds = (DAYS_LIVE_MS + DAY) / 1_000
  await datesRead(db).createIndex({ at: 1 }, { expireAfterSeconds })
}

/** Repeated, or by several processes in any order, it comes to the same. */
export async function noteDatesRead(
  db: Db,
  read: Iterable<readonly [apiKeyId: string, read: Iterable<string>]>,
  at: Date,
): Promise<void> {
  const updates = [...read].map(([_id, names]) => {
    const last = Object.fromEntries([...names].map((name) => [`last.${name}`, at]))
    return { updateOne: { filter: { _id }, update: { $max: { ...last, at } }, upsert: true } }
  })
  if (updates.length > 0) await datesRead(db).bulkWrite(updates, { ordered: false })
}

/**
 * What some keys have asked for as far back as their days of usage are kept, by queries or by the calendar
 * feeds that they have now. Empty: nothing is known of them.
 */
export async function datesReadLately(
  db: Db,
  apiKeyIds: readonly string[],
  data: TaxData,
  now: number,
): Promise<DatesRead> {
  const ids = { $in: [...apiKeyIds] }
  const [asked, feeds] = await Promise.all([
    datesRead(db).find({ _id: ids }).toArray(),
    calendarFeeds(db)
      .find({ apiKeyId: ids, revokedAt: null }, { projection: { choice: 1 } })
      .toArray(),
  ])
  const since = now - DAYS_LIVE_MS
  const lately = asked.flatMap(({ last }) =>
    Object.entries(last).flatMap(([name, at]) => (at.getTime() >= since ? [name] : [])),
  )
  const shown = feeds.flatMap(({ choice }) => {
    const known = choiceStillKnown(data, choice)
    return known ? datesReadBy(data, known.countries, known) : []
  })
  return new Set([...lately, ...shown])
}
