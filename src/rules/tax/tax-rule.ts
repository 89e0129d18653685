import { z } from 'zod'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from './classification.ts'
import { calendarDateSchema, sourceSchema } from './holiday-calendar.ts'

/**
 * A rule as the data files hold it. The descriptions are what editors show (country.schema.json), and
 * data/tax/README.md says the same at length. Objects are strict: a field that this engine does not
 * know would be a fact that it silently ignores.
 */

const text = z.string().min(1)
const month = z.int().min(1).max(12)
const dayOfMonth = z.union([z.int().min(1).max(31), z.literal('last')])
const endMonths = z.array(month).min(1)

/** Which periods count, by the month they end in. */
const endMonthFilter = {
  skipEndMonths: endMonths.optional().describe('Not the periods that end in these months.'),
  onlyEndMonths: endMonths.optional().describe('Only the periods that end in these months.'),
  endMonths: endMonths.optional().describe('The months in which the periods end.'),
  endParity: z.enum(['odd', 'even']).optional().describe('The parity of the month of the end.'),
}

const plainPeriod = <const Type extends string>(type: Type, description: string) =>
  z.strictObject({ type: z.literal(type).describe(description), ...endMonthFilter })

const periodSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('year').describe('Twelve months to the named day.'),
    endMonth: month.describe('The month in which the year ends.'),
    endDay: dayOfMonth.describe('The day on which it ends, or last.'),
  }),
  plainPeriod('calendarMonth', 'Each month.'),
  plainPeriod('calendarQuarter', 'Quarters to March, June, September and December.'),
  plainPeriod('twoMonth', 'Two months, chosen by endMonths or endParity.'),
  plainPeriod('sixMonth', 'Six months, chosen by endMonths.'),
  z.strictObject({
    type: z.literal('halfMonth').describe('Half a month.'),
    half: z
      .union([z.literal(1), z.literal(2)])
      .describe('1: from the 1st to the 15th; 2: from the 16th to the end.'),
    ...endMonthFilter,
  }),
  z.strictObject({
    type: z.literal('quarterMonth').describe('Parts of a month, by the days on which they end.'),
    ends: z.array(dayOfMonth).min(1).describe('The last day of each part, as 7, 14, 21, last.'),
    ...endMonthFilter,
  }),
  plainPeriod('gbTaxMonth', 'A UK tax month, from the 6th to the 5th.'),
  plainPeriod('gbTaxQuarter', 'A UK tax quarter, to the 5th of January, April, July, October.'),
  z.strictObject({
    type: z
      .literal('semiweekly')
      .describe('Saturday to Tuesday and Wednesday to Friday, cut at the end of a quarter.'),
  }),
  z.strictObject({
    type: z.literal('event').describe('No periods: each date is counted from an event.'),
    event: text.describe('The event in words, as payday.'),
  }),
])
export type PeriodRule = z.infer<typeof periodSchema>

const addBusinessDays = z.int().min(1).max(60)

const periodEndDue = {
  anchor: z.literal('periodEnd').describe('Counted from the end of the period.'),
  addMonths: z.int().min(-24).max(36).optional().describe('First, months added to the end.'),
  day: dayOfMonth
    .optional()
    .describe('Then the day of that month, cut to its length; without it a last day stays a last.'),
  addDays: z.int().min(-400).max(400).optional().describe('Then days.'),
  addBusinessDays: addBusinessDays.optional().describe('Last, business days.'),
}
const fixedDue = {
  anchor: z.literal('fixedAfterPeriodEnd').describe('The same day of every year.'),
  month: month.describe('Its month.'),
  day: dayOfMonth.describe('Its day, or last.'),
  yearOffset: z.int().min(-2).max(3).describe('Years after the year in which the period ends.'),
}

const overridesSchema = z
  .record(
    z.string().regex(/^([1-9]|1[0-2])$/, 'must be the number of a month'),
    z.discriminatedUnion('anchor', [z.strictObject(periodEndDue), z.strictObject(fixedDue)]),
  )
  .optional()
  .describe('By the month of the period’s end: replaces the whole of due for it.')

const dueSchema = z.discriminatedUnion('anchor', [
  z.strictObject({ ...periodEndDue, overrides: overridesSchema }),
  z.strictObject({ ...fixedDue, overrides: overridesSchema }),
  z.strictObject({
    anchor: z.literal('announced').describe('Days that somebody named; no other year has one.'),
    dates: z
      .record(calendarDateSchema, calendarDateSchema)
      .describe('The due date by the end of its period.'),
  }),
  z.strictObject({
    anchor: z.literal('event').describe('Counted from each event: dueDateFor answers.'),
    addBusinessDays: addBusinessDays.optional().describe('Business days after the event.'),
  }),
  z.strictObject({
    anchor: z.literal('semiweekly').describe('Three business days after the period’s weekday.'),
    wedFri: text.describe('In words: when Wednesday to Friday is due.'),
    satTue: text.describe('In words: when Saturday to Tuesday is due.'),
  }),
])
export type DueRule = z.infer<typeof dueSchema>

const shiftSchema = z.strictObject({
  convention: z
    .enum(['next', 'previous', 'none', 'businessDayCount'])
    .describe('To which working day; businessDayCount: holidays lengthen the count instead.'),
  weekends: z.boolean().describe('Whether Saturday and Sunday are passed over.'),
  calendar: text.describe('Whose holidays: an id of calendars.json.'),
  appliesTo: text.describe('To what it applies, in words.'),
})
export type ShiftRule = z.infer<typeof shiftSchema>

const regionExceptionSchema = z.strictObject({
  regions: z.array(text).min(1).describe('ISO 3166-2 codes that the file lists.'),
  calendar: text.describe('The calendar that takes the place of shift.calendar there.'),
})
const variantSchema = z.strictObject({
  when: text.describe('In which case, in words.'),
  addBusinessDays: addBusinessDays.describe('Business days instead of those of due.'),
})

export const ruleFields = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z]{2}(-[a-z0-9]+)+$/, 'must look like au-bas-q-self')
      .describe('The public obligation id; never reused nor renamed.'),
    region: text.nullable().describe('ISO 3166-2: exists only there; null: nationwide.'),
    taxType: text.describe('The tax or form, as its country calls it.'),
    category: z.enum(TAX_CATEGORIES).describe('What the tax is about, across countries.'),
    taxpayer: text.describe('Whom it meets, in words.'),
    taxpayerKinds: z
      .array(z.enum(TAXPAYER_KINDS))
      .min(1)
      .describe('Whom it meets; each kind that it can meet.'),
    action: z.enum(['file', 'pay', 'file+pay']).describe('What is due.'),
    period: periodSchema.describe('For what a return or payment is made.'),
    periodNote: text
      .optional()
      .describe('The taxpayer chooses its year end; period names the one listed by default.'),
    due: dueSchema.describe('The statutory date, before weekends and holidays.'),
    shift: shiftSchema.describe('What a weekend or holiday does to it.'),
    paymentShift: shiftSchema
      .extend({ convention: z.literal('previous').describe('Always the day before.') })
      .optional()
      .describe('Payment must arrive by the previous working day; the due date stays.'),
    regionExceptions: z
      .array(regionExceptionSchema)
      .optional()
      .describe('The same rule on another calendar in some regions.'),
    validFrom: calendarDateSchema
      .optional()
      .describe('Holds for periods that start on or after this day.'),
    validTo: calendarDateSchema
      .optional()
      .describe('Holds for periods that end on or before this day.'),
    graceDays: z.int().min(1).max(31).optional().describe('Told in words; moves no date.'),
    variants: z.array(variantSchema).optional().describe('Longer counts for some cases.'),
    ruleText: text.describe('The rule in plain words.'),
    note: text.optional().describe('What else a reader must know.'),
    evidence: z
      .enum(['official-rule', 'secondary'])
      .describe('official-rule: read on the authority’s page.'),
    sources: z.array(sourceSchema).min(1).describe('Where the rule was read.'),
  })
  .meta({ id: 'rule', description: 'One obligation and the rule of its dates.' })
export type TaxRule = z.infer<typeof ruleFields>

/** Field by field, and then what fields demand of each other. */
export const taxRuleSchema = ruleFields.superRefine((rule, context) => {
  for (const message of contradictionsOf(rule)) context.addIssue({ code: 'custom', message })
})

function* contradictionsOf(rule: TaxRule): Generator<string> {
  const { period, due, shift } = rule
  for (const kind of ['event', 'semiweekly'] as const) {
    if ((period.type === kind) !== (due.anchor === kind)) {
      yield `period.type and due.anchor must both be ${kind}, or neither`
    }
  }
  const needsEnds = period.type === 'twoMonth' || period.type === 'sixMonth'
  if (needsEnds && !period.endMonths && !period.endParity) {
    yield `period.type ${period.type} needs endMonths or endParity`
  }
  if (period.type === 'quarterMonth' && !ascend(period.ends)) {
    yield 'period.ends must ascend: each begins where the one before ends'
  }
  if (shift.convention === 'businessDayCount' && !countsBusinessDays(due)) {
    yield 'shift.convention businessDayCount needs due.addBusinessDays, in overrides too'
  }
  if (shift.convention === 'businessDayCount' && !shift.weekends) {
    yield 'shift.convention businessDayCount never counts weekends: shift.weekends must be true'
  }
  if (period.type === 'event' && rule.regionExceptions) {
    yield 'regionExceptions: an event is counted by one calendar'
  }
  if (rule.periodNote && period.type !== 'year') yield 'periodNote belongs to period.type year'
  if (rule.validFrom && rule.validTo && rule.validFrom > rule.validTo) {
    yield 'validTo lies before validFrom'
  }
}

function countsBusinessDays(due: DueRule): boolean {
  if (due.anchor === 'semiweekly') return true
  const overrides = 'overrides' in due ? Object.values(due.overrides ?? {}) : []
  return [due, ...overrides].every((one) => {
    return 'addBusinessDays' in one && one.addBusinessDays !== undefined
  })
}

/** No day lies on or before the one before it, not even in February; `last` can only be the last. */
function ascend(days: readonly (number | 'last')[]): boolean {
  return days.every((day, index) => {
    const before = days[index - 1]
    if (before === undefined) return true
    return before !== 'last' && before < (day === 'last' ? 28 : Math.min(day, 28))
  })
}
