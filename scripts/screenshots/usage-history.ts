import { DAY, HOUR, startOfDay } from '../../src/rules/calendar-time.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'

export interface HistoryOf {
  apiKeyId: string
  accountId: string
  tier: string
  /** On a working day. */
  unitsADay: number
}

/** Of calls, as a business makes them. */
const endpoints = [
  ['taxDates', 0.46],
  ['upcomingTaxDates', 0.27],
  ['GET /api/v1/tax-dates', 0.17],
  ['obligations', 0.07],
  ['countries', 0.03],
] as const

/** Office hours in Sydney and London, as UTC has them. */
const byHour = [5, 6, 6, 6, 5, 4, 3, 3, 5, 6, 6, 6, 5, 6, 6, 5, 4, 3, 2, 1, 1, 2, 3, 4]

/**
 * Calls of the last days until now, the same each time but for the day on which it is asked: quiet weekends, busy days
 * before the dates on which many file, slow growth.
 */
export function usageHistory(of: HistoryOf, days: number, now: number): UsageEvent[] {
  const chance = seeded(of.apiKeyId.length + of.unitsADay)
  const today = startOfDay(now)
  const events: UsageEvent[] = []
  for (let day = today - days * DAY; day <= today; day += DAY) {
    const growth = 1 + (0.25 * (day - today)) / (days * DAY)
    const units = of.unitsADay * dayFactor(new Date(day)) * growth * (0.9 + 0.2 * chance())
    events.push(...dayEvents(of, day, units, now, chance))
  }
  return events
}

function dayEvents(
  { apiKeyId, accountId, tier }: HistoryOf,
  day: number,
  units: number,
  now: number,
  chance: () => number,
): UsageEvent[] {
  const whole = byHour.reduce((sum, one) => sum + one, 0)
  return byHour.flatMap((weight, hour) => {
    const at = day + hour * HOUR + Math.floor(chance() * (HOUR - 1))
    if (at > now) return []
    const ofHour = (units * weight) / whole
    return endpoints.map(([endpoint, share]) => ({
      ...{ at, apiKeyId, accountId, tier, endpoint },
      units: Math.round(ofHour * share * (0.8 + 0.4 * chance())),
      failed: chance() < 0.02 ? 1 : 0,
    }))
  })
}

function dayFactor(day: Date): number {
  const weekend = [0, 6].includes(day.getUTCDay()) ? 0.35 : 1
  const date = day.getUTCDate()
  const filing = [19, 20, 27, 28].includes(date) ? 1.5 : 1
  return weekend * filing
}

/** Mulberry32: the same numbers each time. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
