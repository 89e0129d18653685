import type { ClientSession, Db } from 'mongodb'
import { DAY, dayName, HOUR, monthName } from '../../rules/calendar-time.ts'
import { daysOfMonth } from '../../rules/usage-period.ts'
import { type Difference, differencesOf, sumTotals } from '../../rules/usage-totals.ts'
import { type MonthCell, type UsageCell, usageCells } from '../../store/usage-cells.ts'

/** Which cells of which keys to look at. */
export interface Selection {
  /** Start of the month, ms. */
  month: number
  /** Start of the day of it that is being closed, ms; null: none, only the month is looked at. */
  day: number | null
  /** Whether all hours of that day still exist. */
  hoursExist: boolean
  /** Whether all days of the month still exist. */
  daysExist: boolean
  /** Keys above this id, in order. */
  after: string
  /** At most so many months; the rest comes with the next call. */
  limit: number
  /** Of these keys only; undefined: of all. */
  only?: readonly string[] | undefined
}

export interface KeyCells {
  apiKeyId: string
  month: MonthCell | null
  days: UsageCell[]
  /** Those of `Selection.day`, where they exist. */
  hours: UsageCell[]
}

export interface CellDifference extends Difference {
  apiKeyId: string
  /** What differs from the sum of its finer grain. */
  grain: 'day' | 'month'
  /** `2026-11-21` or `2026-11` */
  period: string
}

/**
 * Reads all three grains of some keys as they stood at one instant, so that a roll-up that commits
 * meanwhile cannot make them look different. A snapshot lives 5 minutes on the server
 * (minSnapshotHistoryWindowInSeconds), hence one for each batch and not one for the whole run.
 *
 * @returns keys ascending, and where to go on; `next` null: that was all
 */
export async function readCells(
  db: Db,
  selection: Selection,
): Promise<{ keys: KeyCells[]; next: string | null }> {
  const session = db.client.startSession({ snapshot: true, causalConsistency: false })
  try {
    return await readInSession(db, session, selection)
  } finally {
    await session.endSession()
  }
}

async function readInSession(db: Db, session: ClientSession, selection: Selection) {
  const { month, after, limit, only } = selection
  // The client's own read concern (majority) would win over the session's and unhinge the snapshot.
  const options = { session, readConcern: { level: 'snapshot' } } as const
  const { hours, days, months } = usageCells(db)
  const monthCells = await months
    .find(keysIn([month], { $gt: after }, only), options)
    .sort({ apiKeyId: 1 })
    .limit(limit)
    .toArray()
  // The months bound the batch; the last one is open, so that days and hours without a month show up.
  const last = monthCells.length < limit ? null : (monthCells.at(-1)?.apiKeyId ?? null)
  const range = last === null ? { $gt: after } : { $gt: after, $lte: last }
  const dayStarts = selection.daysExist
    ? daysOfMonth(month)
    : selection.day === null
      ? []
      : [selection.day]
  const dayCells = await days.find(keysIn(dayStarts, range, only), options).toArray()
  const hourStarts = selection.day === null || !selection.hoursExist ? [] : hoursOf(selection.day)
  const hourCells = await hours.find(keysIn(hourStarts, range, only), options).toArray()
  return { keys: byKey(monthCells, dayCells, hourCells), next: last }
}

/** `$in` and not a range: with it the index {at, apiKeyId} is walked by points, never over other keys. */
function keysIn(starts: number[], range: object, only: readonly string[] | undefined) {
  const key = only ? { ...range, $in: [...only] } : range
  return { at: { $in: starts.map((at) => new Date(at)) }, apiKeyId: key }
}

function hoursOf(day: number): number[] {
  return Array.from({ length: DAY / HOUR }, (_, index) => day + index * HOUR)
}

function byKey(months: MonthCell[], days: UsageCell[], hours: UsageCell[]): KeyCells[] {
  const keys = new Map<string, KeyCells>()
  const of = (apiKeyId: string): KeyCells => {
    const known = keys.get(apiKeyId) ?? { apiKeyId, month: null, days: [], hours: [] }
    keys.set(apiKeyId, known)
    return known
  }
  for (const cell of months) of(cell.apiKeyId).month = cell
  for (const cell of days) of(cell.apiKeyId).days.push(cell)
  for (const cell of hours) of(cell.apiKeyId).hours.push(cell)
  return [...keys.values()].sort((a, b) => (a.apiKeyId < b.apiKeyId ? -1 : 1))
}

const nothing = { total: 0, failed: 0, endpoints: {} }

/** Every figure in which one key's day differs from its hours, or its month from its days. */
export function proveKey(cells: KeyCells, selection: Selection): CellDifference[] {
  const { apiKeyId } = cells
  const { day, hoursExist, month, daysExist } = selection
  const found: CellDifference[] = []
  if (day !== null && hoursExist) {
    const stored = cells.days.find(({ at }) => at.getTime() === day) ?? nothing
    for (const difference of differencesOf(stored, sumTotals(cells.hours))) {
      found.push({ apiKeyId, grain: 'day', period: dayName(day), ...difference })
    }
  }
  if (daysExist) {
    for (const difference of differencesOf(cells.month ?? nothing, sumTotals(cells.days))) {
      found.push({ apiKeyId, grain: 'month', period: monthName(month), ...difference })
    }
  }
  return found
}
