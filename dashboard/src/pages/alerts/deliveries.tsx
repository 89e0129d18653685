import { Button, Group, Stack, Table, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useMutation } from 'urql'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import {
  ChannelDeliveriesDocument,
  type ChannelDeliveriesQuery,
  ReplayDeliveryDocument,
} from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'

type Delivery = NonNullable<ChannelDeliveriesQuery['deliveries']>['edges'][number]['node']

interface DeliveriesProps {
  channelId: string
  /** Of the channel. */
  name: string
  /** Test messages sent from this page: with the first, the list opens. */
  tests: number
}

/** What was sent to a channel, or will be; closed at first. */
export function Deliveries({ channelId, name, tests }: DeliveriesProps) {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    if (tests > 0) setOpen(true)
  }, [tests])
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="below">
      <summary>Deliveries</summary>
      {open && <DeliveryList channelId={channelId} name={name} />}
    </details>
  )
}

const context = { additionalTypenames: ['Delivery', 'Alert'] }
const AGAIN_MS = 1_000

function DeliveryList({ channelId, name }: Omit<DeliveriesProps, 'tests'>) {
  const variables = { channelId }
  const { data, error, fetching, again } = useRead({
    ...{ query: ChannelDeliveriesDocument, variables, context },
  })
  const list = data?.deliveries?.edges.map(({ node }) => node)
  const pending = list?.some(isOnItsWay) ?? false
  useEffect(() => {
    if (!pending || fetching) return
    const timer = setTimeout(again, AGAIN_MS)
    return () => clearTimeout(timer)
  }, [pending, fetching, again])
  if (!list) {
    if (!error) return <Loading what="Deliveries" />
    return <Failed what="The deliveries could not be read." error={error} onRetry={again} />
  }
  if (list.length === 0) return <Empty>Nothing was sent there yet.</Empty>
  return (
    <Stack gap="md" mt="xs" component="ul" m={0} p={0} className="plain-list">
      {list.map((delivery) => (
        <OneDelivery key={delivery.id} delivery={delivery} name={name} />
      ))}
    </Stack>
  )
}

const SOON_MS = 30_000

/** Looked at again and again only where something is about to happen. */
function isOnItsWay({ status, nextAttemptAt }: Delivery): boolean {
  if (status !== 'PENDING') return false
  return nextAttemptAt === null || Date.parse(nextAttemptAt) < Date.now() + SOON_MS
}

const statusWords = {
  DELIVERED: { label: 'Delivered', sign: '✓', colour: 'green' },
  PENDING: { label: 'On its way', sign: '…', colour: 'blue' },
  DEAD: { label: 'Given up', sign: '✕', colour: 'red' },
} as const

function OneDelivery({ delivery, name }: { delivery: Delivery; name: string }) {
  const { id, alertId, status, createdAt, nextAttemptAt, attempts } = delivery
  const [{ fetching, error }, replay] = useMutation(ReplayDeliveryDocument)
  const { label, sign, colour } = statusWords[status]
  return (
    <li>
      <Group gap="xs">
        <StatusBadge sign={sign} colour={colour}>
          {label}
        </StatusBadge>
        <Text size="sm">{alertId === null ? 'Test message or mail about billing' : 'Alert'}</Text>
        <Text size="sm" c="dimmed">
          <UtcTime at={createdAt} />
        </Text>
        {status === 'DEAD' && (
          <Button
            variant="default"
            size="xs"
            loading={fetching}
            onClick={() => void replay({ id })}
          >
            Send once more
          </Button>
        )}
      </Group>
      {attempts.length > 0 && <Attempts attempts={attempts} name={name} />}
      {status === 'PENDING' && attempts.length > 0 && nextAttemptAt && (
        <Text size="sm">
          The next attempt is at <UtcTime at={nextAttemptAt} />.
        </Text>
      )}
      {error && <Failed what="It was not sent again." error={error} />}
    </li>
  )
}

function Attempts({ attempts, name }: { attempts: Delivery['attempts']; name: string }) {
  return (
    <Table verticalSpacing={4} horizontalSpacing={4} aria-label={`Attempts to reach ${name}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Attempt</Table.Th>
          <Table.Th>Answer</Table.Th>
          <Table.Th ta="right">Took</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {attempts.map(({ at, code, error, tookMs }) => (
          <Table.Tr key={at}>
            <Table.Td>
              <UtcTime at={at} />
            </Table.Td>
            <Table.Td className="typed">
              {[code, error ?? 'accepted'].filter((part) => part !== null).join(': ')}
            </Table.Td>
            <Table.Td ta="right">{tookMs.toLocaleString()} ms</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
