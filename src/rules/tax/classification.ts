/** What a tax is about, across countries: one for each obligation, as data/tax/README.md divides them. */
export const TAX_CATEGORIES = [
  'VAT_GST',
  'INCOME_TAX',
  'PAYROLL',
  'SUPER_PENSION',
  'FRINGE_BENEFITS',
  'WITHHOLDING',
  'INFORMATION_RETURN',
  'CAPITAL_GAINS',
  'EXCISE',
  'TRADE_PROPERTY',
] as const
export type TaxCategory = (typeof TAX_CATEGORIES)[number]

/**
 * Whom a duty meets: what somebody is (INDIVIDUAL, COMPANY …) and what somebody does (EMPLOYER: pays
 * wages; PAYER: pays contractors, interest or others from whom tax is withheld or who are reported).
 */
export const TAXPAYER_KINDS = [
  'INDIVIDUAL',
  'SOLE_TRADER',
  'COMPANY',
  'PARTNERSHIP',
  'TRUST',
  'PENSION_FUND',
  'NON_PROFIT',
  'EMPLOYER',
  'PAYER',
] as const
export type TaxpayerKind = (typeof TAXPAYER_KINDS)[number]
