import { Paper, Text } from '@mantine/core'
import { CalendarDay } from '../../components/calendar-day.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import type { AnnouncedFragment } from '../../gql/graphql.ts'
import { SourceLink } from './source-link.tsx'
import { countryName, effectWords } from './tax-words.ts'

/** What an authority said, whom it concerns, and where that was read. */
export function AnnouncedChange({ change }: { change: AnnouncedFragment }) {
  const { country, region, obligationId, periodEnd, effect, dueDate, reason, appliesTo } = change
  return (
    <Paper withBorder p="sm" mb="xs">
      <Text size="sm" c="dimmed">
        {countryName(country)}
        {region !== null && `, in ${region}`}
        {obligationId !== null && ` · ${obligationId}`}
        {periodEnd !== null && (
          <>
            {' '}
            · period to <CalendarDay day={periodEnd} />
          </>
        )}
      </Text>
      <Text fw={600}>
        {dueDate === null ? (
          effectWords[effect]
        ) : (
          <>
            Due on <CalendarDay day={dueDate} /> instead
          </>
        )}
        {appliesTo !== null && `, only for ${appliesTo}`}
      </Text>
      <Text size="sm" maw="70ch">
        {reason}
      </Text>
      <Text size="sm">
        <SourceLink source={change.source} />
        <Text span c="dimmed" inherit>
          , in the API since <UtcTime at={change.enteredAt} />
        </Text>
      </Text>
    </Paper>
  )
}
