import { describe, expect, test } from 'vitest'
import { baselineOf, type DayUnits } from '../../src/rules/anomaly.ts'
import { type Deadline, expectedDeadline } from '../../src/rules/deadline-profile.ts'

const today = 20_780

/** The days before today, yesterday first. */
function before(...units: number[]): DayUnits[] {
  return units.map((count, n) => ({ day: today - 1 - n, units: count }))
}
const every = (days: number, units: number) => before(...Array<number>(days).fill(units))

describe('what is usual', () => {
  test('is the average of the last 30 complete days, unusual is five times as much', () => {
    const history = [...every(30, 200), { day: today, units: 9_999 }, { day: today - 31, units: 9 }]
    expect(baselineOf(history, today, 0)).toEqual({ average: 200, unusualFrom: 1_000 })
  })

  test('is unknown below seven days with usage or a hundred calls a day', () => {
    expect(baselineOf(every(6, 5_000), today, 0)).toBeNull()
    expect(baselineOf(every(30, 99), today, 0)).toBeNull()
    expect(baselineOf(every(30, 100), today, 0)).toEqual({ average: 100, unusualFrom: 500 })
    expect(baselineOf([], today, 0)).toBeNull()
  })

  test('counts days without usage of an old key, and not those before a young one', () => {
    expect(baselineOf(every(10, 300), today, 0)?.average).toBe(100)
    expect(baselineOf(every(10, 300), today, today - 10)?.average).toBe(300)
    expect(baselineOf(every(10, 300), today, today)?.average).toBe(300)
  })
})

describe('a deadline explains', () => {
  const vat: Deadline = {
    name: 'VAT',
    past: [today - 70, today - 40],
    next: today + 3,
    read: false,
  }
  const other: Deadline = {
    ...vat,
    name: 'Payroll',
    past: [today - 75, today - 30],
    next: today + 1,
  }
  const history = (peak: number): DayUnits[] =>
    Array.from({ length: 90 }, (_, n) => {
      const day = today - 90 + n
      return { day, units: vat.past.some((due) => due - day < 7 && due >= day) ? peak : 100 }
    })

  test('a busy day before it, where the days before its past dates were busy too', () => {
    expect(expectedDeadline(history(300), today, [other, vat])).toBe('VAT is due on 2026-11-26')
    expect(expectedDeadline(history(150), today, [vat])).toBe('VAT is due on 2026-11-26')
  })

  test('nothing where they were as quiet as others, or there was one peak alone', () => {
    expect(expectedDeadline(history(140), today, [vat, other])).toBeNull()
    const one = history(300).map((day) => (day.day < today - 60 ? { ...day, units: 100 } : day))
    expect(expectedDeadline(one, today, [vat])).toBeNull()
    expect(expectedDeadline([], today, [vat])).toBeNull()
    expect(expectedDeadline(history(300), today, [])).toBeNull()
  })

  test('that is read, by one plain peak before its only past date, also where its first days are forgotten', () => {
    const quarterly = { ...vat, past: [today - 87], next: today + 4, read: true }
    const once = (peak: number): DayUnits[] =>
      Array.from({ length: 90 }, (_, n) => ({ day: today - 90 + n, units: n < 4 ? peak : 100 }))
    expect(expectedDeadline(once(200), today, [quarterly])).toBe('VAT is due on 2026-11-27')
    expect(expectedDeadline(once(190), today, [quarterly])).toBeNull()
    expect(expectedDeadline(once(900), today, [{ ...quarterly, read: false }])).toBeNull()
    const hardlySeen = { ...quarterly, past: [today - 89], next: today + 2 }
    expect(expectedDeadline(once(900), today, [hardlySeen])).toBeNull()
  })
})
