import { chooseObligations, type ObligationArguments } from './choose-obligations.ts'
import type { TaxData } from './tax-data.ts'

/**
 * Whose dates somebody asks for, as it is kept: a country's code for all of its obligations, `au-bas-q-self`
 * for one of them. Most ask for whole countries, so that there is little to keep.
 */
export type DatesRead = ReadonlySet<string>

const CHOOSING = ['obligationIds', 'categories', 'taxTypes', 'taxpayers', 'actions'] as const

/**
 * What a question reads, page by page or in part all the same.
 * @param query one that was answered, or a calendar feed's choice as far as it is still known
 * @throws BadInput see `chooseObligations`
 */
export function datesReadBy(
  data: TaxData,
  countries: readonly string[],
  query: ObligationArguments,
): string[] {
  const known = [...data.countries.values()].filter(({ country: { code } }) =>
    countries.includes(code),
  )
  if (CHOOSING.every((name) => query[name] == null)) return known.map(({ country }) => country.code)
  const { chosen } = chooseObligations(known, query)
  return known.flatMap(({ country }) => country.obligations.filter(chosen).map(({ id }) => id))
}

/** Whether an obligation of a country is among them. */
export function isRead(read: DatesRead, country: string, obligationId: string): boolean {
  return read.has(country) || read.has(obligationId)
}
