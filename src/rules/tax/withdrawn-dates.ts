import { applyChanges, periodKey } from './apply-changes.ts'
import type { CountryCode } from './country-code.ts'
import { searchTaxDates, type TaxDateFilter } from './search-tax-dates.ts'
import type { CountryTaxData, IndexedTaxDate, TaxData } from './tax-data.ts'
import type { TaxDateChange } from './tax-date-change.ts'
import type { TaxHistory } from './tax-history.ts'

/** What was announced and how the dates concerned stood after each change. */
export type ChangesOnRecord = {
  /** Every change of one obligation and period, whatever its scope, in the order of entry. */
  of(obligationId: string, periodEnd: string): readonly TaxDateChange[]
  /**
   * The dates of a country that changes are about: as the rules alone have them, then with one more change
   * of each period that has one more. Empty where nothing was announced.
   */
  statesOf(country: CountryCode): readonly StateOfPeriods[]
}

export type StateOfPeriods = {
  /** `obligation:periodEnd` of each; all others are as in the state before. */
  readonly periods: ReadonlySet<string>
  /** The country with nothing but their dates. */
  readonly country: CountryTaxData
}

export type WithdrawnDates = {
  /** Dates that were said once and that no change leaves standing, as they stood last. */
  readonly dates: readonly IndexedTaxDate[]
  /** Dates as they stood when they had a payBy last, of which there is none any more. */
  readonly payments: readonly IndexedTaxDate[]
}

/** By the data as they stand, which are others after each change: what is computed here holds for them. */
const recordsByData = new WeakMap<TaxData, ChangesOnRecord>()

export function changesOnRecord(history: TaxHistory): ChangesOnRecord {
  const data = history.current()
  const known = recordsByData.get(data)
  if (known) return known
  const byPeriod = Map.groupBy(
    history.changes().filter(({ periodEnd }) => periodEnd !== null),
    keyOfChange,
  )
  const states = new Map(
    [...Map.groupBy(byPeriod.values(), ([first]) => first?.country)].flatMap(([code, lists]) =>
      code === undefined
        ? []
        : [[code, statesOfCountry(history.fromRules(), code, lists)] as const],
    ),
  )
  const record: ChangesOnRecord = {
    of: (obligationId, periodEnd) => byPeriod.get(periodKey(obligationId, periodEnd)) ?? [],
    statesOf: (code) => states.get(code) ?? [],
  }
  recordsByData.set(data, record)
  return record
}

function keyOfChange({ obligationId, periodEnd }: TaxDateChange): string {
  return periodKey(obligationId ?? '', periodEnd ?? '')
}

/**
 * Periods do not concern each other, so that the nth state takes the first n changes of each. It holds
 * those alone that have so many: one that changes a hundred times must not repeat all others.
 */
function statesOfCountry(
  rules: TaxData,
  code: CountryCode,
  lists: readonly (readonly TaxDateChange[])[],
): readonly StateOfPeriods[] {
  const whole = rules.countries.get(code)
  if (whole === undefined) return []
  const states: StateOfPeriods[] = []
  let concerned = lists
  let few = onlyPeriods(whole, periodsOf(lists))
  while (concerned.length > 0) {
    const step = states.length
    const data = { ...rules, countries: new Map([[code, few]]) }
    const earlier = concerned.flatMap((list) => list.slice(0, step))
    const country = applyChanges(data, earlier).countries.get(code) ?? few
    states.push({ periods: periodsOf(concerned), country })
    const changedMore = concerned.filter(({ length }) => length > step)
    if (changedMore.length < concerned.length) few = onlyPeriods(few, periodsOf(changedMore))
    concerned = changedMore
  }
  return states
}

function periodsOf(lists: readonly (readonly TaxDateChange[])[]): ReadonlySet<string> {
  return new Set(lists.flatMap(([first]) => (first ? [keyOfChange(first)] : [])))
}

function onlyPeriods(country: CountryTaxData, periods: ReadonlySet<string>): CountryTaxData {
  const datesByYear = new Map<number, readonly IndexedTaxDate[]>()
  for (const [year, dates] of country.datesByYear) {
    const own = dates.filter((date) => periods.has(keyOfDate(date)))
    if (own.length > 0) datesByYear.set(year, own)
  }
  return { ...country, datesByYear }
}

function keyOfDate({ taxDate: { obligation, periodEnd } }: IndexedTaxDate): string {
  return periodKey(obligation.id, periodEnd)
}

/**
 * What somebody who sees these regions through this filter was told of once, and is told no more. A
 * region's own date that takes the place of the nationwide one withdraws that one for who sees the region
 * alone.
 * @param regions as in `searchTaxDates`
 */
export function withdrawnDates(
  states: readonly StateOfPeriods[],
  regions: ReadonlySet<string> | null,
  filter: TaxDateFilter,
): WithdrawnDates {
  const last = new Map<string, IndexedTaxDate>()
  const lastPaid = new Map<string, IndexedTaxDate>()
  const standingByPeriod = new Map<string, IndexedTaxDate[]>()
  for (const { periods, country } of states) {
    for (const period of periods) standingByPeriod.delete(period)
    for (const date of everyDateOf(country, regions, filter)) {
      const { id, payBy } = date.taxDate
      last.set(id, date)
      if (payBy !== null) lastPaid.set(id, date)
      const others = standingByPeriod.get(keyOfDate(date))
      if (others) others.push(date)
      else standingByPeriod.set(keyOfDate(date), [date])
    }
  }
  const standing = new Map(
    [...standingByPeriod.values()].flat().map(({ taxDate }) => [taxDate.id, taxDate] as const),
  )
  const hasPayment = (id: string) => (standing.get(id)?.payBy ?? null) !== null
  return {
    dates: [...last].flatMap(([id, date]) => (standing.has(id) ? [] : date)),
    payments: [...lastPaid].flatMap(([id, date]) => (hasPayment(id) ? [] : date)),
  }
}

function everyDateOf(
  country: CountryTaxData,
  regions: ReadonlySet<string> | null,
  filter: TaxDateFilter,
): readonly IndexedTaxDate[] {
  return [...country.datesByYear.keys()].flatMap((year) =>
    searchTaxDates(country, { from: `${year}-01-01`, to: `${year}-12-31` }, regions, filter),
  )
}
