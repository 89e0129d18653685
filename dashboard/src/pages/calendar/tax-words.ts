import type {
  ChangeEffect,
  CountryCode,
  TaxAction,
  TaxCategory,
  TaxpayerKind,
} from '../../gql/graphql.ts'

const regions = new Intl.DisplayNames(undefined, { type: 'region' })

export function countryName(code: CountryCode): string {
  return regions.of(code) ?? code
}

/** Every country that the API knows, by the schema. */
export const countryCodes: readonly CountryCode[] = [
  ...(['AU', 'CA', 'DE', 'FR', 'GB', 'HK'] as const),
  ...(['IE', 'IN', 'NZ', 'SG', 'US', 'ZA'] as const),
]

export const categoryWords: Readonly<Record<TaxCategory, string>> = {
  VAT_GST: 'VAT, GST and sales tax',
  INCOME_TAX: 'Income tax',
  PAYROLL: 'Payroll',
  SUPER_PENSION: 'Superannuation and pension',
  FRINGE_BENEFITS: 'Fringe benefits',
  WITHHOLDING: 'Withholding',
  INFORMATION_RETURN: 'Information returns',
  CAPITAL_GAINS: 'Capital gains',
  EXCISE: 'Excise',
  TRADE_PROPERTY: 'Trade and property',
}

export const taxpayerWords: Readonly<Record<TaxpayerKind, string>> = {
  COMPANY: 'Company',
  EMPLOYER: 'Employer (pays wages)',
  INDIVIDUAL: 'Individual',
  NON_PROFIT: 'Non-profit',
  PARTNERSHIP: 'Partnership',
  PAYER: 'Payer (withholds or reports)',
  PENSION_FUND: 'Pension fund',
  SOLE_TRADER: 'Sole trader',
  TRUST: 'Trust',
}

export const actionWords: Readonly<Record<TaxAction, string>> = {
  FILE: 'File',
  PAY: 'Pay',
  FILE_AND_PAY: 'File and pay',
}

export const effectWords: Readonly<Record<ChangeEffect, string>> = {
  MOVED: 'Due on another day',
  WITHDRAWN: 'Nothing is due',
  RESTORED: 'The rule’s own date holds again',
}

const monthNames = new Intl.DateTimeFormat(undefined, { month: 'long', timeZone: 'UTC' })

/** @param month 1–12 */
export function monthName(month: number): string {
  return monthNames.format(new Date(Date.UTC(2024, month - 1, 1)))
}

/** For a Select: each value with its words. */
export function optionsOf<Value extends string>(
  words: Readonly<Record<Value, string>>,
): { value: Value; label: string }[] {
  return (Object.entries(words) as [Value, string][]).map(([value, label]) => ({ value, label }))
}
