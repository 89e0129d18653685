import { Badge, Button, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'
import { AskFirst } from '../../components/ask-first.tsx'
import { Name } from '../../components/name.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { UnseenHead, WideTable } from '../../components/wide-table.tsx'
import { FeedsDocument, type FeedsQuery, RevokeFeedDocument } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import type { CalendarKey } from './calendar.tsx'
import { NewFeed } from './new-feed.tsx'
import { categoryWords, countryName, monthName, taxpayerWords } from './tax-words.ts'
import type { Watch } from './watch.ts'

type Feed = NonNullable<FeedsQuery['calendarFeeds']>[number]

/** The same dates in any calendar program. */
export function Feeds({ watch, paying }: { watch: Watch; paying: CalendarKey }) {
  const { data, error, again } = useRead({
    query: FeedsDocument,
    variables: { apiKeyId: paying.id },
  })
  return (
    <Stack>
      <Text c="dimmed">
        A private address that any calendar program can subscribe to; dates that move there move in
        it. Feeds belong to “{paying.name}” and cost no units.
      </Text>
      <NewFeed watch={watch} paying={paying} onCreated={again} />
      {data?.calendarFeeds ? (
        <FeedTable feeds={data.calendarFeeds} onRevoked={again} />
      ) : error ? (
        <Failed what="The feeds could not be read." error={error} onRetry={again} />
      ) : (
        <Loading what="Calendar feeds" />
      )}
    </Stack>
  )
}

function FeedTable({ feeds, onRevoked }: { feeds: readonly Feed[]; onRevoked: () => void }) {
  const [revoking, setRevoking] = useState<Feed | null>(null)
  if (feeds.length === 0) return <Empty>This key has no calendar feed yet.</Empty>
  return (
    <>
      <WideTable
        name="Calendar feeds"
        minWidth={560}
        head={
          <>
            <Table.Th>Feed</Table.Th>
            <Table.Th>Shows</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th>State</Table.Th>
            <UnseenHead>What to do</UnseenHead>
          </>
        }
      >
        {feeds.map((feed) => (
          <FeedRow key={feed.id} feed={feed} onRevoke={() => setRevoking(feed)} />
        ))}
      </WideTable>
      <RevokeFeed feed={revoking} onClose={() => setRevoking(null)} onRevoked={onRevoked} />
    </>
  )
}

function FeedRow({ feed, onRevoke }: { feed: Feed; onRevoke: () => void }) {
  const { name, lastFour, createdAt, revokedAt } = feed
  return (
    <Table.Tr>
      <Table.Td>
        <Name>{name}</Name>{' '}
        <Text span size="sm" c="dimmed">
          …{lastFour}
        </Text>
      </Table.Td>
      <Table.Td>{shownBy(feed)}</Table.Td>
      <Table.Td>
        <UtcTime at={createdAt} />
      </Table.Td>
      <Table.Td>
        {revokedAt === null ? (
          <Badge color="green" variant="light" tt="none">
            Live
          </Badge>
        ) : (
          <Badge color="gray" variant="light" tt="none">
            Revoked
          </Badge>
        )}
      </Table.Td>
      <Table.Td ta="right">
        {revokedAt === null && (
          <Button
            variant="default"
            size="xs"
            onClick={onRevoke}
            aria-label={`Revoke the feed “${name}”`}
          >
            Revoke
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

interface RevokeFeedProps {
  feed: Feed | null
  onClose: () => void
  onRevoked: () => void
}

function RevokeFeed({ feed, onClose, onRevoked }: RevokeFeedProps) {
  const [{ fetching, error }, revoke] = useMutation(RevokeFeedDocument)
  async function end(): Promise<void> {
    const answer = feed && (await revoke({ id: feed.id }))
    if (!answer?.data?.revokeCalendarFeed) return
    onRevoked()
    onClose()
  }
  return (
    <AskFirst
      opened={feed !== null}
      title="Revoke this feed?"
      yes="Revoke"
      busy={fetching}
      onYes={() => void end()}
      onClose={onClose}
    >
      Whoever subscribed to “<Name>{feed?.name ?? ''}</Name>” finds nothing at its address any more.
      This cannot be taken back; another feed has another address.
      {error && <Failed what="The feed was not revoked." error={error} />}
    </AskFirst>
  )
}

/** Its choice in words. */
function shownBy({ countries, categories, taxpayers, obligationIds, yearEndMonth }: Feed): string {
  const list = new Intl.ListFormat(undefined, { type: 'conjunction' })
  const words = [list.format(countries.map(countryName))]
  if (categories) words.push(list.format(categories.map((one) => categoryWords[one])))
  if (taxpayers) words.push(list.format(taxpayers.map((one) => taxpayerWords[one])))
  if (obligationIds) words.push(`only ${list.format(obligationIds)}`)
  if (yearEndMonth !== null) words.push(`year end ${monthName(yearEndMonth)}`)
  return words.join('; ')
}
