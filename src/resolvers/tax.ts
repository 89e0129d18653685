import { access } from '../rules/access.ts'
import { findTaxDates } from '../rules/tax/find-tax-dates.ts'
import { DEFAULT_DAYS, findUpcomingTaxDates } from '../rules/tax/find-upcoming-tax-dates.ts'
import { listCountries, listObligations } from '../rules/tax/list-obligations.ts'
import { builder } from '../schema/builder.ts'
import { CountryCodeType } from '../schema/country-code.ts'
import { CountryType, ObligationType, TaxDateConnectionType } from '../schema/tax.ts'
import { obligationArguments, pageArguments, taxDateArguments } from '../schema/tax-arguments.ts'

const metered = access(['apiKey', 'account'], 1)

builder.queryField('countries', (t) =>
  t.field({
    type: [CountryType],
    nullable: true,
    description: 'The countries whose dates are carried. 1 unit.',
    extensions: metered,
    resolve: (_, _args, { deps }) => [...listCountries(deps.taxHistory.current())],
  }),
)

builder.queryField('obligations', (t) =>
  t.field({
    type: [ObligationType],
    nullable: true,
    description:
      "A country's obligations; with a region the nationwide ones and that region's. 1 unit.",
    args: {
      country: t.arg({ type: CountryCodeType, required: true }),
      region: t.arg.string({ description: 'ISO 3166-2, as AU-VIC.' }),
      ...obligationArguments,
    },
    extensions: metered,
    resolve: (_, query, { deps }) => [...listObligations(deps.taxHistory.current(), query)],
  }),
)

builder.queryField('taxDates', (t) =>
  t.field({
    type: TaxDateConnectionType,
    nullable: true,
    description:
      'Due dates of a calendar year, or between two days, both included; by dueDate, then id. 1 unit.',
    args: {
      country: t.arg({ type: CountryCodeType, required: true }),
      year: t.arg.int({ description: 'Exactly one of year, and from with to.' }),
      from: t.arg({ type: 'Date' }),
      to: t.arg({ type: 'Date', description: 'At most 10 years, both days counted.' }),
      region: t.arg.string({
        description:
          'ISO 3166-2. Left out: all regions; given: nationwide dates and those of the region.',
      }),
      ...obligationArguments,
      ...taxDateArguments,
      asKnownOn: t.arg({
        type: 'Date',
        description:
          'What this query answered at the end of that day, UTC, before later changes were announced; not in the future. Left out: as it stands now.',
      }),
      ...pageArguments,
    },
    extensions: metered,
    resolve(_, query, { deps: { taxHistory } }) {
      const { asKnownOn } = query
      const data = asKnownOn ? taxHistory.asKnownOn(asKnownOn) : taxHistory.current()
      return findTaxDates(data, query)
    },
  }),
)

builder.queryField('upcomingTaxDates', (t) =>
  t.field({
    type: TaxDateConnectionType,
    nullable: true,
    description:
      'Due dates from today (UTC) on, of several countries together; by dueDate, then id. 1 unit.',
    args: {
      countries: t.arg({
        type: [CountryCodeType],
        required: true,
        description: '1–12; the same one twice is one.',
      }),
      days: t.arg.int({
        defaultValue: DEFAULT_DAYS,
        description: 'Today and so many days after it, 1–366; within the years covered.',
      }),
      regions: t.arg.stringList({
        description:
          'ISO 3166-2, of these countries. A country of which none is given: all regions; else its nationwide dates and those of these regions. A nationwide date that each of them replaces is left out.',
      }),
      ...obligationArguments,
      ...taxDateArguments,
      ...pageArguments,
    },
    extensions: metered,
    resolve: (_, query, { deps: { taxHistory, clock } }) =>
      findUpcomingTaxDates(taxHistory.current(), query, clock()),
  }),
)
