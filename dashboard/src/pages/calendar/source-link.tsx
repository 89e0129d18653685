import { Anchor, Text } from '@mantine/core'
import { CalendarDay } from '../../components/calendar-day.tsx'

interface Source {
  name: string
  url: string
  readOn: string
}

/** Where a fact was read, and when. Opens beside the dashboard, which does not tell whence. */
export function SourceLink({ source: { name, url, readOn } }: { source: Source }) {
  return (
    <>
      <Anchor href={url} target="_blank" rel="noreferrer" inherit underline="always">
        {name}
      </Anchor>{' '}
      <Text span c="dimmed" inherit>
        (read on <CalendarDay day={readOn} />)
      </Text>
    </>
  )
}
