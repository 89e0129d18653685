import { Table, Text } from '@mantine/core'
import { Panel } from '../../components/panel.tsx'
import { Empty } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { percent } from '../../format/numbers.ts'
import type { OverviewMonth } from './account-now.ts'

/** What the month's units were spent on. */
export function Endpoints({ endpoints }: { endpoints: OverviewMonth['endpoints'] }) {
  const total = endpoints.reduce((sum, { totalRequests }) => sum + totalRequests, 0)
  return (
    <Panel
      title="Endpoints this month"
      about="Fields of the GraphQL API by their names, calls of the REST API by their paths."
    >
      {total === 0 ? (
        <Empty>No calls yet this month. The page “Explore” makes a first one.</Empty>
      ) : (
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Endpoint</Table.Th>
              <Table.Th ta="right">Units</Table.Th>
              <Table.Th ta="right">Share</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {endpoints.map(({ endpoint, totalRequests }) => (
              <Table.Tr key={endpoint}>
                <Table.Td>
                  <Text size="sm" className="typed" ff="monospace">
                    {endpoint}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">
                  <WholeNumber value={totalRequests} />
                </Table.Td>
                <Table.Td ta="right">{percent(totalRequests, total)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  )
}
