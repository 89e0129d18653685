import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { monthInWords } from '../../components/calendar-day.tsx'
import { Empty, Failed } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import type { CalendarKey } from './calendar.tsx'
import { DateList } from './date-list.tsx'
import { byMonth } from './due-dates.ts'
import type { NextDates as Dates } from './use-next-dates.ts'

/** What was asked for, by month. */
export function NextDates({ dates, paying }: { dates: Dates; paying: CalendarKey }) {
  const { shown, changed, error, asking, readMore } = dates
  return (
    <Stack>
      {error !== null && <Failed what="The dates could not be read." error={error} />}
      {shown === null && (
        <Empty>Choose what you watch and ask: what is due next stands here then.</Empty>
      )}
      {shown?.totalCount === 0 && <Empty>Nothing is due in that time for what you watched.</Empty>}
      {shown !== null && shown.totalCount > 0 && (
        <Text c="dimmed" size="sm" role="status">
          <WholeNumber value={shown.dates.length} /> of <WholeNumber value={shown.totalCount} />{' '}
          dates.{' '}
          {changed && 'You have changed what you watch: these are those of your earlier choice.'}
        </Text>
      )}
      {byMonth(shown?.dates ?? []).map(([month, listed]) => (
        <Stack key={month} gap="xs" component="section" aria-label={monthInWords(month)}>
          <Title order={3} size="h5">
            {monthInWords(month)}
          </Title>
          <DateList dates={listed} />
        </Stack>
      ))}
      {shown?.after != null && (
        <Group>
          <Button variant="default" onClick={() => void readMore()} loading={asking}>
            Show more
          </Button>
          <Text size="sm" c="dimmed">
            Costs 1 more unit of “{paying.name}”.
          </Text>
        </Group>
      )}
    </Stack>
  )
}
