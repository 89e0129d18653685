import { fileURLToPath } from 'node:url'
import { withShippedChanges } from '../../../src/rules/tax/apply-changes.ts'
import { findTaxDates, type TaxDateQuery } from '../../../src/rules/tax/find-tax-dates.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { loadTaxData } from '../../../src/store/tax-data.ts'

/** The data that ships, loaded once a test file: of rules alone, and after the changes that ship too. */
export const shippedDirectory = fileURLToPath(new URL('../../../data/tax', import.meta.url))
export const fromRules = loadTaxData(shippedDirectory)
export const shipped = withShippedChanges(fromRules)

/** Every date of a query, over all its pages. */
export function allTaxDates(query: TaxDateQuery, data = shipped): TaxDate[] {
  const dates: TaxDate[] = []
  for (let after: string | null = null; ; ) {
    const page = findTaxDates(data, { first: 500, ...query, after })
    dates.push(...page.edges.map(({ node }) => node))
    if (!page.pageInfo.hasNextPage) return dates
    after = page.pageInfo.endCursor
  }
}

/** The dates of one obligation in all the years covered. */
export function datesOf(obligationId: string, query: Partial<TaxDateQuery> = {}): TaxDate[] {
  const country = obligationId.slice(0, 2).toUpperCase()
  const range = { from: '2023-01-01', to: '2027-12-31' }
  return allTaxDates({ country, ...range, ...query, obligationIds: [obligationId] })
}

/** The one date for the period that ends then; the nationwide one, unless a region is given. */
export function dateFor(obligationId: string, periodEnd: string, region?: string): TaxDate {
  const suffix = region === undefined ? '' : `:${region}`
  const month = Number(periodEnd.slice(5, 7))
  const found = datesOf(obligationId, { periodEndMonths: [month] }).find(
    ({ id }) => id === `${obligationId}:${periodEnd}${suffix}`,
  )
  if (found === undefined) throw new Error(`no date of ${obligationId} for ${periodEnd}${suffix}`)
  return found
}
