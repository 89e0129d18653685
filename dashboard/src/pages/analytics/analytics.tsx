import { Alert, Stack, Text, Title } from '@mantine/core'
import { useNow } from '../../format/use-now.ts'
import { daysOf, problemOf, useChoices } from './choices.ts'
import { Controls } from './controls.tsx'
import { Report } from './report.tsx'

/** When the account's calls were made, by which key and for what, and why then. */
export function Analytics() {
  const [choices, change] = useChoices()
  const now = useNow()
  const days = daysOf(choices, now)
  const problem = problemOf(days, now)
  return (
    <Stack>
      <div>
        <Title order={1}>Analytics</Title>
        <Text c="dimmed">
          Units by day in UTC. Days are kept for 90 days, the totals of months for ever.
        </Text>
      </div>
      <Controls choices={choices} change={change} now={now} />
      {problem === null ? (
        <Report choices={choices} change={change} days={days} now={now} />
      ) : (
        <Alert color="blue" variant="light" role="status">
          {problem}
        </Alert>
      )}
    </Stack>
  )
}
