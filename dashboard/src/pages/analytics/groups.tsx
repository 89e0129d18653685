import { Table, Text } from '@mantine/core'
import { Name } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { Sparkline } from '../../components/sparkline.tsx'
import { Empty } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { changeOf, percent } from '../../format/numbers.ts'
import type { UsageGrouping } from '../../gql/graphql.ts'
import type { UsageGroup } from './picture.ts'

interface GroupsProps {
  groups: readonly UsageGroup[]
  /** Null: nothing to compare with. */
  before: readonly UsageGroup[] | null
  by: UsageGrouping
}

const titles = { KEY: 'By key', ENDPOINT: 'By endpoint', TIER: 'By plan' } as const
const heads = { KEY: 'Key', ENDPOINT: 'Endpoint', TIER: 'Plan' } as const

/** Who used how much of it, the most first. */
export function Groups({ groups, before, by }: GroupsProps) {
  const total = groups.reduce((sum, { totalRequests }) => sum + totalRequests, 0)
  const earlier = before && new Map(before.map((one) => [one.name, one.totalRequests]))
  if (total === 0) {
    return (
      <Panel title={titles[by]}>
        <Empty>No calls in these days.</Empty>
      </Panel>
    )
  }
  return (
    <Panel title={titles[by]}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{heads[by]}</Table.Th>
            <Table.Th visibleFrom="sm">Course</Table.Th>
            <Table.Th ta="right">Units</Table.Th>
            <Table.Th ta="right" visibleFrom="xs">
              Share
            </Table.Th>
            {earlier && <Table.Th ta="right">Against a month before</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((group) => (
            <Row
              key={group.name}
              group={group}
              total={total}
              before={earlier && (earlier.get(group.name) ?? 0)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  )
}

interface RowProps {
  group: UsageGroup
  total: number
  /** Null: nothing to compare with. */
  before: number | null
}

function Row({ group, total, before }: RowProps) {
  const { label, totalRequests, failedRequests, days } = group
  return (
    <Table.Tr>
      <Table.Td>
        <Name>{label}</Name>
        {failedRequests !== null && failedRequests > 0 && (
          <Text size="xs" c="dimmed">
            <WholeNumber value={failedRequests} /> failed calls, which cost nothing
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Sparkline values={days.map((day) => day.totalRequests)} />
      </Table.Td>
      <Table.Td ta="right">
        <WholeNumber value={totalRequests} />
      </Table.Td>
      <Table.Td ta="right" visibleFrom="xs">
        {percent(totalRequests, total)}
      </Table.Td>
      {before !== null && (
        <Table.Td ta="right">{changeOf(totalRequests, before) ?? 'new'}</Table.Td>
      )}
    </Table.Tr>
  )
}
