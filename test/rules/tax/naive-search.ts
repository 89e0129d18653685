import type { FilterArguments } from '../../../src/rules/tax/search-tax-dates.ts'
import type { TaxData } from '../../../src/rules/tax/tax-data.ts'

/** Obligations that follow the taxpayer's own year end, as tax-date-filters.test.ts lists them. */
const followsYearEnd =
  /^(ca-t2(-balance(-ccpc)?)?|gb-ct-v?large-\d|gb-ct-pay|gb-ct600|gb-vat-annual|ie-ct1|ie-ct-prelim|sg-eci)$/

/**
 * What a query of dates must find, said as plainly as possible and without any index: every date of
 * every country is looked at. The ids, in the order of the answer.
 */
export function naiveSearch(
  data: TaxData,
  countries: readonly string[],
  range: { readonly from: string; readonly to: string },
  regions: readonly string[] | null,
  filter: FilterArguments,
): string[] {
  const indexed = countries.flatMap((code) =>
    [...data.countries.values()]
      .filter(({ country }) => country.code === code)
      .flatMap(({ datesByYear }) => [...datesByYear.values()].flat()),
  )
  const ids = new Set(indexed.map(({ taxDate }) => taxDate.id))
  const found = indexed.filter(({ taxDate, listedByDefault }) => {
    const { obligation, periodEnd, dueDate } = taxDate
    if (dueDate < range.from || dueDate > range.to) return false

    const own = regions?.filter((region) => region.startsWith(`${obligation.country}-`)) ?? []
    if (own.length > 0) {
      const holds = own.some((region) =>
        taxDate.region === null ? !ids.has(`${taxDate.id}:${region}`) : taxDate.region === region,
      )
      if (!holds) return false
    }

    const month = Number(periodEnd.split('-')[1])
    if (filter.periodEndMonths) {
      if (!filter.periodEndMonths.includes(month)) return false
    } else if (filter.yearEndMonth && followsYearEnd.test(obligation.id)) {
      if (month !== filter.yearEndMonth) return false
    } else if (!listedByDefault) {
      return false
    }

    const { obligationIds, categories, taxTypes, taxpayers, actions } = filter
    if (obligationIds && !obligationIds.includes(obligation.id)) return false
    if (categories && !categories.includes(obligation.category)) return false
    if (taxTypes && !taxTypes.includes(obligation.taxType)) return false
    if (actions && !actions.includes(obligation.action)) return false
    return !taxpayers || obligation.taxpayerKinds.some((kind) => taxpayers.includes(kind))
  })
  // Due dates and ids are ASCII and all due dates are equally long: the joined text sorts as the pair.
  const keys = found.map(({ taxDate }) => `${taxDate.dueDate} ${taxDate.id}`)
  return keys.sort().map((key) => key.slice('2026-01-31 '.length))
}
