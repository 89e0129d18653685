import { Button, Group, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import { Empty, Failed } from '../../components/states.tsx'
import {
  type AnnouncedFragment,
  AnnouncementsDocument,
  type CountryCode,
  EarlierChangesDocument,
} from '../../gql/graphql.ts'
import { usePaidQuestion } from '../../graphql/paid-question.ts'
import { AnnouncedChange } from './announced-change.tsx'
import type { CalendarKey } from './calendar.tsx'
import type { Watch } from './watch.ts'

/** What authorities announced: new ones come by themselves and cost nothing, earlier ones are asked for. */
export function Announcements({ watch, paying }: { watch: Watch; paying: CalendarKey }) {
  const { countries } = watch
  const fresh = useFreshAnnouncements(countries)
  const [earlier, setEarlier] = useState<AnnouncedFragment[] | null>(null)
  const { ask, asking, error } = usePaidQuestion(EarlierChangesDocument)

  async function read(): Promise<void> {
    const answer = await ask(paying.id, { countries })
    const edges = answer?.data.taxDateChanges?.edges
    if (edges) setEarlier(edges.map(({ node }) => node))
  }

  const known = new Set(earlier?.map(({ id }) => id))
  const all = [...fresh.filter(({ id }) => !known.has(id)), ...(earlier ?? [])]
  return (
    <Stack>
      <Text c="dimmed">
        Postponements and new laws that move dates. New ones appear here by themselves.
      </Text>
      {error !== null && <Failed what="What was announced could not be read." error={error} />}
      {all.length > 0 && (
        <div aria-live="polite">
          {all.map((change) => (
            <AnnouncedChange key={change.id} change={change} />
          ))}
        </div>
      )}
      {earlier?.length === 0 && (
        <Empty>Nothing was announced for the countries that you watch.</Empty>
      )}
      {earlier === null && (
        <Group>
          <Button
            variant="default"
            onClick={() => void read()}
            loading={asking}
            disabled={countries.length === 0}
          >
            Show earlier announcements
          </Button>
          <Text size="sm" c="dimmed">
            Costs 1 unit of “{paying.name}”.
          </Text>
        </Group>
      )}
    </Stack>
  )
}

/** Since the page was opened, newest first. */
function useFreshAnnouncements(countries: readonly CountryCode[]): AnnouncedFragment[] {
  const client = useClient()
  const [fresh, setFresh] = useState<AnnouncedFragment[]>([])
  const names = countries.join()
  useEffect(() => {
    setFresh([])
    if (names === '') return
    const wanted = names.split(',') as CountryCode[]
    const messages = client
      .subscription(AnnouncementsDocument, { countries: wanted })
      .subscribe(({ data }) => {
        if (data) setFresh((before) => [data.taxDateChanged, ...before])
      })
    return () => messages.unsubscribe()
  }, [client, names])
  return fresh
}
