import { useMemo } from 'react'
import { BarChart } from '../../components/bar-chart.tsx'
import type { Bar } from '../../components/chart-options.ts'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { DAY, dayName, inWords } from '../../format/times.ts'
import { OverviewDaysDocument, type OverviewDaysQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'

const DAYS = 30

/** Today, as it moves, and the 29 days before. */
export function LastDays({ now, day }: { now: number; day: number }) {
  const today = dayName(now)
  const startDate = dayName(now - (DAYS - 1) * DAY)
  const variables = { startDate, endDate: today }
  const { data, error, again } = useRead({ query: OverviewDaysDocument, variables })
  const days = data?.dailyUsage
  const bars = useMemo(() => days && barsOf(days, today, day), [days, today, day])
  const total = bars?.reduce((sum, { value }) => sum + value, 0) ?? 0
  const about = (
    <>
      <WholeNumber value={total} /> units in {DAYS} days, all keys
    </>
  )
  return (
    <Panel title="Last 30 days" about={about}>
      {bars && <BarChart label="Units of the last 30 days" step="Day" bars={bars} />}
      {!bars && !error && <Loading what="The last days" />}
      {!bars && error && (
        <Failed what="The days could not be read." error={error} onRetry={again} />
      )}
    </Panel>
  )
}

type Days = NonNullable<OverviewDaysQuery['dailyUsage']>

function barsOf(days: Days, today: string, units: number): Bar[] {
  return days.map(({ date, totalRequests }) => ({
    label: inWords(date, 'shortDay'),
    name: inWords(date, 'day'),
    value: date === today ? Math.max(totalRequests, units) : totalRequests,
  }))
}
