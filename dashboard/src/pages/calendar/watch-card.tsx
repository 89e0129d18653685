import { Button, Card, Group, Stack, Text, Title } from '@mantine/core'
import { WholeNumber } from '../../components/whole-number.tsx'
import { useLiveTotals } from '../../graphql/live-totals.tsx'
import type { CalendarKey } from './calendar.tsx'
import type { NextDates } from './use-next-dates.ts'
import type { Watch } from './watch.ts'
import { type Payer, WatchForm } from './watch-form.tsx'

interface WatchCardProps {
  watch: Watch
  change: (part: Partial<Watch>) => void
  payer: Payer
  dates: NextDates
  onShow: () => void
}

/** What is watched, and the button that asks; beside it stands what that costs. */
export function WatchCard({ watch, change, payer, dates, onShow }: WatchCardProps) {
  const { usage, asking } = dates
  return (
    <Card withBorder component="section" aria-labelledby="watch">
      <Stack>
        <Title order={2} size="h4" id="watch">
          What to watch
        </Title>
        <WatchForm watch={watch} change={change} payer={payer} />
        <Group>
          <Button onClick={onShow} loading={asking} disabled={watch.countries.length === 0}>
            Show dates
          </Button>
          <Text size="sm" c="dimmed" flex="1 1 16rem">
            <Cost paying={payer.paying} />
          </Text>
        </Group>
        {usage && (
          <Text size="sm" role="status">
            That cost <WholeNumber value={usage.units} /> {usage.units === 1 ? 'unit' : 'units'}.
          </Text>
        )}
      </Stack>
    </Card>
  )
}

/** Before anything is asked. */
function Cost({ paying }: { paying: CalendarKey }) {
  const remaining = useLiveTotals().get(paying.id)?.remaining
  return (
    <>
      Costs 1 unit of “{paying.name}”
      {remaining != null && (
        <>
          , which has <WholeNumber value={remaining} /> left this month
        </>
      )}
      . Reasons and sources are included; opening a date costs nothing.
    </>
  )
}
