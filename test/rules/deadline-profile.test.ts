import { expect, test } from 'vitest'
import { deadlinesOf } from '../../src/rules/deadline-profile.ts'
import { toEpochDay } from '../../src/rules/tax/calendar-date.ts'
import { fromRules } from './tax/shipped-data.ts'

test('the duties of a day are those due within a week, with the dates on which they were due before', () => {
  // German wage tax is due on the 10th, or the working day after.
  const today = toEpochDay('2026-03-06')
  const wageTax = 'Wage tax return monthly (Lohnsteuer) in Germany'
  const deadlines = deadlinesOf(fromRules, today, new Set())
  expect(deadlines.find(({ name }) => name === wageTax)).toEqual({
    name: wageTax,
    past: ['2025-12-10', '2026-01-12', '2026-02-10'].map(toEpochDay),
    next: toEpochDay('2026-03-10'),
    read: false,
  })
  for (const { past, next } of deadlines) {
    expect(past.length).toBeGreaterThanOrEqual(2)
    expect(past).toEqual(past.toSorted((a, b) => a - b))
    expect(past.every((day) => day >= today - 90 && day < today)).toBe(true)
    expect(next >= today && next <= today + 7).toBe(true)
  }
})

test('of what a key asks for they are its own alone, those too that have fallen due but once', () => {
  // The quarterly BAS is due on 28 April, and was on 3 March: the 2nd is a holiday in one state.
  const today = toEpochDay('2026-04-23')
  const names = (...read: string[]) =>
    deadlinesOf(fromRules, today, new Set(read)).map(({ name }) => name)
  const countries = (all: string[]) => new Set(all.map((name) => name.split(' in ').at(-1)))
  expect(countries(names()).size).toBeGreaterThan(1)
  expect(countries(names('AU'))).toEqual(new Set(['Australia']))
  expect(names('ZA', 'au-bas-q-self').filter((name) => name.endsWith('Australia'))).toHaveLength(1)
  expect(deadlinesOf(fromRules, today, new Set(['au-bas-q-self']))).toEqual([
    {
      name: expect.stringContaining('in Australia'),
      past: [toEpochDay('2026-03-03')],
      next: toEpochDay('2026-04-28'),
      read: true,
    },
  ])
})
