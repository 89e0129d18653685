import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyCalendars, anyRule, anyYears, dataOf } from './any-rule.ts'
import { naiveDates } from './naive-reckoning.ts'
import { allTaxDates } from './shipped-data.ts'

const range = { country: 'US', from: '2023-01-01', to: '2025-12-31' }
const everyMonth = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

test('any rule that the data may hold has the dates that a finger on a wall calendar finds', () => {
  fc.assert(
    fc.property(anyRule, anyCalendars, (rule, calendars) => {
      const found = allTaxDates({ ...range, periodEndMonths: everyMonth }, dataOf(rule, calendars))
      expect(
        found.map((date) => ({
          id: date.id,
          region: date.region,
          periodStart: date.periodStart,
          periodEnd: date.periodEnd,
          statutoryDate: date.statutoryDate,
          dueDate: date.dueDate,
          payBy: date.payBy,
        })),
      ).toEqual(naiveDates(rule, anyYears, calendars))
    }),
    { numRuns: 300 },
  )
})

test('whatever moved a date is told, day by day, and nothing else is', () => {
  fc.assert(
    fc.property(anyRule, anyCalendars, (rule, calendars) => {
      const found = allTaxDates({ ...range, periodEndMonths: everyMonth }, dataOf(rule, calendars))
      for (const { statutoryDate, dueDate, shiftedBy, movedBy, provisional } of found) {
        const moved = statutoryDate !== dueDate
        expect([shiftedBy !== null, movedBy.length > 0]).toEqual([moved, moved])
        expect(provisional).toBe(false)
        const days = movedBy.map(({ date }) => date)
        expect(new Set(days).size).toBe(days.length)
        expect(days).not.toContain(dueDate)
      }
    }),
    { numRuns: 100 },
  )
})
