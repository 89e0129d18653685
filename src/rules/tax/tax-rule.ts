import { z } from 'zod'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from './classification.ts'
import { COUNTRY_CODES } from './country-code.ts'
import { calendarDateSchema, sourceSchema } from './holiday-calendar.ts'
import { CHANGE_EFFECTS } from './tax-date-change.ts'

/**
 * A rule as the data files hold it; data/tax/README.md says in words what each field means. Objects
 * are strict: a field that this engine does not know would be a fact that it silently ignores.
 */

const month = z.int().min(1).max(12)
const dayOfMonth = z.union([z.int().min(1).max(31), z.literal('last')])

/** Which periods count, by the month they end in. */
const endMonthFilter = {
  skipEndMonths: z.array(month).min(1).optional(),
  onlyEndMonths: z.array(month).min(1).optional(),
  endMonths: z.array(month).min(1).optional(),
  endParity: z.enum(['odd', 'even']).optional(),
}

const plainPeriod = <const Type extends string>(type: Type) =>
  z.strictObject({ type: z.literal(type), ...endMonthFilter })

const periodSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('year'), endMonth: month, endDay: dayOfMonth }),
  plainPeriod('calendarMonth'),
  plainPeriod('calendarQuarter'),
  plainPeriod('twoMonth'),
  plainPeriod('sixMonth'),
  z.strictObject({
    type: z.literal('halfMonth'),
    half: z.union([z.literal(1), z.literal(2)]),
    ...endMonthFilter,
  }),
  z.strictObject({
    type: z.literal('quarterMonth'),
    ends: z.array(dayOfMonth).min(1),
    ...endMonthFilter,
  }),
  plainPeriod('gbTaxMonth'),
  plainPeriod('gbTaxQuarter'),
  z.strictObject({ type: z.literal('semiweekly') }),
  z.strictObject({ type: z.literal('event'), event: z.string().min(1) }),
])
export type PeriodRule = z.infer<typeof periodSchema>

const addBusinessDays = z.int().min(1).max(60)

const periodEndDue = {
  anchor: z.literal('periodEnd'),
  addMonths: z.int().min(-24).max(36).optional(),
  day: dayOfMonth.optional(),
  addDays: z.int().min(-400).max(400).optional(),
  addBusinessDays: addBusinessDays.optional(),
}
const fixedDue = {
  anchor: z.literal('fixedAfterPeriodEnd'),
  month,
  day: dayOfMonth,
  yearOffset: z.int().min(-2).max(3),
}

const overridesSchema = z
  .record(
    z.string().regex(/^([1-9]|1[0-2])$/, 'must be the number of a month'),
    z.discriminatedUnion('anchor', [z.strictObject(periodEndDue), z.strictObject(fixedDue)]),
  )
  .optional()

const dueSchema = z.discriminatedUnion('anchor', [
  z.strictObject({ ...periodEndDue, overrides: overridesSchema }),
  z.strictObject({ ...fixedDue, overrides: overridesSchema }),
  z.strictObject({
    anchor: z.literal('announced'),
    dates: z.record(calendarDateSchema, calendarDateSchema),
  }),
  z.strictObject({ anchor: z.literal('event'), addBusinessDays: addBusinessDays.optional() }),
  z.strictObject({
    anchor: z.literal('semiweekly'),
    wedFri: z.string().min(1),
    satTue: z.string().min(1),
  }),
])
export type DueRule = z.infer<typeof dueSchema>

const shiftSchema = z.strictObject({
  convention: z.enum(['next', 'previous', 'none', 'businessDayCount']),
  weekends: z.boolean(),
  calendar: z.string().min(1),
  appliesTo: z.string().min(1),
})
export type ShiftRule = z.infer<typeof shiftSchema>

const ruleFields = z.strictObject({
  id: z.string().regex(/^[a-z]{2}(-[a-z0-9]+)+$/, 'must look like au-bas-q-self'),
  region: z.string().min(1).nullable(),
  taxType: z.string().min(1),
  category: z.enum(TAX_CATEGORIES),
  taxpayer: z.string().min(1),
  taxpayerKinds: z.array(z.enum(TAXPAYER_KINDS)).min(1),
  action: z.enum(['file', 'pay', 'file+pay']),
  period: periodSchema,
  /** Set where the taxpayer chooses its year end; the period then names the one listed by default. */
  periodNote: z.string().min(1).optional(),
  due: dueSchema,
  shift: shiftSchema,
  paymentShift: shiftSchema.extend({ convention: z.literal('previous') }).optional(),
  regionExceptions: z
    .array(
      z.strictObject({ regions: z.array(z.string().min(1)).min(1), calendar: z.string().min(1) }),
    )
    .optional(),
  validFrom: calendarDateSchema.optional(),
  validTo: calendarDateSchema.optional(),
  graceDays: z.int().min(1).max(31).optional(),
  variants: z.array(z.strictObject({ when: z.string().min(1), addBusinessDays })).optional(),
  ruleText: z.string().min(1),
  note: z.string().min(1).optional(),
  evidence: z.enum(['official-rule', 'secondary']),
  sources: z.array(sourceSchema).min(1),
})
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
  if (shift.convention === 'businessDayCount' && !countsBusinessDays(due)) {
    yield 'shift.convention businessDayCount needs due.addBusinessDays'
  }
  if (rule.periodNote && period.type !== 'year') yield 'periodNote belongs to period.type year'
  if (rule.validFrom && rule.validTo && rule.validFrom > rule.validTo) {
    yield 'validTo lies before validFrom'
  }
}

function countsBusinessDays(due: DueRule): boolean {
  if (due.anchor === 'semiweekly') return true
  return 'addBusinessDays' in due && due.addBusinessDays !== undefined
}

const regionCode = z.string().regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/)

const shippedChangeSchema = z.strictObject({
  /** Never reused: by it a database knows which of them it holds. */
  key: z.string().regex(/^[a-z]{2}(-[a-z0-9]+)+$/, 'must look like us-2025-la-wildfires'),
  obligationId: z.string().min(1).optional(),
  periodEnd: calendarDateSchema.optional(),
  region: regionCode.optional(),
  effect: z.enum(CHANGE_EFFECTS),
  dueDate: calendarDateSchema.optional(),
  appliesTo: z.string().min(1).optional(),
  reason: z.string().min(1),
  /** The day on which it came into these data. */
  entered: calendarDateSchema,
  source: sourceSchema,
})

export const countryFileSchema = z.strictObject({
  country: z.enum(COUNTRY_CODES),
  name: z.string().min(1),
  /** ISO 3166-2 code to name: the regions a query may ask for, with dates of their own or not. */
  regions: z.record(regionCode, z.string().min(1)),
  rules: z.array(z.unknown()).min(1),
  /** Announced dates that no rule gives: the first entries of the history of changes. */
  changes: z.array(shippedChangeSchema).optional(),
})
