import type { Bar } from '../../components/chart-options.ts'
import { dayName, inWords } from '../../format/times.ts'
import type { BreakdownQuery, CountryCode, MarksQuery } from '../../gql/graphql.ts'
import { countryName } from './country-name.ts'

export type UsageGroup = NonNullable<BreakdownQuery['usageBreakdown']>[number]
export type Deadline = NonNullable<MarksQuery['usageDeadlines']>[number]

/** An unusual day of a key, whether a due date explains it or not. */
export interface UnusualDay {
  id: string
  date: string
  apiKeyId: string
  message: string
}

/** Units by day, of all groups or of one. */
export function unitsByDay(
  groups: readonly UsageGroup[],
  only: string | null,
): Map<string, number> {
  const units = new Map<string, number>()
  for (const { name, days } of groups) {
    if (only !== null && name !== only) continue
    for (const { date, totalRequests } of days) {
      units.set(date, (units.get(date) ?? 0) + totalRequests)
    }
  }
  return units
}

export function unusualDays({ alerts }: MarksQuery): UnusualDay[] {
  return (alerts?.edges ?? [])
    .filter(({ node: { level } }) => level === 'ANOMALY' || level === 'EXPECTED_PEAK')
    .map(({ node: { id, apiKeyId, raisedAt, message } }) => ({
      ...{ id, apiKeyId, message, date: dayName(Date.parse(raisedAt)) },
    }))
}

export interface Picture {
  /** All days of the range, in order. */
  dates: readonly string[]
  units: ReadonlyMap<string, number>
  /** By the day's place in the range; null: no comparison, or not kept any more. */
  before: readonly (number | null)[]
  deadlines: readonly Deadline[]
  unusual: readonly UnusualDay[]
}

export function barsOf({ dates, units, before, deadlines, unusual }: Picture): Bar[] {
  const due = Map.groupBy(deadlines, ({ date }) => date)
  const odd = Map.groupBy(unusual, ({ date }) => date)
  return dates.map((date, index) => ({
    label: inWords(date, 'shortDay'),
    name: inWords(date, 'day'),
    value: units.get(date) ?? 0,
    before: before[index] ?? null,
    deadlines: (due.get(date) ?? []).map(dueInWords),
    unusual: (odd.get(date) ?? []).map(({ message }) => message),
  }))
}

const NAMED = 3

/** `Due in Australia: GST/BAS quarterly and 2 more` */
function dueInWords({ country, taxTypes }: Deadline): string {
  const more = taxTypes.length > NAMED ? ` and ${taxTypes.length - NAMED} more` : ''
  return `Due in ${countryName(country as CountryCode)}: ${taxTypes.slice(0, NAMED).join(', ')}${more}`
}
