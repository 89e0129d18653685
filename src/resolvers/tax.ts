import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import type { ObligationArguments } from '../rules/tax/choose-obligations.ts'
import { datesReadBy } from '../rules/tax/dates-read.ts'
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
    resolve(_, query, context) {
      const { taxHistory } = context.deps
      const { asKnownOn } = query
      const data = asKnownOn ? taxHistory.asKnownOn(asKnownOn) : taxHistory.current()
      const found = findTaxDates(data, query)
      noteDatesRead(context, [query.country], query)
      return found
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
    resolve(_, query, context) {
      const { taxHistory, clock } = context.deps
      const found = findUpcomingTaxDates(taxHistory.current(), query, clock())
      noteDatesRead(context, query.countries, query)
      return found
    },
  }),
)

/** Of the key that pays. What was asked as of a day long ago is of interest today all the same. */
function noteDatesRead(
  { caller, deps: { callers, taxHistory, clock } }: Context,
  countries: readonly string[],
  query: ObligationArguments,
): void {
  const payer = caller.kind === 'account' ? caller.payer : null
  const key = caller.kind === 'apiKey' ? caller.apiKey : payer
  if (key) callers.datesRead(key._id, datesReadBy(taxHistory.current(), countries, query), clock())
}
