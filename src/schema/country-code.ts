import { COUNTRY_CODES } from '../rules/tax/country-code.ts'
import { builder } from './builder.ts'

export const CountryCodeType = builder.enumType('CountryCode', { values: COUNTRY_CODES })
