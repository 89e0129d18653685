import { Card, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core'
import { useEffect } from 'react'
import { useQuery } from 'urql'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { OverviewDocument, type OverviewQuery } from '../../gql/graphql.ts'
import { useReturns } from '../../graphql/connection.ts'
import { useConnection } from '../../graphql/connection-context.tsx'
import { type LiveTotal, useLiveTotals } from '../../graphql/live-totals.tsx'

/** What this month cost so far, in units, as it moves. */
export function Overview() {
  const [{ data, error }, ask] = useQuery({ query: OverviewDocument })
  const live = useLiveTotals()
  const returns = useReturns(useConnection())
  useEffect(() => {
    if (returns > 0) ask({ requestPolicy: 'network-only' })
  }, [returns, ask])
  const again = () => ask({ requestPolicy: 'network-only' })

  if (!data?.account || !data.monthlyUsage) {
    if (!error) return <Loading what="Overview" />
    return <Failed what="Your usage could not be read." error={error} onRetry={again} />
  }
  const rows = rowsOf(data.account.apiKeys, data.monthlyUsage, live)
  const total = rows.reduce((sum, { used }) => sum + used, 0)
  return (
    <Stack>
      <Title order={1}>Overview</Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <Card withBorder>
          <Text c="dimmed" id="month-total">
            Units this month, all keys
          </Text>
          <Text fz={40} fw={700} lh={1.1} aria-labelledby="month-total" role="group">
            <WholeNumber value={total} />
          </Text>
          <Text size="sm" c="dimmed">
            A unit is one answered tax question. Questions about usage are free.
          </Text>
        </Card>
      </SimpleGrid>
      {rows.length === 0 ? (
        <Empty>You have no API key yet. Create one on the page “Keys”.</Empty>
      ) : (
        <KeyTable rows={rows} />
      )}
    </Stack>
  )
}

interface Row {
  id: string
  name: string
  prefix: string
  used: number
  /** null: unlimited. */
  remaining: number | null
}

type Account = NonNullable<OverviewQuery['account']>
type Usage = NonNullable<OverviewQuery['monthlyUsage']>

/** The live total where there is one; a key whose month has calls stays, though it is revoked. */
function rowsOf(
  keys: Account['apiKeys'],
  usage: Usage,
  live: ReadonlyMap<string, LiveTotal>,
): Row[] {
  const read = new Map(usage.apiKeys.map((one) => [one.apiKey.id, one]))
  return keys
    .filter(({ id, status }) => status !== 'REVOKED' || read.has(id))
    .map(({ id, name, prefix }) => {
      const moving = live.get(id)
      const used = moving?.monthRequests ?? read.get(id)?.totalRequests ?? 0
      return { id, name, prefix, used, remaining: (moving ?? read.get(id))?.remaining ?? null }
    })
}

function KeyTable({ rows }: { rows: readonly Row[] }) {
  return (
    <Table.ScrollContainer minWidth={320}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th ta="right">Units this month</Table.Th>
            <Table.Th ta="right">Left</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ id, name, prefix, used, remaining }) => (
            <Table.Tr key={id}>
              <Table.Td>
                {name}{' '}
                <Text span c="dimmed" size="sm">
                  {prefix}…
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                <WholeNumber value={used} />
              </Table.Td>
              <Table.Td ta="right">
                {remaining === null ? 'unlimited' : <WholeNumber value={remaining} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
