import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDays,
  dateInMonth,
  daysInMonth,
  fromEpochDay,
  isCalendarDate,
  isLastDayOfMonth,
  toEpochDay,
  weekdayName,
} from '../../../src/rules/tax/calendar-date.ts'

const anyDay = fc.integer({ min: toEpochDay('1900-01-01'), max: toEpochDay('2199-12-31') })

describe('civil dates', () => {
  test('count days since 1970 exactly as UTC does, back and forth', () => {
    fc.assert(
      fc.property(anyDay, (day) => {
        const iso = new Date(day * 86_400_000).toISOString().slice(0, 10)
        expect(fromEpochDay(day)).toBe(iso)
        expect(toEpochDay(iso)).toBe(day)
      }),
    )
  })

  test('know the weekday', () => {
    expect(weekdayName(toEpochDay('2026-11-22'))).toBe('Sunday')
    expect(weekdayName(toEpochDay('1970-01-01'))).toBe('Thursday')
    expect(weekdayName(toEpochDay('1969-12-27'))).toBe('Saturday')
  })

  test.each([
    '2023-02-29',
    '2100-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-1-05',
    '2026-01-05T00:00:00Z',
    '0000-01-01',
    '',
  ])('refuse %j', (text) => {
    expect(isCalendarDate(text)).toBe(false)
  })

  test.each(['2024-02-29', '2000-02-29', '2026-12-31'])('accept %s', (text) => {
    expect(isCalendarDate(text)).toBe(true)
  })

  test('cut a day to the length of its month, never roll it over', () => {
    expect(dateInMonth(2025, 2, 31)).toBe('2025-02-28')
    expect(dateInMonth(2024, 2, 30)).toBe('2024-02-29')
    expect(dateInMonth(2026, 4, 31)).toBe('2026-04-30')
    fc.assert(
      fc.property(
        fc.integer({ min: 1990, max: 2050 }),
        fc.integer({ min: -60, max: 60 }),
        fc.integer({ min: 1, max: 31 }),
        (year, month, day) => {
          const date = dateInMonth(year, month, day)
          expect(isCalendarDate(date)).toBe(true)
          const last = dateInMonth(year, month, 'last')
          expect(date.slice(0, 7)).toBe(last.slice(0, 7))
          expect(date <= last).toBe(true)
          expect(isLastDayOfMonth(last)).toBe(true)
        },
      ),
    )
  })

  test('carry months outside 1–12 into the neighbouring years', () => {
    expect(dateInMonth(2026, 13, 15)).toBe('2027-01-15')
    expect(dateInMonth(2026, 0, 15)).toBe('2025-12-15')
    expect(dateInMonth(2026, -11, 1)).toBe('2025-01-01')
    expect(dateInMonth(2026, 24, 'last')).toBe('2027-12-31')
  })

  test('add days over leap days and year ends', () => {
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
    expect(daysInMonth(1900, 2)).toBe(28)
  })
})
