/** A day's billed units; days without any may be left out. */
export interface DayUnits {
  /** Days since 1970-01-01, UTC. */
  day: number
  units: number
}

/** From when on a day is unusual. */
export interface AnomalyRule {
  /** Today's count is unusual from so many times the average on. */
  factor: number
  /** Complete days that the average is taken over. */
  days: number
  /** Of these, days with usage at least. */
  leastDaysUsed: number
  /** Calls a day on average at least: below it five times as much is nothing. */
  leastAverage: number
}

export const defaultAnomalyRule: AnomalyRule = {
  factor: 5,
  days: 30,
  leastDaysUsed: 7,
  leastAverage: 100,
}

/** What a key usually does a day. */
export interface Baseline {
  average: number
  /** Units from which on a day is unusual. */
  unusualFrom: number
}

/**
 * What is usual for a key, from the complete days before today; null: too little is known. A key younger
 * than the window is averaged over its own days, or its first weeks would pass for a quiet month.
 * @param firstDay on which the key was made
 */
export function baselineOf(
  history: readonly DayUnits[],
  today: number,
  firstDay: number,
  rule: AnomalyRule = defaultAnomalyRule,
): Baseline | null {
  const used = history.filter(
    ({ day, units }) => day >= today - rule.days && day < today && units > 0,
  )
  if (used.length < rule.leastDaysUsed) return null
  const first = Math.min(firstDay, ...used.map(({ day }) => day))
  const days = Math.min(rule.days, today - first)
  const average = used.reduce((sum, { units }) => sum + units, 0) / days
  if (average < rule.leastAverage) return null
  return { average, unusualFrom: average * rule.factor }
}
