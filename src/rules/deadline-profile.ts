import type { DayUnits } from './anomaly.ts'
import { type EpochDay, fromEpochDay, yearOf } from './tax/calendar-date.ts'
import { type DatesRead, isRead } from './tax/dates-read.ts'
import { nationwideDueDays } from './tax/nationwide-due-days.ts'
import type { TaxData } from './tax/tax-data.ts'

/** One duty, and the days on which it falls due. */
export interface Deadline {
  /** `TDS deposit in India` */
  name: string
  /** Before today, ascending. */
  past: EpochDay[]
  next: EpochDay
  /** The key asks for it; else it may be anybody's, and must fit better. */
  read: boolean
}

const DAYS_BACK = 90
const DAYS_AHEAD = 7
/** Use swells in the week that ends with the due date. */
const WINDOW = 7
/** Of a window that reaches beyond the days that are kept, where the key asks for the duty. */
const LEAST_SEEN = 3
const PEAK = 1.5
const LEAST_PEAKS = 2
/** What is due each quarter falls due once in these days: that one peak must be plain. */
const LONE_PEAK = 2
/** Without some days off the peaks there is nothing to compare them with. */
const LEAST_OTHER_DAYS = 7

/**
 * The nationwide duties that fall due within a week from `today`, and have before.
 * @param read what the key asks for: nothing else explains its peaks. Empty where that is not known: then
 *   only what has fallen due twice, since there are hundreds of duties and one of them always fits one peak
 */
export function deadlinesOf(data: TaxData, today: EpochDay, read: DatesRead): Deadline[] {
  const leastPast = read.size > 0 ? 1 : LEAST_PEAKS
  const [from, to] = [today - DAYS_BACK, today + DAYS_AHEAD]
  const found: Deadline[] = []
  const years = { first: yearOf(fromEpochDay(from)), last: yearOf(fromEpochDay(to)) }
  for (const { country, datesByYear } of data.countries.values()) {
    const days = nationwideDueDays({ datesByYear }, years)
    for (const { id, taxType } of country.obligations) {
      if (read.size > 0 && !isRead(read, country.code, id)) continue
      const near = [...(days.get(id) ?? [])].filter((day) => day >= from && day <= to)
      const all = near.sort((a, b) => a - b)
      const past = all.filter((day) => day < today)
      const next = all.find((day) => day >= today)
      if (next === undefined || past.length < leastPast) continue
      found.push({ name: `${taxType} in ${country.name}`, past, next, read: read.size > 0 })
    }
  }
  return found
}

/**
 * Which deadline explains that a key is called more than usual: one before whose past dates it was called
 * at least half as much again as on other days (twice as much, where there is but one such date), the plainest
 * where there are several.
 * @returns `TDS deposit in India is due on 2026-12-07`; null: none does
 */
export function expectedDeadline(
  history: readonly DayUnits[],
  today: EpochDay,
  deadlines: readonly Deadline[],
): string | null {
  const units = new Map(history.map((one) => [one.day, one.units]))
  const first = Math.max(today - DAYS_BACK, Math.min(...units.keys()))
  let best: { ratio: number; deadline: Deadline } | null = null
  for (const deadline of deadlines) {
    const ratio = peakBefore(deadline, units, first, today)
    if (ratio !== null && ratio > (best?.ratio ?? 0)) best = { ratio, deadline }
  }
  if (!best) return null
  return `${best.deadline.name} is due on ${fromEpochDay(best.deadline.next)}`
}

/** How many times as much the key was called before its past dates as on other days; null: no peak. */
function peakBefore(
  { past, next, read }: Deadline,
  units: ReadonlyMap<EpochDay, number>,
  first: EpochDay,
  today: EpochDay,
): number | null {
  const windows = past
    .map((due) => Array.from({ length: WINDOW }, (_, n) => due - n))
    .map((window) => window.filter((day) => day >= first))
    .filter((window) => window.length >= (read ? LEAST_SEEN : WINDOW))
  const near = new Set([...windows.flat(), ...Array.from({ length: WINDOW }, (_, n) => next - n)])
  const mean = (days: readonly EpochDay[]) =>
    days.reduce((sum, day) => sum + (units.get(day) ?? 0), 0) / days.length
  const others = Array.from({ length: today - first }, (_, n) => first + n).filter(
    (day) => !near.has(day),
  )
  if (others.length < LEAST_OTHER_DAYS) return null
  const usual = mean(others)
  const [height, least] = read && windows.length === 1 ? [LONE_PEAK, 1] : [PEAK, LEAST_PEAKS]
  const peaks = windows.filter((window) => mean(window) >= height * usual && mean(window) > 0)
  if (peaks.length < least || peaks.length * 2 < windows.length) return null
  return mean(windows.flat()) / Math.max(usual, 1)
}
