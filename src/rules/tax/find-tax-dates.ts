import { BadInput } from '../bad-input.ts'
import { type CalendarDate, dateInMonth, isCalendarDate, split, yearOf } from './calendar-date.ts'
import { countryDataOf, knownRegion } from './list-obligations.ts'
import { TAX_ACTIONS } from './obligation.ts'
import { cursorOf, idOfCursor, shapeOf } from './page-cursor.ts'
import type { CountryTaxData, IndexedTaxDate, TaxData, YearRange } from './tax-data.ts'
import type { TaxDate } from './tax-dates.ts'

const DEFAULT_PAGE = 50
const LARGEST_PAGE = 500
const LONGEST_RANGE_YEARS = 10

/** The arguments of `taxDates`; null is the same as left out. */
export type TaxDateQuery = {
  readonly country: string
  /** All due dates of a calendar year; or `from` and `to`, both inclusive. Exactly one of the two. */
  readonly year?: number | null | undefined
  readonly from?: CalendarDate | null | undefined
  readonly to?: CalendarDate | null | undefined
  /**
   * ISO 3166-2. Left out: nationwide dates and those of all regions. Given: nationwide dates and that
   * region's, where the region's exception takes the place of the nationwide date.
   */
  readonly region?: string | null | undefined
  readonly obligationIds?: readonly string[] | null | undefined
  /** Compared as they are: PAY does not find FILE_AND_PAY. */
  readonly actions?: readonly string[] | null | undefined
  /**
   * 1–12: only periods that end in these months, be it a fiscal year end (6: years to 30 June), a
   * stagger (VAT: 3, 6, 9, 12) or a single month. An obligation whose taxpayers choose their year end
   * is listed for one of them by default; these months choose other ones instead. An obligation whose
   * year end is fixed has no dates for other months.
   */
  readonly periodEndMonths?: readonly number[] | null | undefined
  /** 1–500, 50 by default. */
  readonly first?: number | null | undefined
  /** A cursor of the same query; `first` may differ. */
  readonly after?: string | null | undefined
}

export type TaxDateEdge = { readonly cursor: string; readonly node: TaxDate }

export type TaxDateConnection = {
  readonly edges: readonly TaxDateEdge[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  /** Of the whole query, not of the page. */
  readonly totalCount: number
}

/**
 * Due dates in a range of days, by dueDate and then by id.
 * @throws BadInput for every argument that is out of range, unknown or contradictory, and for the
 *   cursor of another query
 */
export function findTaxDates(data: TaxData, query: TaxDateQuery): TaxDateConnection {
  const country = countryDataOf(data, query.country)
  const filter = filterOf(country, query, data.years)
  const first = pageSizeOf(query.first)
  const shape = shapeOf([
    country.country.code,
    filter.from,
    filter.to,
    filter.region,
    ...[filter.obligationIds, filter.actions, filter.periodEndMonths].map(
      (set) => set && [...set].sort(),
    ),
  ])
  const found = matching(country, filter)
  const start = startAfter(found, shape, query.after)
  const edges = found.slice(start, start + first).map(({ taxDate }) => ({
    cursor: cursorOf(shape, taxDate.id),
    node: taxDate,
  }))
  return {
    edges,
    pageInfo: {
      hasNextPage: start + edges.length < found.length,
      hasPreviousPage: start > 0,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: found.length,
  }
}

type Filter = {
  readonly from: CalendarDate
  readonly to: CalendarDate
  readonly region: string | null
  /** Null: all. */
  readonly obligationIds: ReadonlySet<string> | null
  readonly actions: ReadonlySet<string> | null
  readonly periodEndMonths: ReadonlySet<number> | null
}

function filterOf(country: CountryTaxData, query: TaxDateQuery, years: YearRange): Filter {
  const { code } = country.country
  return {
    ...rangeOf(query, years),
    region: knownRegion(country, query.region),
    obligationIds: choice('obligationIds', query.obligationIds, (id) =>
      country.rules.has(id) ? null : `${id} is not an obligation of ${code}`,
    ),
    actions: choice('actions', query.actions, (action) =>
      (TAX_ACTIONS as readonly string[]).includes(action)
        ? null
        : `${action} is not one of ${TAX_ACTIONS.join(', ')}`,
    ),
    periodEndMonths: choice('periodEndMonths', query.periodEndMonths, (month) =>
      Number.isInteger(month) && month >= 1 && month <= 12 ? null : `${month} is not within 1–12`,
    ),
  }
}

/** An empty list could mean all or none; either guess would surprise somebody, so it is refused. */
function choice<Value>(
  name: string,
  values: readonly Value[] | null | undefined,
  complaint: (value: Value) => string | null,
): ReadonlySet<Value> | null {
  if (values === null || values === undefined) return null
  if (values.length === 0) throw new BadInput(`${name}: is empty; leave it out to ask for all`)
  for (const value of values) {
    const wrong = complaint(value)
    if (wrong !== null) throw new BadInput(`${name}: ${wrong}`)
  }
  return new Set(values)
}

function rangeOf(query: TaxDateQuery, years: YearRange): { from: CalendarDate; to: CalendarDate } {
  const year = query.year ?? null
  const from = query.from ?? null
  const to = query.to ?? null
  if (year !== null) {
    if (from !== null || to !== null) throw new BadInput('give either year, or from and to')
    if (!Number.isInteger(year)) throw new BadInput(`year: ${year} is not a whole number`)
    demandCovered('year', year, years)
    return { from: dateInMonth(year, 1, 1), to: dateInMonth(year, 12, 'last') }
  }
  if (from === null || to === null) throw new BadInput('give either year, or both from and to')
  demandCovered('from', yearOf(demandDate('from', from)), years)
  demandCovered('to', yearOf(demandDate('to', to)), years)
  if (from > to) throw new BadInput(`from: ${from} lies after to, ${to}`)
  const start = split(from)
  if (to >= dateInMonth(start.year + LONGEST_RANGE_YEARS, start.month, start.day)) {
    throw new BadInput(`from and to: at most ${LONGEST_RANGE_YEARS} years`)
  }
  return { from, to }
}

function demandDate(name: string, text: string): CalendarDate {
  if (isCalendarDate(text)) return text
  throw new BadInput(`${name}: ${text} is not a date, YYYY-MM-DD`)
}

function demandCovered(name: string, year: number, { first, last }: YearRange): void {
  if (year >= first && year <= last) return
  throw new BadInput(`${name}: ${year} is outside the years covered, ${first}–${last}`)
}

function pageSizeOf(first: number | null | undefined): number {
  if (first === null || first === undefined) return DEFAULT_PAGE
  if (Number.isInteger(first) && first >= 1 && first <= LARGEST_PAGE) return first
  throw new BadInput(`first: ${first} is not within 1–${LARGEST_PAGE}`)
}

function matching(country: CountryTaxData, filter: Filter): readonly IndexedTaxDate[] {
  const found: IndexedTaxDate[] = []
  for (let year = yearOf(filter.from); year <= yearOf(filter.to); year++) {
    for (const date of country.datesByYear.get(year) ?? []) {
      if (matches(date, filter)) found.push(date)
    }
  }
  return found
}

function matches(date: IndexedTaxDate, filter: Filter): boolean {
  const { dueDate, obligation } = date.taxDate
  return (
    dueDate >= filter.from &&
    dueDate <= filter.to &&
    holdsIn(date, filter.region) &&
    (filter.obligationIds?.has(obligation.id) ?? true) &&
    (filter.actions?.has(obligation.action) ?? true) &&
    (filter.periodEndMonths?.has(date.periodEndMonth) ?? date.listedByDefault)
  )
}

/**
 * A national date that a region replaces is gone there even where the replacement lies outside the
 * range: the national date does not hold in that region.
 */
function holdsIn({ taxDate, replacedIn }: IndexedTaxDate, region: string | null): boolean {
  if (region === null) return true
  return taxDate.region === null ? !replacedIn.includes(region) : taxDate.region === region
}

function startAfter(
  found: readonly IndexedTaxDate[],
  shape: string,
  after: string | null | undefined,
): number {
  if (after === null || after === undefined) return 0
  const id = idOfCursor(shape, after)
  const index = id === undefined ? -1 : found.findIndex(({ taxDate }) => taxDate.id === id)
  if (index === -1) throw new BadInput('after: is not a cursor of this query')
  return index + 1
}
