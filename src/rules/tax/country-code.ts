/** The countries of the public enum CountryCode, whether their dates are carried already or not. */
export const COUNTRY_CODES = [
  'AU',
  'CA',
  'DE',
  'FR',
  'GB',
  'HK',
  'IE',
  'IN',
  'NZ',
  'SG',
  'US',
  'ZA',
] as const
export type CountryCode = (typeof COUNTRY_CODES)[number]

export function isCountryCode(text: string): text is CountryCode {
  return (COUNTRY_CODES as readonly string[]).includes(text)
}
