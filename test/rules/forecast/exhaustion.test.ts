import { describe, expect, test } from 'vitest'
import { exhaustsAt } from '../../../src/rules/forecast/exhaustion.ts'
import type { MonthForecast } from '../../../src/rules/forecast/forecast-month.ts'
import { forecast, history } from './usage.ts'

const noon = Date.parse('2026-11-28T12:00:00Z')
/** Made at noon of the 28th: half a day of 100, then 200 and 400. */
const made: MonthForecast = {
  ...{ month: Date.parse('2026-11-01T00:00:00Z'), now: noon, used: 1_000 },
  ...{ expected: 1_700, low: 1_500, high: 2_000, days: [100, 200, 400], because: [] },
}

function when(limit: number | null, used = 1_000, now = noon): string | null {
  const at = exhaustsAt(made, limit, used, now)
  return at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z')
}

describe('when the limit is reached', () => {
  test('within the day on which the expected use passes it', () => {
    expect(when(1_050)).toBe('2026-11-28T18:00:00Z')
    expect(when(1_100)).toBe('2026-11-29T00:00:00Z')
    expect(when(1_200)).toBe('2026-11-29T12:00:00Z')
    expect(when(1_700)).toBe('2026-12-01T00:00:00Z')
  })

  test('not this month, and never without a limit', () => {
    expect(when(1_701)).toBeNull()
    expect(when(null)).toBeNull()
  })

  test('now, where it is', () => {
    expect(when(1_000)).toBe('2026-11-28T12:00:00Z')
    expect(when(900)).toBe('2026-11-28T12:00:00Z')
  })

  test('counts from what is used now, where the forecast is older', () => {
    const later = Date.parse('2026-11-28T18:00:00Z')
    expect(when(1_100, 1_000, later)).toBe('2026-11-29T06:00:00Z')
    expect(when(1_100, 1_075, later)).toBe('2026-11-28T21:00:00Z')
    expect(when(1_100, 1_090, Date.parse('2026-11-29T12:00:00Z'))).toBe('2026-11-29T13:12:00Z')
  })

  test('is never in the past nor after the month', () => {
    for (const day of ['01', '09', '10', '20', '30']) {
      const known = history(`2026-11-${day}T07:30:00Z`, () => 100)
      const predicted = forecast(known)
      for (const limit of [1, 500, 1_000, 2_000, 2_990, 5_000]) {
        const at = exhaustsAt(predicted, limit, predicted.used, known.now)
        if (at === null) expect(predicted.expected).toBeLessThanOrEqual(limit)
        else {
          expect(at).toBeGreaterThanOrEqual(known.now)
          expect(at).toBeLessThanOrEqual(Date.parse('2026-12-01T00:00:00Z'))
        }
      }
    }
  })
})
