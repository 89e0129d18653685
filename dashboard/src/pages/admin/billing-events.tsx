import { Badge, SegmentedControl, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'
import { PageByPage, type PageProps, WholeRow } from '../../components/page-by-page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { UnseenHead, WideTable } from '../../components/wide-table.tsx'
import {
  type BillingEventStatus,
  BillingEventsDocument,
  type BillingEventsQuery,
  ReplayBillingEventDocument,
} from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { ReplayButton } from './replay-button.tsx'

type Event = NonNullable<BillingEventsQuery['billingEvents']>['edges'][number]['node']

const COLUMNS = 5
const statuses: Readonly<Record<BillingEventStatus, { word: string; colour: string }>> = {
  DEAD: { word: 'Given up', colour: 'red' },
  IGNORED: { word: 'Ignored', colour: 'gray' },
  PENDING: { word: 'Pending', colour: 'blue' },
  APPLIED: { word: 'Applied', colour: 'green' },
}
const choices = [
  ...Object.entries(statuses).map(([value, { word }]) => ({ value, label: word })),
  { value: 'ALL', label: 'All' },
]

/** What payment providers sent; those that could not be applied first. */
export function BillingEvents() {
  const [chosen, choose] = useState('DEAD')
  const [done, say] = useState('')
  const status = chosen === 'ALL' ? null : (chosen as BillingEventStatus)
  return (
    <Panel
      title="Events of payment providers"
      about="What an event says counts once, however often it is applied: replaying does no harm."
    >
      <SegmentedControl
        aria-label="Which events"
        data={choices}
        value={chosen}
        onChange={choose}
        size="xs"
        mb="sm"
        maw="100%"
      />
      <Text size="sm" role="status" className="typed">
        {done}
      </Text>
      <WideTable
        name="Events of payment providers"
        minWidth={680}
        head={
          <>
            <Table.Th>Received</Table.Th>
            <Table.Th>Event</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Why</Table.Th>
            <UnseenHead>What to do</UnseenHead>
          </>
        }
      >
        <PageByPage key={chosen}>
          {(page) => <EventPage status={status} say={say} {...page} />}
        </PageByPage>
      </WideTable>
    </Panel>
  )
}

interface Saying {
  say: (done: string) => void
}

interface EventPageProps extends PageProps, Saying {
  /** Null: all. */
  status: BillingEventStatus | null
}

function EventPage({ status, after, more, say }: EventPageProps) {
  const { data, error, again } = useRead({
    query: BillingEventsDocument,
    variables: { status, after },
  })
  if (!data?.billingEvents) {
    return (
      <WholeRow columns={COLUMNS}>
        {error ? (
          <Failed what="The events could not be read." error={error} onRetry={again} />
        ) : (
          <Loading what="Events of payment providers" />
        )}
      </WholeRow>
    )
  }
  const { edges, totalCount, pageInfo } = data.billingEvents
  return (
    <>
      {totalCount === 0 && (
        <WholeRow columns={COLUMNS}>
          <Empty>There is no such event.</Empty>
        </WholeRow>
      )}
      {edges.map(({ node }) => (
        <EventRow key={node.id} event={node} say={say} />
      ))}
      <WholeRow columns={COLUMNS}>{more(pageInfo)}</WholeRow>
    </>
  )
}

function EventRow({ event, say }: Saying & { event: Event }) {
  const { id, type, status, because, receivedAt } = event
  const [, replay] = useMutation(ReplayBillingEventDocument)
  return (
    <Table.Tr>
      <Table.Td>
        <UtcTime at={receivedAt} />
      </Table.Td>
      <Table.Td className="typed">
        {type}
        <Text size="xs" c="dimmed">
          {id}
        </Text>
      </Table.Td>
      <Table.Td>
        <Badge color={statuses[status].colour} variant="light" tt="none">
          {statuses[status].word}
        </Badge>
      </Table.Td>
      <Table.Td>{because ?? '–'}</Table.Td>
      <Table.Td ta="right">
        {status !== 'PENDING' && (
          <ReplayButton
            of={`event ${id}`}
            replay={() => replay({ id })}
            onDone={() => say(`Waits to be applied again: ${id}`)}
          />
        )}
      </Table.Td>
    </Table.Tr>
  )
}
