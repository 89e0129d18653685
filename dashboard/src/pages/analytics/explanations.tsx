import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Panel } from '../../components/panel.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { inWords } from '../../format/times.ts'
import { countryName } from './country-name.ts'
import type { Picture } from './picture.ts'

interface ExplanationsProps {
  picture: Picture
  /** Countries were chosen; else they are those that the keys ask for. */
  chosen: boolean
}

/** What may explain a peak: the same as on the chart, in words. */
export function Explanations({ picture, chosen }: ExplanationsProps) {
  const { deadlines, units } = picture
  const within = new Set(picture.dates)
  const unusual = picture.unusual.filter(({ date }) => within.has(date))
  return (
    <Panel title="What explains the peaks">
      <Title order={3} size="h5">
        Unusual days
      </Title>
      <Entries none="No day of these was unusual.">
        {unusual.map(({ id, date, message }) => (
          <Entry key={id} date={date}>
            {message}
          </Entry>
        ))}
      </Entries>
      <Title order={3} size="h5" mt="md">
        Tax due dates
      </Title>
      <Entries
        none={
          chosen
            ? 'None falls into these days.'
            : 'None that your keys ask for, or that a calendar feed of yours follows. Choose countries above to see theirs.'
        }
      >
        {deadlines.map(({ date, country, taxTypes }) => (
          <Entry key={`${date} ${country}`} date={date} units={units.get(date)}>
            <b>{countryName(country)}</b>: {taxTypes.join(', ')}
          </Entry>
        ))}
      </Entries>
    </Panel>
  )
}

function Entries({ none, children }: { none: string; children: readonly ReactNode[] }) {
  if (children.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    )
  }
  return (
    <Stack component="ul" gap="xs" m={0} mt={4} p={0} className="plain-list">
      {children}
    </Stack>
  )
}

interface EntryProps {
  date: string
  /** On that day, where it has come. */
  units?: number | undefined
  children: ReactNode
}

function Entry({ date, units, children }: EntryProps) {
  return (
    <li>
      <Text size="xs" c="dimmed">
        {inWords(date, 'day')}
        {units !== undefined && (
          <>
            , <WholeNumber value={units} /> units
          </>
        )}
      </Text>
      <Text size="sm">{children}</Text>
    </li>
  )
}
