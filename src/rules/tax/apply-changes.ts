import { type CalendarDate, yearOf } from './calendar-date.ts'
import {
  byDueDateThenId,
  type CountryTaxData,
  type IndexedTaxDate,
  type TaxData,
} from './tax-data.ts'
import type { TaxDateChange } from './tax-date-change.ts'
import { type Calendars, paymentDate, type TaxDate } from './tax-dates.ts'

/**
 * The data as it stands after these changes, given in the order of entry. `data` itself is computed
 * from rules alone and is not altered.
 *
 * Of several changes of the same date and scope the last one holds. A region's change stands above one
 * for everybody, whichever came first; one for everybody stands above a region's own calendar, because
 * who announces a day names it for all. What holds for some only (`appliesTo`) moves nothing.
 */
export function applyChanges(data: TaxData, changes: readonly TaxDateChange[]): TaxData {
  if (changes.length === 0) return data
  const countries = new Map(data.countries)
  for (const [code, own] of Map.groupBy(changes, ({ country }) => country)) {
    const country = countries.get(code)
    if (country) countries.set(code, changedCountry(country, own, data.calendars))
  }
  return { ...data, countries }
}

function changedCountry(
  country: CountryTaxData,
  changes: readonly TaxDateChange[],
  calendars: Calendars,
): CountryTaxData {
  const byPeriod = Map.groupBy(changes, ({ obligationId, periodEnd }) =>
    periodKey(obligationId ?? '', periodEnd ?? ''),
  )
  const affected = new Map<string, IndexedTaxDate[]>()
  const kept: IndexedTaxDate[] = []
  const touchedYears = new Set<number>()
  for (const [year, dates] of country.datesByYear) {
    for (const date of dates) {
      const key = periodKey(date.taxDate.obligation.id, date.taxDate.periodEnd)
      if (!byPeriod.has(key)) continue
      affected.set(key, [...(affected.get(key) ?? []), date])
      touchedYears.add(year)
    }
  }
  for (const [key, dates] of affected) {
    const changed = changedPeriod(country, dates, byPeriod.get(key) ?? [], calendars)
    for (const date of changed) touchedYears.add(yearOf(date.taxDate.dueDate))
    kept.push(...changed)
  }
  const datesByYear = new Map(country.datesByYear)
  for (const year of touchedYears) {
    const unchanged = (datesByYear.get(year) ?? []).filter(
      ({ taxDate }) => !affected.has(periodKey(taxDate.obligation.id, taxDate.periodEnd)),
    )
    const moved = kept.filter(({ taxDate }) => yearOf(taxDate.dueDate) === year)
    datesByYear.set(year, [...unchanged, ...moved].sort(byDueDateThenId))
  }
  return { ...country, datesByYear }
}

function periodKey(obligationId: string, periodEnd: CalendarDate): string {
  return `${obligationId}:${periodEnd}`
}

/** All dates of one obligation and period: its own, and those of regions where it is another. */
function changedPeriod(
  country: CountryTaxData,
  dates: readonly IndexedTaxDate[],
  changes: readonly TaxDateChange[],
  calendars: Calendars,
): IndexedTaxDate[] {
  const own = dates.find(({ taxDate }) => taxDate.region === taxDate.obligation.region)
  if (own === undefined) return [...dates]
  const scopeOf = ({ region }: TaxDateChange) =>
    region === own.taxDate.obligation.region ? null : region
  const inForce = new Map<string | null, TaxDateChange>()
  for (const change of changes) {
    if (change.appliesTo === null) inForce.set(scopeOf(change), change)
  }
  const move = (date: TaxDate, change: TaxDateChange) => movedDate(country, date, change, calendars)

  const national = inForce.get(null)
  const base = movedOrGone(own.taxDate, national, move)
  const exceptions = new Map<string, TaxDate>()
  // A day named for everybody holds in every region, whatever its calendar says.
  if (national === undefined || national.effect === 'RESTORED') {
    for (const { taxDate } of dates) {
      if (taxDate !== own.taxDate && taxDate.region !== null)
        exceptions.set(taxDate.region, taxDate)
    }
  }
  const goneIn: string[] = []
  for (const [region, change] of inForce) {
    if (region === null || change.effect === 'RESTORED') continue
    exceptions.delete(region)
    if (change.effect === 'WITHDRAWN') goneIn.push(region)
    else exceptions.set(region, move(regional(own.taxDate, region), change))
  }
  const differing = [...exceptions].filter(([, date]) => date.dueDate !== base?.dueDate)
  const told = (date: TaxDate): TaxDate => ({ ...date, changes: toldWith(date, changes, own) })
  const replacedIn = [...differing.map(([region]) => region), ...goneIn]
  return [
    ...(base === undefined ? [] : [{ ...own, taxDate: told(base), replacedIn }]),
    ...differing.map(([, date]) => ({ ...own, taxDate: told(date), replacedIn: [] })),
  ]
}

function regional(date: TaxDate, region: string): TaxDate {
  return { ...date, id: `${date.obligation.id}:${date.periodEnd}:${region}`, region }
}

function movedOrGone(
  date: TaxDate,
  change: TaxDateChange | undefined,
  move: (date: TaxDate, change: TaxDateChange) => TaxDate,
): TaxDate | undefined {
  if (change === undefined || change.effect === 'RESTORED') return date
  return change.effect === 'WITHDRAWN' ? undefined : move(date, change)
}

/** The statute stays as it is; the day on which to pay follows the new due date. */
function movedDate(
  { rules }: CountryTaxData,
  date: TaxDate,
  { dueDate, reason }: TaxDateChange,
  calendars: Calendars,
): TaxDate {
  const rule = rules.get(date.obligation.id)
  if (dueDate === null || rule === undefined) return date
  const payment = paymentDate(rule, dueDate, calendars)
  const moved = dueDate !== date.statutoryDate
  const name = `announced: ${reason}`
  return {
    ...date,
    dueDate,
    payBy: payment?.payBy ?? null,
    payByReason: payment?.reason ?? null,
    provisional: payment?.provisional ?? false,
    shiftedBy: moved ? name : null,
    movedBy: moved
      ? [{ kind: 'CHANGE', date: null, name, calendar: null, provisional: false }]
      : [],
  }
}

/**
 * A region's date tells of its own changes and of those for everybody. The date for everybody also
 * tells of what holds for some in a region, because there is no row of the region to tell it.
 */
function toldWith(
  { region }: TaxDate,
  changes: readonly TaxDateChange[],
  own: IndexedTaxDate,
): readonly TaxDateChange[] {
  const isOwn = region === own.taxDate.region
  return changes
    .filter((change) => {
      if (change.region === null || change.region === region) return true
      return isOwn && change.appliesTo !== null
    })
    .toReversed()
}
