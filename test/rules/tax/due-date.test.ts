import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateInMonth, isLastDayOfMonth } from '../../../src/rules/tax/calendar-date.ts'
import { dueAnchor } from '../../../src/rules/tax/due-date.ts'
import type { DueRule } from '../../../src/rules/tax/tax-rule.ts'

const dateOf = (due: DueRule, end: string) => dueAnchor(due, { start: '2000-01-01', end })?.date

describe('due dates counted from the end of the period', () => {
  test.each([
    ['31 March and a month and 7 days', { addMonths: 1, addDays: 7 }, '2026-03-31', '2026-05-07'],
    ['30 April and nine months', { addMonths: 9 }, '2026-04-30', '2027-01-31'],
    ['30 April, nine months and a day', { addMonths: 9, addDays: 1 }, '2025-04-30', '2026-02-01'],
    ['28 February and a month', { addMonths: 1 }, '2026-02-28', '2026-03-31'],
    ['29 February and a year', { addMonths: 12 }, '2024-02-29', '2025-02-28'],
    ['5 July, a month and 2 days', { addMonths: 1, addDays: 2 }, '2026-07-05', '2026-08-07'],
    ['30 January cut to February', { addMonths: 1 }, '2026-01-30', '2026-02-28'],
    ['day 31 cut to 30 June', { addMonths: 3, day: 31 }, '2026-03-31', '2026-06-30'],
    ['the last day', { addMonths: 2, day: 'last' }, '2023-12-31', '2024-02-29'],
    ['day, then days', { addMonths: 1, day: 28, addDays: 14 }, '2026-03-31', '2026-05-12'],
    ['before the end', { addMonths: -5, day: 14 }, '2025-07-31', '2025-02-14'],
    ['days alone', { addDays: 28 }, '2026-01-05', '2026-02-02'],
    ['nothing at all', {}, '2026-01-05', '2026-01-05'],
  ] as const)('%s', (_name, due, end, expected) => {
    expect(dateOf({ anchor: 'periodEnd', ...due }, end)).toBe(expected)
  })

  test('keep a last day a last day over any number of months', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2019, max: 2035 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: -24, max: 36 }),
        (year, month, addMonths) => {
          const end = dateInMonth(year, month, 'last')
          const date = dateOf({ anchor: 'periodEnd', addMonths }, end)
          expect(isLastDayOfMonth(date ?? '')).toBe(true)
        },
      ),
    )
  })

  test('leave business days to be counted by the calendar', () => {
    const due: DueRule = { anchor: 'periodEnd', addBusinessDays: 3 }
    expect(dueAnchor(due, { start: '2026-02-22', end: '2026-02-28' })).toEqual({
      date: '2026-02-28',
      businessDays: 3,
    })
  })
})

describe('other anchors', () => {
  test('fixedAfterPeriodEnd counts its years from the year of the end', () => {
    const due: DueRule = { anchor: 'fixedAfterPeriodEnd', month: 2, day: 'last', yearOffset: 1 }
    expect(dateOf(due, '2023-06-30')).toBe('2024-02-29')
    expect(dateOf({ ...due, month: 8, day: 28, yearOffset: -1 }, '2026-03-31')).toBe('2025-08-28')
    expect(dateOf({ ...due, month: 2, day: 30, yearOffset: 0 }, '2026-12-31')).toBe('2026-02-28')
  })

  test('overrides replace the whole of due, not some fields of it', () => {
    const due: DueRule = {
      anchor: 'periodEnd',
      addMonths: 1,
      day: 28,
      addDays: 28,
      overrides: { '12': { anchor: 'periodEnd', addMonths: 2, day: 28 } },
    }
    expect(dateOf(due, '2025-09-30')).toBe('2025-11-25')
    expect(dateOf(due, '2025-12-31')).toBe('2026-02-28')
  })

  test('announced dates are read, never guessed', () => {
    const due: DueRule = { anchor: 'announced', dates: { '2024-12-31': '2025-11-19' } }
    expect(dateOf(due, '2024-12-31')).toBe('2025-11-19')
    expect(dateOf(due, '2025-12-31')).toBeUndefined()
  })

  test('an event names no date', () => {
    expect(dateOf({ anchor: 'event', addBusinessDays: 7 }, '2026-07-02')).toBeUndefined()
  })

  test('semiweekly counts three business days from the closing Tuesday or Friday', () => {
    const due: DueRule = { anchor: 'semiweekly', wedFri: 'Wednesday', satTue: 'Friday' }
    const period = { start: '2025-12-31', end: '2025-12-31' }
    expect(dueAnchor(due, period)).toEqual({ date: '2026-01-02', businessDays: 3 })
  })
})
