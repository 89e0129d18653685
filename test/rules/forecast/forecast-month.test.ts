import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY } from '../../../src/rules/calendar-time.ts'
import { toEpochDay } from '../../../src/rules/tax/calendar-date.ts'
import { faintlyBas, forecast, history, pullOfBas, wobble } from './usage.ts'

const office = (_date: string, weekday: number, day: number) =>
  (weekday === 0 || weekday === 6 ? 100 : 1_000) * wobble(day, 0.1)

/** Working days of November 2026: 21 of 30. */
const officeNovember = 21 * 1_000 + 9 * 100

describe('the month of a key with a steady week', () => {
  test('is told within a few percent, with an interval around it, and the week as its reason', () => {
    const { expected, low, high, because } = forecast(history('2026-11-11T00:00:00Z', office))
    expect(expected / officeNovember).toBeCloseTo(1, 1)
    expect(low).toBeLessThan(expected)
    expect(high).toBeGreaterThan(expected)
    expect((high - low) / expected).toBeLessThan(0.35)
    expect(because.find((reason) => reason.startsWith('weekends at'))).toMatch(/weekends at \d+ % /)
    expect(because.at(-1)).toBe('the pace of the last 89 days')
  })

  test('expects an even day’s rest of a day that is half over, and more of a busy one', () => {
    const noon = forecast(history('2026-11-11T12:00:00Z', office))
    const midnight = forecast(history('2026-11-11T00:00:00Z', office))
    expect(noon.days[0]).toBeGreaterThan(350)
    expect(noon.days[0]).toBeLessThan(650)
    expect(noon.expected / midnight.expected).toBeCloseTo(1, 1)
    const known = history('2026-11-11T12:00:00Z', office)
    const busy = forecast({ ...known, days: [...known.days.slice(0, -1), 2_000] })
    expect(busy.days[0]).toBeGreaterThan(noon.days[0] ?? 0)
  })

  test('sees growth', () => {
    const start = toEpochDay('2026-11-01')
    const growing = history('2026-11-11T00:00:00Z', (_date, _weekday, day) => {
      return 1_000 * 1.3 ** ((day - start) / 30) * wobble(day, 0.05)
    })
    const { expected, because } = forecast(growing)
    const level = forecast(
      history('2026-11-11T00:00:00Z', (_d, _w, day) => 1_000 * wobble(day, 0.05)),
    )
    expect(expected).toBeGreaterThan(1.08 * level.expected)
    expect(because.join()).toMatch(/growing by about \d+ % a month/)
  })

  test('sees a level that changed for good, and says when', () => {
    const doubled = history('2026-11-11T00:00:00Z', (date, weekday, day) => {
      return office(date, weekday, day) * (date < '2026-10-20' ? 1 : 2.5)
    })
    const { expected, because } = forecast(doubled)
    expect(expected / (2.5 * officeNovember)).toBeCloseTo(1, 1)
    expect(because.join()).toMatch(/use rose to 2\.\d times what it was, on 2026-10-(19|20|21)/)
  })

  test('is not moved by one bulk import or one outage', () => {
    const calm = forecast(history('2026-11-21T00:00:00Z', office))
    const disturbed = forecast(
      history('2026-11-21T00:00:00Z', (date, weekday, day) => {
        if (date === '2026-10-14') return 20_000
        return date === '2026-10-21' ? 0 : office(date, weekday, day)
      }),
    )
    expect(disturbed.expected / calm.expected).toBeCloseTo(1, 1)
  })
})

describe('due dates', () => {
  const readsBas = (date: string, weekday: number, day: number) =>
    office(date, weekday, day) * (1 + 1.5 * pullOfBas(day))
  /** Of all days of the month, as they will be. */
  const total = Array.from({ length: 30 }, (_, index) => {
    const day = toEpochDay('2026-11-01') + index
    return readsBas('', (day + 4) % 7, day)
  }).reduce((sum, units) => sum + units, 0)

  test('that a key’s peaks follow are learned from them, named, and expected again', () => {
    const known = history('2026-11-11T00:00:00Z', readsBas)
    const { expected, because } = forecast(known)
    expect(because[0]).toMatch(/^peaks before due dates: .*BAS.*\(AU\).*, next 2026-11-\d\d, up to/)
    expect(Math.abs(expected / total - 1)).toBeLessThan(0.08)
    const blind = forecast(known, { profiles: [] })
    expect(Math.abs(expected - total)).toBeLessThan(Math.abs(blind.expected - total))
  })

  test('are not seen where there are no peaks', () => {
    const { because } = forecast(history('2026-11-11T00:00:00Z', office))
    expect(because.join()).not.toContain('due dates')
  })

  test('of a country that the key asks for are believed before others', () => {
    const faint = history('2026-11-11T00:00:00Z', faintlyBas)
    expect(forecast(faint).because.join()).not.toContain('due dates')
    expect(forecast(faint, { countriesRead: ['AU'] }).because.join()).toContain('(AU)')
  })
})

describe('little or nothing to go by', () => {
  test.each([
    ['2026-11-10T00:00:00Z', '2026-11-01', 9],
    ['2026-11-14T00:00:00Z', '2026-11-01', 13],
    ['2026-11-03T00:00:00Z', '2026-11-01', 2],
  ])('at %s, made on %s: the pace of %i days, with a wide margin', (at, since, days) => {
    const { expected, low, high, because } = forecast(history(at, () => 300, since))
    expect(because).toEqual([
      `${days} full days of use so far: the pace of these days, with a wide margin`,
    ])
    expect(expected).toBeGreaterThan(7_500)
    expect(expected).toBeLessThan(10_500)
    expect((high - low) / expected).toBeGreaterThan(0.4)
  })

  test('the fewer days, the wider', () => {
    const widths = ['2026-11-03', '2026-11-06', '2026-11-13'].map((day) => {
      const { low, high, expected, used } = forecast(
        history(`${day}T00:00:00Z`, () => 300, '2026-11-01'),
      )
      return (high - low) / (expected - used)
    })
    expect(widths).toEqual(widths.toSorted((a, b) => b - a))
  })

  test('a key in its first hours: what it has called, and a guess', () => {
    const { expected, low, because } = forecast(
      history('2026-11-18T06:00:00Z', () => 400, '2026-11-18'),
    )
    expect(because).toEqual(['no full day of use yet: only what was called so far is known'])
    expect(low).toBeGreaterThanOrEqual(100)
    expect(expected).toBeGreaterThan(1_000)
    expect(expected).toBeLessThan(6_000)
  })

  test('a key that was never used: nothing', () => {
    const forecasted = forecast(history('2026-11-18T06:00:00Z', () => 0))
    expect(forecasted).toMatchObject({ used: 0, expected: 0, low: 0, high: 0 })
  })

  test('a key that fell silent: what was used, with room for its waking', () => {
    const silent = history('2026-11-18T00:00:00Z', (date, weekday, day) =>
      date < '2026-11-10' ? office(date, weekday, day) : 0,
    )
    const { used, expected, low, high, because } = forecast(silent)
    expect([expected, low]).toEqual([used, used])
    expect(high).toBeGreaterThan(used)
    expect(because).toEqual(['no calls for 8 days: silence is expected to last'])
  })

  test('a weekend without calls is no silence', () => {
    const { expected, used } = forecast(
      history('2026-11-09T00:00:00Z', (_date, weekday) => (weekday % 6 === 0 ? 0 : 500)),
    )
    expect(expected).toBeGreaterThan(used + 5_000)
  })

  test('a key that its limit stopped each month goes on in the next one', () => {
    // 1,000 a month at 100 a day: ten days, then refused.
    const stopped = history('2026-11-03T00:00:00Z', (date) => (date.slice(8) <= '10' ? 100 : 0))
    const { expected } = forecast(stopped, { hardLimit: 1_000 })
    expect(expected).toBeGreaterThan(2_000)
    expect(forecast(stopped).expected).toBeLessThan(expected)
  })
})

describe('the edges of a month', () => {
  test.each([
    ['2026-11-01T00:00:00Z', 30],
    ['2026-11-30T23:59:59.999Z', 1],
    ['2028-02-29T12:00:00Z', 1],
    ['2028-02-01T00:00:00Z', 29],
    ['2026-12-31T01:00:00Z', 1],
    ['2026-10-01T00:00:00.001Z', 31],
  ])('at %s there are %i days left, today with them', (at, left) => {
    const { days, used, expected, month } = forecast(history(at, office))
    expect(days).toHaveLength(left)
    expect(new Date(month).toISOString()).toBe(`${at.slice(0, 7)}-01T00:00:00.000Z`)
    expect(expected).toBeGreaterThanOrEqual(used)
  })

  test('in the last millisecond nothing more is expected', () => {
    const { used, expected, high } = forecast(history('2026-11-30T23:59:59.999Z', office))
    expect(expected - used).toBeLessThanOrEqual(1)
    expect(high - used).toBeLessThanOrEqual(2)
  })
})

describe('whatever was counted', () => {
  const anyHistory = fc
    .record({
      day: fc.integer({ min: 19_000, max: 23_000 }),
      elapsed: fc.integer({ min: 0, max: DAY - 1 }),
      days: fc.array(
        fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000_000 })),
        { minLength: 1, maxLength: 90 },
      ),
    })
    .map(({ day, elapsed, days }) => ({
      now: day * DAY + elapsed,
      firstDay: (day - days.length + 1) * DAY,
      days,
    }))

  test('the figures are whole, in order, and never below what is used; the same days give the same', () => {
    fc.assert(
      fc.property(anyHistory, (known) => {
        const first = forecast(known)
        const { used, low, expected, high, days, because } = first
        for (const figure of [low, expected, high]) expect(Number.isSafeInteger(figure)).toBe(true)
        expect(used).toBeLessThanOrEqual(low)
        expect(low).toBeLessThanOrEqual(expected)
        expect(expected).toBeLessThanOrEqual(high)
        expect(days.every((units) => Number.isFinite(units) && units >= 0)).toBe(true)
        expect(because.length).toBeGreaterThan(0)
        expect(forecast(known)).toEqual(first)
      }),
      { numRuns: 150 },
    )
  })
})
