import fc from 'fast-check'
import type { HolidayCalendar } from '../../../src/rules/tax/holiday-calendar.ts'
import { buildTaxData, type TaxData } from '../../../src/rules/tax/tax-data.ts'
import type { Calendars } from '../../../src/rules/tax/tax-dates.ts'
import { type TaxRule, taxRuleSchema } from '../../../src/rules/tax/tax-rule.ts'

/** Rules and calendars that nobody wrote: everything that the data's own schema lets through. */

const month = fc.integer({ min: 1, max: 12 })
const dayOfMonth = fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant('last' as const))
const months = fc.uniqueArray(month, { minLength: 1, maxLength: 6 })

const filters = fc.record(
  {
    skipEndMonths: months,
    onlyEndMonths: months,
    endMonths: months,
    endParity: fc.constantFrom('odd', 'even'),
  },
  { requiredKeys: [] },
)

const byMonth = fc.oneof(
  ...['calendarMonth', 'calendarQuarter', 'twoMonth', 'sixMonth', 'gbTaxMonth', 'gbTaxQuarter'].map(
    (type) => fc.record({ type: fc.constant(type) }),
  ),
  fc.record({ type: fc.constant('halfMonth'), half: fc.constantFrom(1, 2) }),
  fc.record({
    type: fc.constant('quarterMonth'),
    ends: fc
      .uniqueArray(fc.integer({ min: 1, max: 27 }), { minLength: 1, maxLength: 4 })
      .map((days) => [...days.toSorted((a, b) => a - b), 'last']),
  }),
)

const filtered = fc.tuple(byMonth, filters).map(([period, filter]) => ({ ...period, ...filter }))
const year = fc.record({ type: fc.constant('year'), endMonth: month, endDay: dayOfMonth })

const businessDays = fc.integer({ min: 1, max: 60 })
const periodEndDue = fc.record(
  {
    anchor: fc.constant('periodEnd'),
    addMonths: fc.integer({ min: -24, max: 36 }),
    day: dayOfMonth,
    addDays: fc.integer({ min: -400, max: 400 }),
    addBusinessDays: businessDays,
  },
  { requiredKeys: ['anchor'] },
)
const fixedDue = fc.record({
  anchor: fc.constant('fixedAfterPeriodEnd'),
  month,
  day: dayOfMonth,
  yearOffset: fc.integer({ min: -2, max: 3 }),
})
const either = fc.oneof(periodEndDue, fixedDue)
const withOverrides = fc.record(
  { due: either, overrides: fc.dictionary(month.map(String), either, { maxKeys: 3 }) },
  { requiredKeys: ['due'] },
)
const plainDue = withOverrides.map(({ due, overrides }) => ({
  ...due,
  ...(overrides && { overrides }),
}))

const semiweekly = fc.constant({
  period: { type: 'semiweekly' },
  due: { anchor: 'semiweekly', wedFri: 'Wednesday', satTue: 'Friday' },
})
const announced = fc.record({
  period: fc.constant({ type: 'calendarQuarter' }),
  due: fc
    .dictionary(
      fc.constantFrom('2022-12-31', '2023-03-31', '2023-06-30', '2024-12-31', '2025-03-31'),
      fc.constantFrom('2023-01-01', '2023-07-15', '2024-05-31', '2025-12-31', '2026-01-15'),
    )
    .map((dates) => ({ anchor: 'announced', dates })),
})
const plain = fc.record({ period: fc.oneof(filtered, filtered, year), due: plainDue })

const calendar = fc.constantFrom('X', 'Y', 'NONE')
const shift = fc.record({
  convention: fc.constantFrom('next', 'previous', 'none', 'businessDayCount'),
  weekends: fc.boolean(),
  calendar,
  appliesTo: fc.constant('all'),
})
const paymentShift = shift.map((any) => ({ ...any, convention: 'previous' }))
const day = fc
  .date({ min: new Date('2021-01-01'), max: new Date('2026-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const facts = {
  id: 'us-x',
  region: null,
  taxType: 'x',
  category: 'EXCISE',
  taxpayer: 'x',
  taxpayerKinds: ['COMPANY'],
  action: 'pay',
  ruleText: 'x',
  evidence: 'secondary',
  sources: [{ name: 'x', url: 'https://example.org/', read: '2026-11-22' }],
}

/** A rule of the United States over the calendars X, Y and NONE, whose dates have periods. */
export const anyRule = ruleOf(
  fc.record(
    {
      base: fc.oneof({ arbitrary: plain, weight: 12 }, semiweekly, announced),
      shift,
      paymentShift,
      regionExceptions: fc.constant([{ regions: ['US-MA', 'US-ME'], calendar: 'Y' }]),
      validFrom: day,
      validTo: day,
      periodNote: fc.constant('x'),
    },
    { requiredKeys: ['base', 'shift'] },
  ),
)

const event = fc
  .record({ addBusinessDays: businessDays }, { requiredKeys: [] })
  .map((due) => ({ period: { type: 'event', event: 'x' }, due: { anchor: 'event', ...due } }))
const variants = fc.array(
  fc.record({ when: fc.constantFrom('a', 'b'), addBusinessDays: businessDays }),
  { maxLength: 3 },
)

/** The same for a rule whose dates depend on an event. */
export const anyEventRule = ruleOf(
  fc.record(
    { base: event, shift, paymentShift, variants, validFrom: day, validTo: day },
    { requiredKeys: ['base', 'shift'] },
  ),
)

function ruleOf(parts: fc.Arbitrary<{ base: object }>): fc.Arbitrary<TaxRule> {
  return parts
    .map(({ base, ...rest }) => taxRuleSchema.safeParse({ ...facts, ...base, ...rest }))
    .filter(({ success }) => success)
    .map(({ data }) => data as TaxRule)
}

export const anyYears = { first: 2023, last: 2025 }
const covers = { from: dayNumber('2023-01-01'), to: dayNumber('2025-12-31') }
const holidays = fc
  .uniqueArray(fc.integer({ min: covers.from, max: covers.to }), { maxLength: 120 })
  .map((days) => new Map(days.map((number) => [number, { name: 'x', provisional: false }])))

function dayNumber(iso: string): number {
  return Date.parse(iso) / 86_400_000
}

function named(id: string, found: HolidayCalendar['holidays']): [string, HolidayCalendar] {
  return [id, { id, name: id, covers, holidays: found }]
}

const none: HolidayCalendar = { id: 'NONE', name: 'none', covers: null, holidays: new Map() }

/** X and Y know 2023 to 2025, with up to 120 holidays each. */
export const anyCalendars: fc.Arbitrary<Calendars> = fc
  .tuple(holidays, holidays)
  .map(([x, y]) => new Map([named('X', x), named('Y', y), ['NONE', none]]))

/** What the data says of one such rule, in the years that X and Y know. */
export function dataOf(rule: TaxRule, calendars: Calendars): TaxData {
  const regions = { 'US-MA': 'Massachusetts', 'US-ME': 'Maine' }
  const file = { code: 'US', name: 'x', regions, rules: [rule], changes: [] } as const
  return buildTaxData([file], calendars, anyYears)
}
