import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, monthOf } from '../../../src/rules/tax/calendar-date.ts'
import { periodsEndingIn, semiweeklyCloseOf } from '../../../src/rules/tax/period.ts'
import type { PeriodRule } from '../../../src/rules/tax/tax-rule.ts'

const ends = (year: number, rule: PeriodRule) => periodsEndingIn(year, rule).map(({ end }) => end)
const first = (year: number, rule: PeriodRule) => periodsEndingIn(year, rule).at(0)

describe('periods by type', () => {
  test('year: from the day after the last end, leap years included', () => {
    expect(first(2026, { type: 'year', endMonth: 6, endDay: 30 })).toEqual({
      start: '2025-07-01',
      end: '2026-06-30',
    })
    expect(first(2026, { type: 'year', endMonth: 4, endDay: 5 })).toEqual({
      start: '2025-04-06',
      end: '2026-04-05',
    })
    expect(first(2024, { type: 'year', endMonth: 2, endDay: 'last' })).toEqual({
      start: '2023-03-01',
      end: '2024-02-29',
    })
    expect(first(2025, { type: 'year', endMonth: 2, endDay: 'last' })).toEqual({
      start: '2024-03-01',
      end: '2025-02-28',
    })
  })

  test('year with a free end: one for every month', () => {
    const periods = periodsEndingIn(2026, { type: 'year', endMonth: 12, endDay: 31 }, true)
    expect(periods).toHaveLength(12)
    expect(periods[1]).toEqual({ start: '2025-03-01', end: '2026-02-28' })
    expect(periods[11]).toEqual({ start: '2026-01-01', end: '2026-12-31' })
  })

  test('calendarMonth and calendarQuarter', () => {
    expect(first(2024, { type: 'calendarMonth', onlyEndMonths: [2] })).toEqual({
      start: '2024-02-01',
      end: '2024-02-29',
    })
    expect(ends(2026, { type: 'calendarQuarter' })).toEqual([
      '2026-03-31',
      '2026-06-30',
      '2026-09-30',
      '2026-12-31',
    ])
    expect(first(2026, { type: 'calendarQuarter' })?.start).toBe('2026-01-01')
  })

  test('skipEndMonths leaves months out, onlyEndMonths keeps nothing else', () => {
    expect(ends(2026, { type: 'calendarMonth', skipEndMonths: [6] })).toHaveLength(11)
    expect(ends(2026, { type: 'calendarMonth', skipEndMonths: [6] })).not.toContain('2026-06-30')
    expect(ends(2026, { type: 'calendarMonth', onlyEndMonths: [12] })).toEqual(['2026-12-31'])
  })

  test('twoMonth by parity; a period to January begins in December', () => {
    const odd = periodsEndingIn(2026, { type: 'twoMonth', endParity: 'odd' })
    expect(odd.map(({ end }) => monthOf(end))).toEqual([1, 3, 5, 7, 9, 11])
    expect(odd[0]).toEqual({ start: '2025-12-01', end: '2026-01-31' })
    const even = periodsEndingIn(2026, { type: 'twoMonth', endParity: 'even' })
    expect(even[0]).toEqual({ start: '2026-01-01', end: '2026-02-28' })
  })

  test('sixMonth by its end months', () => {
    expect(periodsEndingIn(2026, { type: 'sixMonth', endMonths: [3, 9] })).toEqual([
      { start: '2025-10-01', end: '2026-03-31' },
      { start: '2026-04-01', end: '2026-09-30' },
    ])
  })

  test('halfMonth: 1st to 15th, 16th to end', () => {
    expect(periodsEndingIn(2024, { type: 'halfMonth', half: 1 })[1]).toEqual({
      start: '2024-02-01',
      end: '2024-02-15',
    })
    expect(periodsEndingIn(2024, { type: 'halfMonth', half: 2 })[1]).toEqual({
      start: '2024-02-16',
      end: '2024-02-29',
    })
  })

  test('quarterMonth: the listed days cut the month', () => {
    const periods = periodsEndingIn(2026, { type: 'quarterMonth', ends: [7, 14, 21, 'last'] })
    expect(periods).toHaveLength(48)
    expect(periods.slice(4, 8)).toEqual([
      { start: '2026-02-01', end: '2026-02-07' },
      { start: '2026-02-08', end: '2026-02-14' },
      { start: '2026-02-15', end: '2026-02-21' },
      { start: '2026-02-22', end: '2026-02-28' },
    ])
  })

  test('gbTaxMonth and gbTaxQuarter: 6th to 5th', () => {
    expect(first(2026, { type: 'gbTaxMonth' })).toEqual({ start: '2025-12-06', end: '2026-01-05' })
    expect(periodsEndingIn(2026, { type: 'gbTaxQuarter' })).toEqual([
      { start: '2025-10-06', end: '2026-01-05' },
      { start: '2026-01-06', end: '2026-04-05' },
      { start: '2026-04-06', end: '2026-07-05' },
      { start: '2026-07-06', end: '2026-10-05' },
    ])
  })

  test('event has no periods', () => {
    expect(periodsEndingIn(2026, { type: 'event', event: 'payday' })).toEqual([])
  })
})

describe('semiweekly periods', () => {
  const rule: PeriodRule = { type: 'semiweekly' }

  test('run Saturday to Tuesday and Wednesday to Friday', () => {
    expect(periodsEndingIn(2026, rule).slice(1, 3)).toEqual([
      { start: '2026-01-03', end: '2026-01-06' },
      { start: '2026-01-07', end: '2026-01-09' },
    ])
  })

  test('are two where a quarter ends in their midst', () => {
    const aroundMarch = periodsEndingIn(2027, rule).filter(({ end }) => {
      return end >= '2027-03-27' && end <= '2027-04-02'
    })
    expect(aroundMarch).toEqual([
      { start: '2027-03-27', end: '2027-03-30' },
      { start: '2027-03-31', end: '2027-03-31' },
      { start: '2027-04-01', end: '2027-04-02' },
    ])
  })

  test('are both counted from the Tuesday or Friday that ends the whole of them', () => {
    expect(semiweeklyCloseOf('2025-12-31')).toBe('2026-01-02')
    expect(semiweeklyCloseOf('2026-01-02')).toBe('2026-01-02')
    expect(semiweeklyCloseOf('2023-09-30')).toBe('2023-10-03')
    expect(semiweeklyCloseOf('2023-12-31')).toBe('2024-01-02')
    expect(semiweeklyCloseOf('2024-12-30')).toBe('2024-12-31')
  })
})

describe('periods that follow each other', () => {
  const gapless: PeriodRule[] = [
    { type: 'year', endMonth: 4, endDay: 5 },
    { type: 'year', endMonth: 2, endDay: 'last' },
    { type: 'calendarMonth' },
    { type: 'calendarQuarter' },
    { type: 'twoMonth', endParity: 'odd' },
    { type: 'twoMonth', endParity: 'even' },
    { type: 'sixMonth', endMonths: [3, 9] },
    { type: 'quarterMonth', ends: [7, 14, 21, 'last'] },
    { type: 'gbTaxMonth' },
    { type: 'gbTaxQuarter' },
    { type: 'semiweekly' },
  ]
  test.each(gapless)('leave no day out and count none twice: $type', (rule) => {
    fc.assert(
      fc.property(fc.integer({ min: 1990, max: 2060 }), (year) => {
        const periods = [...periodsEndingIn(year, rule), ...periodsEndingIn(year + 1, rule)]
        for (const [index, period] of periods.entries()) {
          expect(period.start <= period.end).toBe(true)
          const next = periods[index + 1]
          if (next) expect(next.start).toBe(addDays(period.end, 1))
        }
      }),
    )
  })
})
