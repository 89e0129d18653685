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
   * A country with nothing but the dates that changes are about: as the rules alone have them, then with
   * one more change of each period, and at last as they stand. Empty where nothing was announced.
   */
  statesOf(country: CountryCode): readonly CountryTaxData[]
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

/** Periods do not concern each other, so that the nth state takes the first n changes of each. */
function statesOfCountry(
  rules: TaxData,
  code: CountryCode,
  lists: readonly (readonly TaxDateChange[])[],
): readonly CountryTaxData[] {
  const country = rules.countries.get(code)
  if (country === undefined) return []
  const keys = new Set(lists.flatMap(([first]) => (first ? [keyOfChange(first)] : [])))
  const datesByYear = new Map<number, readonly IndexedTaxDate[]>()
  for (const [year, dates] of country.datesByYear) {
    const concerned = dates.filter(({ taxDate }) =>
      keys.has(periodKey(taxDate.obligation.id, taxDate.periodEnd)),
    )
    if (concerned.length > 0) datesByYear.set(year, concerned)
  }
  const few: TaxData = { ...rules, countries: new Map([[code, { ...country, datesByYear }]]) }
  const steps = Math.max(...lists.map(({ length }) => length))
  return Array.from({ length: steps + 1 }, (_, step) => {
    const earlier = lists.flatMap((list) => list.slice(0, step))
    return applyChanges(few, earlier).countries.get(code) ?? country
  })
}

/**
 * What somebody who sees these regions through this filter was told of once, and is told no more. A
 * region's own date that takes the place of the nationwide one withdraws that one for who sees the region
 * alone.
 * @param regions as in `searchTaxDates`
 */
export function withdrawnDates(
  states: readonly CountryTaxData[],
  regions: ReadonlySet<string> | null,
  filter: TaxDateFilter,
): WithdrawnDates {
  const last = new Map<string, IndexedTaxDate>()
  const lastPaid = new Map<string, IndexedTaxDate>()
  let standing = new Map<string, IndexedTaxDate>()
  for (const state of states) {
    standing = new Map(
      everyDateOf(state, regions, filter).map((date) => [date.taxDate.id, date] as const),
    )
    for (const [id, date] of standing) {
      last.set(id, date)
      if (date.taxDate.payBy !== null) lastPaid.set(id, date)
    }
  }
  const hasPayment = (id: string) => (standing.get(id)?.taxDate.payBy ?? null) !== null
  return {
    dates: [...last].flatMap(([id, date]) => (standing.has(id) ? [] : date)),
    payments: [...lastPaid].flatMap(([id, date]) => (hasPayment(id) ? [] : date)),
  }
}

function everyDateOf(
  state: CountryTaxData,
  regions: ReadonlySet<string> | null,
  filter: TaxDateFilter,
): readonly IndexedTaxDate[] {
  return [...state.datesByYear.keys()].flatMap((year) =>
    searchTaxDates(state, { from: `${year}-01-01`, to: `${year}-12-31` }, regions, filter),
  )
}
