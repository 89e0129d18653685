import { useEffect, useMemo, useRef } from 'react'
import { BarChart } from '../../components/bar-chart.tsx'
import type { Bar } from '../../components/chart-options.ts'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { HOUR, inWords, startOfDay, startOfHour } from '../../format/times.ts'
import { OverviewHoursDocument, type OverviewHoursQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'

interface TodayProps {
  /** ms */
  now: number
  /** Units of the running hour, and of the day, as they move. */
  hour: number
  day: number
}

/** The hours of the UTC day so far; the running one grows. */
export function Today({ now, hour, day }: TodayProps) {
  const { data, error, again } = useRead({ query: OverviewHoursDocument })
  useReadWithEachHour(again, now)
  const hours = data?.realtimeUsage
  const bars = useMemo(() => hours && barsOf(hours, now, hour), [hours, now, hour])
  const about = (
    <>
      <WholeNumber value={day} /> units since 00:00 UTC
    </>
  )
  return (
    <Panel title="Today by hour" about={about}>
      {bars && <BarChart label="Units today by hour" step="Hour" bars={bars} />}
      {!bars && !error && <Loading what="The hours of today" />}
      {!bars && error && (
        <Failed what="The hours could not be read." error={error} onRetry={again} />
      )}
    </Panel>
  )
}

type Hours = NonNullable<OverviewHoursQuery['realtimeUsage']>

/** All 24 of the day, so that it fills from the left; an hour that has begun since was not read yet. */
function barsOf(hours: Hours, now: number, running: number): Bar[] {
  const read = new Map(hours.map((one) => [Date.parse(one.hour), one.totalRequests]))
  return Array.from({ length: 24 }, (_, index) => {
    const at = startOfDay(now) + index * HOUR
    const known = read.get(at) ?? 0
    return {
      label: inWords(at, 'shortHour'),
      name: `${inWords(at, 'hour')} – ${inWords(at + HOUR, 'hour')}`,
      value: at === startOfHour(now) ? Math.max(known, running) : known,
    }
  })
}

function useReadWithEachHour(again: () => void, now: number): void {
  const hour = startOfHour(now)
  const seen = useRef(hour)
  useEffect(() => {
    if (seen.current === hour) return
    seen.current = hour
    again()
  }, [hour, again])
}
