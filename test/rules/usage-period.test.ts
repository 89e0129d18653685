import { describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import { dayName } from '../../src/rules/calendar-time.ts'
import {
  daysOfMonth,
  daysOfRange,
  elapsedDays,
  parseDay,
  parseMonth,
} from '../../src/rules/usage-period.ts'

describe('what a client writes', () => {
  test.each(['2026-02-29', '2026-13-01', '2026-1-1', '275760-01-01', '1969-12-31', 'NaN', ''])(
    '%j is no date',
    (text) => {
      expect(() => parseDay(text)).toThrow(BadInput)
    },
  )
  test.each(['2026-13', '2026-00', '26-01', '2026-01-01', ''])('%j is no month', (text) => {
    expect(() => parseMonth(text)).toThrow(BadInput)
  })
  test('a leap day is a date', () => {
    expect(dayName(parseDay('2024-02-29'))).toBe('2024-02-29')
  })
})

describe('days', () => {
  test('a range of one day has one', () => {
    expect(daysOfRange('2026-11-22', '2026-11-22')).toHaveLength(1)
  })
  test.each([
    ['2024-02', 29],
    ['2025-02', 28],
    ['2100-02', 28],
    ['2026-04', 30],
    ['2026-12', 31],
  ])('%s has %i days', (month, count) => {
    const days = daysOfMonth(parseMonth(month)).map(dayName)
    expect(days).toHaveLength(count)
    expect(new Set(days.map((day) => day.slice(0, 7)))).toEqual(new Set([month]))
  })
  test('of the running month as many have elapsed as have begun', () => {
    const month = parseMonth('2026-11')
    expect(elapsedDays(month, Date.parse('2026-10-31T23:59:59.999Z'))).toBe(0)
    expect(elapsedDays(month, Date.parse('2026-11-01T00:00:00Z'))).toBe(1)
    expect(elapsedDays(month, Date.parse('2026-11-30T23:59:59.999Z'))).toBe(30)
    expect(elapsedDays(month, Date.parse('2027-05-05T00:00:00Z'))).toBe(30)
  })
})
