import { type CalendarDate, dateInMonth, fromEpochDay, toEpochDay } from './calendar-date.ts'
import { choiceStillKnown, type FeedChoice } from './feed-choice.ts'
import { countriesOf, regionsOf, regionsWithin } from './find-upcoming-tax-dates.ts'
import { type DateRange, filterOf, searchTaxDates } from './search-tax-dates.ts'
import type { IndexedTaxDate, YearRange } from './tax-data.ts'
import type { TaxDateChange } from './tax-date-change.ts'
import type { TaxDate } from './tax-dates.ts'
import type { TaxHistory } from './tax-history.ts'
import { changesOnRecord, withdrawnDates } from './withdrawn-dates.ts'

/** One event of a calendar feed. */
export type CalendarEntry = {
  /** Stable across releases and the same in every feed, so that a client never shows a date twice. */
  readonly uid: string
  readonly day: CalendarDate
  /**
   * DUE stands on dueDate. PAY stands on payBy, where that is earlier: who looks at the calendar alone
   * must not pay late.
   */
  readonly kind: 'DUE' | 'PAY'
  /** It was said once and no longer holds. */
  readonly withdrawn: boolean
  readonly taxDate: TaxDate
  /** Every change on record of its obligation and period, in the order of entry: it only grows. */
  readonly changes: readonly TaxDateChange[]
}

/** Where uids come from; never to be changed. */
const UID_DOMAIN = 'tax-dates.getcomplical'
const DAYS_BACK = 90
const DAYS_AHEAD = 400

/**
 * The events of a feed on that day: dates due from 90 days ago to 400 days ahead, within the years
 * covered, and those withdrawn whose last date lies there. By day, then by uid.
 */
export function feedEntries(
  history: TaxHistory,
  choice: FeedChoice,
  today: CalendarDate,
): readonly CalendarEntry[] {
  const data = history.current()
  const known = choiceStillKnown(data, choice)
  if (known === null) return []
  const range = windowAround(today, data.years)
  const countries = countriesOf(data, known.countries)
  const regions = regionsOf(countries, known.regions)
  const filter = filterOf(countries, known)
  const record = changesOnRecord(history)
  const entries = new Map<string, CalendarEntry>()
  const add = (kind: CalendarEntry['kind'], { taxDate }: IndexedTaxDate, withdrawn: boolean) => {
    const day = kind === 'DUE' ? taxDate.dueDate : taxDate.payBy
    const uid = `${taxDate.id}${kind === 'PAY' ? ':pay' : ''}@${UID_DOMAIN}`
    if (day === null || entries.has(uid)) return
    const changes = record.of(taxDate.obligation.id, taxDate.periodEnd)
    entries.set(uid, { uid, day, kind, withdrawn, taxDate, changes })
  }
  for (const country of countries) {
    const seen = regionsWithin(country, regions)
    for (const date of searchTaxDates(country, range, seen, filter)) {
      add('DUE', date, false)
      add('PAY', date, false)
    }
    const gone = withdrawnDates(record.statesOf(country.country.code), seen, filter)
    for (const date of gone.dates) if (isWithin(range, date)) add('DUE', date, true)
    for (const date of gone.payments) if (isWithin(range, date)) add('PAY', date, true)
  }
  return [...entries.values()].sort(byDayThenUid)
}

/** Where the years covered leave nothing of it, it ends before it begins, and nothing lies within. */
function windowAround(today: CalendarDate, { first, last }: YearRange): DateRange {
  const day = toEpochDay(today)
  return {
    from: fromEpochDay(Math.max(day - DAYS_BACK, toEpochDay(dateInMonth(first, 1, 1)))),
    to: fromEpochDay(Math.min(day + DAYS_AHEAD, toEpochDay(dateInMonth(last, 12, 'last')))),
  }
}

function isWithin({ from, to }: DateRange, { taxDate: { dueDate } }: IndexedTaxDate): boolean {
  return dueDate >= from && dueDate <= to
}

function byDayThenUid(a: CalendarEntry, b: CalendarEntry): number {
  if (a.day !== b.day) return a.day < b.day ? -1 : 1
  return a.uid < b.uid ? -1 : 1
}
