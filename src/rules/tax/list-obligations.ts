import { BadInput } from '../bad-input.ts'
import { isCountryCode } from './country-code.ts'
import type { Country, Obligation } from './obligation.ts'
import type { CountryTaxData, TaxData } from './tax-data.ts'

/** The countries whose dates are carried, by code. */
export function listCountries(data: TaxData): readonly Country[] {
  return [...data.countries.values()].map(({ country }) => country)
}

/**
 * A country's obligations in the order of its file. `region` left out: all of them; given: the
 * nationwide ones and that region's own.
 * @throws BadInput unknown region, or a country that is unknown or not covered yet
 */
export function listObligations(
  data: TaxData,
  query: { readonly country: string; readonly region?: string | null | undefined },
): readonly Obligation[] {
  const found = countryDataOf(data, query.country)
  const { obligations } = found.country
  const region = knownRegion(found, query.region)
  if (region === null) return obligations
  return obligations.filter((obligation) => (obligation.region ?? region) === region)
}

/** @throws BadInput unknown country, or one of the enum that has no data yet */
export function countryDataOf(data: TaxData, code: string): CountryTaxData {
  if (!isCountryCode(code)) throw new BadInput(`country: ${code} is unknown`)
  const found = data.countries.get(code)
  if (found === undefined) {
    const covered = [...data.countries.keys()].join(', ')
    throw new BadInput(`country: ${code} is not covered yet; covered are ${covered}`)
  }
  return found
}

/** Null: no region was asked for. @throws BadInput a region that the country does not have */
export function knownRegion(
  { country, regions }: CountryTaxData,
  region: string | null | undefined,
): string | null {
  if (region === null || region === undefined) return null
  if (!regions.has(region)) {
    throw new BadInput(`region: ${region} is not an ISO 3166-2 region of ${country.code}`)
  }
  return region
}
