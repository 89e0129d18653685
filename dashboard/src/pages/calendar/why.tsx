import { Alert, SimpleGrid, Stack, Text, Timeline, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { CalendarDay } from '../../components/calendar-day.tsx'
import { AnnouncedChange } from './announced-change.tsx'
import type { DueDate } from './due-dates.ts'
import { SourceLink } from './source-link.tsx'

/** Every step from the rule to the day, and where each was read. */
export function Why({ date }: { date: DueDate }) {
  const { obligation, provisional, changes } = date
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <Stack>
        <Section title="How it comes to this day">
          <Steps date={date} />
        </Section>
        {provisional && (
          <Alert color="orange" title="Provisional">
            It leans on a holiday that is expected and not proclaimed yet, and follows once it is.
          </Alert>
        )}
        <PayBy date={date} />
      </Stack>
      <Stack>
        <Section title="The rule">
          <Text size="sm">{sentence(obligation.rule)}</Text>
          <Text size="sm" c="dimmed">
            This is the period <CalendarDay day={date.periodStart} /> to{' '}
            <CalendarDay day={date.periodEnd} />.
          </Text>
        </Section>
        <Section
          title={
            obligation.evidence === 'OFFICIAL'
              ? 'Where it was read: at the authority'
              : 'Where it was read: in secondary sources'
          }
        >
          {obligation.sources.map((source) => (
            <Text size="sm" key={source.url}>
              <SourceLink source={source} />
            </Text>
          ))}
        </Section>
        {changes.length > 0 && (
          <Section title="What was announced about it">
            {changes.map((change) => (
              <AnnouncedChange key={change.id} change={change} />
            ))}
          </Section>
        )}
        <Disagreements date={date} />
      </Stack>
    </SimpleGrid>
  )
}

/** Rules are kept as notes, without a capital and a full stop. */
function sentence(words: string): string {
  return `${words.charAt(0).toLocaleUpperCase()}${words.slice(1)}.`
}

function PayBy({ date: { payBy, payByReason } }: { date: DueDate }) {
  if (payBy === null) return null
  return (
    <Section title="Paying">
      <Text size="sm">
        Payment must arrive by{' '}
        <b>
          <CalendarDay day={payBy} />
        </b>
        {payByReason !== null && `: ${payByReason}`}
      </Text>
    </Section>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Title order={5} fz="sm" mb={4}>
        {title}
      </Title>
      {children}
    </div>
  )
}

function Steps({ date: { statutoryDate, dueDate, movedBy } }: { date: DueDate }) {
  return (
    <Timeline active={movedBy.length + 1} bulletSize={14} lineWidth={2} mt="xs">
      <Timeline.Item title="By the rule">
        <Text size="sm">
          <CalendarDay day={statutoryDate} />
        </Text>
      </Timeline.Item>
      {movedBy.map((move) => (
        <Timeline.Item key={`${move.kind}${move.date}${move.name}`} title={moveTitle[move.kind]}>
          <Text size="sm">
            {move.date !== null && (
              <>
                <CalendarDay day={move.date} />:{' '}
              </>
            )}
            {move.name}
            {move.provisional && ' (expected, not proclaimed yet)'}
          </Text>
          {move.calendar !== null && (
            <Text size="xs" c="dimmed">
              Calendar: {move.calendar}
            </Text>
          )}
        </Timeline.Item>
      ))}
      <Timeline.Item title="Due">
        <Text size="sm" fw={600}>
          <CalendarDay day={dueDate} />
          {movedBy.length === 0 && ', the very day that the rule gives'}
        </Text>
      </Timeline.Item>
    </Timeline>
  )
}

const moveTitle = {
  WEEKEND: 'Passed over: a weekend',
  HOLIDAY: 'Passed over: a holiday',
  CHANGE: 'Moved by an announcement',
} as const

function Disagreements({ date: { disagreements } }: { date: DueDate }) {
  if (disagreements.length === 0) return null
  return (
    <Section title="Printed otherwise elsewhere">
      <Stack gap="xs">
        {disagreements.map(({ printedDate, why, source }) => (
          <Text size="sm" key={`${printedDate}${source.url}`}>
            <SourceLink source={source} /> prints <CalendarDay day={printedDate} />. Probably wrong:{' '}
            {why}
          </Text>
        ))}
      </Stack>
    </Section>
  )
}
