import type { Optional } from './argument-checks.ts'
import type { TaxCategory, TaxpayerKind } from './classification.ts'
import type { CountryCode } from './country-code.ts'
import { countriesOf, regionsOf } from './find-upcoming-tax-dates.ts'
import type { TaxAction } from './obligation.ts'
import { filterOf } from './search-tax-dates.ts'
import type { TaxData } from './tax-data.ts'

/** Which dates a calendar feed shows, in the words of `upcomingTaxDates`; null: all. */
export type FeedChoice = {
  readonly countries: readonly CountryCode[]
  readonly regions: readonly string[] | null
  readonly obligationIds: readonly string[] | null
  readonly categories: readonly TaxCategory[] | null
  readonly taxTypes: readonly string[] | null
  readonly taxpayers: readonly TaxpayerKind[] | null
  readonly actions: readonly TaxAction[] | null
  readonly periodEndMonths: readonly number[] | null
  readonly yearEndMonth: number | null
}

/** The same as a client gives it: everything but the countries may be left out. */
export type FeedArguments = Pick<FeedChoice, 'countries'> & {
  readonly [Name in keyof FeedChoice]?: FeedChoice[Name] | undefined
}

/**
 * A choice as it is kept: checked, each value once.
 * @throws BadInput a value that is unknown, an empty list, or both ways to choose periods
 */
export function checkedFeedChoice(data: TaxData, given: FeedArguments): FeedChoice {
  const countries = countriesOf(data, given.countries)
  const regions = regionsOf(countries, given.regions)
  filterOf(countries, given)
  return {
    countries: countries.map(({ country }) => country.code),
    regions: regions && [...regions],
    obligationIds: once(given.obligationIds),
    categories: once(given.categories),
    taxTypes: once(given.taxTypes),
    taxpayers: once(given.taxpayers),
    actions: once(given.actions),
    periodEndMonths: once(given.periodEndMonths),
    yearEndMonth: given.yearEndMonth ?? null,
  }
}

function once<Value>(values: Optional<readonly Value[]>): readonly Value[] | null {
  return values ? [...new Set(values)] : null
}

/**
 * The choice as far as these data know it: a feed outlives the release that it was made with, and what
 * has gone since must not close it. Null: nothing that was chosen is left.
 */
export function choiceStillKnown(data: TaxData, choice: FeedChoice): FeedChoice | null {
  const countries = choice.countries.filter((code) => data.countries.has(code))
  const known = countries.flatMap((code) => data.countries.get(code) ?? [])
  const taxTypes = known.flatMap(({ country }) => country.obligations.map((one) => one.taxType))
  const left = {
    countries,
    regions: still(choice.regions, (one) => known.some(({ regions }) => regions.has(one))),
    obligationIds: still(choice.obligationIds, (id) => known.some(({ rules }) => rules.has(id))),
    taxTypes: still(choice.taxTypes, (one) => taxTypes.includes(one)),
  }
  return Object.values(left).some((values) => values?.length === 0) ? null : { ...choice, ...left }
}

function still(
  values: readonly string[] | null,
  known: (value: string) => boolean,
): readonly string[] | null {
  return values?.filter(known) ?? null
}
