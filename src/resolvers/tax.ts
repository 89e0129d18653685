import { access } from '../rules/access.ts'
import { findTaxDates } from '../rules/tax/find-tax-dates.ts'
import { listCountries, listObligations } from '../rules/tax/list-obligations.ts'
import { builder } from '../schema/builder.ts'
import { CountryCodeType } from '../schema/country-code.ts'
import { CountryType, ObligationType, TaxActionType, TaxDateConnectionType } from '../schema/tax.ts'

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
      to: t.arg({ type: 'Date', description: 'At most 10 years after from.' }),
      region: t.arg.string({
        description:
          'ISO 3166-2. Left out: all regions; given: national dates and those of the region.',
      }),
      obligationIds: t.arg.idList(),
      actions: t.arg({ type: [TaxActionType] }),
      periodEndMonths: t.arg.intList({
        description: '1–12: chooses the fiscal year end or the stagger.',
      }),
      first: t.arg.int({ description: '50 by default, at most 500.' }),
      after: t.arg.string({ description: 'A cursor of the same query.' }),
    },
    extensions: metered,
    resolve: (_, query, { deps }) => findTaxDates(deps.taxHistory.current(), query),
  }),
)
