import { z } from 'zod'
import { COUNTRY_CODES, type CountryCode } from './country-code.ts'
import { calendarDateSchema, sourceSchema } from './holiday-calendar.ts'
import { CHANGE_EFFECTS, type ShippedChange } from './tax-date-change.ts'
import { ruleFields } from './tax-rule.ts'

/** A country's file as a whole; its rules and changes are read one by one, so that each can be named. */

const text = z.string().min(1)
const regionCode = z.string().regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/)

const fileFields = {
  $schema: text.optional().describe('Where editors find the schema of this file.'),
  country: z.enum(COUNTRY_CODES).describe('ISO 3166-1; also the name of the file.'),
  name: text.describe('The country’s name in English.'),
  regions: z
    .record(regionCode, text)
    .describe('ISO 3166-2 code to name: what a query may ask for, with dates of its own or not.'),
}

export const countryFileSchema = z.strictObject({
  ...fileFields,
  rules: z.array(z.unknown()).min(1),
  changes: z.array(z.unknown()).optional(),
})

export const shippedChangeSchema = z
  .strictObject({
    key: z
      .string()
      .regex(/^[a-z]{2}(-[a-z0-9]+)+$/, 'must look like us-2025-ca-la-wildfires')
      .describe('Never reused nor renamed: by it a database knows what it holds already.'),
    obligationId: text
      .optional()
      .describe('The id of a rule of this file; left out: a notice that concerns none.'),
    periodEnd: calendarDateSchema
      .optional()
      .describe('The end of the period whose date changes; goes with obligationId.'),
    region: regionCode.optional().describe('Only there; left out: everywhere.'),
    effect: z
      .enum(CHANGE_EFFECTS)
      .describe('MOVED: due on dueDate; WITHDRAWN: no duty; RESTORED: the rule’s date again.'),
    dueDate: calendarDateSchema.optional().describe('The new day; exactly with MOVED.'),
    appliesTo: text
      .optional()
      .describe('Only for whom, in words: it is then told with the date and moves nothing.'),
    reason: text.describe('What happened and who announced it.'),
    entered: calendarDateSchema.describe('The day on which it came into these data.'),
    source: sourceSchema,
  })
  .meta({
    id: 'change',
    description: 'An announced date that no rule gives.',
    // For editors; `problemsOfChange` says the same in words.
    dependentRequired: { obligationId: ['periodEnd'], periodEnd: ['obligationId'] },
    if: { properties: { effect: { const: 'MOVED' } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
    then: { required: ['dueDate'] },
    else: { properties: { dueDate: false } },
  })

/** The same as countryFileSchema with everything that stands in it: what editors check against. */
export const wholeCountryFileSchema = z
  .strictObject({
    ...fileFields,
    rules: z.array(ruleFields).min(1).describe('The obligations and their rules.'),
    changes: z
      .array(shippedChangeSchema)
      .optional()
      .describe('What was announced: the first entries of the history, in its order.'),
  })
  .describe('A country’s tax due dates: rules, and what was announced besides.')

/** What the file leaves out is null everywhere else. */
export function shippedChangeOf(
  change: z.infer<typeof shippedChangeSchema>,
  country: CountryCode,
): ShippedChange {
  return {
    ...change,
    country,
    obligationId: change.obligationId ?? null,
    periodEnd: change.periodEnd ?? null,
    region: change.region ?? null,
    dueDate: change.dueDate ?? null,
    appliesTo: change.appliesTo ?? null,
  }
}
