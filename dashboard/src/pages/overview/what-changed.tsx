import { Stack, Text } from '@mantine/core'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { DAY, dayName, startOfDay } from '../../format/times.ts'
import { OverviewChangesDocument } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { newsOf } from './news.tsx'

/** So that the first of each is noticed: an empty list names no type. */
const context = { additionalTypenames: ['Alert', 'Invoice', 'AccessChange', 'ApiKey'] }

/** What is new since the beginning of yesterday, UTC, the latest first. */
export function WhatChanged({ now, day }: { now: number; day: number }) {
  const yesterday = dayName(now - DAY)
  const variables = { yesterday, today: dayName(now) }
  const { data, error, again } = useRead({ query: OverviewChangesDocument, variables, context })
  const before = data?.dailyUsage?.find(({ date }) => date === yesterday)?.totalRequests
  return (
    <Panel title="What changed since yesterday" about="Since 00:00 UTC of yesterday.">
      {!data && !error && <Loading what="What changed" />}
      {!data && error && (
        <Failed what="What changed could not be read." error={error} onRetry={again} />
      )}
      {data && (
        <Text size="sm" mb="sm">
          <b>
            <WholeNumber value={day} />
          </b>{' '}
          units today so far,{' '}
          <b>
            <WholeNumber value={before ?? 0} />
          </b>{' '}
          yesterday.
        </Text>
      )}
      {data && <NewsList news={newsOf(data, startOfDay(now) - DAY)} />}
    </Panel>
  )
}

function NewsList({ news }: { news: ReturnType<typeof newsOf> }) {
  if (news.length === 0) {
    return <Text size="sm">No new alerts, changes of access or invoices.</Text>
  }
  return (
    <Stack component="ul" gap="sm" m={0} p={0} className="plain-list">
      {news.map(({ id, at, what }) => (
        <li key={id}>
          <Text size="xs" c="dimmed">
            <UtcTime at={at} />
          </Text>
          {what}
        </li>
      ))}
    </Stack>
  )
}
