import { DAY, dayName } from '../src/rules/calendar-time.ts'

/** Parameters of a query string; of a list, one for each value. */
export type Search = Record<string, string | number | readonly (string | number)[]>

/** The least that each route answers. */
export const leastSearch: Readonly<Record<string, Search>> = {
  '/api/v1/tax-dates': { country: 'AU', year: 2026 },
  '/api/v1/upcoming-tax-dates': { country: 'AU' },
  '/api/v1/obligations': { country: 'AU' },
  '/api/v1/countries': {},
  '/api/v1/tax-date-changes': {},
  '/api/v1/due-date': { obligation: 'au-payday-super', eventDate: '2026-07-15' },
}

/** One good value of each parameter, or all that has to be asked with it. */
export const goodValues: Readonly<Record<string, Search>> = {
  action: { action: ['PAY', 'FILE_AND_PAY'] },
  asKnownOn: { asKnownOn: dayName(Date.now() - DAY) },
  category: { category: ['VAT_GST', 'PAYROLL'] },
  country: { country: 'AU' },
  days: { days: 7 },
  eventDate: { eventDate: '2026-08-03' },
  first: { first: 500 },
  from: { from: '2026-02-01', to: '2026-03-31' },
  obligation: { obligation: 'au-payday-super' },
  periodEndMonth: { periodEndMonth: [6, 12] },
  region: { region: 'AU-VIC' },
  taxType: { taxType: 'Superannuation guarantee' },
  taxpayer: { taxpayer: ['COMPANY', 'EMPLOYER'] },
  to: { from: '2026-02-01', to: '2026-03-31' },
  year: { year: 2025 },
  yearEndMonth: { yearEndMonth: 6 },
}

/** The least that a route needs, with one parameter in question. */
export function searchWith(path: string, name: string, values: Search | undefined): Search {
  const { year, ...others } = leastSearch[path] ?? {}
  // A range takes the place of the year.
  const base = name === 'from' || name === 'to' || year === undefined ? others : { ...others, year }
  return { ...base, ...values }
}
