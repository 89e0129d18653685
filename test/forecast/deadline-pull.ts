import { type CalendarDate, toEpochDay, yearOf } from '../../src/rules/tax/calendar-date.ts'
import type { TaxData } from '../../src/rules/tax/tax-data.ts'
import type { Draws } from './draws.ts'

/** How much more is asked on a day because deadlines are near: 0 is nothing more, 1 is twice as much. */
export type Pull = (epochDay: number) => number

export interface DeadlinePull {
  pull: Pull
  countries: readonly string[]
  obligationIds: readonly string[]
}

/** Due every few days: such duties raise no peak before any one of them. */
const MOST_DATES_A_YEAR = 14

/**
 * The deadlines that a customer's users care for: one to three countries, of each one to four
 * obligations as they are published, each with a weight of its own. Use swells before a due date, is
 * highest on the last days, and mostly falls the day after.
 */
export function drawDeadlinePull(
  draws: Draws,
  data: TaxData,
  range: { from: CalendarDate; to: CalendarDate },
): DeadlinePull {
  const countries = drawCountries(draws, data)
  const obligationIds: string[] = []
  const peaks = new Map<number, number>()
  const strength = Math.min(4, draws.logNormal(0.9, 0.6))
  for (const code of countries) {
    const dates = datesByObligation(data, code, range)
    const wanted = Math.min(draws.integer(1, 4), dates.size)
    const ids = new Set<string>()
    while (ids.size < wanted) ids.add(draws.pick([...dates.keys()]))
    for (const id of ids) {
      obligationIds.push(id)
      const weight = strength * draws.logNormal(1, 0.4)
      for (const day of dates.get(id) ?? []) {
        // No deadline draws as many as the one before.
        const height = weight * draws.logNormal(1, 0.15)
        // Two duties on one day share their users.
        peaks.set(day, Math.max(peaks.get(day) ?? 0, height))
      }
    }
  }
  return { countries, obligationIds, pull: rampsOf(draws, peaks) }
}

function drawCountries(draws: Draws, data: TaxData): string[] {
  const codes = [...data.countries.keys()]
  const wanted = draws.pick([1, 1, 1, 2, 2, 3])
  const chosen = new Set<string>()
  while (chosen.size < wanted) chosen.add(draws.pick(codes))
  return [...chosen]
}

/** Epoch days on which each nationwide obligation falls due, once each. */
function datesByObligation(
  data: TaxData,
  code: string,
  { from, to }: { from: CalendarDate; to: CalendarDate },
): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  const country = [...data.countries.values()].find((one) => one.country.code === code)
  for (let year = yearOf(from); year <= yearOf(to); year++) {
    for (const { taxDate, listedByDefault } of country?.datesByYear.get(year) ?? []) {
      if (!listedByDefault || taxDate.region !== null) continue
      const days = found.get(taxDate.obligation.id) ?? new Set()
      days.add(toEpochDay(taxDate.dueDate))
      found.set(taxDate.obligation.id, days)
    }
  }
  const years = yearOf(to) - yearOf(from) + 1
  return new Map([...found].filter(([, days]) => days.size <= MOST_DATES_A_YEAR * years))
}

function rampsOf(draws: Draws, peaks: ReadonlyMap<number, number>): Pull {
  const rise = draws.between(1.2, 5)
  const after = draws.chance(0.3) ? draws.between(0.2, 0.5) : 0
  return (epochDay) => {
    let sum = 0
    for (const [day, height] of peaks) {
      const ahead = day - epochDay
      if (ahead >= 0 && ahead < 30) sum += height * Math.exp(-ahead / rise)
      else if (ahead < 0 && ahead > -4) sum += height * after * Math.exp(ahead)
    }
    return sum
  }
}
