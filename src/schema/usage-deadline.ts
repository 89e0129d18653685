import { fromEpochDay } from '../rules/tax/calendar-date.ts'
import type { CountryCode } from '../rules/tax/country-code.ts'
import type { UsageDeadline } from '../rules/usage-deadlines.ts'
import { builder } from './builder.ts'
import { CountryCodeType } from './country-code.ts'

export const UsageDeadlineType = builder.objectRef<UsageDeadline>('UsageDeadline').implement({
  description: 'What falls due in a country on a day, so that a peak of calls explains itself.',
  fields: (t) => ({
    date: t.field({ type: 'Date', resolve: ({ day }) => fromEpochDay(day) }),
    country: t.field({
      type: CountryCodeType,
      resolve: ({ country }) => country as CountryCode,
    }),
    taxTypes: t.exposeStringList('taxTypes', { description: 'As in Obligation.taxType.' }),
  }),
})
