import { expect, test } from 'vitest'
import { deadlinesOf } from '../../src/rules/deadline-profile.ts'
import { toEpochDay } from '../../src/rules/tax/calendar-date.ts'
import { fromRules } from './tax/shipped-data.ts'

test('the duties of a day are those due within a week, with the dates on which they were due before', () => {
  // German wage tax is due on the 10th, or the working day after.
  const today = toEpochDay('2026-03-06')
  const wageTax = 'Wage tax return monthly (Lohnsteuer) in Germany'
  const deadlines = deadlinesOf(fromRules, today)
  expect(deadlines.find(({ name }) => name === wageTax)).toEqual({
    name: wageTax,
    past: ['2025-12-10', '2026-01-12', '2026-02-10'].map(toEpochDay),
    next: toEpochDay('2026-03-10'),
  })
  for (const { past, next } of deadlines) {
    expect(past.length).toBeGreaterThanOrEqual(2)
    expect(past).toEqual(past.toSorted((a, b) => a - b))
    expect(past.every((day) => day >= today - 90 && day < today)).toBe(true)
    expect(next >= today && next <= today + 7).toBe(true)
  }
})
