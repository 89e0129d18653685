import { Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'
import { PageByPage, type PageProps, WholeRow } from '../../components/page-by-page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { UnseenHead, WideTable } from '../../components/wide-table.tsx'
import {
  DeadDeliveriesDocument,
  type DeadDeliveriesQuery,
  ReplayDeliveryDocument,
} from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { ReplayButton } from './replay-button.tsx'

type Dead = NonNullable<DeadDeliveriesQuery['deadDeliveries']>['edges'][number]['node']

const COLUMNS = 5

export function DeadDeliveries() {
  const [done, say] = useState('')
  return (
    <Panel
      title="Deliveries that were given up"
      about="Alerts and mails that no try brought to their channel. Sent again, they keep their id, so that receivers can tell doubles."
    >
      <Text size="sm" role="status" className="typed">
        {done}
      </Text>
      <WideTable
        name="Deliveries that were given up"
        minWidth={680}
        head={
          <>
            <Table.Th>Created</Table.Th>
            <Table.Th>Account and channel</Table.Th>
            <Table.Th ta="right">Tries</Table.Th>
            <Table.Th>Last answer</Table.Th>
            <UnseenHead>What to do</UnseenHead>
          </>
        }
      >
        <PageByPage>{(page) => <DeadPage say={say} {...page} />}</PageByPage>
      </WideTable>
    </Panel>
  )
}

interface Saying {
  say: (done: string) => void
}

function DeadPage({ after, more, say }: PageProps & Saying) {
  const { data, error, again } = useRead({ query: DeadDeliveriesDocument, variables: { after } })
  if (!data?.deadDeliveries) {
    return (
      <WholeRow columns={COLUMNS}>
        {error ? (
          <Failed what="They could not be read." error={error} onRetry={again} />
        ) : (
          <Loading what="Dead deliveries" />
        )}
      </WholeRow>
    )
  }
  const { edges, totalCount, pageInfo } = data.deadDeliveries
  return (
    <>
      {totalCount === 0 && (
        <WholeRow columns={COLUMNS}>
          <Empty>Nothing was given up.</Empty>
        </WholeRow>
      )}
      {edges.map(({ node }) => (
        <DeadRow key={node.id} dead={node} say={say} />
      ))}
      <WholeRow columns={COLUMNS}>{more(pageInfo)}</WholeRow>
    </>
  )
}

function DeadRow({ dead, say }: Saying & { dead: Dead }) {
  const { id, accountId, channelId, createdAt, attempts } = dead
  const [, replay] = useMutation(ReplayDeliveryDocument)
  const last = attempts.at(-1)
  return (
    <Table.Tr>
      <Table.Td>
        <UtcTime at={createdAt} />
      </Table.Td>
      <Table.Td className="typed">
        {accountId}
        <Text size="xs" c="dimmed">
          {channelId}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <WholeNumber value={attempts.length} />
      </Table.Td>
      <Table.Td>{last ? `${last.code ?? ''} ${last.error ?? ''}`.trim() : 'never tried'}</Table.Td>
      <Table.Td ta="right">
        <ReplayButton
          of={`delivery ${id}`}
          replay={() => replay({ id })}
          onDone={() => say(`Waits to be sent again: ${id}`)}
        />
      </Table.Td>
    </Table.Tr>
  )
}
