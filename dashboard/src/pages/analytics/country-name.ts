import type { CountryCode } from '../../gql/graphql.ts'

const names = new Intl.DisplayNames(undefined, { type: 'region' })

/** In the reader's language. */
export function countryName(code: CountryCode): string {
  return names.of(code) ?? code
}
