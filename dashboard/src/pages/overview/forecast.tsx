import { List, Text } from '@mantine/core'
import { memo } from 'react'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { inWords } from '../../format/times.ts'
import { useNow } from '../../format/use-now.ts'
import { OverviewForecastDocument, type OverviewForecastQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'

/** What the month may come to, and why. */
export const Forecast = memo(({ limit }: { limit: number | null }) => {
  const { data, error, again } = useRead({ query: OverviewForecastDocument })
  const forecast = data?.usageForecast
  return (
    <Panel title="Forecast" about="Made anew every few minutes from the last 90 days.">
      {forecast && <Expected forecast={forecast} limit={limit} />}
      {!forecast && !error && <Loading what="The forecast" />}
      {!forecast && error && (
        <Failed what="The forecast could not be read." error={error} onRetry={again} />
      )}
    </Panel>
  )
})

interface ExpectedProps {
  forecast: NonNullable<OverviewForecastQuery['usageForecast']>
  limit: number | null
}

function Expected({ forecast, limit }: ExpectedProps) {
  const { month, expected, low, high, exhaustsAt, because } = forecast
  if (high === 0) return <Empty>Once there are calls, this says what the month may come to.</Empty>
  return (
    <>
      <Text>
        {inWords(`${month}-01`, 'month')} may come to{' '}
        <Text span fw={700} fz="xl">
          <WholeNumber value={expected} />
        </Text>{' '}
        units.
      </Text>
      <Text size="sm">
        With a chance of 80 % it ends between <WholeNumber value={low} /> and{' '}
        <WholeNumber value={high} />.
      </Text>
      <Text size="sm" fw={600} my="xs">
        <Exhausts at={exhaustsAt} limit={limit} />
      </Text>
      <Text size="sm" c="dimmed">
        It follows from
      </Text>
      <List size="sm">
        {because.map((reason) => (
          <List.Item key={reason}>{reason}</List.Item>
        ))}
      </List>
    </>
  )
}

/** @param at of the first key that reaches its limit; in the past: it has */
function Exhausts({ at, limit }: { at: string | null; limit: number | null }) {
  const now = useNow()
  if (at === null) return limit !== null && 'At this pace no key reaches its limit this month.'
  if (Date.parse(at) <= now) return 'A key has reached its limit.'
  return (
    <>
      At this pace a key reaches its limit on <UtcTime at={at} />.
    </>
  )
}
