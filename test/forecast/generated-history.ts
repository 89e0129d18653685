import { DAY } from '../../src/rules/calendar-time.ts'
import type { UsageHistory } from '../../src/rules/forecast/usage-history.ts'
import {
  dateInMonth,
  fromEpochDay,
  toEpochDay,
  weekdayOf,
} from '../../src/rules/tax/calendar-date.ts'
import type { TaxData } from '../../src/rules/tax/tax-data.ts'
import { type DeadlinePull, drawDeadlinePull } from './deadline-pull.ts'
import { createDraws, type Draws } from './draws.ts'

/** One customer's daily use up to the end of a month, and what made it. */
export interface GeneratedHistory {
  seed: number
  /** Epoch day of the first entry of `days`, the day on which the key was made. */
  firstDay: number
  /** Epoch days of the month to forecast; the end is the first day after it. */
  monthStart: number
  monthEnd: number
  days: readonly number[]
  countries: readonly string[]
  obligationIds: readonly string[]
}

/** As the usage days, which expire 90 days after their start: today and the 89 before. */
const DAYS_KEPT = 90
/** Deadlines of these years are published whichever of the calendars a checkout has. */
const [firstYear, lastYear] = [2024, 2026]

/**
 * From 20 to 50,000 calls a day with everything that real use has: the week of offices or of consumers
 * or of machines, growth and decline, steps, swells before published due dates, days of the month,
 * overdispersed and correlated noise, outages, weeks off, bulk imports, new and dormant keys.
 * The same seed and tax data give the same history.
 */
export function generateHistory(seed: number, data: TaxData): GeneratedHistory {
  const draws = createDraws(seed)
  const [year, month] = [draws.integer(firstYear, lastYear), draws.integer(1, 12)]
  const monthStart = toEpochDay(dateInMonth(year, month, 1))
  const monthEnd = toEpochDay(dateInMonth(year, month + 1, 1))
  // One key in seven is new: made up to six weeks before the month, or in its first days.
  const age = draws.chance(1 / 7) ? draws.integer(-6, 42) : draws.integer(60, 200)
  const firstDay = monthStart - age
  const range = { from: fromEpochDay(firstDay), to: fromEpochDay(monthEnd + 30) }
  const none: DeadlinePull = { pull: () => 0, countries: [], obligationIds: [] }
  const deadlines = draws.chance(0.8) ? drawDeadlinePull(draws, data, range) : none
  const span = { firstDay, monthStart, monthEnd }
  const days = disturbed(draws, span, noisy(draws, expectedDays(draws, span, deadlines)))
  return {
    seed,
    ...span,
    days,
    countries: deadlines.countries,
    obligationIds: deadlines.obligationIds,
  }
}

/** What a forecaster may see at the end of the month's day `dayOfMonth`: today has just begun. */
export function historyAt(generated: GeneratedHistory, dayOfMonth: number): UsageHistory {
  const today = generated.monthStart + dayOfMonth
  const firstDay = Math.max(generated.firstDay, today - (DAYS_KEPT - 1))
  const known = generated.days.slice(firstDay - generated.firstDay, today - generated.firstDay)
  return { now: today * DAY, firstDay: firstDay * DAY, days: [...known, 0] }
}

export function monthTotal({ days, firstDay, monthStart }: GeneratedHistory): number {
  const skipped = Math.max(0, monthStart - firstDay)
  return days.slice(skipped).reduce((sum, units) => sum + units, 0)
}

interface Span {
  firstDay: number
  monthStart: number
  monthEnd: number
}

function expectedDays(
  draws: Draws,
  { firstDay, monthStart, monthEnd }: Span,
  { pull }: DeadlinePull,
): number[] {
  const level = Math.exp(draws.between(Math.log(20), Math.log(50_000)))
  const week = drawWeek(draws)
  const growth = drawGrowth(draws, monthStart - firstDay)
  const step = drawStep(draws, firstDay, monthEnd)
  const ofMonth = drawDayOfMonth(draws)
  return Array.from({ length: monthEnd - firstDay }, (_, index) => {
    const day = firstDay + index
    const weekday = week[weekdayOf(day)] ?? 1
    const trend = growth(day - monthStart) * step(day)
    return level * weekday * trend * ofMonth(day) * (1 + pull(day))
  })
}

/** Factors from Sunday to Saturday. */
function drawWeek(draws: Draws): number[] {
  const kind = draws.pick(['business', 'business', 'business', 'consumer', 'machine'])
  const wobble = (around: number, spread: number) => draws.logNormal(around, spread)
  if (kind === 'machine') return Array.from({ length: 7 }, () => wobble(1, 0.03))
  if (kind === 'consumer') {
    const weekend = draws.between(1, 1.7)
    return [wobble(weekend, 0.1), ...[1, 1, 1, 1, 1].map((one) => wobble(one, 0.08)), weekend]
  }
  const weekend = draws.between(0.03, 0.4)
  const office = [1.1, 1.08, 1.04, 1, 0.85].map((one) => wobble(one, 0.07))
  return [wobble(weekend, 0.15), ...office, wobble(weekend, 0.15)]
}

/** Factor by the days since the month began. Young keys grow faster, at first. */
function drawGrowth(draws: Draws, age: number): (day: number) => number {
  const aMonth = draws.normal(0.03, 0.1)
  const young = age < 45 && draws.chance(0.7) ? draws.between(0.3, 0.9) : 0
  const ripeness = draws.between(7, 21)
  return (day) => {
    const ramp = 1 - young * Math.exp(-Math.max(0, day + age) / ripeness)
    return Math.exp((aMonth * day) / 30) * ramp
  }
}

/** A customer of theirs comes or goes, a cache is switched on: the level changes for good. */
function drawStep(draws: Draws, firstDay: number, monthEnd: number): (day: number) => number {
  if (!draws.chance(0.18)) return () => 1
  const at = draws.integer(Math.max(firstDay, monthEnd - 110), monthEnd)
  const factor = draws.chance(0.5) ? draws.between(0.45, 0.8) : draws.between(1.25, 2.2)
  return (day) => (day >= at ? factor : 1)
}

/** Closing the books at the month's end, or its first days' reports. */
function drawDayOfMonth(draws: Draws): (day: number) => number {
  const kind = draws.pick(['none', 'none', 'none', 'end', 'start'])
  const more = draws.between(0.2, 0.8)
  return (day) => {
    const date = fromEpochDay(day)
    const first = Number(date.slice(8, 10))
    const last = Number(fromEpochDay(day + 3).slice(8, 10))
    if (kind === 'end') return last <= 3 ? 1 + more : 1
    return kind === 'start' && first <= 3 ? 1 + more : 1
  }
}

/** Days differ by more than chance alone, and a busy day is followed by busy ones. */
function noisy(draws: Draws, expected: readonly number[]): number[] {
  const spread = draws.between(0.04, 0.25)
  const memory = draws.between(0, 0.6)
  let mood = 0
  return expected.map((mean) => {
    mood = memory * mood + draws.normal(0, spread * 0.6 * Math.sqrt(1 - memory * memory))
    return draws.poisson(mean * Math.exp(mood) * draws.gamma((spread * 0.8) ** 2))
  })
}

/** What no calendar tells: outages, weeks off, bulk imports, keys that fall asleep and wake. */
function disturbed(draws: Draws, { firstDay, monthEnd }: Span, days: readonly number[]): number[] {
  const result = [...days]
  const scale = (from: number, length: number, factor: number) => {
    for (let day = from; day < from + length; day++) {
      const index = day - firstDay
      if (index >= 0 && index < result.length)
        result[index] = Math.round((result[index] ?? 0) * factor)
    }
  }
  const anywhere = () => draws.integer(Math.max(firstDay, monthEnd - 120), monthEnd - 1)
  if (draws.chance(0.3)) scale(anywhere(), draws.integer(1, 3), draws.pick([0, 0, 0.3]))
  if (draws.chance(0.15)) scale(anywhere(), draws.integer(4, 10), draws.between(0.1, 0.5))
  if (draws.chance(0.3)) {
    for (let left = draws.integer(1, 3); left > 0; left--)
      scale(anywhere(), 1, draws.between(2.5, 7))
  }
  if (draws.chance(0.04)) scale(anywhere(), monthEnd, draws.pick([0, 0.02]))
  if (draws.chance(0.03)) scale(firstDay, anywhere() - firstDay, draws.pick([0, 0.02]))
  return result
}
