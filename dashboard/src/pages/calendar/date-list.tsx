import { Accordion, Badge, Group, Text } from '@mantine/core'
import classes from './calendar.module.css'
import type { DueDate } from './due-dates.ts'
import { actionWords, countryName } from './tax-words.ts'
import { Why } from './why.tsx'

/** Each date opens to why it is that day. */
export function DateList({ dates }: { dates: readonly DueDate[] }) {
  return (
    <Accordion variant="contained" order={4} keepMounted={false} multiple>
      {dates.map((date) => (
        <Accordion.Item key={date.id} value={date.id}>
          <Accordion.Control>
            <Group gap="md" wrap="nowrap">
              <DayTile day={date.dueDate} />
              <Summary date={date} />
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <Why date={date} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  )
}

const parts = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' })
const [weekday, number, short] = [
  ...[parts({ weekday: 'short' }), parts({ day: 'numeric' }), parts({ month: 'short' })],
]

function DayTile({ day }: { day: string }) {
  const date = new Date(`${day}T00:00:00Z`)
  return (
    <time dateTime={day} className={classes.tile}>
      <Text span size="xs" c="dimmed">
        {weekday?.format(date)}
      </Text>
      <Text span fw={700} size="lg" lh={1.1}>
        {number?.format(date)}
      </Text>
      <Text span size="xs" c="dimmed">
        {short?.format(date)}
      </Text>
    </time>
  )
}

function Summary({ date }: { date: DueDate }) {
  const { obligation, region, provisional, movedBy, changes, disagreements } = date
  const { country, taxType, action, taxpayer } = obligation
  return (
    <Group gap="xs" justify="space-between" flex={1} miw={0}>
      <div className={classes.summary}>
        <Text span fw={600} display="block">
          {taxType}
        </Text>
        <Text span size="sm" c="dimmed" display="block">
          {actionWords[action]} · {countryName(country)}
          {region !== null && `, in ${region}`} · {taxpayer}
        </Text>
      </div>
      <Group gap={6} pr="xs">
        {provisional && <Mark colour="orange">Provisional</Mark>}
        {movedBy.length > 0 && <Mark colour="blue">Moved</Mark>}
        {changes.length > 0 && <Mark colour="grape">Announced</Mark>}
        {disagreements.length > 0 && <Mark colour="gray">Printed otherwise</Mark>}
      </Group>
    </Group>
  )
}

function Mark({ colour, children }: { colour: string; children: string }) {
  return (
    <Badge color={colour} variant="light" tt="none" size="sm">
      {children}
    </Badge>
  )
}
