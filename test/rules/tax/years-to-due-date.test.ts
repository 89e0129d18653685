import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, dateInMonth, yearOf } from '../../../src/rules/tax/calendar-date.ts'
import { dueAnchor, yearsToDueDate } from '../../../src/rules/tax/due-date.ts'
import { sharedPeriodLists } from '../../../src/rules/tax/period.ts'
import { statutoryDate } from '../../../src/rules/tax/shift.ts'
import type { DueRule } from '../../../src/rules/tax/tax-rule.ts'

const day = fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant('last' as const))
const month = fc.integer({ min: 1, max: 12 })

/** As far as the schema lets a rule reach. */
const anyDue: fc.Arbitrary<DueRule> = fc.oneof(
  fc.record(
    {
      anchor: fc.constant('periodEnd' as const),
      addMonths: fc.integer({ min: -24, max: 36 }),
      day,
      addDays: fc.integer({ min: -400, max: 400 }),
      addBusinessDays: fc.integer({ min: 1, max: 60 }),
    },
    { requiredKeys: ['anchor'] },
  ),
  fc.record({
    anchor: fc.constant('fixedAfterPeriodEnd' as const),
    month,
    day,
    yearOffset: fc.integer({ min: -2, max: 3 }),
  }),
)
const anyEnd = fc
  .tuple(fc.integer({ min: 2010, max: 2040 }), month, day)
  .map(([year, inMonth, onDay]) => dateInMonth(year, inMonth, onDay))

describe('the years in which a due date may fall', () => {
  test('hold every date, however far weekends and holidays move it', () => {
    fc.assert(
      fc.property(anyDue, anyEnd, fc.integer({ min: -30, max: 30 }), (due, end, moved) => {
        const anchor = dueAnchor(due, { start: end, end })
        if (anchor === undefined) throw new Error('a rule without a date')
        const years = yearOf(addDays(statutoryDate(anchor), moved)) - yearOf(end)
        const { fewest, most } = yearsToDueDate(due)
        expect(years).toBeGreaterThanOrEqual(fewest)
        expect(years).toBeLessThanOrEqual(most)
      }),
      { numRuns: 2_000 },
    )
  })

  test('are few for a rule that is due a month later', () => {
    const due = { anchor: 'periodEnd', addMonths: 1, addDays: 7 } as const
    expect(yearsToDueDate(due)).toEqual({ fewest: -1, most: 1 })
  })

  test('follow an override that reaches further', () => {
    const due = { anchor: 'fixedAfterPeriodEnd', month: 1, day: 15, yearOffset: 0 } as const
    const overrides = { '11': { ...due, yearOffset: 2 } }
    expect(yearsToDueDate({ ...due, overrides })).toEqual({ fewest: -1, most: 3 })
  })

  test('are those of the listed dates where dates are announced', () => {
    const dates = { '2022-12-31': '2024-07-31', '2023-12-31': '2025-06-02' }
    expect(yearsToDueDate({ anchor: 'announced', dates })).toEqual({ fewest: 1, most: 3 })
  })
})

test('rules of the same periods share one list, rules of others do not', () => {
  const periodLists = sharedPeriodLists()
  const quarters = periodLists({ type: 'calendarQuarter' }, false)
  expect(periodLists({ type: 'calendarQuarter' }, false)(2026)).toBe(quarters(2026))
  expect(quarters(2026)).not.toBe(quarters(2027))
  const year = { type: 'year', endMonth: 12, endDay: 'last' } as const
  expect(periodLists(year, false)(2026)).toHaveLength(1)
  expect(periodLists(year, true)(2026)).toHaveLength(12)
})
