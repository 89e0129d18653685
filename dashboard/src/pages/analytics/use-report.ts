import { useMemo } from 'react'
import { DAY, dayName, dayStart } from '../../format/times.ts'
import { BreakdownDocument, MarksDocument } from '../../gql/graphql.ts'
import { useLiveTotals } from '../../graphql/live-totals.tsx'
import { useReadWhenMoved } from '../../graphql/read-when-moved.ts'
import { useRead } from '../../graphql/use-read.ts'
import { type Choices, type Days, daysBefore, firstKept, lengthOf } from './choices.ts'
import { type Picture, type UsageGroup, unitsByDay, unusualDays } from './picture.ts'

const context = { additionalTypenames: ['Alert'] }

export interface Report {
  groups: readonly UsageGroup[]
  /** Those of the days a month before; null: there is no comparison. */
  groupsBefore: readonly UsageGroup[] | null
  picture: Picture
}

/**
 * All that is asked for one look.
 * @param now ms
 * @returns `old` while the answer on the screen is to what was chosen before
 */
export function useReport({ by, only, compare, countries }: Choices, days: Days, now: number) {
  const earlier = daysBefore(days)
  const known = firstKept(now)
  const comparable = compare && earlier.to >= known
  const usage = useRead({ query: BreakdownDocument, variables: { ...days, by } })
  const before = useRead({
    ...{ query: BreakdownDocument, variables: { ...earlier, by } },
    pause: !comparable,
  })
  const marks = useRead({
    ...{ query: MarksDocument, context },
    variables: { ...days, countries: countries.length === 0 ? null : [...countries] },
  })
  useReadWhenMoved(usage.again, useTotalToday())
  const groups = usage.data?.usageBreakdown
  const groupsBefore = comparable ? before.data?.usageBreakdown : undefined

  const report = useMemo<Report | null>(() => {
    if (!groups) return null
    const earlierUnits = groupsBefore && unitsByDay(groupsBefore, only)
    const keys = by === 'KEY' ? only : null
    const unusual = marks.data ? unusualDays(marks.data) : []
    const dates = groups[0]?.days.map(({ date }) => date) ?? datesOf(days)
    const picture = {
      ...{ dates, units: unitsByDay(groups, only) },
      before: dates.map((_, index) => {
        const date = dayName(dayStart(earlier.from) + index * DAY)
        return earlierUnits && date >= known ? (earlierUnits.get(date) ?? 0) : null
      }),
      deadlines: marks.data?.usageDeadlines ?? [],
      unusual: unusual.filter(({ apiKeyId }) => keys === null || apiKeyId === keys),
    }
    // In part it would be compared with less than it was.
    const whole = groupsBefore && earlier.from >= known ? groupsBefore : null
    return { groups, groupsBefore: whole, picture }
  }, [groups, groupsBefore, marks.data, only, by, days, earlier.from, known])
  const { from, by: grouped } = usage.answered ?? {}
  const old = from !== days.from || usage.answered?.to !== days.to || grouped !== by
  return { report, old, error: usage.error, again: usage.again }
}

function datesOf(days: Days): string[] {
  const count = lengthOf(days)
  return Array.from({ length: count }, (_, index) => dayName(dayStart(days.from) + index * DAY))
}

function useTotalToday(): number {
  return [...useLiveTotals().values()].reduce((sum, { dayRequests }) => sum + dayRequests, 0)
}
