import { DEFAULT_PAGE, LARGEST_PAGE } from '../rules/connection.ts'
import { builder } from './builder.ts'
import { TaxActionType, TaxCategoryType, TaxpayerKindType } from './tax.ts'

/** Which obligations are asked for, wherever that can be said. */
export const obligationArguments = builder.args((t) => ({
  categories: t.field({ type: [TaxCategoryType], description: 'Any of these; not empty.' }),
  taxpayers: t.field({
    type: [TaxpayerKindType],
    description:
      'Obligations that meet any of these; not empty. A company with staff: COMPANY, EMPLOYER.',
  }),
  actions: t.field({
    type: [TaxActionType],
    description: 'Any of these, as they are: PAY does not find FILE_AND_PAY. Not empty.',
  }),
}))

/** Which dates are asked for, wherever that can be said. */
export const taxDateArguments = builder.args((t) => ({
  obligationIds: t.idList({ description: 'Any of these; not empty.' }),
  taxTypes: t.stringList({
    description: 'Any of these, exactly as in Obligation.taxType; not empty.',
  }),
  periodEndMonths: t.intList({
    description:
      '1–12: chooses the fiscal year end or the stagger. Only periods that end in these months, of every obligation: 1, 4, 7, 10 with gb-vat is a quarterly stagger; with monthly payroll these months alone.',
  }),
  yearEndMonth: t.int({
    description:
      "1–12: the taxpayer's own year end. Obligations that follow it are listed for that year end alone, one CT600 a year, and all others as they are. Not with periodEndMonths.",
  }),
}))

/** Which page of dates is asked for. */
export const pageArguments = builder.args((t) => ({
  first: t.int({ description: `${DEFAULT_PAGE} by default, at most ${LARGEST_PAGE}.` }),
  after: t.string({ description: 'A cursor of the same query.' }),
}))
