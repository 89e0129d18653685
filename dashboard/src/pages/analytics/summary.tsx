import { SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { WholeNumber } from '../../components/whole-number.tsx'
import { changeOf } from '../../format/numbers.ts'
import { inWords } from '../../format/times.ts'
import type { Report } from './use-report.ts'

interface SummaryProps {
  report: Report
  only: string | null
  compare: boolean
}

export function Summary({ report: { groupsBefore, picture }, only, compare }: SummaryProps) {
  const { dates, units } = picture
  const total = [...units.values()].reduce((sum, one) => sum + one, 0)
  const [busiest, most] = [...units].reduce<[string, number]>(
    (best, day) => (day[1] > best[1] ? day : best),
    ['', 0],
  )
  const earlier = groupsBefore
    ?.filter(({ name }) => only === null || name === only)
    .reduce((sum, { totalRequests }) => sum + totalRequests, 0)
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} mb="md">
      <Fact name="All days">
        <WholeNumber value={total} />
      </Fact>
      <Fact name="Average a day">
        <WholeNumber value={Math.round(total / Math.max(dates.length, 1))} />
      </Fact>
      <Fact name="Busiest day" more={most > 0 ? inWords(busiest, 'day') : 'no calls'}>
        <WholeNumber value={most} />
      </Fact>
      {compare && (
        <Fact
          name="A month before"
          more={
            earlier === undefined ? 'days older than 90 days are not kept' : changed(total, earlier)
          }
        >
          {earlier === undefined ? 'Not known' : <WholeNumber value={earlier} />}
        </Fact>
      )}
    </SimpleGrid>
  )
}

function changed(now: number, before: number): string {
  const change = changeOf(now, before)
  return change === null ? 'there were no calls then' : `${change} against then`
}

function Fact({ name, more, children }: { name: string; more?: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fw={700} fz="xl" lh={1.3}>
        {children}
      </Text>
      {more && (
        <Text size="sm" c="dimmed">
          {more}
        </Text>
      )}
    </div>
  )
}
