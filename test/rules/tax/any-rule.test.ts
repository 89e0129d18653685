import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type TaxRule, taxRuleSchema } from '../../../src/rules/tax/tax-rule.ts'
import { anyCalendars, anyRule, anyYears, dataOf } from './any-rule.ts'
import { naiveDates, toldByBoth } from './naive-reckoning.ts'
import { allTaxDates } from './shipped-data.ts'

const range = { country: 'US', from: '2023-01-01', to: '2025-12-31' }
const everyMonth = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

test('any rule that the data may hold has the dates that a finger on a wall calendar finds', () => {
  fc.assert(
    fc.property(anyRule, anyCalendars, (rule, calendars) => {
      const found = allTaxDates({ ...range, periodEndMonths: everyMonth }, dataOf(rule, calendars))
      expect(found.map(toldByBoth)).toEqual(naiveDates(rule, anyYears, calendars))
    }),
    { numRuns: 300 },
  )
})

test('dates are found as far from their period as the data may set them', () => {
  const [known] = fc.sample(anyCalendars, { numRuns: 1, seed: 1 })
  const [any] = fc.sample(anyRule, { numRuns: 1, seed: 1 })
  if (known === undefined || any === undefined) throw new Error('no sample')
  const { regionExceptions: _exceptions, paymentShift: _payment, ...plain } = any
  const shift = { convention: 'none', weekends: false, calendar: 'NONE', appliesTo: 'all' } as const
  const year = { type: 'year', endMonth: 12, endDay: 31 } as const
  const dueOf = (due: TaxRule['due']) => {
    const validity = { validFrom: undefined, validTo: undefined, periodNote: undefined }
    const rule = { ...plain, ...validity, period: year, due, shift }
    expect(taxRuleSchema.safeParse(rule).error).toBeUndefined()
    return allTaxDates(range, dataOf(rule, known)).map(({ periodEnd }) => periodEnd)
  }
  const far = { anchor: 'periodEnd', addMonths: 36, addDays: 400, addBusinessDays: 60 } as const
  expect(dueOf(far)).toEqual(['2018-12-31', '2019-12-31', '2020-12-31'])
  const before = { anchor: 'periodEnd', addMonths: -24, addDays: -400 } as const
  expect(dueOf(before)).toEqual(['2026-12-31', '2027-12-31', '2028-12-31'])
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
