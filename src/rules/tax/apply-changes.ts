import { type CalendarDate, yearOf } from './calendar-date.ts'
import {
  byDueDateThenId,
  type CountryTaxData,
  type IndexedTaxDate,
  type TaxData,
} from './tax-data.ts'
import { recordsOf, type TaxDateChange } from './tax-date-change.ts'
import { type Calendars, isOwnDate, paymentDate, type TaxDate, taxDateId } from './tax-dates.ts'

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

/** The data after the changes that ship with it, as in a database that holds nothing else. */
export function withShippedChanges(data: TaxData): TaxData {
  const shipped = [...data.countries.values()].flatMap(({ shippedChanges }) => shippedChanges)
  return applyChanges(data, recordsOf(shipped))
}

/** Which dates are meant: those of one obligation and period, in all regions. */
export type PeriodOfObligation = {
  readonly country: TaxDateChange['country']
  readonly obligationId: string
  readonly periodEnd: CalendarDate
}

/**
 * The dates of one period after changes of that period, given in the order of entry: what `applyChanges`
 * makes of them, without the rest. The date for everybody comes first.
 * @param data from rules alone
 */
export function changedDatesOf(
  data: TaxData,
  { country: code, obligationId, periodEnd }: PeriodOfObligation,
  changes: readonly TaxDateChange[],
): TaxDate[] {
  const country = data.countries.get(code)
  if (country === undefined) return []
  const dates = datesByPeriod(country).get(periodKey(obligationId, periodEnd))
  if (dates === undefined) return []
  const changed =
    changes.length === 0 ? dates : changedPeriod(country, dates, changes, data.calendars)
  return changed.map(({ taxDate }) => taxDate)
}

/** One text for an obligation and period. */
export function periodKey(obligationId: string, periodEnd: CalendarDate): string {
  return `${obligationId}:${periodEnd}`
}

/** Made once a country: a country's data are never altered. */
const periodsOfCountries = new WeakMap<CountryTaxData, Map<string, IndexedTaxDate[]>>()

function datesByPeriod(country: CountryTaxData): ReadonlyMap<string, readonly IndexedTaxDate[]> {
  const known = periodsOfCountries.get(country)
  if (known) return known
  const periods = new Map<string, IndexedTaxDate[]>()
  for (const dates of country.datesByYear.values()) {
    for (const date of dates) {
      const key = periodKey(date.taxDate.obligation.id, date.taxDate.periodEnd)
      const others = periods.get(key)
      if (others) others.push(date)
      else periods.set(key, [date])
    }
  }
  for (const dates of periods.values()) dates.sort(ownFirst)
  periodsOfCountries.set(country, periods)
  return periods
}

function ownFirst(one: IndexedTaxDate, other: IndexedTaxDate): number {
  return Number(isOwnDate(other.taxDate)) - Number(isOwnDate(one.taxDate))
}

function changedCountry(
  country: CountryTaxData,
  changes: readonly TaxDateChange[],
  calendars: Calendars,
): CountryTaxData {
  const periods = datesByPeriod(country)
  const gone = new Set<IndexedTaxDate>()
  const come: IndexedTaxDate[] = []
  const ofPeriod = ({ obligationId, periodEnd }: TaxDateChange) =>
    periodKey(obligationId ?? '', periodEnd ?? '')
  for (const [key, own] of Map.groupBy(changes, ofPeriod)) {
    const dates = periods.get(key)
    if (dates === undefined) continue
    for (const date of dates) gone.add(date)
    come.push(...changedPeriod(country, dates, own, calendars))
  }
  const yearOfDate = ({ taxDate }: IndexedTaxDate) => yearOf(taxDate.dueDate)
  const comeByYear = Map.groupBy(come, yearOfDate)
  const datesByYear = new Map(country.datesByYear)
  for (const year of new Set([...[...gone].map(yearOfDate), ...comeByYear.keys()])) {
    const stayed = (datesByYear.get(year) ?? []).filter((date) => !gone.has(date))
    datesByYear.set(year, [...stayed, ...(comeByYear.get(year) ?? [])].sort(byDueDateThenId))
  }
  return { ...country, datesByYear }
}

/** All dates of one obligation and period: its own, and those of regions where it is another. */
function changedPeriod(
  country: CountryTaxData,
  dates: readonly IndexedTaxDate[],
  changes: readonly TaxDateChange[],
  calendars: Calendars,
): readonly IndexedTaxDate[] {
  const own = dates.find(({ taxDate }) => isOwnDate(taxDate))
  // Its own date lies outside the years covered: there is nothing that a change could be told with.
  if (own === undefined) return dates
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
  const ownRows: ReadonlySet<string | null> = new Set(differing.map(([region]) => region))
  const told = (date: TaxDate): TaxDate => ({ ...date, changes: toldWith(date, changes, ownRows) })
  const replacedIn = [...differing.map(([region]) => region), ...goneIn]
  return [
    ...(base === undefined ? [] : [{ ...own, taxDate: told(base), replacedIn }]),
    ...differing.map(([, date]) => ({ ...own, taxDate: told(date), replacedIn: [] })),
  ]
}

function regional(date: TaxDate, region: string): TaxDate {
  return { ...date, id: taxDateId(date.obligation.id, date.periodEnd, region), region }
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
 * tells of what has no row of its own: what holds for some in a region, and the changes of regions where
 * the duty was withdrawn or the date is the same again.
 */
function toldWith(
  date: TaxDate,
  changes: readonly TaxDateChange[],
  ownRows: ReadonlySet<string | null>,
): readonly TaxDateChange[] {
  return changes
    .filter(({ region, appliesTo }) => {
      if (region === null || region === date.region) return true
      return isOwnDate(date) && (appliesTo !== null || !ownRows.has(region))
    })
    .toReversed()
}
