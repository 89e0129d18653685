import { BadInput } from '../bad-input.ts'
import type { Optional } from './argument-checks.ts'
import { chooseObligations, type ObligationArguments } from './choose-obligations.ts'
import { isCountryCode } from './country-code.ts'
import type { Country, Obligation } from './obligation.ts'
import type { CountryTaxData, TaxData } from './tax-data.ts'

/** The countries whose dates are carried, by code. */
export function listCountries(data: TaxData): readonly Country[] {
  return [...data.countries.values()].map(({ country }) => country)
}

/** The arguments of `obligations`; null is the same as left out. */
export type ObligationQuery = Pick<ObligationArguments, 'categories' | 'taxpayers' | 'actions'> & {
  readonly country: string
  readonly region?: Optional<string>
}

/**
 * A country's obligations in the order of its file. `region` left out: all of them; given: the
 * nationwide ones and that region's own.
 * @throws BadInput unknown region, country or word, an empty list, or a country not covered yet
 */
export function listObligations(data: TaxData, query: ObligationQuery): readonly Obligation[] {
  const found = countryDataOf(data, query.country)
  const region = knownRegion(found, query.region)
  const { chosen } = chooseObligations([found], query)
  return found.country.obligations.filter(
    (obligation) =>
      chosen(obligation) && (region === null || (obligation.region ?? region) === region),
  )
}

/**
 * @param argument that named the country
 * @throws BadInput unknown country, or one of the enum that has no data yet
 */
export function countryDataOf(data: TaxData, code: string, argument = 'country'): CountryTaxData {
  if (!isCountryCode(code)) throw new BadInput(`${argument}: ${code} is unknown`)
  const found = data.countries.get(code)
  if (found === undefined) {
    const covered = [...data.countries.keys()].join(', ')
    throw new BadInput(`${argument}: ${code} is not covered yet; covered are ${covered}`)
  }
  return found
}

/** Null: no region was asked for. @throws BadInput a region that the country does not have */
export function knownRegion(
  { country, regions }: CountryTaxData,
  region: Optional<string>,
): string | null {
  if (region === null || region === undefined) return null
  if (!regions.has(region)) {
    throw new BadInput(`region: ${region} is not an ISO 3166-2 region of ${country.code}`)
  }
  return region
}
