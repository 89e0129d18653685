import { Card, Divider, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { UsageMeter } from '../../components/usage-meter.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { fromNow, inWords, startOfNextMonth } from '../../format/times.ts'
import type { AccountNow, OverviewMonth } from './account-now.ts'

interface MonthSoFarProps {
  state: AccountNow
  month: OverviewMonth
  now: number
}

/** The month against its limit, as it moves. */
export function MonthSoFar({ state, month, now }: MonthSoFarProps) {
  const resets = new Date(startOfNextMonth(now)).toISOString()
  return (
    <Card withBorder padding="lg">
      <Text c="dimmed" id="month-total">
        Units this month, all keys
      </Text>
      <Group align="baseline" gap="md" mb={4}>
        <Text fz={52} fw={700} lh={1.1} aria-labelledby="month-total" role="group">
          <WholeNumber value={state.month} />
        </Text>
        <Text c="dimmed">
          {state.limit === null ? (
            'without a limit'
          ) : (
            <>
              of <WholeNumber value={state.limit} /> in {inWords(now, 'month')}
            </>
          )}
        </Text>
      </Group>
      <UsageMeter used={state.month} limit={state.limit} label="Used of this month’s units" />
      <Divider my="md" />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Fact name="Left this month">
          {state.remaining === null ? 'No limit' : <WholeNumber value={state.remaining} />}
        </Fact>
        <Fact name="Begins again at 0" more={fromNow(resets, now)}>
          <UtcTime at={resets} />
        </Fact>
        <Fact name="Average a day">
          <WholeNumber value={Math.round(month.averagePerDay)} />
        </Fact>
        <Fact
          name="Busiest day"
          more={month.peakDay ? inWords(month.peakDay.date, 'day') : 'no calls yet'}
        >
          <WholeNumber value={month.peakDay?.totalRequests ?? 0} />
        </Fact>
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="md">
        A unit is one answered tax question. Questions about usage, and calls that fail, cost
        nothing. Each key has a limit of its own, and all of them begin again at 0 with the month in
        UTC.
      </Text>
    </Card>
  )
}

interface FactProps {
  name: string
  children: ReactNode
  more?: string
}

function Fact({ name, children, more }: FactProps) {
  return (
    <Stack gap={0}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fw={600}>{children}</Text>
      {more && (
        <Text size="sm" c="dimmed">
          {more}
        </Text>
      )}
    </Stack>
  )
}
