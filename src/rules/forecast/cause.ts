import { type EpochDay, fromEpochDay, SATURDAY, SUNDAY, weekdayOf } from '../tax/calendar-date.ts'
import type { DueProfile } from './due-profile.ts'
import type { Frame } from './frame.ts'
import type { Column } from './regression.ts'

/** A column, and what it stands for. */
export interface Cause extends Column {
  readonly kind: CauseKind
  /** The due dates, for a `peak`: the ones that fit best, then others that fit nearly as well. */
  readonly profiles?: readonly [DueProfile, ...DueProfile[]]
  /** The first day of the new level, for a `step`. */
  readonly day?: EpochDay
}

export type CauseKind =
  | 'level'
  | 'drift'
  | 'trend'
  | 'weekend'
  | 'weekday'
  | 'monthStart'
  | 'monthEnd'
  | 'peak'
  | 'step'

/** Days at either end of a month that may differ. */
const EDGE_DAYS = 3
/** How far the level may move in a week without a reason; its share in the forecast's spread too. */
export const WEEKLY_DRIFT = 0.04

/**
 * What may drive any key's use, each as an effect on its logarithm: the level of this week, its drift
 * from the weeks before, growth, the week, the ends of the month. Due dates and steps are added where
 * the days show them.
 */
export function everydayCauses(frame: Frame): Cause[] {
  const { first, today } = frame
  const column = (kind: CauseKind, prior: number, valueAt: (day: EpochDay) => number): Cause => ({
    ...{ kind, prior },
    values: Float64Array.from({ length: frame.rows }, (_, row) => valueAt(first + row)),
  })
  const when = (holds: boolean) => (holds ? 1 : 0)
  const causes = [
    column('level', 30, () => 1),
    column('trend', 0.1, (day) => (day - today) / 30),
    column('weekend', 1.2, (day) => when(isWeekend(day))),
    column('monthStart', 0.15, (day) => when(dayOfMonth(day) <= EDGE_DAYS)),
    column('monthEnd', 0.15, (day) => when(dayOfMonth(day + EDGE_DAYS) <= EDGE_DAYS)),
  ]
  for (let weekday = 0; weekday < 7; weekday++) {
    causes.push(column('weekday', 0.2, (day) => when(weekdayOf(day) === weekday)))
  }
  for (let start = today - 7; start > first + 3; start -= 7) {
    causes.push(column('drift', WEEKLY_DRIFT, (day) => when(day < start)))
  }
  return causes
}

function isWeekend(day: EpochDay): boolean {
  const weekday = weekdayOf(day)
  return weekday === SATURDAY || weekday === SUNDAY
}

function dayOfMonth(day: EpochDay): number {
  return Number(fromEpochDay(day).slice(8))
}
